// What a probe that was interrupted already knows: a file of observations under the digest of the plan they belong to.
#pragma once

#include "probe/probe.h"

// Reads FILE, where it is there: its observations, and the rest of the plan that they leave. ERROR_USAGE where it
// belongs to another plan.
bool state_read(struct arena *arena, const char *file, const struct plan *plan, struct observations *known,
                struct plan *rest, struct error *error);

// Adds what was observed now to `known`, in the order of a probe that was never interrupted, adds up the summary, and
// writes what is known to FILE.
bool state_merge(struct arena *arena, const char *file, const struct plan *plan, const struct observations *fresh,
                 struct observations *known, struct probe_summary *summary, struct error *error);
