#include "probe/quiet.h"

#include "model/protocol.h"
#include "probe/closed.h"

enum {
    UNHEARD = 8,               // ports of a path of which none was open,
    UNHEARD_APART_US = 250000, // so far apart
    APART_US = 60000,          // a little more than what makes an ask one by itself (ledger_flow.c)
    MOST_APART_US = 1000000,
    SHARE = 10, // what is asked quietly is, over all, so many times slower, until it is asked by itself anyway
    MARGIN = 4,
    BLOCK = 8,          // questions between two open ports, at most,
    MOST_OPENS = 40,    // and as many of them as that where there are fewer questions
    MOST_LISTED = 1000, // of a lane, at a time
    MOST_FAILED = 5,    // blocks in a row
    MOST_ROUNDS = 8,
    LEAST_HEARD = 2 * BLOCK, // asks, all in vain, after which a lane is left alone
};

struct quiet_lane {
    VECTOR(uint64_t) listed; // questions
    uint32_t at;             // the next of them
    uint32_t block;          // the first of those behind the latest open port that was open
    size_t asks;             // of the lane when the round began
    unsigned rounds;
    unsigned failed;
    uint64_t apart_us;
    uint64_t next_us;
    bool resets; // everything, as it seems
    bool has_open;
    bool is_lone;     // it is asked while nothing of its family is,
    uint64_t lone_us; // nor so long after it
    bool opens;       // an open port is next, or waited for
    uint64_t opened;  // 1 + the question that is waited for; 0: none
    unsigned number;  // of that ask
    uint64_t sent_us; // of the latest packet
    unsigned turn;    // which of two open ports is asked: the other one where one was not open
    uint32_t between; // questions between two open ports
    bool ended;       // or not begun
};

struct quiet {
    struct arena *arena;
    const struct ledger *ledger;
    uint64_t lane_us, all_us;
    struct quiet_lane *lanes;
    bool begun;
    size_t at;           // the lane that is looked at next
    uint64_t next_us;    // of all,
    uint64_t lone_us[2]; // and of those of a family that have no open port
};

struct quiet *quiet_new(struct arena *arena, const struct ledger *ledger, uint64_t lane_us, uint64_t all_us)
{
    struct quiet *quiet = arena_new_of(arena, struct quiet);
    uint64_t shared_us = SHARE * all_us < APART_US ? SHARE * all_us : APART_US;
    all_us = all_us > shared_us ? all_us : shared_us;
    lane_us = lane_us > all_us ? lane_us : all_us;
    *quiet = (struct quiet){.arena = arena, .ledger = ledger, .lane_us = lane_us, .all_us = all_us};
    quiet->lanes = arena_array(arena, struct quiet_lane, ledger->schedule->lane_count + 1);
    return quiet;
}

static const struct standing *standing_of(const struct quiet *quiet, size_t lane)
{
    return &quiet->ledger->standings[lane];
}

// Lists some closed questions of a lane, far apart, for a sample of them: those first that were in vain before.
static void list_sample(struct quiet *quiet, size_t lane, const struct closed_sample *sample)
{
    const struct lane *of = &quiet->ledger->schedule->lanes[lane];
    struct quiet_lane *own = &quiet->lanes[lane];
    const ask_list *asks = &quiet->ledger->watch.pulses[lane].asks;
    uint64_t step = 1 + (of->count - of->spare) / (2 * (uint64_t)sample->wanted);
    for (size_t i = own->asks; i < asks->count && own->rounds > 0; i++)
        if (asks->items[i].alone && !asks->items[i].answered &&
            closed_is(quiet->ledger, standing_of(quiet, lane), asks->items[i].question))
            *vector_add(quiet->arena, &own->listed) = asks->items[i].question;
    for (uint64_t first = 0; own->rounds == 0 && first < step; first++)
        for (uint64_t at = first; at < of->count && own->listed.count < sample->wanted; at += step)
            if (closed_is(quiet->ledger, standing_of(quiet, lane), of->first + at))
                *vector_add(quiet->arena, &own->listed) = of->first + at;
}

// Lists some of what is closed on each path on which nothing open was heard, far apart.
static void list_unheard(struct quiet *quiet)
{
    const struct schedule *schedule = quiet->ledger->schedule;
    uint64_t closed[WATCH_PATHS] = {0}, seen[WATCH_PATHS] = {0};
    for (size_t path = 0; path < NO_PATH; path++) // this machine's own ones limit nothing
        closed[path] = closed_unheard(quiet->ledger, path);
    for (size_t i = 0; i < schedule->lane_count; i++) {
        const struct lane *of = &schedule->lanes[i];
        size_t path = quiet->ledger->watch.pulses[i].path;
        uint64_t wanted = closed[path] < UNHEARD ? closed[path] : UNHEARD;
        for (uint64_t at = 0; of->protocol == PROTOCOL_TCP && wanted > 0 && at < of->count; at++) {
            if (!closed_is(quiet->ledger, standing_of(quiet, i), of->first + at))
                continue;
            if (seen[path] * wanted / closed[path] != (seen[path] + 1) * wanted / closed[path])
                *vector_add(quiet->arena, &quiet->lanes[i].listed) = of->first + at;
            seen[path]++;
        }
    }
}

static void list_doubted(struct quiet *quiet, struct arena *scratch, size_t lane)
{
    const struct ledger *ledger = quiet->ledger;
    const struct standing *standing = standing_of(quiet, lane);
    const struct lane *of = &ledger->schedule->lanes[lane];
    struct quiet_lane *own = &quiet->lanes[lane];
    const uint8_t *again = closed_again(ledger, scratch, lane);
    for (uint64_t at = 0; at < of->count && again != NULL && own->listed.count < MOST_LISTED; at++) {
        uint64_t question = of->first + at;
        if ((again[at / 8] >> at % 8 & 1) == 0 && closed_is(ledger, standing, question) &&
            closed_is_doubted(ledger, lane,
                              ledger_sent_at(ledger, question,
                                             standing->causes.items[ledger->bytes[question] - LEDGER_ANSWERED].tries)))
            *vector_add(quiet->arena, &own->listed) = question;
    }
}

// Whether a lane answered something of the round before.
static bool is_heard(const struct quiet *quiet, size_t lane)
{
    const ask_list *asks = &quiet->ledger->watch.pulses[lane].asks;
    for (size_t i = quiet->lanes[lane].asks; i < asks->count; i++)
        if (asks->items[i].aside && asks->items[i].answered)
            return true;
    return false;
}

// Lists what is asked of a lane in this round.
static void list_of(struct quiet *quiet, struct arena *scratch, size_t lane, const struct closed_sample *sample)
{
    struct quiet_lane *own = &quiet->lanes[lane];
    const struct standing *standing = standing_of(quiet, lane);
    if (own->resets && standing->shut != 0) // a ban, or a limit: an open port that is open then says which
        *vector_add(quiet->arena, &own->listed) = standing->shut - 1;
    else if (sample->wanted > 0)
        list_sample(quiet, lane, sample);
    else
        list_doubted(quiet, scratch, lane);
}

static void begin_lane(struct quiet *quiet, struct arena *scratch, size_t lane, uint64_t now_us)
{
    struct quiet_lane *own = &quiet->lanes[lane];
    const struct standing *standing = standing_of(quiet, lane);
    bool resets = ledger_resets_from(quiet->ledger, lane) != 0, unheard = own->listed.count > 0;
    if ((standing->closes == CLOSES_FAIRLY && !resets && !unheard) || own->failed > MOST_FAILED ||
        own->rounds == MOST_ROUNDS)
        return;
    struct closed_sample sample = closed_sample(quiet->ledger, lane);
    if (standing->closes == CLOSES_UNSHOWN || standing->turned || standing->contrary)
        sample.wanted = 0;
    bool goes_on = own->rounds == 0 || own->resets || resets || sample.wanted > 0 || is_heard(quiet, lane);
    own->resets = resets;
    if (!unheard && goes_on)
        list_of(quiet, scratch, lane, &sample);
    own->has_open = own->opens = closed_has_open(standing);
    own->is_lone = !own->has_open && sample.wanted == 0;
    own->lone_us = unheard ? UNHEARD_APART_US : APART_US;
    own->apart_us = own->apart_us == 0 ? quiet->lane_us > APART_US ? quiet->lane_us : APART_US : own->apart_us;
    own->asks = quiet->ledger->watch.pulses[lane].asks.count;
    own->opened = 0;
    uint64_t close_us = ledger_close_us(quiet->ledger, lane);
    own->next_us = now_us + close_us + close_us / 5; // as APART_US is a little more
    bool is_dense = standing->closes != CLOSES_UNSHOWN && own->listed.count < (size_t)MOST_OPENS * BLOCK;
    own->between = is_dense ? 1 + own->listed.count / MOST_OPENS : BLOCK;
    own->rounds += !unheard;
}

bool quiet_begin(struct quiet *quiet, uint64_t now_us)
{
    struct arena *scratch = arena_new();
    bool any = false;
    for (size_t i = 0; i < quiet->ledger->schedule->lane_count; i++)
        quiet->lanes[i].listed.count = quiet->lanes[i].at = quiet->lanes[i].block = 0;
    if (!quiet->begun)
        list_unheard(quiet);
    quiet->begun = true;
    for (size_t i = 0; i < quiet->ledger->schedule->lane_count; i++) {
        begin_lane(quiet, scratch, i, now_us);
        any = any || quiet->lanes[i].listed.count > 0;
    }
    arena_free(scratch);
    return any;
}

static bool is_done(const struct quiet_lane *own)
{
    return own->listed.count == 0 || own->failed > MOST_FAILED || (own->at == own->listed.count && !own->opens);
}

// What became of the open port that is waited for: where it was not open, what was asked before it is asked again.
static void take_open(struct quiet *quiet, size_t lane, uint64_t now_us)
{
    struct quiet_lane *own = &quiet->lanes[lane];
    const struct ask *ask = watch_find(&quiet->ledger->watch, lane, own->opened - 1, own->number);
    bool answered = ask != NULL && ask->answered;
    if (!answered && now_us - own->sent_us < quiet->ledger->watch.timeout_us)
        return;
    own->opened = 0;
    if (answered && ask->contrary == OBSERVED_OPEN) {
        own->failed = 0;
        own->block = own->at;
        own->opens = false;
        return;
    }
    own->failed++;
    own->turn++;
    own->at = own->block;
    own->apart_us = 2 * own->apart_us > MOST_APART_US ? MOST_APART_US : 2 * own->apart_us;
    own->next_us = now_us + own->apart_us;
}

// The next packet of a lane, where one is due.
static bool next_of(struct quiet *quiet, size_t lane, uint64_t now_us, uint64_t *question)
{
    struct quiet_lane *own = &quiet->lanes[lane];
    const struct standing *standing = standing_of(quiet, lane);
    if (own->opened != 0)
        take_open(quiet, lane, now_us);
    if (is_done(own) || own->opened != 0 || now_us < own->next_us ||
        (own->is_lone && now_us < quiet->lone_us[schedule_side(quiet->ledger->schedule, lane)]))
        return false;
    bool alike = standing->sentinels[1] != 0 && standing->sentinel_states[1] == OBSERVED_OPEN;
    *question = own->opens ? standing->sentinels[alike ? own->turn % 2 : 0] - 1 : own->listed.items[own->at];
    return true;
}

bool quiet_next(struct quiet *quiet, uint64_t now_us, struct sending *sending)
{
    size_t count = quiet->ledger->schedule->lane_count;
    if (now_us < quiet->next_us)
        return false;
    for (size_t i = 0; i < count; i++) {
        uint64_t question;
        quiet->at = (quiet->at + 1) % count;
        if (!next_of(quiet, quiet->at, now_us, &question))
            continue;
        *sending = (struct sending){.span = schedule_span(quiet->ledger->schedule, question), .question = question};
        return true;
    }
    return false;
}

// What is closed is asked a little slower than the open ports that vouch for it: a pace that just passes is none.
static uint64_t margin(const struct quiet_lane *own)
{
    return own->apart_us > APART_US ? own->apart_us / MARGIN : 0;
}

void quiet_sent(struct quiet *quiet, const struct sending *sending, uint64_t now_us)
{
    size_t lane = sending->span->lane;
    struct quiet_lane *own = &quiet->lanes[lane];
    own->sent_us = now_us;
    own->next_us = now_us + own->apart_us;
    quiet->next_us = now_us + quiet->all_us;
    if (own->is_lone)
        quiet->lone_us[schedule_side(quiet->ledger->schedule, lane)] = now_us + own->lone_us;
    if (own->opens) {
        own->opened = sending->question + 1;
        own->number = sending->try;
        own->next_us += margin(own);
        return;
    }
    own->at++;
    if (own->at == LEAST_HEARD && !is_heard(quiet, lane)) // nobody of it says anything more
        own->failed = MOST_FAILED + 1;
    own->opens = own->has_open && (own->at == own->listed.count || own->at == own->block + own->between);
    own->next_us += own->opens ? 0 : margin(own);
}

static bool is_waited_for(const struct quiet *quiet, size_t lane)
{
    const ask_list *asks = &quiet->ledger->watch.pulses[lane].asks;
    for (size_t i = quiet->lanes[lane].asks; i < asks->count; i++)
        if (!asks->items[i].answered)
            return true;
    return false;
}

bool quiet_is_over(struct quiet *quiet, uint64_t now_us)
{
    for (size_t i = 0; i < quiet->ledger->schedule->lane_count; i++) {
        const struct quiet_lane *own = &quiet->lanes[i];
        if (own->listed.count == 0)
            continue;
        if (!is_done(own) || (now_us - own->sent_us < quiet->ledger->watch.timeout_us && is_waited_for(quiet, i)))
            return false;
    }
    return true;
}

uint64_t quiet_left(const struct quiet *quiet)
{
    uint64_t left = 0;
    for (size_t i = 0; i < quiet->ledger->schedule->lane_count; i++)
        left += is_done(&quiet->lanes[i]) ? 0 : quiet->lanes[i].listed.count - quiet->lanes[i].at;
    return left;
}
