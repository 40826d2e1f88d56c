#include "probe/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/pages.h"
#include "model/protocol.h"

enum {
    ANSWERED = MOST_TRIES + 1, // bytes below it count tries
    MOST_CAUSES = 255 - ANSWERED,
    MOMENTS = 1 << 19, // kept of each try, at most; more questions than that share them
    DETAILS = 1 << 17,
    LEAST_DETAILS = 16,
    TRIES_WITH_MOMENTS = 8, // where moments are shared, those of later tries are not kept
    FRAMES_NAMED = 64,
};

static size_t moments(const struct ledger *ledger)
{
    return (size_t)(ledger->schedule->count >> ledger->shift) + 1;
}

bool ledger_begin(struct ledger *ledger, struct arena *arena, const struct schedule *schedule, bool exact,
                  struct error *error)
{
    *ledger = (struct ledger){.arena = arena, .schedule = schedule};
    while (!exact && schedule->count >> ledger->shift > MOMENTS)
        ledger->shift++;
    ledger->bytes = pages_new(schedule->count);
    ledger->standings = arena_array(arena, struct standing, schedule->lane_count + 1);
    uint64_t share = DETAILS / (schedule->lane_count + 1);
    ledger->most_details = exact ? UINT32_MAX : share < LEAST_DETAILS ? LEAST_DETAILS : (uint32_t)share;
    for (size_t i = 0; i < schedule->lane_count; i++)
        ledger->standings[i].silent = schedule->lanes[i].count;
    for (unsigned try = 1; try <= MOST_TRIES; try++)
        ledger->orders[try] = schedule_order(schedule, try);
    if (exact)
        for (unsigned try = 1; try <= MOST_TRIES; try++) // untouched pages cost nothing
            ledger->frames[try] = pages_new(moments(ledger) * sizeof(uint32_t));
    return ledger->bytes != NULL ||
           error_set(error, ERROR_INCOMPLETE, "no memory for %llu questions", (unsigned long long)schedule->count);
}

void ledger_end(struct ledger *ledger)
{
    pages_free(ledger->bytes, ledger->schedule->count);
    for (unsigned try = 1; try <= MOST_TRIES; try++) {
        pages_free(ledger->sent_us[try], moments(ledger) * sizeof(uint64_t));
        pages_free(ledger->frames[try], moments(ledger) * sizeof(uint32_t));
    }
}

bool ledger_answered(const struct ledger *ledger, uint64_t question)
{
    return ledger->bytes[question] >= ANSWERED;
}

unsigned ledger_tries(const struct ledger *ledger, uint64_t question)
{
    return ledger->bytes[question];
}

static uint64_t *moments_of(struct ledger *ledger, unsigned try)
{
    if (ledger->sent_us[try] == NULL && (ledger->shift == 0 || try <= TRIES_WITH_MOMENTS))
        ledger->sent_us[try] = pages_new(moments(ledger) * sizeof(uint64_t));
    return ledger->sent_us[try];
}

void ledger_sent(struct ledger *ledger, uint64_t question, uint64_t position, uint64_t wall_us)
{
    if (ledger->bytes[question] >= MOST_TRIES)
        return; // answered in the meantime
    unsigned try = ++ledger->bytes[question];
    uint64_t *sent_us = moments_of(ledger, try);
    ledger->sent++;
    if (sent_us != NULL && sent_us[position >> ledger->shift] == 0)
        sent_us[position >> ledger->shift] = wall_us;
}

void ledger_unsent(struct ledger *ledger, uint64_t question)
{
    if (ledger->bytes[question] == 0 || ledger->bytes[question] >= ANSWERED)
        return;
    unsigned try = ledger->bytes[question]--;
    ledger->sent--;
    if (ledger->shift == 0 && ledger->sent_us[try] != NULL)
        ledger->sent_us[try][order_position(&ledger->orders[try], question)] = 0;
}

void ledger_stamp(struct ledger *ledger, uint64_t question, unsigned try, uint64_t wall_us, uint32_t frame)
{
    if (try < 1 || try > MOST_TRIES || ledger->shift != 0)
        return;
    uint64_t position = order_position(&ledger->orders[try], question), *sent_us = moments_of(ledger, try);
    if (sent_us != NULL)
        sent_us[position] = wall_us;
    if (ledger->frames[try] != NULL)
        ledger->frames[try][position] = frame;
}

static uint64_t sent_at(const struct ledger *ledger, uint64_t question, unsigned try)
{
    return try < 1 || try > MOST_TRIES || ledger->sent_us[try] == NULL
               ? 0
               : ledger->sent_us[try][order_position(&ledger->orders[try], question) >> ledger->shift];
}

static void measure(struct standing *standing, double rtt_us)
{
    if (!standing->measured) {
        standing->smoothed_us = rtt_us;
        standing->variation_us = rtt_us / 2;
        standing->measured = true;
        return;
    }
    double off = rtt_us > standing->smoothed_us ? rtt_us - standing->smoothed_us : standing->smoothed_us - rtt_us;
    standing->variation_us = 0.75 * standing->variation_us + 0.25 * off;
    standing->smoothed_us = 0.875 * standing->smoothed_us + 0.125 * rtt_us;
}

uint64_t ledger_patience_us(const struct standing *standing, uint64_t least_us, uint64_t most_us)
{
    double wait = standing->measured ? standing->smoothed_us + 4 * standing->variation_us : (double)most_us;
    uint64_t rounded = wait > (double)most_us ? most_us : (uint64_t)wait;
    return rounded < least_us ? least_us : rounded;
}

static bool same_cause(const struct cause *a, const struct cause *b)
{
    return a->state == b->state && a->tries == b->tries && a->unstable == b->unstable &&
           a->from.family == b->from.family && a->from.bits == b->from.bits && strcmp(a->reason, b->reason) == 0;
}

static uint8_t cause_index(struct ledger *ledger, struct standing *standing, const struct cause *cause)
{
    for (uint32_t i = 0; i < standing->causes.count; i++)
        if (same_cause(&standing->causes.items[i], cause))
            return (uint8_t)i;
    if (standing->causes.count < MOST_CAUSES) {
        *vector_add(ledger->arena, &standing->causes) = *cause;
        return (uint8_t)(standing->causes.count - 1);
    }
    for (uint32_t i = 0; i < standing->causes.count; i++) // never seen: so many ways to answer; the state is kept
        if (standing->causes.items[i].state == cause->state)
            return (uint8_t)i;
    return 0;
}

void ledger_answer(struct ledger *ledger, uint64_t question, unsigned try, const struct answer *answer,
                   uint64_t wall_us, uint32_t frame)
{
    const struct span *span = schedule_span(ledger->schedule, question);
    struct standing *standing = &ledger->standings[span->lane];
    uint8_t byte = ledger->bytes[question];
    bool outside = answer->state != OBSERVED_UNKNOWN;
    struct cause cause = {.state = answer->state, .tries = (uint8_t)try, .from = answer->from};
    memcpy(cause.reason, answer->reason, sizeof(cause.reason));
    if (byte >= ANSWERED) {
        const struct cause *before = &standing->causes.items[byte - ANSWERED];
        if (!outside || before->state == cause.state || before->state == OBSERVED_UNKNOWN)
            return;
        if (cause.state > before->state)
            cause = *before;
        cause.unstable = true;
        ledger->bytes[question] = (uint8_t)(ANSWERED + cause_index(ledger, standing, &cause));
        return;
    }
    try = try == 0 || try > byte ? byte : try;
    cause.tries = (uint8_t)try;
    ledger->bytes[question] = (uint8_t)(ANSWERED + cause_index(ledger, standing, &cause));
    standing->silent--;
    ledger->ended++;
    if (!outside)
        return;
    uint64_t sent = sent_at(ledger, question, try);
    int64_t rtt = sent == 0 ? -1 : wall_us > sent ? (int64_t)(wall_us - sent) : 0;
    ledger->received++;
    standing->answered++;
    standing->open += cause.state == OBSERVED_OPEN;
    standing->late += try > 1;
    if (rtt >= 0)
        measure(standing, (double)rtt);
    if (standing->details.count < ledger->most_details)
        *vector_add(ledger->arena, &standing->details) =
            (struct detail){.offset = (uint32_t)(question - ledger->schedule->lanes[span->lane].first),
                            .frame = frame,
                            .rtt_us = rtt,
                            .answered_us = wall_us};
}

// --- what was observed -------------------------------------------------------------------------------------------

static int by_offset(const void *left, const void *right)
{
    const struct detail *a = left, *b = right;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

// A run of questions of one lane that ended alike, `first` to `last`.
struct run {
    uint64_t first;
    uint64_t last;
    struct cause cause;
};

static struct cause ending(const struct ledger *ledger, const struct standing *standing, uint64_t question,
                           unsigned tries, const char *unfinished)
{
    bool silent = standing->settled && ledger->bytes[question] >= tries;
    uint8_t byte = ledger->bytes[question];
    if (byte >= ANSWERED)
        return standing->causes.items[byte - ANSWERED];
    struct cause cause = {.state = silent ? OBSERVED_FILTERED : OBSERVED_UNKNOWN, .tries = byte};
    const char *reason = silent ? "no-answer" : unfinished;
    size_t length = strnlen(reason, sizeof(cause.reason) - 1);
    memcpy(cause.reason, reason, length);
    return cause;
}

static void add_frame(struct arena *arena, struct observation *item, uint32_t frame)
{
    if (frame != 0 && item->frame_count++ < FRAMES_NAMED)
        *vector_add(arena, &item->frames) = frame;
}

// When a run was first asked and last answered, how long the first answer took, and in which packets.
static void date(const struct ledger *ledger, struct arena *arena, const struct run *run, const struct lane *lane,
                 struct observation *item)
{
    const struct standing *standing = &ledger->standings[lane - ledger->schedule->lanes];
    uint64_t first_sent = 0, answered = 0, step = ledger->shift == 0 ? 1 : 64;
    for (uint64_t question = run->first; question <= run->last; question += step) {
        uint64_t sent = sent_at(ledger, question, 1);
        first_sent = sent != 0 && (first_sent == 0 || sent < first_sent) ? sent : first_sent;
        for (unsigned try = 1; ledger->frames[1] != NULL && try <= MOST_TRIES; try++) {
            if (ledger->sent_us[try] == NULL)
                break;
            add_frame(arena, item, ledger->frames[try][order_position(&ledger->orders[try], question)]);
        }
    }
    item->rtt_us = -1;
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
        item->rtt_us = item->rtt_us < 0 ? (long)detail->rtt_us : item->rtt_us;
        answered = detail->answered_us > answered ? detail->answered_us : answered;
        add_frame(arena, item, detail->frame);
    }
    item->first_sent = first_sent != 0 ? clock_text(arena, first_sent) : NULL;
    item->answered = answered != 0 ? clock_text(arena, answered) : NULL;
    sort_numbers(item->frames.items, item->frames.count);
}

static void add_run(const struct ledger *ledger, struct arena *arena, const struct span *span, const struct run *run,
                    struct observations *observations)
{
    const struct lane *lane = &ledger->schedule->lanes[span->lane];
    char from[ADDRESS_TEXT] = "";
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
        .reason = arena_strdup(arena, run->cause.reason),
        .from = from[0] != '\0' ? arena_strdup(arena, from) : NULL,
        .tries = run->cause.tries,
    };
    date(ledger, arena, run, lane, item);
}

void ledger_settle(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->schedule->lane_count; i++)
        ledger->standings[i].settled = true;
}

void ledger_collect(struct ledger *ledger, struct arena *arena, unsigned tries, const char *unfinished,
                    struct observations *observations, size_t by_state[OBSERVED_UNKNOWN + 1])
{
    const struct schedule *schedule = ledger->schedule;
    for (size_t l = 0; l < schedule->lane_count; l++) {
        struct standing *standing = &ledger->standings[l];
        const struct lane *lane = &schedule->lanes[l];
        struct run run = {0};
        const struct span *before = NULL;
        if (standing->details.count > 0)
            qsort(standing->details.items, standing->details.count, sizeof(struct detail), by_offset);
        for (size_t s = lane->first_span; s < lane->first_span + lane->span_count; s++) {
            const struct span *span = &schedule->spans[s];
            bool joins = before != NULL && (uint32_t)before->high + 1 == span->low;
            for (uint64_t question = span->first; question <= span->first + (uint64_t)(span->high - span->low);
                 question++) {
                struct cause cause = ending(ledger, standing, question, tries, unfinished);
                by_state[cause.state]++;
                if (before != NULL && (joins || question > span->first) && same_cause(&cause, &run.cause)) {
                    run.last = question;
                } else {
                    if (before != NULL)
                        add_run(ledger, arena, before, &run, observations);
                    run = (struct run){question, question, cause};
                }
                before = span;
            }
        }
        if (before != NULL)
            add_run(ledger, arena, before, &run, observations);
    }
}
