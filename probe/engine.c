// The loop: passes over the questions, whichever method sends, and what ends a run.
#include "probe/engine.h"

#include <signal.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "probe/identify.h"
#include "probe/summary.h"

enum {
    LOOK_A_LANE_US = 20,             // between two looks at the sentinels, by lane, beside
    LOOK_US = 20000,                 // between two looks at the sentinels
    KEEP_US = 5000000,               // between two times of keeping what is known, where that is quick;
    KEEP_SHARE = 100,                // else so many times as long as it took
    MOST_CAPTURED_UNASKED = 1 << 24, // questions; beyond, a capture is made where it is asked for only
};

// From where each lane was asked, as it is now; where there is a capture, as that has it.
static void note_sources(struct engine *engine)
{
    for (size_t i = 0; i < engine->schedule.lane_count; i++) {
        const struct lane_route *route = &engine->routes.lanes[i];
        if (!route->known || route->error != 0 ||
            (engine->capture != NULL && engine->ledger.standings[i].source.family != 0))
            continue;
        if (engine->capture == NULL && !route->pinned)
            routes_look(&engine->routes, i);
        ledger_source(&engine->ledger, i, route->source);
    }
}

// A source may change in mid-run.
static void hear_of_routes(uv_poll_t *poll, int status, int events)
{
    struct engine *engine = poll->data;
    (void)events;
    if (!routes_hear(&engine->routes))
        uv_poll_stop(poll);
    else if (status < 0) // that some were lost, and libuv waits no more after an error
        uv_poll_start(poll, UV_READABLE, hear_of_routes);
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
    uint64_t after = engine_now_us(), wait = KEEP_SHARE * (after - now);
    engine->keep_us = after + (wait > KEEP_US ? wait : KEEP_US);
}

static void stay_awake(uv_idle_t *handle)
{
    (void)handle; // an active idle handle makes the loop poll without sleeping: that is all it is for
}

static void pump(uv_prepare_t *handle)
{
    struct engine *engine = handle->data;
    uint64_t now = engine_now_us();
    if (engine_send_some(engine, now))
        uv_idle_start(&engine->idle, stay_awake);
    else
        uv_idle_stop(&engine->idle);
    progress_say(&engine->progress,
                 &(struct progress_point){&engine->pace, engine->position, engine->stage > STAGE_MENDING,
                                          engine_seconds_left(engine, now)},
                 now);
}

static void tick(uv_timer_t *timer)
{
    struct engine *engine = timer->data;
    uint64_t now = engine_now_us();
    senders_sweep(engine->senders);
    routes_look_on(&engine->routes);
    keep(engine, now);
    if (now - engine->looked_us >= LOOK_US + LOOK_A_LANE_US * (uint64_t)engine->schedule.lane_count) {
        sentinels_look(engine->sentinels, engine_is_member, engine, now);
        engine->looked_us = now;
    }
    if (engine->stage > STAGE_MENDING)
        engine_go_on(engine, now);
    else if (engine_pass_is_over(engine, now))
        engine_end_pass(engine);
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
    engine_finish(engine);
}

void engine_finish(struct engine *engine)
{
    if (engine->stopping)
        return;
    engine->stopping = true;
    uv_close((uv_handle_t *)&engine->prepare, NULL);
    uv_close((uv_handle_t *)&engine->idle, NULL);
    uv_close((uv_handle_t *)&engine->tick, NULL);
    if (engine->routes_told.data != NULL)
        uv_close((uv_handle_t *)&engine->routes_told, NULL);
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
    engine->listener =
        (struct senders_listener){engine_take_packet, engine_take_no_more, engine, engine->capture != NULL};
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
        ledger_without_capture(&engine->ledger);
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
    uv_timer_start(&engine->tick, tick, ENGINE_TICK_MS, ENGINE_TICK_MS);
    struct sigaction before;
    const int signals[ENGINE_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
    for (int i = 0; i < ENGINE_SIGNALS; i++) {
        uv_signal_init(&engine->loop, &engine->signals[i]);
        engine->signals[i].data = engine;
        if (signals[i] != SIGHUP || (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)) // nohup(1)
            uv_signal_start(&engine->signals[i], interrupted, signals[i]);
        uv_unref((uv_handle_t *)&engine->signals[i]); // they stay until close_loop, and keep nothing going
    }
    bool told = !engine->routes.untold && uv_poll_init(&engine->loop, &engine->routes_told, engine->routes.told) == 0;
    engine->routes_told.data = told ? engine : NULL;
    engine->routes.untold = !told || uv_poll_start(&engine->routes_told, UV_READABLE, hear_of_routes) != 0;
    return senders_listen(engine->senders, &engine->loop, error);
}

static void observe(struct engine *engine, struct observations *observations)
{
    struct probe_summary *summary = engine->summary;
    note_sources(engine);
    if (engine->unfinished != NULL) // as a replay of its packets has it: what was earned by then was
        ledger_settle(&engine->ledger);
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
    engine->began_us = engine_now_us();
    engine->keep_us = engine->began_us + KEEP_US;
    progress_begin(&engine->progress, engine->options, engine->began_us);
    sentinels_look(engine->sentinels, engine_is_member, engine,
                   engine->began_us); // what is known to answer is asked first
    if (!engine_begin_pass(engine))
        engine_finish(engine);
    uv_run(&engine->loop, UV_RUN_DEFAULT);
    progress_end(&engine->progress);
    engine->summary->seconds = (double)(engine_now_us() - engine->began_us) / 1e6;
    senders_take_last(engine->senders);
    observe(engine, observations);
    return true;
}

static void close_loop(struct engine *engine)
{
    for (int i = 0; i < ENGINE_SIGNALS; i++)
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
    engine->looking = arena_new();
    engine->sentinels = sentinels_new(arena, &engine->ledger, (uint64_t)options->speed.timeout_ms * 1000);
    engine->stream = stream_new(arena, &engine->ledger);
    engine->quiet = quiet_new(arena, &engine->ledger, (uint64_t)(1e6 / (double)options->speed.host_rate),
                              (uint64_t)(1e6 / (double)options->speed.rate));
    routes_begin(&engine->routes, arena, &engine->schedule, &options->route);
    bool probed = false, good = identity_begin(&engine->identity, arena, &engine->schedule, &engine->ledger, error);
    if (good && captures)
        good = (engine->capture = options->capture_in_place
                                      ? capture_continue(arena, options->capture, options->capture_frames,
                                                         options->capture_bytes, error)
                                      : capture_begin(arena, options->capture, error)) != NULL;
    if (good && engine->capture != NULL && options->capture_told != NULL)
        capture_tell(engine->capture, arena_printf(arena, CAPTURE_HEAD "%s", options->capture_told));
    good = good && open_method(engine, error);
    probe_raw_close(options->raw); // what no sender has taken
    if (good) {
        good = probed = probe_all(engine, observations, error);
        senders_close(engine->senders);
    }
    routes_end(&engine->routes);
    end_capture(engine, good, observations);
    ledger_end(&engine->ledger);
    arena_free(engine->looking);
    if (good && options->services)
        identify_services(arena, &engine->loop, &engine->interrupted, plan, options, summary, observations);
    if (probed)
        close_loop(engine);
    summary->problem = summary->problem || engine->problem.code != ERROR_NONE || summary->failed.count > 0;
    if (good && engine->problem.code != ERROR_NONE)
        log_line(LOG_ERROR, "%s", engine->problem.message);
    return good;
}
