// What the files of the difference between two estates share (diff.h). For those only.
#pragma once

#include "rules/reach/diff.h"

struct comparison {
    struct arena *arena;
    struct arena *scratch; // for one endpoint
    const struct side *before;
    const struct side *after;
    struct difference *difference;
    struct map equal; // pairs of lists that were found to agree, as text
};

// Adds a change; `internet` are the sources that count as such.
void comparison_add(struct comparison *comparison, struct change change, const struct prefixset *internet);
// Says that a side does not know of what the other tells: then nothing opened or closed there.
void comparison_not_known(struct comparison *comparison, const struct side *side, const struct interface_place *place,
                          enum kind kind);
// Whether a plan made one side of the other: then what one tells of, the other does.
bool comparison_is_planned(const struct comparison *comparison);
// Whether a side tells of the interfaces of a place: all of them, or that there are none.
bool comparison_knows_interfaces(const struct estate *estate, const struct interface_place *place);

// What opened (`opens` is the later side) or closed (the earlier one) behind load balancers and services.
void comparison_of_indirect(struct comparison *comparison, enum change_kind kind, const struct side *opens,
                            const struct side *shuts);
// What stays open there and is more or less certain.
void comparison_of_altered_indirect(struct comparison *comparison);
