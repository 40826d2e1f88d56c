// What the configuration says of (number, source) pairs, in three values: `must` surely pass, `extra` pass for all that
// is known, the rest surely does not. The two never overlap. Unmodelled or missing things widen `extra` only.
#pragma once

#include "model/exposure.h"
#include "net/port_map.h"

struct claim {
    struct portmap must;
    struct portmap extra;
    reason_list doubts; // what widens `extra`
};

// Adds `text` where the list does not hold it yet.
void text_list_add(struct arena *arena, text_list *list, const char *text);
void text_list_add_all(struct arena *arena, text_list *list, const text_list *from);
