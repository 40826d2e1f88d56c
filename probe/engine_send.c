// What goes out: the questions of a pass and the sentinels, as fast as a token bucket allows.
#include "base/clock.h"
#include "probe/closed.h"
#include "probe/engine.h"

enum {
    BATCH = 256,           // packets between two looks at what comes in
    SKIPS = 1 << 16,       // questions passed over between two looks
    STARVED_US = 10000000, // for so long nothing may be refused by this machine before its question is given up
};

static void advance(struct engine *engine)
{
    engine->position++;
    engine->question += engine->order.stride;
    engine->question -= engine->question >= engine->order.count ? engine->order.count : 0;
}

bool engine_send_one(struct engine *engine, const struct sending *sending)
{
    size_t lane = sending->span->lane;
    const struct lane_route *route = &engine->routes.lanes[lane];
    if (!senders_send(engine->senders, sending))
        return false;
    if (engine->capture == NULL && route->known && route->error == 0) // else as the capture has it
        ledger_source(&engine->ledger, lane, route->source);
    return true;
}

bool engine_is_member(const void *context, size_t lane)
{
    const struct engine *engine = context;
    return engine->stage <= STAGE_MENDING && engine->pace.courses[lane].member;
}

struct lacking engine_lacking(const struct engine *engine, bool pending)
{
    return (struct lacking){(unsigned)engine->options->speed.tries, pending, engine->mending_us};
}

// Whether the second look asks for a question.
static bool is_looked_at(const struct engine *engine, uint64_t question, struct sending *sending)
{
    const struct span *span = schedule_span(&engine->schedule, question);
    const uint8_t *bits = engine->looked_at[span->lane];
    uint64_t at = question - engine->schedule.lanes[span->lane].first;
    if (!engine->pace.courses[span->lane].member || (bits[at / 8] >> at % 8 & 1) == 0 ||
        !closed_is(&engine->ledger, &engine->ledger.standings[span->lane], question))
        return false;
    *sending =
        (struct sending){.span = span, .question = question, .try = sentinels_number(engine->sentinels, span->lane)};
    return true;
}

static bool is_asked(const struct engine *engine, uint64_t question, struct sending *sending)
{
    if (engine->stage == STAGE_LOOKING)
        return is_looked_at(engine, question, sending);
    unsigned tries = ledger_tries(&engine->ledger, question);
    bool rejected = engine->stage == STAGE_MENDING && ledger_rejected(&engine->ledger, question);
    if ((ledger_answered(&engine->ledger, question) && !rejected) ||
        (engine->stage == STAGE_PASSES && tries >= engine->pace.pass.try)) // fewer, where its host had fallen silent
        return false;
    const struct span *span = schedule_span(&engine->schedule, question);
    const struct course *course = &engine->pace.courses[span->lane];
    // Of one that limits its answers sentinels are lost too.
    const struct lacking counts = engine_lacking(engine, true);
    if (span->spare || !course->member ||
        ((!course->slow || course->limited) && sentinels_gone(engine->sentinels, span->lane)) ||
        (engine->stage == STAGE_MENDING &&
         !lacking_is(&engine->ledger, span->lane, question, &counts, engine->asking_us)))
        return false;
    *sending = (struct sending){.span = span,
                                .question = question,
                                .try = tries + 1,
                                .position = engine->stage == STAGE_PASSES && tries + 1 == engine->pace.pass.try
                                                ? engine->position
                                                : order_position(&engine->ledger.orders[tries + 1], question)};
    return true;
}

// Back-pressure ends when something of ours ends. Where nothing is under way and still nothing can be sent, this
// machine will not let us: the question then is unknown, never a verdict.
static void give_up_if_starved(struct engine *engine, uint64_t now)
{
    if (senders_under_way(engine->senders) > 0 || engine->starved_us == 0) {
        engine->starved_us = senders_under_way(engine->senders) > 0 ? 0 : now;
        return;
    }
    if (now - engine->starved_us < STARVED_US)
        return;
    struct answer answer = answer_state(OBSERVED_UNKNOWN, "local: no free socket");
    ledger_answer(&engine->ledger, engine->question, 0, &answer, clock_wall_us(), 0);
    advance(engine);
}

// Asks among the probes, at their pace. False where this machine refuses.
static bool send_streamed(struct engine *engine, unsigned *sent)
{
    struct sending sending;
    while (engine->tokens >= 1 && stream_next(engine->stream, &sending)) {
        sending.try = sentinels_number(engine->sentinels, sending.span->lane);
        if (!engine_send_one(engine, &sending)) {
            stream_refused(engine->stream);
            return false;
        }
        engine->tokens -= 1;
        ++*sent;
    }
    return true;
}

// What is asked by itself. False where this machine refuses.
static bool send_quiet(struct engine *engine, uint64_t now, unsigned *sent)
{
    struct sending sending;
    while (engine->stage == STAGE_QUIET && engine->tokens >= 1 && quiet_next(engine->quiet, now, &sending)) {
        sending.try = sentinels_number(engine->sentinels, sending.span->lane);
        if (!engine_send_one(engine, &sending))
            return false;
        quiet_sent(engine->quiet, &sending, engine_now_us());
        engine->tokens -= 1;
        ++*sent;
    }
    return true;
}

bool engine_send_some(struct engine *engine, uint64_t now)
{
    const struct pass *pass = &engine->pace.pass;
    double most = pass->rate * ENGINE_TICK_MS / 500 + 1; // what two ticks bring
    uint64_t repeated = senders_repeated(engine->senders);
    engine->ledger.sent += repeated;
    engine->tokens += (double)(now - engine->tokens_at_us) * pass->rate / 1e6 - (double)repeated;
    engine->tokens = engine->tokens > most ? most : engine->tokens;
    engine->tokens_at_us = now;
    unsigned sent = 0, passed = 0;
    struct sending sending;
    engine->asking_us = clock_wall_us();
    bool refused = !senders_flushed(engine->senders) && !senders_flush(engine->senders);
    while (!refused && engine->tokens >= 1 && sent < BATCH && sentinels_next(engine->sentinels, now, &sending)) {
        refused = !engine_send_one(engine, &sending);
        if (refused)
            sentinels_refused(engine->sentinels, &sending);
        engine->tokens -= refused ? 0 : 1;
        sent += !refused;
    }
    refused = refused || !send_streamed(engine, &sent) || !send_quiet(engine, now, &sent);
    while (!refused && engine->position < engine->schedule.count && engine->tokens >= 1 && sent < BATCH &&
           passed < SKIPS) {
        if (!is_asked(engine, engine->question, &sending)) {
            advance(engine);
            passed++;
            continue;
        }
        if (!engine_send_one(engine, &sending)) {
            refused = true;
            give_up_if_starved(engine, now);
            break;
        }
        engine->starved_us = 0;
        engine->tokens -= 1;
        engine->pass_sent_us = now;
        sent++;
        advance(engine);
        stream_sent(engine->stream, sending.span->lane);
        refused = !send_streamed(engine, &sent);
    }
    if (!senders_flushed(engine->senders))
        senders_flush(engine->senders);
    if (sent > 0)
        engine->last_sent_us = now;
    return !refused && engine->position < engine->schedule.count && (engine->tokens >= 1 || passed == SKIPS);
}
