// Do the observations of a bundle follow from its packets? (contract.md, Evidence bundle)
#pragma once

#include "evidence/check.h"
#include "probe/probe.h"

// Plays the bundle's capture into the plan that was derived, and compares what it tells with observations.jsonl, byte
// for byte and in both directions: an answer that is not told, a silence without its tries and a question of the plan
// that is left out are all wrong. Left out are what no packet of a capture tells and the maker alone can say: what
// could not be sent, services, and how the probe went about it (its method, order, passes, seconds). Without a capture
// nothing vouches for the states.
void packets_check(struct checks *checks, const struct checked_bundle *bundle, const struct plan *plan);
