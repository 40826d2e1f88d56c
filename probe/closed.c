#include "probe/closed.h"

#include "model/protocol.h"
#include "probe/loss.h"

enum {
    LOOKING_ASKS = 24,  // of open ports, in the second look at all,
    SAMPLING_ASKS = 44, // and at a sample
    LOOKING_ASKS_OF_NONE = 4,
    MOST_LOOKED_AT = 2048, // closed questions of a lane that are all asked once more; of more, a sample
    LOOKS = 64,            // of so many,
    SAMPLE = 8,            // of those that are asked by themselves, where all of a lane are in doubt
    LEAST_OPEN = 39,       // open ports, asked by themselves, of a lane that was seen to close some
    LEAST_SILENT = 3,
    LEAST_VAIN = 8, // second looks in vain, and so many times those that were not, that put it in doubt
    VAIN = 3,
    MUCH = 4,         // such a part
    LEAST_TURNED = 2, // lanes of a path that are doubted, so that those are that have no open port to tell,
    MOST_LONE = 256,  // or half of those that have, where these close no more, as they are asked one by one
    MOST_SMALL =
        32, // closed questions of all small lanes of a path, up to which they are asked by themselves: in a second,
    MOST_SMALL_DOUBTED = 512, // or, where some lane of it is doubted, in half a minute
};

static const double SELDOM = 0.001, SELDOM_OF_PATH = 0.02;

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

unsigned closed_asks(const struct ledger *ledger, size_t lane)
{
    bool all = closed_of(&ledger->standings[lane]) <= MOST_LOOKED_AT;
    return !closed_has_open(&ledger->standings[lane]) ? LOOKING_ASKS_OF_NONE : all ? LOOKING_ASKS : SAMPLING_ASKS;
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
        sample.vain += !ask->answered && watch_shine(&ledger->watch, lane, ask->sent_us) != SHINE_DARK;
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

// Whether what a lane without an open port had closed is silent when it is asked once more, more often than what it
// answered late explains: then it was a limit that closed it, and let some pass now.
static bool is_silent_now(const struct ledger *ledger, size_t lane)
{
    const struct standing *standing = &ledger->standings[lane];
    const ask_list *asks = &ledger->watch.pulses[lane].asks;
    const struct loss_seen before = {.asked = (unsigned)(standing->answered - standing->rejected),
                                     .vain = (unsigned)(standing->late - standing->late_rejected)};
    struct loss_seen now = {0};
    for (size_t i = 0; i < asks->count; i++) {
        const struct ask *ask = &asks->items[i];
        bool counts = ask->aside && watch_shine(&ledger->watch, lane, ask->sent_us) != SHINE_DARK &&
                      !watch_in_longest_gap(&ledger->watch, lane, ask->sent_us);
        now.asked += counts;
        now.vain += counts && !ask->answered;
    }
    return now.vain >= LEAST_SILENT && loss_by_chance(&now, &before) < SELDOM;
}

static enum closes judge(struct ledger *ledger, size_t lane)
{
    struct standing *standing = &ledger->standings[lane];
    standing->silent_again = is_silent_again(ledger, lane);
    struct closed_sample sample = closed_sample(ledger, lane);
    bool has_open = closed_has_open(standing);
    bool lacks = sample.wanted > 0 && (sample.vain * MUCH > sample.closed || sample.closed < sample.wanted);
    if (standing->closes_late && (lacks || standing->turned || !has_open))
        return CLOSES_LATE;
    if (standing->contrary)
        return CLOSES_OPEN_ONES;
    if (standing->turned && !accepts(ledger, lane))
        return CLOSES_FOR_A_TIME;
    bool shows = has_open && closed_of(standing) > 0 && !accepts(ledger, lane);
    lacks = lacks || (!has_open && is_silent_now(ledger, lane));
    return lacks ? CLOSES_ONCE : shows ? CLOSES_UNSHOWN : CLOSES_FAIRLY;
}

// Whether it has so few questions that no pass over it shows anything: they are asked by themselves, or not at all.
static bool is_small(const struct ledger *ledger, size_t lane)
{
    const struct lane *of = &ledger->schedule->lanes[lane];
    return of->count - of->spare < LOSS_OWN_LEAST;
}

// What is known of the lanes of a path.
struct closed_path {
    unsigned opened;         // lanes that have an open port,
    unsigned turned;         // and of which some open port was seen to be closed, or the other way round
    uint64_t small;          // closed by small ones, and not shown
    uint64_t closed;         // by the others,
    struct loss_seen before; // which answered so late,
    struct loss_seen now;    // and were asked so once more by themselves
};

static void add_to_path(const struct ledger *ledger, size_t lane, struct closed_path *path)
{
    const struct standing *standing = &ledger->standings[lane];
    const ask_list *asks = &ledger->watch.pulses[lane].asks;
    path->turned += standing->closes == CLOSES_OPEN_ONES || standing->closes == CLOSES_FOR_A_TIME;
    path->small += standing->closes == CLOSES_UNSHOWN && is_small(ledger, lane) ? closed_of(standing) : 0;
    if (closed_has_open(standing)) {
        path->opened++;
        return;
    }
    path->closed += closed_of(standing);
    path->before.asked += (unsigned)(standing->answered - standing->rejected);
    path->before.vain += (unsigned)(standing->late - standing->late_rejected);
    for (size_t i = 0; i < asks->count; i++) {
        path->now.asked += asks->items[i].aside && asks->items[i].lone;
        path->now.vain += asks->items[i].aside && asks->items[i].lone && !asks->items[i].answered;
    }
}

// Whether those of a path that have no open port are doubted: others are, or what they had closed is silent now.
static bool is_doubtful(const struct closed_path *path)
{
    bool half = path->turned > 0 && 2 * path->turned >= path->opened && path->closed <= MOST_LONE;
    return path->turned >= LEAST_TURNED || half ||
           (path->now.vain >= LEAST_SILENT && loss_by_chance(&path->now, &path->before) < SELDOM_OF_PATH);
}

// Of many small lanes that would take minutes: there is nothing to show what they close but that it was closed twice.
static bool is_spared(const struct ledger *ledger, size_t lane, const struct closed_path *path)
{
    return ledger->standings[lane].closes == CLOSES_UNSHOWN && is_small(ledger, lane) &&
           path->small > (path->turned > 0 ? MOST_SMALL_DOUBTED : MOST_SMALL);
}

void closed_judge(struct ledger *ledger)
{
    size_t lanes = ledger->schedule->lane_count;
    struct closed_path paths[WATCH_PATHS] = {0};
    for (size_t i = 0; i < lanes; i++) {
        bool is_tcp = ledger->schedule->lanes[i].protocol == PROTOCOL_TCP;
        ledger->standings[i].closes = is_tcp ? judge(ledger, i) : CLOSES_FAIRLY;
        if (is_tcp)
            add_to_path(ledger, i, &paths[ledger->watch.pulses[i].path]);
    }
    for (size_t i = 0; i < lanes; i++) {
        struct standing *standing = &ledger->standings[i];
        const struct closed_path *path = &paths[ledger->watch.pulses[i].path];
        if (is_spared(ledger, i, path))
            standing->closes = CLOSES_FAIRLY;
        else if (standing->closes == CLOSES_FAIRLY && closed_of(standing) > 0 && !closed_has_open(standing) &&
                 ledger->schedule->lanes[i].protocol == PROTOCOL_TCP && is_doubtful(path))
            standing->closes = CLOSES_FOR_OTHERS;
    }
}

uint64_t closed_unheard(const struct ledger *ledger, size_t path)
{
    uint64_t closed = 0;
    for (size_t i = 0; i < ledger->schedule->lane_count; i++) {
        const struct standing *standing = &ledger->standings[i];
        if (ledger->schedule->lanes[i].protocol != PROTOCOL_TCP || ledger->watch.pulses[i].path != path)
            continue;
        if (closed_has_open(standing) || standing->closes != CLOSES_FAIRLY)
            return 0;
        closed += closed_of(standing);
    }
    return closed;
}

bool closed_is_doubted(const struct ledger *ledger, size_t lane, uint64_t sent_us)
{
    const struct standing *standing = &ledger->standings[lane];
    bool once = standing->closes == CLOSES_UNSHOWN && closed_of(standing) > MOST_LOOKED_AT; // most are asked but once
    return standing->closes != CLOSES_FAIRLY && !(once && loss_is_enough(1, 1, loss_shut(ledger, lane, sent_us)));
}

// ---- What was closed again

static void mark(uint8_t *bits, uint64_t at)
{
    bits[at / 8] |= (uint8_t)(1 << at % 8);
}

// Whether a question that was closed again among others is so little explained by the pace of asking as silence has to
// be: `opened_us`, when an open port was last asked, and open.
static bool is_shown(const struct ledger *ledger, size_t lane, const struct ask *ask, uint64_t opened_us)
{
    const struct standing *standing = &ledger->standings[lane];
    const struct cause *cause = &standing->causes.items[ledger->bytes[ask->question] - LEDGER_ANSWERED];
    uint64_t first = ledger_sent_at(ledger, ask->question, cause->tries);
    return first != 0 && opened_us > first &&
           loss_is_enough(2, 2, loss_shut(ledger, lane, first) * loss_shut(ledger, lane, ask->sent_us));
}

// Whether an open port that was not open is a service that stopped: it is never open later on, and others are.
static bool has_stopped(const ask_list *asks, size_t at)
{
    bool others = false;
    for (size_t i = at + 1; i < asks->count; i++) {
        const struct ask *ask = &asks->items[i];
        bool open = ask->answered && !ask->aside && ask->contrary == OBSERVED_OPEN;
        if (open && ask->question == asks->items[at].question)
            return false;
        others = others || open;
    }
    return others;
}

// What was closed again by itself, while open ports that were asked by themselves were open.
struct alone {
    VECTOR(uint64_t) pending; // since the latest of them,
    VECTOR(uint64_t) framed;  // and between two of them
    bool opened;              // the latest was open
    unsigned open;            // so many were, since one was not
    bool shut;                // one was not
};

static void take_open(struct arena *arena, struct alone *alone, const ask_list *asks, size_t at)
{
    const struct ask *ask = &asks->items[at];
    bool open = ask->answered && ask->contrary == OBSERVED_OPEN;
    if (ask->answered && !open && has_stopped(asks, at))
        return;
    for (size_t p = 0; open && alone->opened && p < alone->pending.count; p++)
        *vector_add(arena, &alone->framed) = alone->pending.items[p];
    alone->pending.count = 0;
    alone->opened = open;
    alone->open += open;
    if (!ask->answered || open)
        return;
    alone->shut = true;
    alone->open = 0;
    alone->framed.count = 0;
}

const uint8_t *closed_again(const struct ledger *ledger, struct arena *arena, size_t lane)
{
    const struct standing *standing = &ledger->standings[lane];
    const struct lane *of = &ledger->schedule->lanes[lane];
    const ask_list *asks = &ledger->watch.pulses[lane].asks;
    struct alone alone = {.shut = standing->closes != CLOSES_UNSHOWN};
    uint64_t opened_us = 0;
    if (standing->closes == CLOSES_FAIRLY)
        return NULL;
    uint8_t *again = arena_array(arena, uint8_t, of->count / 8 + 1);
    for (size_t i = 0; i < asks->count; i++) {
        const struct ask *ask = &asks->items[i];
        uint64_t at = ask->question - of->first;
        bool closed = closed_is(ledger, standing, ask->question);
        opened_us = !closed && ask->answered && ask->contrary == OBSERVED_OPEN ? ask->sent_us : opened_us;
        if (closed && ask->answered && standing->closes == CLOSES_FOR_OTHERS && ask->lone)
            mark(again, at);
        else if (closed && ask->answered && ask->aside && !ask->alone && is_shown(ledger, lane, ask, opened_us))
            mark(again, at);
        else if (closed && ask->answered && ask->alone && alone.opened)
            *vector_add(arena, &alone.pending) = at;
        else if (!closed && ask->alone)
            take_open(arena, &alone, asks, i);
    }
    for (size_t i = 0; i < alone.framed.count && alone.open >= (alone.shut ? LEAST_OPEN : 2); i++)
        mark(again, alone.framed.items[i]);
    return again;
}

// ---- The second look, and looks at what one of them did not show

static bool is_looked_at(const struct ledger *ledger, size_t lane, uint64_t question)
{
    uint64_t closed = closed_of(&ledger->standings[lane]);
    return closed <= MOST_LOOKED_AT || order_position(&ledger->orders[1], question) % (closed / LOOKS) == 0;
}

static bool is_shown_by_now(const struct ledger *ledger, size_t lane, uint64_t question, const uint8_t *again)
{
    const struct standing *standing = &ledger->standings[lane];
    uint64_t at = question - ledger->schedule->lanes[lane].first;
    unsigned tries = standing->causes.items[ledger->bytes[question] - LEDGER_ANSWERED].tries;
    return (again[at / 8] >> at % 8 & 1) != 0 ||
           !closed_is_doubted(ledger, lane, ledger_sent_at(ledger, question, tries));
}

uint64_t closed_to_look_at(const struct ledger *ledger, struct arena *arena, size_t lane, unsigned look,
                           const uint8_t **bits)
{
    const struct standing *standing = &ledger->standings[lane];
    const struct lane *of = &ledger->schedule->lanes[lane];
    uint64_t count = 0;
    *bits = NULL;
    if (of->protocol != PROTOCOL_TCP || closed_of(standing) == 0 || accepts(ledger, lane) ||
        watch_light_of(&ledger->watch, lane)->ended || // nobody would hear it
        (look > 0 && standing->closes != CLOSES_UNSHOWN))
        return 0;
    const uint8_t *again = look == 0 ? NULL : closed_again(ledger, arena, lane);
    uint8_t *wanted = arena_array(arena, uint8_t, of->count / 8 + 1);
    for (uint64_t at = 0; at < of->count; at++) {
        uint64_t question = of->first + at;
        if (!closed_is(ledger, standing, question) ||
            (look == 0 ? !is_looked_at(ledger, lane, question) : is_shown_by_now(ledger, lane, question, again)))
            continue;
        mark(wanted, at);
        count++;
    }
    if (look > 0 && count < LOSS_OWN_LEAST)
        return 0;
    *bits = wanted;
    return count;
}
