// The loop: passes over the questions, a token bucket for the rate, whichever method sends, and what ends a run.
#include <signal.h>
#include <sys/random.h>
#include <uv.h>

#include "base/clock.h"
#include "base/log.h"
#include "model/protocol.h"
#include "probe/capture.h"
#include "probe/identify.h"
#include "probe/lacking.h"
#include "probe/pace.h"
#include "probe/probe.h"
#include "probe/progress.h"
#include "probe/senders.h"
#include "probe/sentinel.h"
#include "probe/summary.h"

enum {
    SIGNALS = 3,
    BATCH = 256,     // packets between two looks at what comes in
    SKIPS = 1 << 16, // questions passed over between two looks
    TICK_MS = 2,
    PATIENCE_US = 100000,  // shortest wait for answers between passes
    STARVED_US = 10000000, // for so long nothing may be refused by this machine before its question is given up
    LOOK_A_LANE_US = 20,   // between two looks at the sentinels, by lane, beside
    LOOK_US = 20000,       // between two looks at the sentinels
    MOST_CALLED = 3,       // of a family, of those that were rejected
    MOST_RETURNS = 3,      // times that who fell silent is asked for again what they did not answer
    MOST_KNOCKS = 4,       // times, each twice as long after the one before, that they are waited for
    KNOCK_US = 1000000,
    SLOWER = 4,                      // than before, when they are asked again
    KEEP_US = 5000000,               // between two times of keeping what is known, where that is quick;
    KEEP_SHARE = 100,                // else so many times as long as it took
    MOST_CAPTURED_UNASKED = 1 << 24, // questions; beyond, a capture is made where it is asked for only
};

enum stage {
    STAGE_PASSES,  // pace.h
    STAGE_MENDING, // what does not count is asked again
    STAGE_RESTING, // until what was rejected may be asked again
    STAGE_WAITING, // for the last answers, as long as one may take
    STAGE_CALLING, // the sentinels
    STAGE_KNOCKING // at those who fell silent
};

struct engine {
    struct arena *arena;
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_idle_t idle;
    uv_timer_t tick;
    uv_signal_t signals[SIGNALS];
    const struct probe_options *options;
    struct probe_summary *summary;
    struct schedule schedule;
    struct ledger ledger;
    struct identity identity;
    struct pace pace;
    struct sentinels *sentinels;
    enum stage stage;
    uint64_t stage_us;   // when it began
    uint64_t asking_us;  // wall clock
    uint64_t mending_us; // since when what is sent is taken to count, wall clock
    unsigned mended;     // passes, of this mending
    double mending_rate;
    uint64_t resting_until_us; // wall clock
    unsigned returns;
    unsigned knocks;
    uint64_t last_sent_us;     // any packet
    uint64_t rejected_call_us; // when those were asked on whom silence rests where nothing but rejections was heard
    uint64_t looked_us;
    struct routes routes;
    struct senders *senders;
    struct senders_listener listener;
    struct capture *capture;
    uint64_t position; // in the order of the pass
    uint64_t question; // at that position
    double tokens;
    uint64_t tokens_at_us;
    uint64_t began_us;
    uint64_t pass_began_us;
    uint64_t pass_sent_us; // when its last packet was sent; 0: not yet
    uint64_t starved_us;   // since when this machine has refused to send though nothing is under way; 0: it has not
    struct progress progress;
    uint64_t keep_us; // when what is known is next handed over for keeping
    uint64_t dropped;
    const char *unfinished; // why silence is not filtered, where that is so
    bool called;            // the sentinels, at the end of this pass
    bool stopping;
    bool interrupted; // by a signal, at any time until the end
    struct error problem;
};

static uint64_t monotonic_us(void)
{
    return uv_hrtime() / 1000;
}

// --- what comes in ---------------------------------------------------------------------------------------------------

static bool is_own(const void *context, struct address address, int protocol, uint16_t port)
{
    const struct engine *engine = context;
    uint64_t question;
    return protocol == PROTOCOL_UDP   ? !schedule_find(&engine->schedule, address, protocol, port, &question)
           : protocol == PROTOCOL_TCP ? routes_are_from(&engine->routes, address)
                                      : port == engine->identity.echo_id;
}

static void take_packet(void *context, const uint8_t *packet, size_t size, size_t whole, uint64_t wall_ns)
{
    struct engine *engine = context;
    struct seen seen;
    struct answer answer;
    uint64_t question;
    unsigned try;
    uint32_t frame = 0;
    if (!packet_read(packet, size, is_own, engine, &seen) ||
        !identity_match(&engine->identity, &seen, &question, &try) ||
        (seen.kind != SEEN_PROBE && !packet_answer(&seen, &answer)))
        return;
    if (engine->capture != NULL)
        frame = capture_write(engine->capture, packet, size, whole, wall_ns);
    if (seen.kind != SEEN_PROBE)
        ledger_answer(&engine->ledger, question, try, &answer, wall_ns / 1000, frame);
    else if (engine->capture != NULL)
        ledger_stamp(&engine->ledger, question, try, wall_ns / 1000, frame);
}

static void finish(struct engine *engine);

static void take_no_more(void *context)
{
    struct engine *engine = context;
    error_set(&engine->problem, ERROR_INCOMPLETE, "the capture of answers ended: did an interface go?");
    engine->unfinished = "local: capture ended";
    finish(engine);
}

// --- what goes out ---------------------------------------------------------------------------------------------------

static void advance(struct engine *engine)
{
    const struct order *order = &engine->ledger.orders[engine->pace.pass.try];
    engine->position++;
    engine->question += order->stride;
    engine->question -= engine->question >= order->count ? order->count : 0;
}

static bool is_member(const void *context, size_t lane)
{
    const struct engine *engine = context;
    return engine->stage <= STAGE_MENDING && engine->pace.courses[lane].member;
}

// What counts of what a mending pass asks again.
static struct lacking lacking(const struct engine *engine, bool pending)
{
    return (struct lacking){(unsigned)engine->options->speed.tries, pending, engine->mending_us};
}

static bool is_asked(const struct engine *engine, uint64_t question, struct sending *sending)
{
    unsigned tries = ledger_tries(&engine->ledger, question);
    bool rejected = engine->stage == STAGE_MENDING && ledger_rejected(&engine->ledger, question);
    if ((ledger_answered(&engine->ledger, question) && !rejected) ||
        (engine->stage == STAGE_PASSES && tries >= engine->pace.pass.try)) // fewer, where its host had fallen silent
        return false;
    const struct span *span = schedule_span(&engine->schedule, question);
    const struct course *course = &engine->pace.courses[span->lane];
    // Of one that limits its answers sentinels are lost too.
    const struct lacking counts = lacking(engine, true);
    if (span->spare || !course->member ||
        (!course->slow && !course->suspected && sentinels_gone(engine->sentinels, span->lane)) ||
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

// Sends what the rate allows. True where there is more to be sent at once.
static bool send_some(struct engine *engine, uint64_t now)
{
    const struct pass *pass = &engine->pace.pass;
    double most = pass->rate * TICK_MS / 500 + 1; // what two ticks bring
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
        refused = !senders_send(engine->senders, &sending);
        if (refused)
            sentinels_refused(engine->sentinels, &sending);
        engine->tokens -= refused ? 0 : 1;
        sent += !refused;
    }
    while (!refused && engine->position < engine->schedule.count && engine->tokens >= 1 && sent < BATCH &&
           passed < SKIPS) {
        if (!is_asked(engine, engine->question, &sending)) {
            advance(engine);
            passed++;
            continue;
        }
        if (!senders_send(engine->senders, &sending)) {
            refused = true;
            give_up_if_starved(engine, now);
            break;
        }
        engine->starved_us = 0;
        engine->tokens -= 1;
        engine->pass_sent_us = now;
        sent++;
        advance(engine);
    }
    if (!senders_flushed(engine->senders))
        senders_flush(engine->senders);
    if (sent > 0)
        engine->last_sent_us = now;
    return !refused && engine->position < engine->schedule.count && (engine->tokens >= 1 || passed == SKIPS);
}

// --- passes ----------------------------------------------------------------------------------------------------------

static void begin_traversal(struct engine *engine)
{
    engine->position = 0;
    engine->question = engine->ledger.orders[engine->pace.pass.try].offset;
    engine->called = false;
    engine->tokens = engine->pace.pass.slow ? 0 : 1; // a host that limits its answers has just given its last one
    engine->pass_began_us = engine->tokens_at_us = engine->pass_sent_us = monotonic_us();
}

static bool begin_pass(struct engine *engine)
{
    if (!pace_next(&engine->pace))
        return false;
    begin_traversal(engine);
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
        bool waits = engine->pace.courses[i].member && standing->silent > 0;
        uint64_t own = standing->measured ? ledger_patience_us(standing, PATIENCE_US, longest) : unmeasured;
        wait = waits && own > wait ? own : wait;
    }
    return wait;
}

// All of it is sent: then the sentinels are asked, so that what is silent in this pass and what is in the next one are
// not lost to one and the same gap.
static bool pass_is_over(struct engine *engine, uint64_t now)
{
    if (engine->position < engine->schedule.count || !senders_flushed(engine->senders))
        return false;
    if (!engine->called)
        sentinels_call(engine->sentinels, false);
    engine->called = true;
    return now - engine->pass_sent_us >= wait_us(engine) && sentinels_rest(engine->sentinels);
}

static void enter(struct engine *engine, enum stage stage)
{
    engine->stage = stage;
    engine->stage_us = monotonic_us();
}

// --- silence ---------------------------------------------------------------------------------------------------------

// Begins a pass over what lacks tries that count, of those who may answer; or waits until it may be asked. False where
// there is none. After ledger_light.
static bool mend(struct engine *engine)
{
    const struct lacking counts = lacking(engine, true);
    uint64_t lacks = 0, now = clock_wall_us(), from_us = 0;
    for (size_t i = 0; i < engine->schedule.lane_count; i++) {
        struct course *course = &engine->pace.courses[i];
        const struct light *light = watch_light_of(&engine->ledger.watch, i);
        uint64_t own = light->first == 0 || light->ended ? 0 : lacking_of(&engine->ledger, i, &counts);
        uint64_t own_from_us = own == 0 ? 0 : lacking_from_us(&engine->ledger, i, &counts);
        course->member = own > 0 && own_from_us <= now;
        course->asked = course->member ? own : 0;
        lacks += course->asked;
        from_us = own_from_us > from_us ? own_from_us : from_us;
    }
    if ((lacks == 0 && from_us <= now) || engine->mended > 2 * (unsigned)engine->options->speed.tries)
        return false;
    if (lacks == 0) {
        engine->resting_until_us = from_us;
        enter(engine, STAGE_RESTING);
        return true;
    }
    engine->mended++;
    pace_again(&engine->pace, engine->mending_rate);
    begin_traversal(engine);
    enter(engine, STAGE_MENDING);
    log_line(LOG_DEBUG, "probe: %llu questions are asked again: nothing showed that they could be answered",
             (unsigned long long)lacks);
    return true;
}

static void begin_mending(struct engine *engine, double rate)
{
    engine->mending_us = clock_wall_us();
    engine->mended = 0;
    engine->mending_rate = rate;
}

static void wait_for_the_last(struct engine *engine)
{
    if (lacking_any(&engine->ledger))
        enter(engine, STAGE_WAITING);
    else if (sentinels_doubt(engine->sentinels))
        enter(engine, STAGE_CALLING);
    else
        finish(engine);
}

static void end_pass(struct engine *engine)
{
    uint64_t dropped = senders_dropped(engine->senders);
    ledger_light(&engine->ledger);
    if (engine->stage == STAGE_PASSES) {
        pace_settle(&engine->pace, (double)(monotonic_us() - engine->pass_began_us) / 1e6, dropped > engine->dropped);
        engine->dropped = dropped;
        if (begin_pass(engine))
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
        finish(engine);
        return;
    }
    begin_mending(engine, engine->pace.rate / SLOWER);
    if (engine->returns < MOST_RETURNS && mend(engine)) {
        engine->returns++;
        engine->knocks = 0;
        return;
    }
    if (engine->knocks == MOST_KNOCKS || engine->returns == MOST_RETURNS) {
        finish(engine);
        return;
    }
    engine->knocks++;
    enter(engine, STAGE_KNOCKING);
}

// Where nothing but rejections was heard of a family, its silence rests on them: some that were rejected are asked once
// more, as sentinels are. What rejected them limits its errors.
static void call_rejected(struct engine *engine, uint64_t now)
{
    unsigned called[2] = {0, 0};
    for (size_t i = 0; i < engine->schedule.lane_count; i++) {
        int side = engine->schedule.lanes[i].address.family == FAMILY_IPV6;
        uint64_t question = engine->ledger.standings[i].rejected_last;
        if (!engine->ledger.watch.family[side].by_rejections || question == 0 || called[side] == MOST_CALLED ||
            !ledger_rejected(&engine->ledger, question - 1) ||
            ledger_tries(&engine->ledger, question - 1) >= MOST_TRIES)
            continue;
        unsigned try = ledger_tries(&engine->ledger, question - 1) + 1;
        called[side]++;
        senders_send(engine->senders,
                     &(struct sending){.span = schedule_span(&engine->schedule, question - 1),
                                       .question = question - 1,
                                       .try = try,
                                       .position = order_position(&engine->ledger.orders[try], question - 1)});
        engine->rejected_call_us = engine->last_sent_us = now;
    }
}

// What comes after the passes.
static void go_on(struct engine *engine, uint64_t now)
{
    uint64_t timeout = (uint64_t)engine->options->speed.timeout_ms * 1000;
    if (engine->stage == STAGE_CALLING) {
        if (sentinels_rest(engine->sentinels) && now - engine->rejected_call_us >= timeout)
            after_call(engine);
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

// From where each lane was asked: as it was when it began, and as it is now.
static void note_sources(struct engine *engine)
{
    struct address source;
    for (size_t i = 0; i < engine->schedule.lane_count; i++) {
        const struct lane_route *route = &engine->routes.lanes[i];
        if (!route->known || route->error != 0)
            continue;
        ledger_source(&engine->ledger, i, route->source);
        if (routes_now(&engine->routes, i, &source))
            ledger_source(&engine->ledger, i, source);
    }
}

static void forget_frames(struct observations *observations)
{
    for (size_t i = 0; i < observations->items.count; i++) {
        struct observation *one = &observations->items.items[i];
        one->frames.count = 0;
        one->frame_count = 0;
    }
}

// How much of the capture what is known rests on: what is kept of it must be on the disk before.
static void note_capture(struct engine *engine, struct observations *known)
{
    struct error ignored;
    if (engine->capture == NULL || capture_flush(engine->capture, &known->capture_bytes, &ignored))
        known->capture_frames = engine->capture == NULL ? 0 : capture_frames(engine->capture);
    else
        forget_frames(known);
}

// Hands over what is known so far, so that a process that is killed does not lose it.
static void keep(struct engine *engine, uint64_t now)
{
    const struct probe_options *options = engine->options;
    if (options->keep == NULL || now < engine->keep_us)
        return;
    struct arena *arena = arena_new();
    struct observations known = {0};
    struct error error = {0};
    size_t by_state[OBSERVED_UNKNOWN + 1] = {0};
    note_sources(engine);
    ledger_light(&engine->ledger); // as it is then, a capture says the same of what is known by then
    ledger_collect(&engine->ledger, arena, (unsigned)options->speed.tries, "not yet", &known, by_state);
    note_capture(engine, &known);
    if (!options->keep(options->keep_context, &known, &error))
        log_line(LOG_WARNING, "%s", error.message);
    arena_free(arena);
    uint64_t after = monotonic_us(), wait = KEEP_SHARE * (after - now);
    engine->keep_us = after + (wait > KEEP_US ? wait : KEEP_US);
}

static void stay_awake(uv_idle_t *handle)
{
    (void)handle; // an active idle handle makes the loop poll without sleeping: that is all it is for
}

static void pump(uv_prepare_t *handle)
{
    struct engine *engine = handle->data;
    uint64_t now = monotonic_us();
    if (send_some(engine, now))
        uv_idle_start(&engine->idle, stay_awake);
    else
        uv_idle_stop(&engine->idle);
    progress_say(&engine->progress,
                 &(struct progress_point){&engine->pace, engine->position, engine->stage > STAGE_MENDING}, now);
}

static void tick(uv_timer_t *timer)
{
    struct engine *engine = timer->data;
    uint64_t now = monotonic_us();
    senders_sweep(engine->senders);
    keep(engine, now);
    if (now - engine->looked_us >= LOOK_US + LOOK_A_LANE_US * (uint64_t)engine->schedule.lane_count) {
        sentinels_look(engine->sentinels, is_member, engine, now);
        engine->looked_us = now;
    }
    if (engine->stage > STAGE_MENDING)
        go_on(engine, now);
    else if (pass_is_over(engine, now))
        end_pass(engine);
}

static void interrupted(uv_signal_t *handle, int signal)
{
    struct engine *engine = handle->data;
    (void)signal;
    engine->interrupted = true;
    if (engine->stopping)
        return; // services are being identified, which looks at it
    engine->summary->interrupted = true;
    engine->unfinished = "interrupted";
    finish(engine);
}

static void finish(struct engine *engine)
{
    if (engine->stopping)
        return;
    engine->stopping = true;
    uv_close((uv_handle_t *)&engine->prepare, NULL);
    uv_close((uv_handle_t *)&engine->idle, NULL);
    uv_close((uv_handle_t *)&engine->tick, NULL);
    senders_end(engine->senders);
}

// --- beginning and end -----------------------------------------------------------------------------------------------

static bool open_method(struct engine *engine, struct error *error)
{
    const struct probe_options *options = engine->options;
    bool refused = true;
    struct error why = {0};
    struct sender_context context = {.arena = engine->arena,
                                     .schedule = &engine->schedule,
                                     .identity = &engine->identity,
                                     .ledger = &engine->ledger,
                                     .routes = &engine->routes,
                                     .raw = options->raw,
                                     .timeout_us = (uint64_t)options->speed.timeout_ms * 1000,
                                     .captured = true};
    engine->listener = (struct senders_listener){take_packet, take_no_more, engine, engine->capture != NULL};
    if (options->method != PROBE_CONNECT &&
        (engine->senders = senders_open(&context, &engine->listener, &refused, &why)) != NULL) {
        engine->summary->method = "syn";
        return true;
    }
    if (options->method == PROBE_SYN || (options->method == PROBE_AUTO && !refused))
        return error_set(error, refused ? ERROR_USAGE : ERROR_INCOMPLETE, "%s%s", why.message,
                         refused ? "; the SYN method needs CAP_NET_RAW, --method connect needs nothing" : "");
    if (engine->capture != NULL && options->capture_optional) {
        capture_abandon(engine->capture);
        engine->capture = NULL;
    }
    if (engine->capture != NULL)
        return error_set(error, ERROR_USAGE,
                         "a capture needs the SYN method and with it CAP_NET_RAW; nothing was sent");
    if (options->method == PROBE_AUTO)
        log_line(LOG_INFO, "raw sockets are not permitted (CAP_NET_RAW): probing by TCP connect");
    engine->summary->method = "connect";
    context.captured = false;
    engine->senders = senders_open(&context, &engine->listener, &refused, error);
    return engine->senders != NULL;
}

static bool open_loop(struct engine *engine, struct error *error)
{
    int code = uv_loop_init(&engine->loop);
    if (code != 0)
        return error_set(error, ERROR_INCOMPLETE, "the event loop cannot be set up: %s", uv_strerror(code));
    uv_prepare_init(&engine->loop, &engine->prepare);
    uv_idle_init(&engine->loop, &engine->idle);
    uv_timer_init(&engine->loop, &engine->tick);
    engine->prepare.data = engine->tick.data = engine;
    uv_prepare_start(&engine->prepare, pump);
    uv_timer_start(&engine->tick, tick, TICK_MS, TICK_MS);
    struct sigaction before;
    const int signals[SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
    for (int i = 0; i < SIGNALS; i++) {
        uv_signal_init(&engine->loop, &engine->signals[i]);
        engine->signals[i].data = engine;
        if (signals[i] != SIGHUP || (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)) // nohup(1)
            uv_signal_start(&engine->signals[i], interrupted, signals[i]);
        uv_unref((uv_handle_t *)&engine->signals[i]); // they stay until close_loop, and keep nothing going
    }
    return senders_listen(engine->senders, &engine->loop, error);
}

static void observe(struct engine *engine, struct observations *observations)
{
    struct probe_summary *summary = engine->summary;
    note_sources(engine);
    ledger_light(&engine->ledger);
    ledger_collect(&engine->ledger, engine->arena, (unsigned)engine->options->speed.tries, engine->unfinished,
                   observations, summary->by_state);
    summary_count(engine->arena, &engine->ledger, observations, summary);
    summary_note_vantages(&engine->ledger, summary);
    summary_note_accepting(engine->arena, &engine->ledger, summary);
    summary->passes = engine->pace.pass.number;
    summary->dropped = engine->dropped;
    observations->has_summary = true;
    observations->interrupted = summary->interrupted;
    observations->vantage4 = summary->vantage4[0] != '\0' ? summary->vantage4 : NULL;
    observations->vantage6 = summary->vantage6[0] != '\0' ? summary->vantage6 : NULL;
}

static bool probe_all(struct engine *engine, struct observations *observations, struct error *error)
{
    if (!open_loop(engine, error))
        return false;
    if (engine->options->begins != NULL)
        engine->options->begins();
    pace_begin(&engine->pace, engine->arena, &engine->schedule, &engine->ledger,
               &(struct pace_limits){(double)engine->options->speed.rate, (double)engine->options->speed.host_rate,
                                     (unsigned)engine->options->speed.tries});
    engine->began_us = monotonic_us();
    engine->keep_us = engine->began_us + KEEP_US;
    progress_begin(&engine->progress, engine->options, engine->began_us);
    sentinels_look(engine->sentinels, is_member, engine, engine->began_us); // what is known to answer is asked first
    if (!begin_pass(engine))
        finish(engine);
    uv_run(&engine->loop, UV_RUN_DEFAULT);
    progress_end(&engine->progress);
    engine->summary->seconds = (double)(monotonic_us() - engine->began_us) / 1e6;
    senders_take_last(engine->senders);
    observe(engine, observations);
    return true;
}

static void close_loop(struct engine *engine)
{
    for (int i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&engine->signals[i], NULL);
    uv_run(&engine->loop, UV_RUN_DEFAULT);
    uv_loop_close(&engine->loop);
}

static uint64_t draw_seed(void)
{
    uint32_t seed = 0;
    while (seed == 0)
        if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
            return 1;
    return seed;
}

static void note_failed(struct engine *engine, const char *what, const struct error *why)
{
    *vector_add(engine->arena, &engine->summary->failed) =
        (struct probe_failed){what, arena_strdup(engine->arena, why->message)};
    log_line(LOG_ERROR, "%s: %s", what, why->message);
}

// What was observed counts without its packets too; it names none of them then.
static void end_capture(struct engine *engine, bool good, struct observations *observations)
{
    struct error why = {0};
    if (engine->capture == NULL)
        return;
    if (!good) {
        capture_abandon(engine->capture);
        return;
    }
    observations->capture_frames = capture_frames(engine->capture);
    if (capture_commit(engine->capture, &observations->capture_bytes, &why))
        return;
    observations->capture_frames = 0;
    note_failed(engine, "capture", &why);
    forget_frames(observations);
}

bool probe_run(struct arena *arena, const struct plan *plan, const struct probe_options *options,
               struct observations *observations, struct probe_summary *summary, struct error *error)
{
    if (!probe_scope(plan, options->only, options->only_count, error))
        return false;
    struct engine *engine = arena_new_of(arena, struct engine);
    *summary = (struct probe_summary){.seed = options->seed != 0 ? options->seed : draw_seed()};
    engine->arena = arena;
    engine->options = options;
    engine->summary = summary;
    engine->schedule = schedule_of(arena, plan, summary->seed);
    bool captures =
        options->capture != NULL && !(options->capture_optional && engine->schedule.count > MOST_CAPTURED_UNASKED);
    if (!ledger_begin(&engine->ledger, arena, &engine->schedule, captures, (uint64_t)options->speed.timeout_ms * 1000,
                      error))
        return false;
    engine->sentinels = sentinels_new(arena, &engine->ledger, (uint64_t)options->speed.timeout_ms * 1000);
    routes_begin(&engine->routes, arena, &engine->schedule, &options->route);
    bool probed = false, good = identity_begin(&engine->identity, arena, &engine->schedule, &engine->ledger, error);
    if (good && captures)
        good = (engine->capture = options->capture_in_place
                                      ? capture_continue(arena, options->capture, options->capture_frames,
                                                         options->capture_bytes, error)
                                      : capture_begin(arena, options->capture, error)) != NULL;
    good = good && open_method(engine, error);
    probe_raw_close(options->raw); // what no sender has taken
    if (good) {
        good = probed = probe_all(engine, observations, error);
        senders_close(engine->senders);
    }
    routes_end(&engine->routes);
    end_capture(engine, good, observations);
    ledger_end(&engine->ledger);
    if (good && options->services)
        identify_services(arena, &engine->loop, &engine->interrupted, plan, options, summary, observations);
    if (probed)
        close_loop(engine);
    summary->problem = summary->problem || engine->problem.code != ERROR_NONE || summary->failed.count > 0;
    if (good && engine->problem.code != ERROR_NONE)
        log_line(LOG_ERROR, "%s", engine->problem.message);
    return good;
}
