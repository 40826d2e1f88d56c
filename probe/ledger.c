#include "probe/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/pages.h"
#include "model/protocol.h"

enum {
    MOST_CAUSES = 255 - LEDGER_ANSWERED,
    MOMENTS = 1 << 19, // kept of each try, at most; more questions than that share them
    DETAILS = 1 << 17,
    LEAST_DETAILS = 16,
    TRIES_WITH_MOMENTS = 8, // where moments are shared, those of later tries are not kept
};

static size_t moments(const struct ledger *ledger)
{
    return (size_t)(ledger->schedule->count >> ledger->shift) + 1;
}

bool ledger_begin(struct ledger *ledger, struct arena *arena, const struct schedule *schedule, bool exact,
                  uint64_t timeout_us, struct error *error)
{
    *ledger = (struct ledger){.arena = arena, .schedule = schedule};
    watch_begin(&ledger->watch, arena, schedule, timeout_us);
    while (!exact && schedule->count >> ledger->shift > MOMENTS)
        ledger->shift++;
    ledger->bytes = pages_new(schedule->count);
    ledger->again = pages_new(schedule->count);
    ledger->heard = pages_new(schedule->count / 8 + 1);
    ledger->told_us = pages_new(moments(ledger) * sizeof(uint64_t));
    ledger->standings = arena_array(arena, struct standing, schedule->lane_count + 1);
    uint64_t share = DETAILS / (schedule->lane_count + 1);
    ledger->most_details = exact ? UINT32_MAX : share < LEAST_DETAILS ? LEAST_DETAILS : (uint32_t)share;
    for (size_t i = 0; i < schedule->lane_count; i++)
        ledger->standings[i].silent = schedule->lanes[i].count - schedule->lanes[i].spare;
    for (size_t i = 0; i < schedule->span_count; i++) {
        const struct plan_target *target = &schedule->targets[schedule->spans[i].target];
        struct standing *standing = &ledger->standings[schedule->spans[i].lane];
        if (!schedule->spans[i].spare)
            continue;
        standing->sentinels[0] = schedule->spans[i].first + 1; // it has answered before
        standing->sentinel_states[0] = target->was_open || target->canary ? OBSERVED_OPEN : OBSERVED_CLOSED;
        standing->was_open = target->was_open;
    }
    for (unsigned try = 1; try <= MOST_TRIES; try++)
        ledger->orders[try] = schedule_order(schedule, try);
    bool framed = true;
    for (unsigned try = 1; exact && try <= MOST_TRIES; try++) { // untouched pages cost nothing
        ledger->frames[try] = pages_new(moments(ledger) * sizeof(uint32_t));
        ledger->sent_us[try] = pages_new(moments(ledger) * sizeof(uint64_t));
        framed = framed && ledger->frames[try] != NULL && ledger->sent_us[try] != NULL;
    }
    return (framed && ledger->bytes != NULL && ledger->again != NULL && ledger->heard != NULL &&
            ledger->told_us != NULL) ||
           error_set(error, ERROR_INCOMPLETE, "no memory for %llu questions", (unsigned long long)schedule->count);
}

void ledger_without_capture(struct ledger *ledger)
{
    for (unsigned try = 1; try <= MOST_TRIES; try++) {
        pages_free(ledger->frames[try], moments(ledger) * sizeof(uint32_t));
        ledger->frames[try] = NULL;
    }
}

void ledger_end(struct ledger *ledger)
{
    watch_end(&ledger->watch);
    pages_free(ledger->bytes, ledger->schedule->count);
    pages_free(ledger->again, ledger->schedule->count);
    pages_free(ledger->heard, ledger->schedule->count / 8 + 1);
    pages_free(ledger->told_us, moments(ledger) * sizeof(uint64_t));
    for (unsigned try = 1; try <= MOST_TRIES; try++)
        pages_free(ledger->sent_us[try], moments(ledger) * sizeof(uint64_t));
    ledger_without_capture(ledger);
}

bool ledger_answered(const struct ledger *ledger, uint64_t question)
{
    return ledger->bytes[question] >= LEDGER_ANSWERED;
}

bool ledger_rejected(const struct ledger *ledger, uint64_t question)
{
    return ledger->bytes[question] >= LEDGER_ANSWERED && ledger->again[question] > 0;
}

unsigned ledger_tries(const struct ledger *ledger, uint64_t question)
{
    return ledger_rejected(ledger, question) ? ledger->again[question] : ledger->bytes[question];
}

static uint64_t *moments_of(struct ledger *ledger, unsigned try)
{
    if (ledger->sent_us[try] == NULL && (ledger->shift == 0 || try <= TRIES_WITH_MOMENTS))
        ledger->sent_us[try] = pages_new(moments(ledger) * sizeof(uint64_t));
    return ledger->sent_us[try];
}

static size_t lane_of(const struct ledger *ledger, uint64_t question)
{
    return schedule_span(ledger->schedule, question)->lane;
}

// Whether moments and frames are those of a capture, so that a replay of it comes to the same.
static bool is_captured(const struct ledger *ledger)
{
    return ledger->frames[1] != NULL;
}

// `try` 0: of what was rejected, whose tries belong to no round of the silent ones.
static void note_sending(struct ledger *ledger, size_t lane, unsigned try, const struct sent *sent)
{
    uint64_t wall_us = sent->us;
    struct standing *standing = &ledger->standings[lane];
    while (standing->rounds.count < try)
        *vector_add(ledger->arena, &standing->rounds) = (struct round){UINT64_MAX, 0};
    if (try > 0) {
        struct round *round = &standing->rounds.items[try - 1];
        round->first_us = wall_us < round->first_us ? wall_us : round->first_us;
        round->last_us = wall_us > round->last_us ? wall_us : round->last_us;
    }
    if (standing->first_sent_us == 0 || wall_us < standing->first_sent_us)
        standing->first_sent_us = wall_us;
    if (wall_us > standing->last_sent_us)
        standing->last_sent_us = wall_us;
    ledger_flows(ledger, lane, try, sent);
}

void ledger_sent(struct ledger *ledger, const struct sending *sending, uint64_t wall_us)
{
    size_t lane = sending->span->lane;
    unsigned try = sending->try;
    if (try >= FIRST_ASK) {
        struct ask *ask = watch_ask(&ledger->watch, lane,
                                    &(struct ask){.question = sending->question, .sent_us = wall_us, .number = try});
        if (!is_captured(ledger))
            ledger_place_ask(ledger, lane, ask);
        return;
    }
    bool rejected = ledger_rejected(ledger, sending->question);
    uint8_t *tries = rejected ? &ledger->again[sending->question] : &ledger->bytes[sending->question];
    if (*tries >= MOST_TRIES)
        return; // answered in the meantime
    *tries = (uint8_t)try;
    if (try > ledger->most_try)
        ledger->most_try = try;
    ledger->sent++;
    ledger->standings[lane].sent++;
    if (!is_captured(ledger)) // else as the capture has it
        note_sending(ledger, lane, rejected ? 0 : try, &(struct sent){wall_us, sending->position});
    uint64_t *sent_us = moments_of(ledger, try), at = sending->position >> ledger->shift;
    if (sent_us != NULL && sent_us[at] == 0)
        sent_us[at] = wall_us;
}

void ledger_unsent(struct ledger *ledger, const struct sending *sending)
{
    unsigned try = sending->try;
    if (try >= FIRST_ASK) {
        watch_take_back(&ledger->watch, sending->span->lane, sending->question, try);
        return;
    }
    uint8_t *tries = ledger_rejected(ledger, sending->question) ? &ledger->again[sending->question]
                                                                : &ledger->bytes[sending->question];
    if (*tries != try)
        return;
    --*tries;
    ledger->sent--;
    if (ledger->shift == 0 && ledger->sent_us[try] != NULL)
        ledger->sent_us[try][sending->position] = 0;
}

// What is asked again when it has been answered is an ask, whatever it was meant as.
static void stamp_ask(struct ledger *ledger, uint64_t question, unsigned try, uint64_t wall_us, uint32_t frame)
{
    size_t lane = lane_of(ledger, question);
    struct ask *ask = watch_find(&ledger->watch, lane, question, try);
    if (ask == NULL) {
        ask = watch_ask(&ledger->watch, lane, &(struct ask){.question = question, .number = try});
        ledger->sent--;
    }
    ask->sent_us = wall_us;
    ask->frame = frame;
    ask = watch_stamp(&ledger->watch, lane, ask); // as a replay has them: what a lane was asked goes by its order
    ledger_place_ask(ledger, lane, ask);
}

void ledger_stamp(struct ledger *ledger, uint64_t question, unsigned try, uint64_t wall_us, uint32_t frame)
{
    if (try < 1 || ledger->shift != 0)
        return;
    bool rejected = ledger_rejected(ledger, question);
    if (try >= FIRST_ASK || (ledger_answered(ledger, question) && !rejected)) {
        stamp_ask(ledger, question, try, wall_us, frame);
        return;
    }
    uint64_t position = order_position(&ledger->orders[try], question), *sent_us = moments_of(ledger, try);
    note_sending(ledger, lane_of(ledger, question), rejected ? 0 : try, &(struct sent){wall_us, position});
    if (sent_us != NULL)
        sent_us[position] = wall_us;
    if (ledger->frames[try] != NULL)
        ledger->frames[try][position] = frame;
}

void ledger_source(struct ledger *ledger, size_t lane, struct address source)
{
    struct standing *standing = &ledger->standings[lane];
    if (standing->source.family == 0)
        standing->source = source;
    else if (!address_equal(standing->source, source))
        standing->other = source;
    else
        return;
    watch_source(&ledger->watch, lane, source);
}

uint64_t ledger_sent_at(const struct ledger *ledger, uint64_t question, unsigned try)
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

bool ledger_same_cause(const struct cause *a, const struct cause *b)
{
    return a->state == b->state && a->tries == b->tries && a->unstable == b->unstable && a->doubtful == b->doubtful &&
           a->from.family == b->from.family && a->from.bits == b->from.bits && strcmp(a->reason, b->reason) == 0;
}

static uint8_t cause_index(struct ledger *ledger, struct standing *standing, struct cause *cause)
{
    for (uint32_t i = 0; i < standing->causes.count; i++)
        if (ledger_same_cause(&standing->causes.items[i], cause))
            return (uint8_t)i;
    if (standing->causes.count < MOST_CAUSES) {
        cause->reason = arena_strdup(ledger->arena, cause->reason);
        *vector_add(ledger->arena, &standing->causes) = *cause;
        return (uint8_t)(standing->causes.count - 1);
    }
    for (uint32_t i = 0; i < standing->causes.count; i++) // never seen: so many ways to answer; the state is kept
        if (standing->causes.items[i].state == cause->state)
            return (uint8_t)i;
    return 0;
}

// Hosts and routers send ICMP errors as often as they like: that one does not come says nothing.
static enum beat beat_of(const struct lane *lane, enum observed_state state)
{
    return state == OBSERVED_REJECTED                                 ? BEAT_REJECTED
           : state == OBSERVED_OPEN || lane->protocol == PROTOCOL_TCP ? BEAT_FIRM
                                                                      : BEAT_LIMITED;
}

// Something came back: whichever try it answers, the way was alive when that was sent.
static void note_beat(struct ledger *ledger, const struct span *span, uint64_t question, unsigned try,
                      enum observed_state state, uint64_t wall_us)
{
    struct standing *standing = &ledger->standings[span->lane];
    struct ask *ask = watch_find(&ledger->watch, span->lane, question, try);
    enum beat beat = beat_of(&ledger->schedule->lanes[span->lane], state);
    uint64_t sent = ask != NULL ? ask->sent_us : ledger_sent_at(ledger, question, try);
    if (ask != NULL) {
        const struct cause *before = ledger_answered(ledger, question)
                                         ? &standing->causes.items[ledger->bytes[question] - LEDGER_ANSWERED]
                                         : NULL;
        bool is_open = before != NULL ? before->state == OBSERVED_OPEN : span->spare && standing->was_open;
        ask->contrary = is_open ? state : OBSERVED_OPEN;
        watch_answered(&ledger->watch, span->lane, ask, beat);
    } else
        watch_beat(&ledger->watch, span->lane, sent != 0 && sent < wall_us ? sent : wall_us, beat);
    uint64_t *latest = state == OBSERVED_OPEN     ? &standing->open_sent_us
                       : state == OBSERVED_CLOSED ? &standing->shut_sent_us
                                                  : NULL;
    if (latest != NULL && sent > *latest)
        *latest = sent;
}

// Another answer to what has been answered. False where the first was a rejection, or an error of this machine's own:
// then the other one is the answer.
static bool answer_again(struct ledger *ledger, const struct span *span, uint64_t question, unsigned try,
                         struct cause cause, uint64_t wall_us)
{
    struct standing *standing = &ledger->standings[span->lane];
    const struct cause *before = &standing->causes.items[ledger->bytes[question] - LEDGER_ANSWERED];
    bool outside = cause.state != OBSERVED_UNKNOWN, rejected = ledger_rejected(ledger, question);
    if ((rejected || before->state == OBSERVED_UNKNOWN) && cause.state < OBSERVED_REJECTED)
        return false;
    standing->reopened = standing->reopened || (before->state == OBSERVED_CLOSED && cause.state == OBSERVED_REJECTED);
    if (outside)
        ledger_note_again(standing, &ledger->schedule->lanes[span->lane], question, before->state, cause.state,
                          wall_us);
    if (outside && try > 0)
        note_beat(ledger, span, question, try, cause.state, wall_us);
    if (rejected && outside && try > before->tries) { // the latest who rejects is named
        struct cause same = cause;
        same.tries = before->tries;
        if (!ledger_same_cause(&same, before))
            ledger->bytes[question] = (uint8_t)(LEDGER_ANSWERED + cause_index(ledger, standing, &cause));
    }
    if (!outside || before->state == cause.state || before->state == OBSERVED_UNKNOWN)
        return true;
    cause.tries = try < FIRST_ASK ? cause.tries : before->tries;
    if (cause.state > before->state)
        cause = *before;
    cause.unstable = true;
    ledger->bytes[question] = (uint8_t)(LEDGER_ANSWERED + cause_index(ledger, standing, &cause));
    return true;
}

// What was asked is answered, or rejected: then it had so many `tries`.
static void note_rejection(struct ledger *ledger, struct standing *standing, uint64_t question,
                           enum observed_state state, unsigned tries, uint64_t wall_us)
{
    bool before = ledger->again[question] > 0;
    standing->rejected -= before;
    standing->reopened = standing->reopened || (before && state < OBSERVED_REJECTED);
    ledger->again[question] = 0;
    if (state != OBSERVED_REJECTED)
        return;
    uint64_t *told = &ledger->told_us[question >> ledger->shift];
    standing->rejected++;
    standing->rejected_last = question + 1;
    standing->rejected_us = wall_us > standing->rejected_us ? wall_us : standing->rejected_us;
    ledger->again[question] = (uint8_t)(tries == 0 ? 1 : tries);
    *told = wall_us > *told ? wall_us : *told;
}

static void note_earliest(struct sent *earliest, const struct sent *sent)
{
    if (sent->us != 0 && (earliest->us == 0 || ledger_is_earlier(sent, earliest)))
        *earliest = *sent;
}

// The earliest try that was answered so.
static void note_first(struct ledger *ledger, const struct span *span, uint64_t question, unsigned try,
                       enum observed_state state, bool repeated)
{
    struct standing *standing = &ledger->standings[span->lane];
    struct sent *of_family = &ledger->first_rejected[schedule_side(ledger->schedule, span->lane)];
    struct sent sent = {ledger_sent_at(ledger, question, try), 0};
    if (sent.us != 0) {
        sent.position = order_position(&ledger->orders[try], question);
        sent.us += repeated ? ANSWER_REPEATED_US : 0;
    }
    if (state == OBSERVED_REJECTED) {
        note_earliest(of_family, &sent);
        note_earliest(&standing->first_rejected, &sent);
    }
    if (state == OBSERVED_CLOSED)
        note_earliest(&standing->first_shut, &sent);
}

// What a question has ended in where that is an error of this machine's own; else NULL.
static const struct cause *our_error(const struct ledger *ledger, const struct standing *standing, uint64_t question)
{
    const struct cause *cause =
        ledger_answered(ledger, question) ? &standing->causes.items[ledger->bytes[question] - LEDGER_ANSWERED] : NULL;
    return cause != NULL && cause->state == OBSERVED_UNKNOWN ? cause : NULL;
}

void ledger_answer(struct ledger *ledger, uint64_t question, unsigned try, const struct answer *answer,
                   uint64_t wall_us, uint32_t frame)
{
    const struct span *span = schedule_span(ledger->schedule, question);
    struct standing *standing = &ledger->standings[span->lane];
    bool outside = answer->state != OBSERVED_UNKNOWN, fresh = !ledger_answered(ledger, question);
    struct cause cause = {
        .state = answer->state, .tries = (uint8_t)try, .from = answer->from, .reason = answer->reason};
    if (!fresh && answer_again(ledger, span, question, try, cause, wall_us))
        return;
    if (span->spare) {
        if (outside)
            note_beat(ledger, span, question, try, answer->state, wall_us);
        if (outside && standing->was_open)
            ledger_note_again(standing, &ledger->schedule->lanes[span->lane], question, OBSERVED_OPEN, answer->state,
                              wall_us);
        return;
    }
    const struct cause *error = our_error(ledger, standing, question);
    bool first = fresh || error != NULL; // from outside
    unsigned tries = error != NULL ? error->tries : ledger_tries(ledger, question);
    try = try == 0 || try > tries ? tries : try;
    cause.tries = (uint8_t)try;
    ledger->bytes[question] = (uint8_t)(LEDGER_ANSWERED + cause_index(ledger, standing, &cause));
    note_rejection(ledger, standing, question, cause.state, tries, wall_us);
    standing->silent -= fresh;
    ledger->ended += fresh;
    if (!outside)
        return;
    uint64_t sent = ledger_sent_at(ledger, question, try);
    int64_t rtt = sent == 0 ? -1 : wall_us > sent ? (int64_t)(wall_us - sent) : 0;
    ledger->received++;
    standing->answered += first;
    standing->open += cause.state == OBSERVED_OPEN;
    ledger_note_row(standing, &ledger->schedule->lanes[span->lane], question, answer->state, wall_us);
    note_first(ledger, span, question, try, cause.state, answer->repeated);
    standing->late += first && try > 1;
    standing->late_rejected += first && try > 1 && cause.state == OBSERVED_REJECTED;
    note_beat(ledger, span, question, try, answer->state, wall_us);
    ledger_note_sentinel(standing, question, answer->state);
    if (cause.state == OBSERVED_OPEN && ledger->schedule->lanes[span->lane].protocol == PROTOCOL_TCP)
        watch_voice(&ledger->watch, span->lane, question, sent != 0 ? sent : wall_us);
    if (rtt >= 0 && cause.state != OBSERVED_REJECTED)
        measure(standing, (double)rtt);
    if (standing->details.count < ledger->most_details)
        *vector_add(ledger->arena, &standing->details) =
            (struct detail){.offset = (uint32_t)(question - ledger->schedule->lanes[span->lane].first),
                            .frame = frame,
                            .rtt_us = rtt,
                            .answered_us = wall_us};
}

void ledger_settle(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->schedule->lane_count; i++)
        ledger->standings[i].settled = true;
}
