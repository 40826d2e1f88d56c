// Middleboxes between two interfaces of one VPC: routes more specific than the local one, or in its place, to a network
// interface, a Gateway Load Balancer endpoint or a NAT gateway. For the files of rules/ only.
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html
#pragma once

#include "model/exposure.h"

// Why packets that a route table is for may not go straight to an address of its VPC, or NULL: they surely do. What
// such a route leads through is not modelled. The reason lives in `arena`.
const struct reason *middlebox_on_way(struct arena *arena, const struct estate *estate, const struct route_table *table,
                                      struct address to);
