// The difference between what segments reach in two estates, inside and outwards: exactly what opened and what closed,
// as sets, and what in the configuration did it. Beside rules/reach/diff.h, which is about what comes in.
#pragma once

#include "model/flow_change.h"
#include "rules/reach/diff.h"
#include "rules/reach/segments.h"

struct flow_difference {
    struct arena *arena;
    struct flow_changes changes;
    text_list unknown;    // what only one side tells of, and the other does not know: neither opened nor closed
    text_list missing[2]; // what an answer lacks, before and after
};

// What packets open or close is told by address: that a group has another id, or that an interface went from one group
// to another, moves nothing by itself. VPCs are the same by their id or, where only one side has an id, by their CIDR
// blocks. `question` says what makes the segments. Interfaces of stopped instances count. Free with flow_diff_free;
// borrows from both sides.
struct flow_difference *flow_diff_compute(const struct side *before, const struct side *after,
                                          const struct segments_question *question);
// What is not known of it, in words: what an answer lacks with the name of its side before it, but for what `known`
// holds with that or without.
void flow_diff_gaps(struct arena *arena, const struct flow_difference *difference, const char *const sides[2],
                    const text_list *known, text_list *gaps);
void flow_diff_free(struct flow_difference *difference);
