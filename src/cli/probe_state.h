// What a probe that was interrupted already knows: a file of observations under the digest of the plan they belong to.
#pragma once

#include "probe/probe.h"

struct probe_state {
    const char *file;
    const char *plan_sha256;    // set by state_read
    struct observations *known; // of earlier probes; by place
};

// Reads the file, where it is there: its observations, and the rest of the plan that they leave. ERROR_USAGE where it
// belongs to another plan.
bool state_read(struct arena *arena, struct probe_state *state, const struct plan *plan, struct plan *rest,
                struct error *error);

// Writes what was known and what has been observed since to the file: probe_options.keep, with a state as its context.
bool state_keep(void *state, const struct observations *fresh, struct error *error);

// Adds what was observed to what was known, in the order of a probe that was never interrupted, adds up the summary,
// and writes all of it to the file; where that fails, all else is done.
bool state_merge(struct arena *arena, const struct probe_state *state, const struct observations *fresh,
                 struct probe_summary *summary, struct error *error);
