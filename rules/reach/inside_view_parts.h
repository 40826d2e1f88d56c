// What the files of an inside view share. For rules/reach/inside_view.c and inside_stop.c only.
#pragma once

#include "rules/reach/flow_walk.h"
#include "rules/reach/inside_view.h"
#include "rules/reach/segments.h"

struct inside_view {
    struct traffic traffic;
    const struct network_interface *asker;
    const struct instance *asker_instance; // or NULL
    struct exposure_set *set;
    struct segment_set *segments; // who is asked alike; what leaves is computed once somebody asks for it
    VECTOR(struct inside_left_out) left_out;
    struct map number_of; // interface -> the number of its segment + 1: such interfaces share groups and place
    // Of inside_view_stop and inside_view_class.
    struct flow_walker walker;
    struct map sides;   // "VPC|FAMILY" -> struct asking_side
    struct map classes; // segment, family and the sets that hold an address, as text -> its class
};
