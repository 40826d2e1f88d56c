// What the files of the difference between flows share. For rules/reach/flow_diff.c and flow_diff_causes.c only.
#pragma once

#include "rules/reach/flow_diff.h"
#include "rules/reach/flow_walk.h"

// One side, with what explains its packets.
struct flow_side {
    const struct side *side;
    struct segment_set *set;
    struct map vpc_names;  // own VPC id -> the id by which both sides go
    struct map own_names;  // the other way round
    struct map interfaces; // "VPC|ADDRESS" -> struct network_interface
    struct map places;     // VPC -> struct interface_place of one of its interfaces
    struct map by_vpc;     // VPC -> struct flow_members
    bool begun;
    struct traffic traffic;
    struct flow_walker walker;
};
struct flow_members {
    VECTOR(const struct network_interface *) items;
};

struct flow_comparison {
    struct arena *arena;
    struct flow_side sides[2]; // before, after
    struct flow_difference *difference;
};

// Indexes the interfaces of a side.
void flow_side_index(struct arena *arena, struct flow_side *side);
// Adds what in the configuration made a change: of some of its packets what stops them where it is shut, beside what
// lets them through where it is open.
void flow_change_causes(struct flow_comparison *comparison, struct flow_change *change);
