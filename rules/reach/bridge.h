// Bridges: services of AWS that bring the internet to private addresses, by interfaces of their own in the VPC. What
// they forward is in documents of theirs (told_bridge.h), which decide; where those are not there, or not whole, all
// they could reach is possible, with the service named.
#pragma once

#include "rules/reach/security_group.h"

// Adds what is possible at each bridge's targets, of which load balancers have targets in their turn (indirect.h), to
// `set->indirect`, and names the bridges under `set->not_covered`.
void bridge_compute(struct exposure_set *set, const struct estate *estate, struct group_cache *groups);
