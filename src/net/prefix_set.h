// Sets of addresses of one family.
//
// Canonical form: disjoint, ascending ranges with a gap between each two, so equal sets have equal ranges. Sets are
// immutable values; results live in the arena given and may share ranges with their inputs.
#pragma once

#include "base/arena.h"
#include "net/address.h"

struct address_range {
    address_bits low;
    address_bits high;
};

struct prefixset {
    size_t count;
    const struct address_range *ranges;
};

extern const struct prefixset prefixset_empty;

struct prefixset prefixset_all(struct arena *arena, enum family family);
struct prefixset prefixset_of(struct arena *arena, struct prefix prefix);
// Union of any ranges in any order.
struct prefixset prefixset_from(struct arena *arena, const struct address_range *ranges, size_t count);

// Building by hand: puts a range whose low end is at or after every low end before it behind `count` others, joining
// what touches. Gives the new count.
size_t prefixset_append(struct address_range *ranges, size_t count, struct address_range next);

// A set of its own in `arena`, for sets that outlive the memory they were made in.
struct prefixset prefixset_copy(struct arena *arena, struct prefixset set);

struct prefixset prefixset_union(struct arena *arena, struct prefixset a, struct prefixset b);
struct prefixset prefixset_intersect(struct arena *arena, struct prefixset a, struct prefixset b);
struct prefixset prefixset_subtract(struct arena *arena, struct prefixset a, struct prefixset b);

bool prefixset_is_empty(struct prefixset set);
bool prefixset_equal(struct prefixset a, struct prefixset b);
bool prefixset_overlap(struct prefixset a, struct prefixset b);
bool prefixset_holds(struct prefixset set, address_bits address);
// Total order for sorting: by ranges, then by count.
int prefixset_compare(struct prefixset a, struct prefixset b);

// The fewest prefixes that cover exactly the set, ascending. *count of them, in the arena.
struct prefix *prefixset_prefixes(struct arena *arena, enum family family, struct prefixset set, size_t *count);
// The same in words: "10.0.0.0/8, 192.0.2.0/24 and 7 more", the first `most` of them.
const char *prefixset_text(struct arena *arena, enum family family, struct prefixset set, size_t most);
// In few words, by what is left out of all where that is shorter: "0.0.0.0/0 except 10.0.0.0/16".
const char *prefixset_brief(struct arena *arena, enum family family, struct prefixset set);

// Space that counts as the internet: globally reachable in IANA's special-purpose registries (RFC 6890 and its
// updates), and documentation space; of IPv6 only 2000::/3 and 64:ff9b::/96 (RFC 6052), the rest being reserved by the
// IETF.
struct prefixset prefixset_internet(struct arena *arena, enum family family);

// Whether a set is "anywhere": all of the internet of its family but for less than a third. So is 0.0.0.0/0 by its two
// halves, 2000::/3, and either without any one block that is smaller than a half; and a half is not.
bool prefixset_is_anywhere(enum family family, struct prefixset set);
// Whether people call it the internet, in a text that names nothing else: all but for less than a sixteenth.
bool prefixset_reads_as_internet(enum family family, struct prefixset set);
