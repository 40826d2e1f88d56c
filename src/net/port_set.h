// Sets of 16-bit numbers: ports, or ICMP type and code as type * 256 + code.
// Canonical and immutable like prefix sets (prefix_set.h).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum { PORT_LAST = 65535 };

struct port_range {
    uint16_t low;
    uint16_t high;
};

struct portset {
    size_t count;
    const struct port_range *ranges;
};

extern const struct portset portset_empty;
extern const struct portset portset_all;

struct portset portset_of(struct arena *arena, uint16_t low, uint16_t high);
// Union of any ranges in any order.
struct portset portset_from(struct arena *arena, const struct port_range *ranges, size_t count);
struct portset portset_copy(struct arena *arena, struct portset set);
struct portset portset_union(struct arena *arena, struct portset a, struct portset b);
struct portset portset_intersect(struct arena *arena, struct portset a, struct portset b);
struct portset portset_subtract(struct arena *arena, struct portset a, struct portset b);
bool portset_is_empty(struct portset set);
bool portset_equal(struct portset a, struct portset b);
bool portset_holds(struct portset set, uint16_t port);
int portset_compare(struct portset a, struct portset b);
size_t portset_size(struct portset set); // how many numbers it holds

// "22,80,1000-2000"; the empty set is "".
const char *portset_format(struct arena *arena, struct portset set);
// The inverse; spaces around commas are allowed. False where the text is no such list.
bool portset_parse(struct arena *arena, const char *text, struct portset *set);
