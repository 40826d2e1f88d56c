#include "probe/closed.h"

#include "model/protocol.h"
#include "probe/loss.h"

enum {
    MOST_LOOKED_AT = 2048, // closed questions of a lane that are all asked once more; of more, a sample
    LOOKS = 64,            // of so many,
    SAMPLE = 8,            // of those that are asked by themselves, where all of a lane are in doubt
    LEAST_VAIN = 8,        // second looks in vain, and so many times those that were not, that put it in doubt
    VAIN = 3,
    MUCH = 4,         // such a part
    LEAST_TURNED = 2, // lanes of a path that are doubted, so that those are that have no open port to tell
};

bool closed_is(const struct ledger *ledger, const struct standing *standing, uint64_t question)
{
    uint8_t byte = ledger->bytes[question];
    return byte >= LEDGER_ANSWERED && standing->causes.items[byte - LEDGER_ANSWERED].state == OBSERVED_CLOSED;
}

bool closed_has_open(const struct standing *standing)
{
    return standing->sentinels[0] != 0 && standing->sentinel_states[0] == OBSERVED_OPEN;
}

// ---- The second look

// About how many are closed: what turned open is counted still.
static uint64_t closed_of(const struct standing *standing)
{
    return standing->answered - standing->open - standing->rejected;
}

// Whether a lane accepts everything, as what it had closed before shows, too; not where it leaves much unanswered.
static bool accepts(const struct ledger *ledger, size_t lane)
{
    const struct lane *of = &ledger->schedule->lanes[lane];
    return ledger_accepts_from(ledger, lane) != 0 && ledger->standings[lane].silent * MUCH <= of->count - of->spare;
}

bool closed_is_looked_at(const struct ledger *ledger, size_t lane, uint64_t question)
{
    uint64_t closed = closed_of(&ledger->standings[lane]);
    return closed <= MOST_LOOKED_AT || order_position(&ledger->orders[1], question) % (closed / LOOKS) == 0;
}

uint64_t closed_to_look_at(const struct ledger *ledger, size_t lane)
{
    const struct standing *standing = &ledger->standings[lane];
    const struct lane *of = &ledger->schedule->lanes[lane];
    uint64_t count = 0;
    if (of->protocol != PROTOCOL_TCP || closed_of(standing) == 0 || accepts(ledger, lane))
        return 0;
    for (uint64_t question = of->first; question < of->first + of->count; question++)
        count += closed_is(ledger, standing, question) && closed_is_looked_at(ledger, lane, question);
    return count;
}

// ---- Which lanes are doubted

static bool is_asked_later(const ask_list *asks, size_t at)
{
    for (size_t i = at + 1; i < asks->count; i++)
        if (asks->items[i].alone && asks->items[i].question == asks->items[at].question)
            return true;
    return false;
}

struct closed_sample closed_sample(const struct ledger *ledger, size_t lane)
{
    const struct standing *standing = &ledger->standings[lane];
    const ask_list *asks = &ledger->watch.pulses[lane].asks;
    uint64_t closed = closed_of(standing);
    bool wanted = standing->closes_late || standing->silent_again;
    struct closed_sample sample = {.wanted = !wanted ? 0 : closed < SAMPLE ? (unsigned)closed : SAMPLE};
    for (size_t i = wanted ? asks->count : 0; i-- > 0;) {
        const struct ask *ask = &asks->items[i];
        if (!ask->alone || !closed_is(ledger, standing, ask->question) || is_asked_later(asks, i))
            continue;
        sample.closed += ask->answered;
        sample.vain += !ask->answered;
    }
    return sample;
}

// Whether a lane was mostly silent when it was asked once more what it had closed: it limits what it says, or whoever
// said so is gone.
static bool is_silent_again(const struct ledger *ledger, size_t lane)
{
    const ask_list *asks = &ledger->watch.pulses[lane].asks;
    unsigned heard = 0, vain = 0;
    for (size_t i = 0; i < asks->count; i++) {
        bool counts = asks->items[i].aside && !asks->items[i].alone;
        heard += counts && asks->items[i].answered;
        vain += counts && !asks->items[i].answered;
    }
    bool ended = ledger->watch.pulses[lane].light.ended; // then that one is silent says nothing of the others
    return !ended && vain >= LEAST_VAIN && vain >= VAIN * heard;
}

static enum closes judge(struct ledger *ledger, size_t lane)
{
    struct standing *standing = &ledger->standings[lane];
    standing->silent_again = is_silent_again(ledger, lane);
    struct closed_sample sample = closed_sample(ledger, lane);
    bool lacks = sample.wanted > 0 && (sample.vain * MUCH > sample.closed || sample.closed < sample.wanted);
    if (standing->closes_late && (lacks || standing->turned))
        return CLOSES_LATE;
    if (standing->contrary)
        return CLOSES_OPEN_ONES;
    if (standing->turned && !accepts(ledger, lane))
        return CLOSES_FOR_A_TIME;
    return lacks ? CLOSES_ONCE : CLOSES_FAIRLY;
}

void closed_judge(struct ledger *ledger)
{
    size_t lanes = ledger->schedule->lane_count;
    unsigned turned[WATCH_PATHS] = {0};
    for (size_t i = 0; i < lanes; i++) {
        struct standing *standing = &ledger->standings[i];
        standing->closes = ledger->schedule->lanes[i].protocol == PROTOCOL_TCP ? judge(ledger, i) : CLOSES_FAIRLY;
        turned[ledger->watch.pulses[i].path] +=
            standing->closes == CLOSES_OPEN_ONES || standing->closes == CLOSES_FOR_A_TIME;
    }
    for (size_t i = 0; i < lanes; i++) {
        struct standing *standing = &ledger->standings[i];
        if (standing->closes == CLOSES_FAIRLY && closed_of(standing) > 0 && !closed_has_open(standing) &&
            ledger->schedule->lanes[i].protocol == PROTOCOL_TCP && turned[ledger->watch.pulses[i].path] >= LEAST_TURNED)
            standing->closes = CLOSES_FOR_OTHERS;
    }
}

bool closed_is_doubted(const struct ledger *ledger, size_t lane, uint64_t sent_us)
{
    return ledger->standings[lane].closes != CLOSES_FAIRLY &&
           !loss_is_enough(1, 1, loss_of_try_by_own(ledger, lane, sent_us));
}

// ---- What was closed again

static void mark(uint8_t *bits, uint64_t at)
{
    bits[at / 8] |= (uint8_t)(1 << at % 8);
}

const uint8_t *closed_again(const struct ledger *ledger, struct arena *arena, size_t lane)
{
    const struct standing *standing = &ledger->standings[lane];
    const struct lane *of = &ledger->schedule->lanes[lane];
    const ask_list *asks = &ledger->watch.pulses[lane].asks;
    bool framed = false;
    VECTOR(uint64_t) pending = {0};
    if (standing->closes == CLOSES_FAIRLY)
        return NULL;
    uint8_t *again = arena_array(arena, uint8_t, of->count / 8 + 1);
    for (size_t i = 0; i < asks->count; i++) {
        const struct ask *ask = &asks->items[i];
        uint64_t at = ask->question - of->first;
        bool closed = closed_is(ledger, standing, ask->question);
        if (closed && ask->answered && standing->closes == CLOSES_FOR_OTHERS && ask->lone)
            mark(again, at);
        else if (closed && ask->answered && framed && ask->alone)
            *vector_add(arena, &pending) = at;
        if (closed || !ask->alone)
            continue;
        bool was_framed = framed;
        framed = ask->answered && ask->contrary == OBSERVED_OPEN;
        for (size_t p = 0; was_framed && framed && p < pending.count; p++)
            mark(again, pending.items[p]);
        pending.count = 0;
    }
    return again;
}
