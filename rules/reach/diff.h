// The difference between two estates: exactly what opened and what closed, and what in the configuration did it.
#pragma once

#include "model/change.h"
#include "rules/reach/reach.h"

struct side {
    const struct estate *estate;
    const struct exposure_set *exposures;
    bool planned; // made of the other by a plan: it tells of whatever that tells of
};

struct difference {
    struct arena *arena;
    VECTOR(struct change) changes; // by kind, then address, protocol, numbers, sources
    text_list unknown; // what only one side tells of, and the other does not know: neither opened nor closed
};

// Endpoints are the same by their address, whatever ids they have; by a plan, which keeps ids, an address that moves to
// another interface closes on the one and opens on the other. A dormant one exposes nothing today. Free with
// diff_free; borrows from both sides.
struct difference *diff_compute(const struct side *before, const struct side *after);
void diff_free(struct difference *difference);
