// What a ledger comes to: observations, each run of neighbouring ports that ended alike.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "model/protocol.h"
#include "probe/closed.h"
#include "probe/loss.h"
#include "probe/rejection.h"

enum { FRAMES_NAMED = 64, LEAST_SILENT = 20, LEAST_SHUT = 2 };

static const char doubted_rejection[] =
    "rejected, but nothing showed that the way was open when it was asked once more";
static const char *const closed_why[] = {
    [CLOSES_UNSHOWN] = "closed, but too few open ports were asked as fast to show that it is the port that says so",
    [CLOSES_LATE] = "closed, but the first ones that were asked were not: it may be rate limited",
    [CLOSES_OPEN_ONES] = "closed, but open ports were closed too when they were asked as fast: rate limited",
    [CLOSES_FOR_A_TIME] =
        "closed, but others that had been closed were open when they were asked again: it may be rate limited",
    [CLOSES_ONCE] = "closed, but what had been closed was silent when it was asked again: it may be rate limited",
    [CLOSES_FOR_OTHERS] = "closed, but of what was closed on its path some was open or silent when it was asked again: "
                          "it may be rate limited",
};
static const char rejected_by_pace[] = "rejected, but not always, or not from the beginning: it may be rate limited";
static const char rejected_for_want_of_a_way[] =
    "rejected, but by a router that has no way there, and nobody answered otherwise: the line behind it may be down";
static const char stranger[] = "something came from there that answers no probe known here: its silence proves nothing";

// What was rejected and answered then has two.
static int by_offset(const void *left, const void *right)
{
    const struct detail *a = left, *b = right;
    return a->offset != b->offset ? (a->offset < b->offset ? -1 : 1)
                                  : (a->answered_us > b->answered_us) - (a->answered_us < b->answered_us);
}

// A run of questions of one lane that ended alike, `first` to `last`.
struct run {
    uint64_t first;
    uint64_t last;
    struct cause cause;
};

struct asked {
    uint64_t question;
    uint32_t index; // of the ask in its lane
    uint32_t frame;
};

// The asks of a lane by question, those of which from `next` on are of later runs.
struct asks_left {
    struct asked *asks;
    size_t count;
    size_t next;
};

// Of a lane, when its silent questions are looked at.
struct silence {
    size_t lane;
    unsigned tries;         // that are wanted where nothing is lost
    unsigned enough;        // that are for all of them; 0: each has to be looked at
    uint8_t least;          // tries that a silent question had
    uint64_t resets_from;   // since when it closes everything; 0: it does not
    uint64_t resets_until;  // what was answered before was no ban
    const char *resets;     // so in words
    uint64_t accepts_from;  // since when the lane accepts everything; 0: it does not
    uint64_t accepts_until; // what was answered before was open
    const uint8_t *again;   // questions that were closed again (closed.h)
    const char *why;        // it is not believed where it is not
    const char *unshown;    // the same of what is closed
    const char *unfinished; // the same of all; or NULL
};

// Whether the answer to a question is known to have come before a moment; details are sorted by now.
static bool was_answered_before(const struct standing *standing, uint32_t offset, uint64_t moment_us)
{
    size_t low = 0, high = standing->details.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (standing->details.items[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    while (low + 1 < standing->details.count && standing->details.items[low + 1].offset == offset)
        low++;
    return low < standing->details.count && standing->details.items[low].offset == offset &&
           standing->details.items[low].answered_us < moment_us;
}

// Whether a lane left unanswered before a moment, though the way was open, what it answered so later on.
static bool was_silent_before(const struct ledger *ledger, size_t lane, enum observed_state state, uint64_t moment_us)
{
    const struct standing *standing = &ledger->standings[lane];
    const struct lane *of = &ledger->schedule->lanes[lane];
    uint64_t before = 0;
    for (uint64_t question = of->first; question < of->first + of->count && before < LEAST_SILENT; question++) {
        uint8_t byte = ledger->bytes[question];
        uint64_t sent = ledger_sent_at(ledger, question, 1);
        before += byte >= LEDGER_ANSWERED && sent != 0 && sent < moment_us &&
                  standing->causes.items[byte - LEDGER_ANSWERED].state == state &&
                  watch_shine(&ledger->watch, lane, sent) != SHINE_DARK;
    }
    return before >= LEAST_SILENT;
}

// Since when a lane closes or rejects what it left unanswered before: then it is not the port that says so, but whoever
// bans us. 0: it does not. Hosts that limit their resets send some from the beginning on; routers that limit their
// errors have sent some to others.
static uint64_t bans_after_silence(const struct ledger *ledger, size_t lane)
{
    const struct standing *standing = &ledger->standings[lane];
    const struct lane *of = &ledger->schedule->lanes[lane];
    uint64_t closed = standing->first_shut.us,
             rejected = ledger->first_rejected[schedule_side(ledger->schedule, lane)].us;
    if (of->protocol != PROTOCOL_TCP || standing->late < LEAST_SILENT)
        return 0;
    return closed != 0 && was_silent_before(ledger, lane, OBSERVED_CLOSED, closed)         ? closed
           : rejected != 0 && was_silent_before(ledger, lane, OBSERVED_REJECTED, rejected) ? rejected
                                                                                           : 0;
}

static bool is_closed_again(const struct ledger *ledger, const struct silence *silence, uint64_t question)
{
    uint64_t at = question - ledger->schedule->lanes[silence->lane].first;
    return silence->again != NULL && (silence->again[at / 8] >> at % 8 & 1) != 0;
}

static struct cause ending(const struct ledger *ledger, const struct silence *silence, uint64_t question)
{
    const struct standing *standing = &ledger->standings[silence->lane];
    uint8_t byte = ledger->bytes[question];
    if (byte >= LEDGER_ANSWERED) {
        struct cause cause = standing->causes.items[byte - LEDGER_ANSWERED];
        cause.doubtful =
            cause.state == OBSERVED_OPEN && silence->accepts_from != 0 &&
            (cause.unstable ||
             !was_answered_before(standing, (uint32_t)(question - ledger->schedule->lanes[silence->lane].first),
                                  silence->accepts_until));
        if ((cause.state == OBSERVED_CLOSED || cause.state == OBSERVED_REJECTED) && silence->resets_from != 0 &&
            !cause.unstable &&
            !was_answered_before(standing, (uint32_t)(question - ledger->schedule->lanes[silence->lane].first),
                                 silence->resets_until)) {
            cause.state = OBSERVED_UNKNOWN;
            cause.reason = silence->resets;
        } else if (cause.state == OBSERVED_REJECTED &&
                   !rejection_stands(ledger, silence->lane, question, false, UINT64_MAX)) {
            cause.state = OBSERVED_UNKNOWN;
            cause.reason = silence->unfinished != NULL                             ? silence->unfinished
                           : rejection_has_no_way(ledger, silence->lane, question) ? rejected_for_want_of_a_way
                           : standing->rejects_by_pace                             ? rejected_by_pace
                                                                                   : doubted_rejection;
        } else if (cause.state == OBSERVED_CLOSED && !is_closed_again(ledger, silence, question) &&
                   closed_is_doubted(ledger, silence->lane, ledger_sent_at(ledger, question, cause.tries))) {
            cause.state = OBSERVED_UNKNOWN;
            cause.reason = standing->closes == CLOSES_UNSHOWN ? silence->unshown : closed_why[standing->closes];
        } else if (cause.state == OBSERVED_REJECTED && ledger_heard(ledger, question)) {
            cause.state = OBSERVED_UNKNOWN;
            cause.reason = stranger;
        }
        return cause;
    }
    bool silent = standing->settled && byte >= silence->tries &&
                  ((silence->enough > 0 && byte >= silence->enough) ||
                   ledger_is_earned(ledger, silence->lane, question, silence->tries, false, UINT64_MAX));
    bool heard = silent && ledger_heard(ledger, question);
    return (struct cause){.state = silent && !heard ? OBSERVED_FILTERED : OBSERVED_UNKNOWN,
                          .tries = standing->settled ? silence->least : byte, // or each port would be a line
                          .reason = heard    ? stranger
                                    : silent ? "no-answer"
                                             : silence->why};
}

// How many packets a host had been sent when it was last heard of.
static uint64_t sent_until(const struct ledger *ledger, size_t lane, uint64_t last_us)
{
    uint64_t count = 0;
    const struct lane *of = &ledger->schedule->lanes[lane];
    const ask_list *asks = &ledger->watch.pulses[lane].asks;
    for (size_t i = 0; i < asks->count; i++)
        count += asks->items[i].sent_us <= last_us;
    for (unsigned try = 1; try <= ledger->most_try && ledger->sent_us[try] != NULL; try++)
        for (uint64_t question = of->first; question < of->first + of->count; question++) {
            uint64_t sent = ledger_sent_at(ledger, question, try);
            count += sent != 0 && sent <= last_us;
        }
    return count;
}

// Why the silence of a lane is not believed where it is not.
static const char *why_dark(const struct ledger *ledger, struct arena *arena, size_t lane)
{
    const struct light *light = watch_light_of(&ledger->watch, lane);
    const struct pulse *pulse = &ledger->watch.pulses[lane];
    if (light->first == 0)
        return pulse->known ? "the host answered an earlier probe, and not this one: banned, rate limited or down"
                            : "nothing was heard from anybody";
    if (light->by_rejections)
        return "nothing was heard but rejections, from whoever is in the way";
    const char *moment = clock_text(arena, light->last);
    struct loss_seen seen = loss_seen(ledger, lane, true, 0);
    if (!light->ended && seen.vain + seen.contrary > 0)
        return arena_printf(arena,
                            "answers are being lost: %u of %u sentinels among the probes were in vain, rate limited "
                            "or a bad line",
                            seen.vain, seen.asked);
    bool ended = ledger->standings[lane].last_sent_us + ledger->watch.timeout_us > light->last;
    if (!ended)
        return "asked while nothing showed that the way was open";
    if (light->hushed)
        return arena_printf(arena, "an open port of the host stopped answering at %.8s, others did not: banned",
                            moment + 11);
    if (light == &pulse->host)
        return arena_printf(arena, "the host stopped answering at %.8s: banned, rate limited or down", moment + 11);
    if (light != &pulse->light)
        return arena_printf(arena, "nobody answered after %.8s: cut off, banned or down", moment + 11);
    return arena_printf(arena, "the host stopped answering at %.8s, after %llu probes: banned, rate limited or down",
                        moment + 11, (unsigned long long)sent_until(ledger, lane, light->last));
}

static uint8_t least_tries(const struct ledger *ledger, const struct lane *lane)
{
    uint8_t least = MOST_TRIES;
    for (uint64_t question = lane->first; question < lane->first + lane->count; question++)
        if (ledger->bytes[question] < least && ledger_is_silent(ledger, lane, question))
            least = ledger->bytes[question];
    return least;
}

static void add_frame(struct arena *arena, struct observation *item, uint32_t frame)
{
    if (frame != 0 && item->frame_count++ < FRAMES_NAMED)
        *vector_add(arena, &item->frames) = frame;
}

static int by_question(const void *left, const void *right)
{
    const struct asked *a = left, *b = right;
    return (a->question > b->question) - (a->question < b->question);
}

static int by_index(const void *left, const void *right)
{
    const struct asked *a = left, *b = right;
    return (a->index > b->index) - (a->index < b->index);
}

// The asks of a lane by question, of which some frame is known; the caller's.
static struct asked *asks_by_question(const ask_list *asks, size_t *count)
{
    struct asked *sorted = memory_take((asks->count + 1) * sizeof(*sorted));
    *count = 0;
    for (uint32_t i = 0; i < asks->count; i++)
        if (asks->items[i].frame != 0)
            sorted[(*count)++] = (struct asked){asks->items[i].question, i, asks->items[i].frame};
    if (*count > 1)
        qsort(sorted, *count, sizeof(*sorted), by_question);
    return sorted;
}

// The frames of a run's asks, in the order of sending. Runs come in the order of questions.
static void add_asks(struct arena *arena, const struct run *run, struct asks_left *left, struct observation *item)
{
    while (left->next < left->count && left->asks[left->next].question < run->first)
        left->next++;
    size_t from = left->next;
    while (left->next < left->count && left->asks[left->next].question <= run->last)
        left->next++;
    if (left->next > from)
        qsort(left->asks + from, left->next - from, sizeof(struct asked), by_index);
    for (size_t i = from; i < left->next; i++)
        add_frame(arena, item, left->asks[i].frame);
}

// When a run was first asked and last answered, how long the first answer took, and in which packets.
static void date(const struct ledger *ledger, struct arena *arena, const struct run *run, const struct lane *lane,
                 struct asks_left *left, struct observation *item)
{
    size_t run_lane = (size_t)(lane - ledger->schedule->lanes);
    const struct standing *standing = &ledger->standings[run_lane];
    uint64_t first_sent = 0, answered = 0, step = ledger->shift == 0 ? 1 : 64;
    for (uint64_t question = run->first; question <= run->last; question += step) {
        uint64_t sent = ledger_sent_at(ledger, question, 1);
        first_sent = sent != 0 && (first_sent == 0 || sent < first_sent) ? sent : first_sent;
        for (unsigned try = 1; ledger->frames[1] != NULL && try <= ledger->most_try; try++) {
            if (ledger->sent_us[try] == NULL)
                break;
            add_frame(arena, item, ledger->frames[try][order_position(&ledger->orders[try], question)]);
        }
    }
    add_asks(arena, run, left, item);
    item->rtt_us = -1;
    uint32_t first = UINT32_MAX; // question whose answer took so long
    size_t low = 0, high = standing->details.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lane->first + standing->details.items[middle].offset < run->first)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < standing->details.count && lane->first + standing->details.items[low].offset <= run->last; low++) {
        const struct detail *detail = &standing->details.items[low];
        if (item->rtt_us < 0 || detail->offset == first) {
            item->rtt_us = (long)detail->rtt_us;
            first = detail->offset;
        }
        answered = detail->answered_us > answered ? detail->answered_us : answered;
        add_frame(arena, item, detail->frame);
    }
    item->first_sent = first_sent != 0 ? clock_text(arena, first_sent) : NULL;
    item->answered = answered != 0 ? clock_text(arena, answered) : NULL;
    sort_numbers(item->frames.items, item->frames.count);
}

static void add_run(const struct ledger *ledger, struct arena *arena, const struct span *span, const struct run *run,
                    struct asks_left *left, struct observations *observations)
{
    const struct lane *lane = &ledger->schedule->lanes[span->lane];
    const struct standing *standing = &ledger->standings[span->lane];
    char from[ADDRESS_TEXT] = "", source[ADDRESS_TEXT], other[ADDRESS_TEXT];
    if (run->cause.from.family != 0)
        address_format(run->cause.from, from);
    struct observation *item = vector_add(arena, &observations->items);
    *item = (struct observation){
        .line = observations->items.count,
        .address = lane->address,
        .protocol = lane->protocol,
        .low = schedule_port(schedule_span(ledger->schedule, run->first), run->first),
        .high = schedule_port(span, run->last),
        .state = run->cause.state,
        .unstable = run->cause.unstable,
        .accepting = run->cause.doubtful,
        .reason = arena_strdup(arena, run->cause.reason),
        .from = from[0] != '\0' ? arena_strdup(arena, from) : NULL,
        .tries = run->cause.tries,
    };
    date(ledger, arena, run, lane, left, item);
    if (standing->source.family == 0 || item->first_sent == NULL)
        return;
    address_format(standing->source, source);
    item->source = arena_strdup(arena, source);
    if (standing->other.family == 0)
        return;
    address_format(standing->other, other);
    item->source = arena_printf(arena, "%s, %s", source, other);
}

// Of a path, how many lanes have an open port, how many of them close it by now, and when the latest probe was sent
// that was answered open.
struct ban {
    unsigned opened, shut;
    uint64_t until_us;
};

static void add_to_ban(const struct standing *standing, struct ban *ban)
{
    ban->opened += closed_has_open(standing);
    ban->shut += ledger_is_shut(standing);
    ban->until_us = standing->open_sent_us > ban->until_us ? standing->open_sent_us : ban->until_us;
}

// What a lane closes, or rejects, that is banned, from when on; or that has no open port to tell, where most of those
// of its path that have one are.
static void find_ban(const struct ledger *ledger, struct arena *arena, const struct ban *bans, struct silence *silence)
{
    const struct standing *standing = &ledger->standings[silence->lane];
    const struct ban *ban = &bans[ledger->watch.pulses[silence->lane].path];
    silence->resets_from = ledger_resets_from(ledger, silence->lane);
    silence->resets_until = standing->open_sent_us;
    if (silence->resets_from == 0)
        silence->resets_from = silence->resets_until = bans_after_silence(ledger, silence->lane);
    bool alone = silence->resets_from != 0;
    if (!alone && ban->shut >= LEAST_SHUT && 2 * ban->shut >= ban->opened)
        silence->resets_from = silence->resets_until = ban->until_us;
    if (silence->resets_from != 0)
        silence->resets = arena_printf(arena,
                                       alone ? "the host closes everything since %.8s: banned, or restarted"
                                             : "the host closes everything, as others do since %.8s: banned",
                                       clock_text(arena, silence->resets_from) + 11);
}

void ledger_collect(struct ledger *ledger, struct arena *arena, unsigned tries, const char *unfinished,
                    struct observations *observations, size_t by_state[OBSERVED_UNKNOWN + 1])
{
    const struct schedule *schedule = ledger->schedule;
    struct ban bans[WATCH_PATHS] = {0};
    for (size_t l = 0; l < schedule->lane_count; l++)
        if (schedule->lanes[l].protocol == PROTOCOL_TCP)
            add_to_ban(&ledger->standings[l], &bans[ledger->watch.pulses[l].path]);
    for (size_t l = 0; l < schedule->lane_count; l++) {
        struct standing *standing = &ledger->standings[l];
        const struct lane *lane = &schedule->lanes[l];
        struct run run = {0};
        const struct span *before = NULL;
        struct silence silence = {.lane = l,
                                  .tries = tries,
                                  .accepts_from = ledger_accepts_from(ledger, l),
                                  .enough = ledger_enough(ledger, l, tries, false),
                                  .why = unfinished,
                                  .unfinished = unfinished};
        struct asks_left left = {0};
        left.asks = asks_by_question(&ledger->watch.pulses[l].asks, &left.count);
        silence.least = least_tries(ledger, lane);
        if (unfinished == NULL)
            silence.why = standing->silent > 0 ? why_dark(ledger, arena, l) : "";
        silence.unshown = unfinished != NULL                         ? unfinished
                          : watch_light_of(&ledger->watch, l)->ended ? why_dark(ledger, arena, l)
                                                                     : closed_why[CLOSES_UNSHOWN];
        silence.accepts_until = silence.accepts_from == 1 ? 1 : standing->shut_sent_us;
        silence.again = closed_again(ledger, arena, l);
        if (standing->details.count > 0)
            qsort(standing->details.items, standing->details.count, sizeof(struct detail), by_offset);
        find_ban(ledger, arena, bans, &silence);
        for (size_t s = lane->first_span; s < lane->first_span + lane->span_count; s++) {
            const struct span *span = &schedule->spans[s];
            bool joins = before != NULL && (uint32_t)before->high + 1 == span->low;
            if (span->spare)
                continue;
            for (uint64_t question = span->first; question <= span->first + (uint64_t)(span->high - span->low);
                 question++) {
                struct cause cause = ending(ledger, &silence, question);
                by_state[cause.state]++;
                if (before != NULL && (joins || question > span->first) && ledger_same_cause(&cause, &run.cause)) {
                    run.last = question;
                } else {
                    if (before != NULL)
                        add_run(ledger, arena, before, &run, &left, observations);
                    run = (struct run){question, question, cause};
                }
                before = span;
            }
        }
        if (before != NULL)
            add_run(ledger, arena, before, &run, &left, observations);
        free(left.asks);
    }
}
