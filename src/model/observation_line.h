// Lines of observations as the prober writes them, read without a tree of JSON. For the files of model/ only.
#pragma once

#include "model/observation.h"

// What lines have in common. Zeroed but for the arenas.
struct observation_lines {
    struct arena *arena;
    struct arena *own;       // for what is of one line alone
    struct map texts;        // that many lines have
    const char *address_was; // of the line before, and what it says
    struct address address;
    const char *reason, *from, *source; // of the lines before
};

// Whether `told` is an address, or several with ", " between them; so are who rejected a probe and where one left from.
bool observation_addresses(const char *told);

// Reads a line into *item. False where it is not of the prober's form, which says nothing of whether it is good: then
// *item is of no use.
bool observation_line_read(struct observation_lines *lines, const char *bytes, size_t length, struct observation *item);
