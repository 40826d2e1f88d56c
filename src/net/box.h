// Boxes: each of these ports, from each of these sources to each of these destinations. A list of boxes stands for the
// union of what they hold; boxes of one list may overlap. Sets of one box are of one address family.
#pragma once

#include "base/vector.h"
#include "net/port_set.h"
#include "net/prefix_set.h"

struct box {
    struct portset ports;
    struct prefixset sources;
    struct prefixset destinations;
};
typedef VECTOR(struct box) box_list;

// Adds a box; an empty one is none.
void box_add(struct arena *arena, box_list *boxes, struct portset ports, struct prefixset sources,
             struct prefixset destinations);
bool box_overlap(const struct box *a, const struct box *b);
// What both hold; empty where they have nothing in common.
struct box box_intersect(struct arena *arena, const struct box *a, const struct box *b);
bool box_is_empty(const struct box *box);
// The boxes less what `taken` holds, in boxes that do not overlap more than these did.
box_list boxes_without(struct arena *arena, const box_list *boxes, const struct box *taken);
