// Maps from 16-bit numbers (ports, ICMP type and code) to sets of source addresses: sets of (port, source) pairs.
//
// Canonical form: ascending disjoint segments, none with an empty source set, neighbours with equal sources joined.
// So a set of pairs has one form only, and its segments are the rectangles that the contract's exposures print.
#pragma once

#include "net/port_set.h"
#include "net/prefix_set.h"

struct port_segment {
    uint16_t low;
    uint16_t high;
    struct prefixset sources;
};

struct portmap {
    size_t count;
    const struct port_segment *segments;
};

extern const struct portmap portmap_empty;

// All pairs of `ports` and `sources`.
struct portmap portmap_of(struct arena *arena, struct portset ports, struct prefixset sources);
// Union of rectangles in any order, overlapping at will.
struct portmap portmap_from(struct arena *arena, const struct port_segment *rectangles, size_t count);

// A map of its own in `arena`. Neighbouring segments that shared their sources still do.
struct portmap portmap_copy(struct arena *arena, struct portmap map);

struct portmap portmap_union(struct arena *arena, struct portmap a, struct portmap b);
struct portmap portmap_intersect(struct arena *arena, struct portmap a, struct portmap b);
struct portmap portmap_subtract(struct arena *arena, struct portmap a, struct portmap b);
// The pairs of `map` whose source is in `sources`, or whose port is in `ports`.
struct portmap portmap_from_sources(struct arena *arena, struct portmap map, struct prefixset sources);
struct portmap portmap_on_ports(struct arena *arena, struct portmap map, struct portset ports);

bool portmap_equal(struct portmap a, struct portmap b);
struct prefixset portmap_sources(struct portmap map, uint16_t port);                        // sources at one port
struct portset portmap_ports(struct arena *arena, struct portmap map, address_bits source); // ports open to one source
// Whether some pair of `ports` and `sources` is in it.
bool portmap_meets(struct portmap map, struct portset ports, struct prefixset sources);
