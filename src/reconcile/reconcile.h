// Declared × observed: the verdict table of semantics.md.
#pragma once

#include "model/verdict.h"

// The table, cell by cell.
enum verdict_kind verdict_of(enum declared_state declared, enum observed_state observed, int protocol);

// A verdict for every port observed, and `unverified` for every declared TCP or UDP port and echo that no observation
// covers. `exposures` is narrowed to the vantage of the observations, which are sorted by place and tell of each port
// once (observations_settle). Takes time in their sum, and none in endpoints × observations. Intent, severity and, for
// what is unreachable, the reason are left to the judge (rules/intent/judge.h). Marks the set incomplete where
// something is unverified or the snapshot lacks something; adds gaps for observations of addresses that are no
// endpoint.
void reconcile(struct arena *arena, const struct exposure_set *exposures, const struct observations *observations,
               struct verdict_set *set);

// Marks verdicts whose declared state differs in a second reading of the configuration as unstable.
void reconcile_mark_unstable(struct verdict_set *set, const struct exposure_set *after);
