// What to ask of each endpoint (contract.md, Plan).
#pragma once

#include "model/observation.h"
#include "model/verdict.h"

enum plan_depth { DEPTH_DECLARED, DEPTH_STANDARD, DEPTH_FULL };

struct plan_options {
    enum plan_depth depth;
    struct portset service_ports; // well-known service ports worth asking on every endpoint
    struct portset udp_ports;     // UDP ports that a service can be made to answer on
    struct portset intent_ports;  // ports that the intent names
};

// What is declared of one number of an endpoint for the clients that its exposures were narrowed to (a dormant endpoint
// is unreachable today). *exposure is the rectangle that says so, or NULL.
enum declared_state declared_at(const struct endpoint *endpoint, int protocol, uint16_t number,
                                const struct exposure **exposure);

// Boundaries at which declared_at may change for a protocol: ascending starts of intervals in [0, 65536], ends
// included.
struct boundaries {
    VECTOR(uint32_t) starts;
};
void declared_boundaries(struct arena *arena, const struct endpoint *endpoint, int protocol,
                         struct boundaries *boundaries);
void boundaries_add(struct arena *arena, struct boundaries *boundaries, uint32_t start);
void boundaries_settle(struct boundaries *boundaries);

// Adds the plan for every endpoint of `exposures` (already narrowed to one vantage) whose family is `family`.
// `estate` gives the ports that rules name. What is not asked is added to the gaps of `coverage`.
void plan_make(struct arena *arena, const struct estate *estate, const struct exposure_set *exposures,
               enum family family, const struct plan_options *options, struct plan *plan, struct verdict_set *coverage);
