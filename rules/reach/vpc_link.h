// What VPC links of API Gateway bring their clients to: possible, since which of them an API uses, and who may call
// that, is not read.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/getting-started-with-private-integration.html
#pragma once

#include "rules/reach/told_bridge.h"

// Adds a way to each network load balancer that a link of REST APIs names; what of `told` is missing, where a link's
// target or own interface is not in the snapshot.
void vpc_links_tell(struct arena *arena, const struct estate *estate, struct told_bridges *told);

// The one link of HTTP APIs whose interface this is, by its subnets and groups; NULL where none is, or several may be.
const struct vpc_link *vpc_link_of(const struct estate *estate, const struct network_interface *interface);

// Why what such a link's interface reaches is only possible; `whose`: the interface, for people.
const struct reason *vpc_link_reason(struct arena *arena, const char *interface_id, const char *whose,
                                     const struct vpc_link *link);
