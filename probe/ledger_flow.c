// How the probes of a lane follow each other, and which sentinels were asked among them.
#include "model/protocol.h"
#include "probe/closed.h"

enum {
    LEAST_GAP_US = 50000,   // within which an ask is in the stream of the probe before it,
    MOST_GAP_US = 1000000,  // and however slow the stream is
    LEAST_PAUSE_US = 20000, // between two stretches: more than that, and so many times what is usual in the one before
    MOST_PAUSE_US = 2000000,
    PAUSE = 3,
    SAME_US = 2000, // between two interfaces
};

static void add_to_flow(struct flow *flow, uint64_t wall_us)
{
    flow->gap_us = flow->last_us != 0 && wall_us > flow->last_us ? wall_us - flow->last_us : 0;
    flow->last_us = wall_us;
}

// Whether a try goes on with what was sent before it, or begins anew after a pause.
static bool goes_on(const struct stretch *stretch, uint64_t wall_us)
{
    uint64_t gap = wall_us > stretch->last_us ? wall_us - stretch->last_us : 0;
    uint64_t usual = stretch->count < 2 ? 0 : (stretch->last_us - stretch->first_us) / (stretch->count - 1);
    return gap <= LEAST_PAUSE_US || gap <= PAUSE * usual || (stretch->count == 1 && gap <= MOST_PAUSE_US);
}

static void add_to_stretches(struct ledger *ledger, struct standing *standing, uint64_t wall_us)
{
    struct stretch *last =
        standing->stretches.count == 0 ? NULL : &standing->stretches.items[standing->stretches.count - 1];
    if (last == NULL || (standing->stretches.count < MOST_STRETCHES && !goes_on(last, wall_us))) {
        *vector_add(ledger->arena, &standing->stretches) = (struct stretch){wall_us, wall_us, 1, 1, 1, 1};
        return;
    }
    last->count++;
    last->first_us = wall_us < last->first_us ? wall_us : last->first_us;
    last->last_us = wall_us > last->last_us ? wall_us : last->last_us;
}

// How long after its latest probe an ask is close behind it: as its own probes follow each other, or nearly at once.
static uint64_t close_us(const struct flow *flow)
{
    uint64_t gap = flow->gap_us > MOST_GAP_US ? MOST_GAP_US : flow->gap_us + flow->gap_us / 2;
    return gap > LEAST_GAP_US ? gap : LEAST_GAP_US;
}

static bool is_in_flow(const struct flow *flow, uint64_t wall_us)
{
    return flow->last_us != 0 && wall_us <= flow->last_us + close_us(flow);
}

static struct flow *family_flow(struct ledger *ledger, size_t lane)
{
    return &ledger->flows[schedule_side(ledger->schedule, lane)];
}

uint64_t ledger_close_us(const struct ledger *ledger, size_t lane)
{
    uint64_t own = close_us(&ledger->standings[lane].flow),
             all = close_us(&ledger->flows[schedule_side(ledger->schedule, lane)]);
    return own > all ? own : all;
}

bool ledger_is_earlier(const struct sent *a, const struct sent *b)
{
    return a->us != b->us ? a->us < b->us : a->position < b->position;
}

// They come nearly in the order of their moments.
static void add_to_early(struct standing *standing, const struct sent *sent)
{
    if (standing->early_count == EARLY && !ledger_is_earlier(sent, &standing->early[EARLY - 1]))
        return;
    standing->early_count += standing->early_count < EARLY;
    unsigned at = standing->early_count - 1;
    for (; at > 0 && ledger_is_earlier(sent, &standing->early[at - 1]); at--)
        standing->early[at] = standing->early[at - 1];
    standing->early[at] = *sent;
}

void ledger_flows(struct ledger *ledger, size_t lane, unsigned try, const struct sent *sent)
{
    if (try == 1)
        add_to_early(&ledger->standings[lane], sent);
    add_to_stretches(ledger, &ledger->standings[lane], sent->us);
    add_to_flow(&ledger->standings[lane].flow, sent->us);
    add_to_flow(family_flow(ledger, lane), sent->us);
}

static uint64_t last_of(const struct flow *flow)
{
    return flow->asked_us > flow->last_us ? flow->asked_us : flow->last_us;
}

void ledger_place_ask(struct ledger *ledger, size_t lane, struct ask *ask)
{
    const struct standing *standing = &ledger->standings[lane];
    struct flow *flow = &ledger->standings[lane].flow, *family = family_flow(ledger, lane);
    bool streamed = is_in_flow(flow, ask->sent_us), among = is_in_flow(family, ask->sent_us);
    ask->aside = ledger->schedule->lanes[lane].protocol == PROTOCOL_TCP && closed_is(ledger, standing, ask->question) &&
                 standing->sentinels[0] != ask->question + 1 && standing->sentinels[1] != ask->question + 1;
    ask->streamed = streamed && !ask->aside;
    ask->among = among && !ask->aside;
    ask->alone = !streamed && ask->sent_us > last_of(flow) + LEAST_GAP_US;
    ask->lone = ask->alone && !among && ask->sent_us > last_of(family) + LEAST_GAP_US;
    // What is closed and asked again among others goes by the pace of asking, as a probe does.
    bool probes = ask->aside && !ask->alone;
    if (probes) {
        add_to_stretches(ledger, &ledger->standings[lane], ask->sent_us);
        add_to_flow(flow, ask->sent_us);
        add_to_flow(family, ask->sent_us);
    }
    ask->stretch = (uint8_t)(standing->stretches.count - (ask->streamed || probes));
    flow->asked_us = family->asked_us = ask->sent_us;
}

bool ledger_is_stamped(const struct ledger *ledger, uint64_t question, unsigned try, uint64_t wall_us)
{
    size_t lane = schedule_span(ledger->schedule, question)->lane;
    const struct ask *ask = watch_find(&ledger->watch, lane, question, try);
    if (ask != NULL && ask->frame != 0)
        return wall_us < ask->sent_us + SAME_US;
    if (try < 1 || try > MOST_TRIES || ledger->frames[try] == NULL)
        return false;
    uint64_t position = order_position(&ledger->orders[try], question);
    return ledger->frames[try][position] != 0 && wall_us < ledger->sent_us[try][position] + SAME_US;
}
