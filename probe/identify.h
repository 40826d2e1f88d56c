// Finds out what answers at open TCP ports: a few connections to each, one after the other, until one tells. Bounded in
// time, bytes and memory, a port and in whole; what was not asked to the end for that says so.
#pragma once

#include <uv.h>

#include "probe/probe.h"

// Splits open TCP runs of `observations` into ports and sets their service. Connects to what was found open only, with
// the client ports of `plan`, at most 128 at once, 16 of one host, a tenth of options->rate a second, for
// options->services_deadline_s. Runs `loop`, which must have nothing active but what is unreferenced, and looks at
// *interrupted: once it is true, nothing is connected any more. Counts in summary->services; summary->problem where
// this machine failed. Cannot fail otherwise: a port that is not identified says why.
void identify_services(struct arena *arena, uv_loop_t *loop, const bool *interrupted, const struct plan *plan,
                       const struct probe_options *options, struct probe_summary *summary,
                       struct observations *observations);
