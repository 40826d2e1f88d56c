// What moved inside and outwards in a change: against the plan, and against rules of the intent about flows. By the
// configuration alone: no probe from outside can tell of it.
#pragma once

#include "pipeline/derive_change.h"

// Adds what moved, and what was planned and did not, to change->flows. After both estates of the change, and that of
// its plan, were computed.
void derive_flows(struct arena *arena, const struct change_now *now, const struct side *before,
                  const struct side *after, const struct side *planned, struct change_derivation *change);
