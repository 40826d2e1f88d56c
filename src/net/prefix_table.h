// A table that holds equal prefix sets once: what is in it can be told apart, and shared, by where it lies.
#pragma once

#include "net/prefix_set.h"

struct prefix_table {
    struct arena *arena; // of the table and its sets
    struct prefixset *slots;
    size_t count;
    size_t size; // a power of two, or 0 while empty
};

// The table's own set that equals `set`, which may lie in passing memory. Not for the empty set, which is itself.
struct prefixset prefix_table_keep(struct prefix_table *table, struct prefixset set);
