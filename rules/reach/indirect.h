// Indirect exposure: what the internet reaches behind load balancers (semantics.md, "Load balancers").
#pragma once

#include "rules/reach/security_group.h"

// Adds to `set`, whose endpoints are computed, the targets that clients of internet-facing load balancers reach.
void indirect_compute(struct exposure_set *set, const struct estate *estate, struct group_cache *groups);
