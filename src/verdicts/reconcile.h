// Declared × observed: the verdict table of semantics.md.
#pragma once

#include "model/verdict.h"

// The table, cell by cell.
enum verdict_kind verdict_of(enum declared_state declared, enum observed_state observed, int protocol);

// Takes the verdicts of one address, which are lost when it returns: by protocol and port, or not where several
// interfaces have the address.
typedef void take_verdicts(void *context, struct verdict *verdicts, size_t count);

// Gives a verdict for every port observed, and `unverified` for every declared TCP or UDP port and echo that no
// observation covers, to `take`, address by address in order: it adds them to set->items, with intent, severity and,
// for what is unreachable, the reason (rules/intent/judge.h). `exposures` is narrowed to the vantage of the
// observations, which are sorted by place and tell of each port once (observations_settle). Takes time in their sum,
// and none in endpoints × observations. Marks the set incomplete where something is unverified or the snapshot lacks
// something; adds gaps for observations of addresses that are no endpoint.
void reconcile(struct arena *arena, const struct exposure_set *exposures, const struct observations *observations,
               take_verdicts *take, void *context, struct verdict_set *set);

// Marks verdicts whose declared state differs in a second reading of the configuration as unstable.
void reconcile_mark_unstable(struct verdict_set *set, const struct exposure_set *after);
