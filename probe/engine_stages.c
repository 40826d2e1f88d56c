// Which pass comes next, and what comes after the passes: silence that does not count is asked again, the last answers
// are waited for, and who fell silent is knocked at.
#include <math.h>

#include "base/clock.h"
#include "base/log.h"
#include "probe/closed.h"
#include "probe/engine.h"
#include "probe/loss.h"

enum {
    PATIENCE_US = 100000, // shortest wait for answers between passes
    MOST_CALLED = 3,      // of a family, of those that were rejected
    MOST_RETURNS = 3,     // times that who fell silent is asked for again what they did not answer
    MOST_KNOCKS = 4,      // times, each twice as long after the one before, that they are waited for
    KNOCK_US = 1000000,
    MOST_NEEDED = 20, // tries of a line that loses some
    MOST_LOOKS = 3,   // at what is closed, of hosts with an open port
    SLOWER = 4,       // than before, when they are asked again
};

// Of tries that lose more, no number is enough.
static const double MOST_LOSS = 0.8;
// How far apart ports of a host without an open one are asked once more that were closed, or rejected, and how long all
// of that takes at most.
static const double LOOKING_APART = 0.05, LOOKING_SECONDS = 2;

// Mending takes no longer than in proportion to what was planned.
static void bound_mending(struct engine *engine)
{
    uint64_t now = engine_now_us();
    if (engine->mend_until_us == 0)
        engine->mend_until_us = now + MENDING_US + MENDING_SHARE * (now - engine->began_us);
}

static bool is_mending_over(const struct engine *engine)
{
    return engine->mend_until_us != 0 && engine_now_us() >= engine->mend_until_us;
}

double engine_seconds_left(const struct engine *engine, uint64_t now)
{
    double end = pace_end_seconds(engine->options->speed.timeout_ms);
    uint64_t until = engine->stage == STAGE_QUIET ? engine->quiet_until_us : engine->mend_until_us;
    if (engine->stage <= STAGE_LOOKING || until == 0 ||
        (engine->stage != STAGE_QUIET && engine->stage != STAGE_MENDING && engine->stage != STAGE_KNOCKING &&
         engine->stage != STAGE_RESTING))
        return -1;
    return end + (until > now ? (double)(until - now) / 1e6 : 0);
}

// --- passes ----------------------------------------------------------------------------------------------------------

// In another order each time: who answers the first of a burst is to answer others the next time.
static void begin_traversal(struct engine *engine, bool again)
{
    engine->order = again ? schedule_order(&engine->schedule, MOST_TRIES + engine->pace.pass.number)
                          : engine->ledger.orders[engine->pace.pass.try];
    engine->position = 0;
    engine->question = engine->order.offset;
    engine->called = false;
    engine->tokens = engine->pace.pass.slow ? 0 : 1; // a host that limits its answers has just given its last one
    engine->pass_began_us = engine->tokens_at_us = engine->pass_sent_us = engine_now_us();
    engine->pass_wall_us = clock_wall_us();
    unsigned tries = (unsigned)engine->options->speed.tries;
    stream_clear(engine->stream);
    for (size_t i = 0; i < engine->schedule.lane_count; i++) {
        const struct course *course = &engine->pace.courses[i];
        unsigned asks = engine->stage == STAGE_LOOKING ? closed_asks(&engine->ledger, i)
                                                       : loss_asks_a_pass(&engine->ledger, i, tries);
        stream_add(engine->stream, i, course->member ? course->asked : 0, asks);
    }
}

bool engine_begin_pass(struct engine *engine)
{
    if (!pace_next(&engine->pace))
        return false;
    begin_traversal(engine, false);
    if (engine->pace.pass.slow)
        log_line(LOG_DEBUG, "probe: %llu questions of hosts that limit their answers are asked again at %.1f packets/s",
                 (unsigned long long)engine->pace.pass.silent, engine->pace.pass.rate);
    return true;
}

// How long after the last packet of the pass its answers are waited for before the next one begins. They may come
// later, and count: no try is believed to have been in vain before the whole timeout is over.
static uint64_t wait_us(const struct engine *engine)
{
    uint64_t longest = (uint64_t)engine->options->speed.timeout_ms * 1000, wait = 0;
    uint64_t unmeasured = PACE_BETWEEN_US > longest ? longest : PACE_BETWEEN_US;
    for (size_t i = 0; i < engine->schedule.lane_count; i++) {
        const struct standing *standing = &engine->ledger.standings[i];
        bool waits = engine->pace.courses[i].member && (standing->silent > 0 || engine->stage == STAGE_LOOKING);
        uint64_t own = standing->measured ? ledger_patience_us(standing, PATIENCE_US, longest) : unmeasured;
        wait = waits && own > wait ? own : wait;
    }
    return wait;
}

// Whether some asks of the pass were not answered yet, of which it depends whether it was too fast.
static bool is_in_doubt(const struct engine *engine)
{
    enum { LEAST_VAIN = 2 };
    for (size_t i = 0; i < engine->schedule.lane_count; i++)
        if (engine->pace.courses[i].member &&
            loss_seen(&engine->ledger, i, true, engine->pass_wall_us).vain >= LEAST_VAIN)
            return true;
    return false;
}

// All of it is sent: then the sentinels are asked, so that what is silent in this pass and what is in the next one are
// not lost to one and the same gap.
bool engine_pass_is_over(struct engine *engine, uint64_t now)
{
    if (engine->stage == STAGE_MENDING && is_mending_over(engine))
        engine->position = engine->schedule.count;
    if (engine->position < engine->schedule.count || !senders_flushed(engine->senders))
        return false;
    uint64_t timeout = (uint64_t)engine->options->speed.timeout_ms * 1000;
    if (!engine->called)
        sentinels_call(engine->sentinels, false);
    engine->called = true;
    return now - engine->pass_sent_us >= wait_us(engine) && sentinels_rest(engine->sentinels) &&
           (now - engine->last_sent_us >= timeout || !is_in_doubt(engine));
}

static void enter(struct engine *engine, enum stage stage)
{
    engine->stage = stage;
    engine->stage_us = engine_now_us();
}

// --- silence ---------------------------------------------------------------------------------------------------------

// How many passes of a mending may bring something: where some are lost, more.
static unsigned most_mended(const struct engine *engine)
{
    unsigned tries = (unsigned)engine->options->speed.tries, most = 2 * tries;
    for (size_t i = 0; i < engine->schedule.lane_count; i++) {
        const struct standing *standing = &engine->ledger.standings[i];
        double loss = loss_of_try(&engine->ledger, i, standing->last_sent_us);
        unsigned needed = loss < MOST_LOSS ? (unsigned)(log(LOSS_MISSED_OF_LOSSY) / log(loss)) + 1 : 0;
        if (engine->pace.courses[i].asked > 0 && needed <= MOST_NEEDED && 2 * needed > most)
            most = 2 * needed;
    }
    return most;
}

// At which rate so many questions are asked once more, so that who rejects or resets above a rate lets some pass:
// `longest` of one lane.
static double looking_rate(uint64_t all, uint64_t longest, double rate)
{
    double seconds = fmin((double)longest * LOOKING_APART, LOOKING_SECONDS);
    return longest == 0 ? rate : fmin(rate, (double)all / seconds);
}

// Begins a pass over what lacks tries that count, of those who may answer; or waits until it may be asked. False where
// there is none. After ledger_light.
static bool mend(struct engine *engine)
{
    const struct lacking counts = engine_lacking(engine, true);
    uint64_t lacks = 0, now = clock_wall_us(), from_us = 0, longest = 0;
    for (size_t i = 0; i < engine->schedule.lane_count; i++) {
        struct course *course = &engine->pace.courses[i];
        const struct light *light = watch_light_of(&engine->ledger.watch, i);
        uint64_t own = light->first == 0 || light->ended ? 0 : lacking_of(&engine->ledger, i, &counts);
        uint64_t own_from_us = own == 0 ? 0 : lacking_from_us(&engine->ledger, i, &counts);
        course->member = own > 0 && own_from_us <= now;
        course->asked = course->member ? own : 0;
        lacks += course->asked;
        const struct standing *standing = &engine->ledger.standings[i];
        bool looks = standing->rejected > 0 && !closed_has_open(standing);
        longest = looks && course->asked > longest ? course->asked : longest;
        from_us = own_from_us > from_us ? own_from_us : from_us;
    }
    if ((lacks == 0 && from_us <= now) || engine->mended > most_mended(engine) || is_mending_over(engine))
        return false;
    if (lacks == 0) {
        engine->resting_until_us = from_us;
        enter(engine, STAGE_RESTING);
        return true;
    }
    engine->mended++;
    pace_again(&engine->pace, looking_rate(lacks, longest, engine->mending_rate));
    begin_traversal(engine, true);
    enter(engine, STAGE_MENDING);
    log_line(LOG_DEBUG, "probe: %llu questions are asked again: nothing showed that they could be answered",
             (unsigned long long)lacks);
    return true;
}

static void begin_mending(struct engine *engine, double rate)
{
    bound_mending(engine);
    engine->mending_us = clock_wall_us();
    engine->mended = 0;
    engine->mending_rate = rate;
}

// A pass over what is closed, once more: of hosts with open ports at the pace of the others, as they show what that
// does to open ports; then of those without one slowly, so that who resets above a rate lets some pass. False where
// there is none.
static bool begin_look(struct engine *engine, bool with_open)
{
    uint64_t all = 0, longest = 0;
    arena_reset(engine->looking);
    engine->looked_at = arena_array(engine->looking, const uint8_t *, engine->schedule.lane_count + 1);
    for (size_t i = 0; i < engine->schedule.lane_count; i++) {
        struct course *course = &engine->pace.courses[i];
        bool of_these = closed_has_open(&engine->ledger.standings[i]) == with_open;
        course->asked = !of_these ? 0
                                  : closed_to_look_at(&engine->ledger, engine->looking, i,
                                                      with_open ? engine->looks : 0, &engine->looked_at[i]);
        course->member = course->asked > 0;
        all += course->asked;
        longest = course->asked > longest ? course->asked : longest;
    }
    if (all == 0)
        return false;
    pace_again(&engine->pace, looking_rate(all, with_open ? 0 : longest, engine->pace.rate));
    enter(engine, STAGE_LOOKING);
    begin_traversal(engine, true);
    log_line(LOG_DEBUG, "probe: %llu closed ports are asked once more", (unsigned long long)all);
    return true;
}

static bool begin_looking(struct engine *engine)
{
    if (engine->looks < MOST_LOOKS && begin_look(engine, true)) {
        engine->looks++;
        return true;
    }
    if (!engine->looked_slowly) // hosts may show an open port then: of those there is a look like the others
        return engine->looked_slowly = begin_look(engine, false);
    return false;
}

// The last of all: what was closed after a ban, or an outage, is looked at too, and what is closed, of who is in doubt,
// is asked by itself.
static void end(struct engine *engine)
{
    uint64_t now = engine_now_us();
    ledger_light(&engine->ledger);
    if ((engine->quiet_until_us == 0 || now < engine->quiet_until_us) && begin_looking(engine))
        return;
    if (engine->quiet_until_us == 0)
        engine->quiet_until_us = now + QUIET_US;
    if (now >= engine->quiet_until_us || !quiet_begin(engine->quiet, now)) {
        engine_finish(engine);
        return;
    }
    for (size_t i = 0; i < engine->schedule.lane_count; i++)
        engine->pace.courses[i].member = false;
    pace_again(&engine->pace, engine->pace.rate);
    engine->position = engine->schedule.count;
    enter(engine, STAGE_QUIET);
    log_line(LOG_DEBUG, "probe: %llu closed ports are asked by themselves",
             (unsigned long long)quiet_left(engine->quiet));
}

static void wait_for_the_last(struct engine *engine)
{
    if (lacking_any(&engine->ledger))
        enter(engine, STAGE_WAITING);
    else if (sentinels_doubt(engine->sentinels))
        enter(engine, STAGE_CALLING);
    else
        end(engine);
}

void engine_end_pass(struct engine *engine)
{
    uint64_t dropped = senders_dropped(engine->senders);
    ledger_light(&engine->ledger);
    if (engine->stage != STAGE_LOOKING)
        pace_learn(&engine->pace, engine->pass_wall_us, (double)(engine->pass_sent_us - engine->pass_began_us) / 1e6);
    if (engine->stage == STAGE_PASSES) {
        pace_settle(&engine->pace, (double)(engine_now_us() - engine->pass_began_us) / 1e6, dropped > engine->dropped);
        engine->dropped = dropped;
        if (engine_begin_pass(engine) || begin_looking(engine))
            return;
        begin_mending(engine, engine->pace.rate);
    }
    if (engine->stage == STAGE_LOOKING) {
        if (begin_looking(engine))
            return;
        begin_mending(engine, engine->pace.rate);
    }
    if (!mend(engine))
        wait_for_the_last(engine);
}

// Whether some silence is not earned, of who may still be heard.
static bool is_lacking(const struct engine *engine)
{
    const struct lacking counts = {(unsigned)engine->options->speed.tries, false, UINT64_MAX};
    for (size_t i = 0; i < engine->schedule.lane_count; i++)
        if (watch_light_of(&engine->ledger.watch, i)->first != 0 && lacking_of(&engine->ledger, i, &counts) > 0)
            return true;
    return false;
}

static void after_call(struct engine *engine)
{
    ledger_light(&engine->ledger);
    if (sentinels_doubt(engine->sentinels))
        return; // they are asked in this stage too
    if (!is_lacking(engine)) {
        end(engine);
        return;
    }
    begin_mending(engine, engine->pace.rate / SLOWER);
    if (engine->returns < MOST_RETURNS && mend(engine)) {
        engine->returns++;
        engine->knocks = 0;
        return;
    }
    if (engine->knocks == MOST_KNOCKS || engine->returns == MOST_RETURNS || is_mending_over(engine)) {
        end(engine);
        return;
    }
    engine->knocks++;
    enter(engine, STAGE_KNOCKING);
}

// Where nothing but rejections was heard on a path, its silence rests on them: some that were rejected are asked once
// more, as sentinels are. What rejected them limits its errors.
static void call_rejected(struct engine *engine, uint64_t now)
{
    unsigned called[WATCH_PATHS] = {0};
    for (size_t i = 0; i < engine->schedule.lane_count; i++) {
        size_t path = engine->ledger.watch.pulses[i].path;
        uint64_t question = engine->ledger.standings[i].rejected_last;
        if (!engine->ledger.watch.paths[path].light.by_rejections || question == 0 || called[path] == MOST_CALLED ||
            !ledger_rejected(&engine->ledger, question - 1) ||
            ledger_tries(&engine->ledger, question - 1) >= MOST_TRIES)
            continue;
        unsigned try = ledger_tries(&engine->ledger, question - 1) + 1;
        called[path]++;
        engine_send_one(engine,
                        &(struct sending){.span = schedule_span(&engine->schedule, question - 1),
                                          .question = question - 1,
                                          .try = try,
                                          .position = order_position(&engine->ledger.orders[try], question - 1)});
        engine->rejected_call_us = engine->last_sent_us = now;
    }
}

void engine_go_on(struct engine *engine, uint64_t now)
{
    uint64_t timeout = (uint64_t)engine->options->speed.timeout_ms * 1000;
    if (engine->stage == STAGE_CALLING) {
        if (sentinels_rest(engine->sentinels) && now - engine->rejected_call_us >= timeout)
            after_call(engine);
        return;
    }
    if (engine->stage == STAGE_QUIET) {
        if (quiet_is_over(engine->quiet, now) || now >= engine->quiet_until_us)
            end(engine);
        return;
    }
    if (engine->stage == STAGE_RESTING) {
        if (clock_wall_us() < engine->resting_until_us)
            return;
        ledger_light(&engine->ledger);
        if (!mend(engine))
            wait_for_the_last(engine);
        return;
    }
    bool over = engine->stage == STAGE_WAITING
                    ? now - engine->last_sent_us >= timeout && senders_under_way(engine->senders) == 0
                    : now - engine->stage_us >= (uint64_t)KNOCK_US << (engine->knocks - 1);
    if (!over)
        return;
    sentinels_call(engine->sentinels, true);
    call_rejected(engine, now);
    enter(engine, STAGE_CALLING);
}
