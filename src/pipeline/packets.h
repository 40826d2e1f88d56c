// Do the observations of a bundle follow from its packets? (contract.md, Evidence bundle)
#pragma once

#include "evidence/check.h"
#include "pipeline/derive_inside.h"
#include "probe/frames.h"
#include "probe/probe.h"

// Plays the bundle's capture into the plan that was derived, and compares what it tells with observations.jsonl, byte
// for byte and in both directions: an answer that is not told, a silence without its tries and a question of the plan
// that is left out are all wrong. Left out are what no packet of a capture tells and the maker alone can say: what
// could not be sent, services, and how the probe went about it (its method, order, passes, seconds). Without a capture
// nothing vouches for the states.
void packets_check(struct checks *checks, const struct checked_bundle *bundle, const struct plan *plan);

// The same of what was asked on an interface inside, by the plan and the capture that were given with it (neither of
// them NULL): what the packets tell otherwise, in the arena, or NULL. Rates are not told there; all packets must be of
// a time before `end_us` (wall clock). *frames says from when to when they are, and *state whether it is wrong, or this
// machine could not look.
const char *packets_inside_difference(struct arena *arena, const struct inside_given *given, uint64_t end_us,
                                      struct frames *frames, enum check_state *state);
