// Endpoint services of AWS PrivateLink: by which other VPCs, of other accounts too, come to network and gateway load
// balancers. For the files of rules/ only.
#pragma once

#include "rules/reach/told_bridge.h"

// Adds to `told` what services bring clients to: network load balancers. Where no document tells of services, none is
// taken to be, under its assumptions.
void private_link_tell(struct arena *arena, const struct estate *estate, struct told_bridges *told);
