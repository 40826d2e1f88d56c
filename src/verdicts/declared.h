// What is declared of each port of an endpoint, as a map from intervals to values. Endpoints that share their exposures
// share it: it is made once for each answer.
#pragma once

#include "model/observation.h"

// Ports of which the same is declared, by the same exposure.
struct declared_segment {
    uint16_t low;
    uint16_t high;
    enum declared_state state;
    const struct exposure *exposure; // that says so, or NULL: none lets anything in there
};

// Ascending and without a gap, from 0 to 65535. Neighbours may agree: it is cut wherever an exposure begins or ends,
// since another reason may hold there.
struct declared_map {
    size_t count;
    const struct declared_segment *segments;
};

// Maps made so far. Zeroed but for the arena, which holds them.
struct declared_cache {
    struct arena *arena;
    struct map answers[2][2]; // struct exposure_list -> its maps; of IPv4 and IPv6, awake and dormant
};

// What is declared of one endpoint and protocol, for the clients that its exposures were narrowed to: of TCP and UDP a
// map of the ports; of ICMP, and of what has no ports, one segment from 0 to 0, which of ICMP is the echo's. A dormant
// endpoint is unreachable today. It lives as long as the cache's arena and borrows from the endpoint's exposures. Takes
// time in their number once, and none where an endpoint before had the same ones.
struct declared_map declared_of(struct declared_cache *cache, const struct endpoint *endpoint, int protocol);

// The segment that holds a port.
const struct declared_segment *declared_segment_at(struct declared_map map, uint16_t port);
