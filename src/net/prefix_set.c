#include "net/prefix_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct prefixset prefixset_empty = {0};

static struct prefixset one_range(struct arena *arena, address_bits low, address_bits high)
{
    struct address_range *range = arena_new_of(arena, struct address_range);
    *range = (struct address_range){.low = low, .high = high};
    return (struct prefixset){.count = 1, .ranges = range};
}

// The set of `count` ranges, for which `room` ones were taken last.
static struct prefixset filled(struct arena *arena, struct address_range *ranges, size_t room, size_t count)
{
    ranges = arena_trim(arena, ranges, room * sizeof(*ranges), count * sizeof(*ranges));
    return (struct prefixset){.count = count, .ranges = ranges};
}

struct prefixset prefixset_all(struct arena *arena, enum family family)
{
    return one_range(arena, 0, family_last(family));
}

struct prefixset prefixset_of(struct arena *arena, struct prefix prefix)
{
    return one_range(arena, prefix.first, prefix_last(prefix));
}

static int by_low(const void *left, const void *right)
{
    const struct address_range *a = left, *b = right;
    return a->low < b->low ? -1 : a->low > b->low ? 1 : 0;
}

size_t prefixset_append(struct address_range *ranges, size_t count, struct address_range next)
{
    struct address_range *last = count > 0 ? &ranges[count - 1] : NULL;
    if (last != NULL && (next.low <= last->high || next.low - 1 == last->high)) {
        if (next.high > last->high)
            last->high = next.high;
        return count;
    }
    ranges[count] = next;
    return count + 1;
}

struct prefixset prefixset_from(struct arena *arena, const struct address_range *ranges, size_t count)
{
    if (count <= 1)
        return count == 0 ? prefixset_empty : one_range(arena, ranges->low, ranges->high);
    struct address_range *sorted = arena_buffer(arena, struct address_range, count);
    for (size_t i = 0; i < count; i++)
        sorted[i] = ranges[i];
    qsort(sorted, count, sizeof(*sorted), by_low);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        kept = prefixset_append(sorted, kept, sorted[i]);
    return filled(arena, sorted, count, kept);
}

// The first range from `from` on that ends at or after `address`: steps that double, then halving, since one of two
// sets often is far smaller than the other.
static size_t reaching(struct prefixset set, size_t from, address_bits address)
{
    size_t step = 1, low = from, high = from;
    while (high < set.count && set.ranges[high].high < address) {
        low = high + 1;
        high += step;
        step *= 2;
    }
    high = high < set.count ? high : set.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set.ranges[middle].high < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Whether one range of `set` holds all of `part`, which is not empty.
static bool one_holds(struct prefixset set, struct prefixset part)
{
    size_t at = reaching(set, 0, part.ranges[0].low);
    return at < set.count && set.ranges[at].low <= part.ranges[0].low &&
           set.ranges[at].high >= part.ranges[part.count - 1].high;
}

struct prefixset prefixset_copy(struct arena *arena, struct prefixset set)
{
    struct address_range *ranges = set.count == 0 ? NULL : arena_buffer(arena, struct address_range, set.count);
    if (set.count > 0)
        memcpy(ranges, set.ranges, set.count * sizeof(*ranges));
    return (struct prefixset){.count = set.count, .ranges = ranges};
}

struct prefixset prefixset_union(struct arena *arena, struct prefixset a, struct prefixset b)
{
    if (a.count == 0)
        return b;
    if (b.count == 0 || one_holds(a, b))
        return a;
    if (one_holds(b, a))
        return b;
    struct address_range *ranges = arena_buffer(arena, struct address_range, a.count + b.count);
    size_t count = 0;
    for (size_t i = 0, j = 0; i < a.count || j < b.count;) {
        bool from_a = j == b.count || (i < a.count && a.ranges[i].low <= b.ranges[j].low);
        count = prefixset_append(ranges, count, from_a ? a.ranges[i++] : b.ranges[j++]);
    }
    return filled(arena, ranges, a.count + b.count, count);
}

struct prefixset prefixset_intersect(struct arena *arena, struct prefixset a, struct prefixset b)
{
    if (a.count == 0 || b.count == 0 || !prefixset_overlap(a, b))
        return prefixset_empty;
    if (one_holds(b, a)) // equal sets stay one set in memory
        return a;
    if (one_holds(a, b))
        return b;
    struct address_range *ranges = arena_buffer(arena, struct address_range, a.count + b.count);
    size_t count = 0;
    for (size_t i = 0, j = 0; i < a.count && j < b.count;) {
        const struct address_range *x = &a.ranges[i], *y = &b.ranges[j];
        address_bits low = x->low > y->low ? x->low : y->low;
        address_bits high = x->high < y->high ? x->high : y->high;
        if (low <= high)
            ranges[count++] = (struct address_range){.low = low, .high = high};
        if (x->high < y->high)
            i = reaching(a, i + 1, y->low);
        else
            j = reaching(b, j + 1, x->low);
    }
    return filled(arena, ranges, a.count + b.count, count);
}

struct prefixset prefixset_subtract(struct arena *arena, struct prefixset a, struct prefixset b)
{
    if (a.count == 0 || b.count == 0 || !prefixset_overlap(a, b))
        return a;
    struct address_range *ranges = arena_buffer(arena, struct address_range, a.count + b.count);
    size_t count = 0;
    for (size_t i = 0, j = 0; i < a.count; i++) {
        struct address_range rest = a.ranges[i];
        bool left = true;
        j = reaching(b, j, rest.low);
        for (size_t k = j; left && k < b.count && b.ranges[k].low <= rest.high; k++) {
            if (b.ranges[k].low > rest.low)
                ranges[count++] = (struct address_range){.low = rest.low, .high = b.ranges[k].low - 1};
            left = b.ranges[k].high < rest.high;
            if (left)
                rest.low = b.ranges[k].high + 1;
        }
        if (left)
            ranges[count++] = rest;
    }
    return filled(arena, ranges, a.count + b.count, count);
}

bool prefixset_is_empty(struct prefixset set)
{
    return set.count == 0;
}

bool prefixset_equal(struct prefixset a, struct prefixset b)
{
    return prefixset_compare(a, b) == 0;
}

bool prefixset_overlap(struct prefixset a, struct prefixset b)
{
    for (size_t i = 0, j = 0; i < a.count && j < b.count;) {
        if (a.ranges[i].high < b.ranges[j].low)
            i = reaching(a, i + 1, b.ranges[j].low);
        else if (b.ranges[j].high < a.ranges[i].low)
            j = reaching(b, j + 1, a.ranges[i].low);
        else
            return true;
    }
    return false;
}

bool prefixset_holds(struct prefixset set, address_bits address)
{
    size_t at = reaching(set, 0, address);
    return at < set.count && set.ranges[at].low <= address;
}

static int compare_bits(address_bits a, address_bits b)
{
    return a < b ? -1 : a > b ? 1 : 0;
}

int prefixset_compare(struct prefixset a, struct prefixset b)
{
    if (a.ranges == b.ranges && a.count == b.count)
        return 0;
    for (size_t i = 0; i < a.count && i < b.count; i++) {
        int order = compare_bits(a.ranges[i].low, b.ranges[i].low);
        if (order == 0)
            order = compare_bits(a.ranges[i].high, b.ranges[i].high);
        if (order != 0)
            return order;
    }
    return a.count < b.count ? -1 : a.count > b.count ? 1 : 0;
}

// The number of the lowest bit that is set; `none` where none is.
static unsigned lowest_bit(address_bits bits, unsigned none)
{
    uint64_t low = (uint64_t)bits, high = (uint64_t)(bits >> 64);
    return low != 0 ? (unsigned)__builtin_ctzll(low) : high != 0 ? 64 + (unsigned)__builtin_ctzll(high) : none;
}

// How many bits a block may leave free and end no more than `most` addresses behind its first.
static unsigned bits_within(address_bits most)
{
    address_bits width = most + 1; // 0: all 128 bits
    uint64_t low = (uint64_t)width, high = (uint64_t)(width >> 64);
    if (width == 0)
        return 128;
    return high != 0 ? 127 - (unsigned)__builtin_clzll(high) : 63 - (unsigned)__builtin_clzll(low);
}

struct prefix *prefixset_prefixes(struct arena *arena, enum family family, struct prefixset set, size_t *count)
{
    size_t capacity = 0;
    struct prefix *prefixes = NULL;
    *count = 0;
    // Two passes, to count and to fill: a range of width w takes at most 2w prefixes, far more than most need.
    for (int pass = 0; pass < 2; pass++) {
        size_t at = 0;
        for (size_t i = 0; i < set.count; i++) {
            address_bits low = set.ranges[i].low, high = set.ranges[i].high;
            for (bool more = true; more;) {
                unsigned aligned = lowest_bit(low, family_width(family)), fits = bits_within(high - low);
                unsigned free_bits = aligned < fits ? aligned : fits;
                struct prefix prefix = {
                    .family = family, .length = (uint8_t)(family_width(family) - free_bits), .first = low};
                if (pass == 1)
                    prefixes[at] = prefix;
                at++;
                more = prefix_last(prefix) < high;
                low = more ? prefix_last(prefix) + 1 : low;
            }
        }
        if (pass == 0) {
            capacity = at;
            prefixes = arena_array(arena, struct prefix, capacity + 1);
        }
        *count = at;
    }
    assert(*count == capacity);
    return prefixes;
}

// Of so many prefixes as there are, the first `most`.
static const char *in_words(struct arena *arena, const struct prefix *prefixes, size_t count, size_t most)
{
    const char *text = "";
    for (size_t i = 0; i < count && i < most; i++) {
        char one[ADDRESS_TEXT];
        prefix_format(prefixes[i], one);
        text = arena_printf(arena, "%s%s%s", text, i > 0 ? ", " : "", one);
    }
    return count > most ? arena_printf(arena, "%s and %zu more", text, count - most) : text;
}

const char *prefixset_text(struct arena *arena, enum family family, struct prefixset set, size_t most)
{
    size_t count;
    const struct prefix *prefixes = prefixset_prefixes(arena, family, set, &count);
    return in_words(arena, prefixes, count, most);
}

const char *prefixset_brief(struct arena *arena, enum family family, struct prefixset set)
{
    enum { FEW = 3 };
    size_t count, left;
    const struct prefix *prefixes = prefixset_prefixes(arena, family, set, &count);
    if (count <= FEW)
        return in_words(arena, prefixes, count, FEW);
    const struct prefix *others =
        prefixset_prefixes(arena, family, prefixset_subtract(arena, prefixset_all(arena, family), set), &left);
    if (left > FEW)
        return in_words(arena, prefixes, count, FEW);
    return arena_printf(arena, "%s except %s", family == FAMILY_IPV4 ? "0.0.0.0/0" : "::/0",
                        in_words(arena, others, left, FEW));
}

static struct prefixset listed(struct arena *arena, const char *const *list, size_t count)
{
    struct prefixset set = prefixset_empty;
    for (size_t i = 0; i < count; i++) {
        struct prefix prefix;
        enum prefix_problem problem = prefix_parse(list[i], false, &prefix);
        assert(problem == PREFIX_OK);
        (void)problem;
        set = prefixset_union(arena, set, prefixset_of(arena, prefix));
    }
    return set;
}

#define LISTED(arena, list) listed((arena), (list), sizeof(list) / sizeof((list)[0]))

// https://www.iana.org/assignments/iana-ipv4-special-registry/ and .../iana-ipv6-special-registry/
struct prefixset prefixset_internet(struct arena *arena, enum family family)
{
    static const char *const not_global4[] = {
        "0.0.0.0/8",    "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
    };
    static const char *const but_global4[] = {"192.0.0.9/32", "192.0.0.10/32"};
    static const char *const global6[] = {"2000::/3", "64:ff9b::/96"};
    static const char *const not_global6[] = {"2001::/23"};
    static const char *const but_global6[] = {
        "2001:1::1/128",   "2001:1::2/128", "2001:1::3/128", "2001:3::/32",
        "2001:4:112::/48", "2001:20::/28",  "2001:30::/28",
    };
    struct arena *scratch = arena_new();
    struct prefixset set = LISTED(scratch, global6);
    if (family == FAMILY_IPV4) {
        set = prefixset_subtract(scratch, prefixset_all(scratch, family), LISTED(scratch, not_global4));
        set = prefixset_union(scratch, set, LISTED(scratch, but_global4));
    } else {
        set = prefixset_subtract(scratch, set, LISTED(scratch, not_global6));
        set = prefixset_union(scratch, set, LISTED(scratch, but_global6));
    }
    set = prefixset_from(arena, set.ranges, set.count);
    arena_free(scratch);
    return set;
}

// How many addresses a set holds, which is not all of IPv6.
static address_bits size_of(struct prefixset set)
{
    address_bits size = 0;
    for (size_t i = 0; i < set.count; i++)
        size += set.ranges[i].high - set.ranges[i].low + 1;
    return size;
}

// Whether less than one part of `parts` (3 or more) equal ones of the internet is not in the set.
static bool lacks_less_than(enum family family, struct prefixset set, unsigned parts)
{
    // More than half of either internet, so that most sets need no look at what the internet is.
    const address_bits half = (address_bits)1 << (family == FAMILY_IPV4 ? 31 : 124);
    if (set.count == 1 && set.ranges[0].low == 0 && set.ranges[0].high == family_last(family))
        return true;
    if (size_of(set) <= half)
        return false;
    struct arena *scratch = arena_new();
    struct prefixset internet = prefixset_internet(scratch, family);
    address_bits missing = size_of(prefixset_subtract(scratch, internet, set));
    bool less = missing <= (size_of(internet) - 1) / parts;
    arena_free(scratch);
    return less;
}

bool prefixset_is_anywhere(enum family family, struct prefixset set)
{
    return lacks_less_than(family, set, 3);
}

bool prefixset_reads_as_internet(enum family family, struct prefixset set)
{
    return lacks_less_than(family, set, 16);
}
