// What custom routing accelerators bring clients to: the ports that their endpoint groups name, at the instances of
// their subnets. All of it is denied until somebody allows it, which their documents do not tell.
// https://docs.aws.amazon.com/global-accelerator/latest/dg/about-custom-routing-how-it-works.html
#pragma once

#include "model/bridge.h"
#include "rules/reach/told_bridge.h"

// Adds a way for each interface in the subnet of an endpoint. `own`: the service's interface there, or NULL.
void custom_routing_tell(struct arena *arena, const struct estate *estate, const struct accelerator *accelerator,
                         const struct accelerator_group *group, const char *subnet_id,
                         const struct network_interface *own, struct told_bridges *told);
