// What certain clients, or the internet at large, can reach: a part of a computed exposure set.
#pragma once

#include "model/exposure.h"

// A client to ask for: one address and the source ports it may use.
struct vantage {
    struct address address;
    struct portset client_ports;
    struct prefixset targets; // the endpoints it is the client of; empty: all of its family that no other one names
    const char *learnt;       // how it is known, for people: "given", "own address"...
};

// Which of them is the client of an endpoint; NULL where none is.
const struct vantage *vantage_of(const struct vantage *vantages, size_t count, struct prefix endpoint);

// Sources of one family to ask for, and the source ports they may use.
struct source_range {
    enum family family;
    struct prefixset sources;
    struct portset client_ports;
};

// The part of `set` that these sources can reach, at most one range of each family: endpoints of its family, exposures
// that some of its addresses use, their sources narrowed to those. Lives in a set of its own, which borrows from `set`.
struct exposure_set *reach_from_ranges(const struct exposure_set *set, const struct source_range *ranges, size_t count);

// The part of `set` that these clients can reach, each endpoint by the one that is its client: exposures that hold its
// address and, where two-way, one of its ports; sources narrowed to it. Behind load balancers, by those without
// targets. Lives in a set of its own, which borrows from `set`.
struct exposure_set *reach_from_vantages(const struct exposure_set *set, const struct vantage *vantages, size_t count);

// The part of `set` that the internet at large can reach: exposures that some internet source can use.
struct exposure_set *reach_from_internet(const struct exposure_set *set);
