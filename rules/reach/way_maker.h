// What ways.c and ways_outside.c make ways of a route table with. For them only.
#pragma once

#include "rules/reach/route_table.h"
#include "rules/reach/ways.h"

struct way_maker {
    struct traffic *traffic;
    struct arena *arena;
    const struct estate *estate;
    const struct ground *ground;
    enum family family;
    way_list *ways;
    // Adds where one route leads, for the addresses of its share.
    void (*add)(struct way_maker *maker, struct route_share *share);
    const char *to_vpc; // of ways_inside, and what follows
    bool same_vpc;
    int depth; // NAT gateways gone through
};

struct way *way_add(struct way_maker *maker, enum flow_way kind, const struct route_share *share,
                    struct prefixset others);
void way_doubt(struct way_maker *maker, struct way *way, const struct reason *doubt);
// The same of all ways from a number on.
void way_doubt_from(struct way_maker *maker, size_t first, const struct reason *doubt);

// What the snapshot lacks: "VPC endpoint" and its id.
const struct reason *way_lacks(struct way_maker *maker, enum kind kind, const char *id, const char *what);

// Adds the way by an internet gateway, or an egress-only one, if it carries packets.
void way_add_internet_gateway(struct way_maker *maker, struct route_share *share);
void way_add_egress_only(struct way_maker *maker, const struct route_share *share);

// Doubts a way by a virtual private gateway that no document tells of.
void way_asks_gateway(struct way_maker *maker, struct way *way);

// Whether a route leads to a gateway endpoint.
bool way_is_gateway_endpoint(const struct way_maker *maker, const struct route *route);

// Of the routes that may hold instead of a share's adds the ways; then none of those from `first` on is sure.
void way_doubt_equals(struct way_maker *maker, const struct route_claim *claim, size_t at, size_t first);
