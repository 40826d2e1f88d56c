// What to ask of each endpoint (contract.md, Plan).
#pragma once

#include "model/answered.h"
#include "model/observation.h"

// DEPTH_MOVED is of a change: what moved and what answered before, and of what is declared the ports that rules name.
enum plan_depth { DEPTH_DECLARED, DEPTH_STANDARD, DEPTH_FULL, DEPTH_MOVED };

struct plan_options {
    enum plan_depth depth;
    struct portset service_ports;    // well-known service ports worth asking on every endpoint
    struct portset udp_ports;        // UDP ports that a service can be made to answer on
    struct portset intent_ports;     // ports that the intent names
    const struct answered *previous; // what earlier runs saw answer, or NULL: asked again, at every depth
    const struct answered *moved;    // ports by place, as `open`, that a change moved, or NULL: asked at every depth
};

// Adds the plan for every endpoint of `exposures` (already narrowed to one vantage) whose family is `family`.
// `estate` gives the ports that rules name (named_ports.h). What is not asked is added to the gaps of `coverage`.
// Endpoints with one answer, in one VPC, are planned once: their targets share ports, client ports and reasons, which
// live in `arena`.
void plan_make(struct arena *arena, const struct estate *estate, const struct exposure_set *exposures,
               enum family family, const struct plan_options *options, struct plan *plan, struct verdict_set *coverage);
