// Finds out what answers at open TCP ports: a few connections to each, one after the other, until one tells.
#pragma once

#include "probe/probe.h"

// Splits open TCP runs of `observations` into ports and sets their service. Connects to what was found open only, with
// the client ports of `plan`, at most MOST_AT_ONCE at once and a tenth of options->rate a second. Hosts that accept
// every port are left out. False where the loop cannot be set up (ERROR_INCOMPLETE); what an interruption leaves has no
// service.
bool identify_services(struct arena *arena, const struct plan *plan, const struct probe_options *options,
                       const struct probe_summary *summary, struct observations *observations, struct error *error);
