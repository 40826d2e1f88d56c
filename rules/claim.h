// What the configuration says of (number, source) pairs, in three values: `must` surely pass, `may` pass for all that
// is known (must is a part of may). The rest surely does not pass. Unmodelled or missing things widen `may` only.
#pragma once

#include "model/exposure.h"
#include "net/port_map.h"

struct claim {
    struct portmap must;
    struct portmap may;
    text_list doubts; // names what widens `may`
};

// Adds `text` where the list does not hold it yet.
void text_list_add(struct arena *arena, text_list *list, const char *text);
