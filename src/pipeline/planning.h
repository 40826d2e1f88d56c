// The plan of a depth: with its canaries, what stands at its head, and what it costs.
#pragma once

#include "pipeline/declare.h"
#include "pipeline/vantages.h"
#include "rules/intent/intent.h"
#include "verdicts/plan.h"

// Whether a --depth (NULL: standard) is one.
bool planning_depth(const char *depth, enum plan_depth *chosen, struct error *error);

// The plan of a --depth (NULL: standard) for the vantages, what `moved` and `previous` (or NULL) hold asked too, with
// what it leaves out as gaps of `coverage`.
bool planning_make(struct arena *arena, const char *depth, const struct declared *declared,
                   const struct exposure_set *narrowed, const struct intent *intent, const struct answered *moved,
                   const struct answered *previous, const struct vantage_list *vantages, struct plan *plan,
                   struct verdict_set *coverage, struct error *error);

// A TCP port at an address, ADDRESS:PORT, as an option takes it.
bool planning_place_read(struct arena *arena, const char *option, const char *text, struct address *address,
                         struct portset *port, struct error *error);

// Adds a canary, ADDRESS:PORT.
bool planning_add_canary(struct arena *arena, const char *text, struct plan *plan, struct error *error);

// Whether each canary of the plan lies apart from its other targets and from all endpoints (NULL: there are none):
// what is a canary's is not observed, so it would have no verdict. ERROR_USAGE names the first that does not.
bool planning_canaries_apart(const struct plan *plan, const struct exposure_set *exposures, struct error *error);

// What stands at the head of a plan for these vantages, asked at that speed; in the arena.
struct plan_head planning_head(struct arena *arena, const struct plan *plan, const struct vantage_list *vantages,
                               const struct probe_speed *speed);
// The same for people.
void planning_write_estimate(const struct plan *plan, const struct plan_head *head, struct text *out);

// Says on stderr what of a probe's summary a person should know.
void planning_say_probed(const struct probe_summary *summary);
