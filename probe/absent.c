// What probe.h promises of sending, in a build that cannot (-Dprobe=disabled).
#include "base/clock.h"
#include "probe/probe.h"

const bool probe_sends = false;

struct probe_raw {
    uint64_t opened_us;
};

struct probe_raw *probe_raw_open(struct arena *arena)
{
    struct probe_raw *raw = arena_new_of(arena, struct probe_raw);
    raw->opened_us = clock_wall_us();
    return raw;
}

uint64_t probe_raw_opened_us(const struct probe_raw *raw)
{
    return raw->opened_us;
}

void probe_raw_close(struct probe_raw *raw)
{
    (void)raw;
}

bool probe_run(struct arena *arena, const struct plan *plan, const struct probe_options *options,
               struct observations *observations, struct probe_summary *summary, struct error *error)
{
    (void)arena;
    (void)plan;
    (void)options;
    (void)observations;
    (void)summary;
    return error_set(error, ERROR_USAGE, "this sgproof is built without what sends packets (-Dprobe=disabled)");
}
