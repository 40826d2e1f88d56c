// The laws of the set algebra, on random sets, against a plain array of booleans. SEED in the environment repeats a
// run.
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/port_map.h"

enum { ROUNDS = 2000, SPACE = 64, SLOTS = 8 };

static uint64_t seed, state64;

static unsigned draw(unsigned below)
{
    state64 ^= state64 << 13; // xorshift64
    state64 ^= state64 >> 7;
    state64 ^= state64 << 17;
    return (unsigned)(state64 % below);
}

static int start(void **state)
{
    (void)state;
    const char *given = getenv("SEED");
    seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    state64 = seed * 2654435769u + 1;
    fprintf(stderr, "# test_sets seed %llu\n", (unsigned long long)seed);
    return 0;
}

// Sets whose members lie in a window of SPACE addresses at the bottom, the top or the middle of the family's space.
static address_bits window(enum family family, unsigned where)
{
    address_bits last = family_last(family);
    return where == 0 ? 0 : where == 1 ? last - (SPACE - 1) : last / 2 - SPACE / 2;
}

static struct prefixset random_set(struct arena *arena, address_bits base, bool members[SPACE])
{
    struct address_range ranges[6];
    size_t count = draw(6);
    memset(members, 0, SPACE);
    for (size_t i = 0; i < count; i++) {
        unsigned low = draw(SPACE), high = low + draw(SPACE - low);
        ranges[i] = (struct address_range){base + low, base + high};
        memset(members + low, 1, high - low + 1);
    }
    return prefixset_from(arena, ranges, count);
}

static void assert_members(struct prefixset set, address_bits base, const bool members[SPACE])
{
    for (unsigned i = 0; i < SPACE; i++)
        assert_int_equal(prefixset_holds(set, base + i), members[i]);
    for (size_t i = 0; i < set.count; i++) { // canonical
        assert_true(set.ranges[i].low <= set.ranges[i].high);
        assert_true(i == 0 || set.ranges[i - 1].high + 1 < set.ranges[i].low);
    }
}

static void set_operations_agree_with_booleans_and_keep_the_laws(void **state)
{
    static const enum family families[] = {FAMILY_IPV4, FAMILY_IPV6};
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct arena *arena = arena_new();
        enum family family = families[round % 2];
        address_bits base = window(family, draw(3));
        bool in_a[SPACE], in_b[SPACE], both[SPACE], either[SPACE], only[SPACE];
        struct prefixset a = random_set(arena, base, in_a), b = random_set(arena, base, in_b);
        for (unsigned i = 0; i < SPACE; i++) {
            both[i] = in_a[i] && in_b[i];
            either[i] = in_a[i] || in_b[i];
            only[i] = in_a[i] && !in_b[i];
        }
        struct prefixset u = prefixset_union(arena, a, b), n = prefixset_intersect(arena, a, b);
        struct prefixset d = prefixset_subtract(arena, a, b);
        assert_members(u, base, either);
        assert_members(n, base, both);
        assert_members(d, base, only);
        assert_true(prefixset_equal(prefixset_union(arena, a, a), a));
        assert_true(prefixset_equal(u, prefixset_union(arena, b, a)));
        assert_true(prefixset_equal(prefixset_union(arena, d, n), a));
        assert_true(prefixset_is_empty(prefixset_subtract(arena, a, a)));
        assert_int_equal(prefixset_overlap(a, b), !prefixset_is_empty(n));
        // (all - a) ∩ b = b - a
        struct prefixset outside = prefixset_subtract(arena, prefixset_all(arena, family), a);
        assert_true(prefixset_equal(prefixset_intersect(arena, outside, b), prefixset_subtract(arena, b, a)));
        // The prefixes cover exactly the set, ascending, and no two could be one.
        size_t count;
        struct prefix *prefixes = prefixset_prefixes(arena, family, a, &count);
        struct prefixset again = prefixset_empty;
        for (size_t i = 0; i < count; i++) {
            again = prefixset_union(arena, again, prefixset_of(arena, prefixes[i]));
            if (i == 0)
                continue;
            assert_true(prefix_last(prefixes[i - 1]) < prefixes[i].first);
            bool siblings = prefixes[i].length == prefixes[i - 1].length && prefixes[i].length > 0 &&
                            (prefixes[i].first ^ prefixes[i - 1].first) ==
                                (address_bits)1 << (family_width(family) - prefixes[i].length);
            assert_false(siblings);
        }
        assert_true(prefixset_equal(again, a));
        arena_free(arena);
    }
}

static void port_sets_survive_text_and_keep_the_laws(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct arena *arena = arena_new();
        struct portset sets[2];
        for (int s = 0; s < 2; s++) {
            struct port_range ranges[5];
            size_t count = draw(5);
            for (size_t i = 0; i < count; i++) {
                unsigned low = draw(2) ? draw(PORT_LAST + 1) : PORT_LAST - draw(20);
                ranges[i] = (struct port_range){(uint16_t)low, (uint16_t)(low + draw(PORT_LAST + 1 - low))};
            }
            sets[s] = portset_from(arena, ranges, count);
        }
        struct portset n = portset_intersect(arena, sets[0], sets[1]), d = portset_subtract(arena, sets[0], sets[1]);
        assert_true(portset_equal(portset_union(arena, n, d), sets[0]));
        assert_true(portset_is_empty(portset_intersect(arena, d, sets[1])));
        assert_int_equal(portset_size(n) + portset_size(d), portset_size(sets[0]));
        if (!portset_is_empty(sets[0])) {
            struct portset again;
            assert_true(portset_parse(arena, portset_format(arena, sets[0]), &again));
            assert_true(portset_equal(again, sets[0]));
        }
        arena_free(arena);
    }
}

typedef bool grid[SLOTS][SPACE];

static struct portmap random_map(struct arena *arena, address_bits base, grid members)
{
    struct port_segment rectangles[5];
    size_t count = draw(5);
    memset(members, 0, sizeof(grid));
    for (size_t i = 0; i < count; i++) {
        bool in[SPACE];
        unsigned low = draw(SLOTS), high = low + draw(SLOTS - low);
        struct prefixset sources = random_set(arena, base, in);
        rectangles[i] = (struct port_segment){(uint16_t)(PORT_LAST - SLOTS + 1 + low),
                                              (uint16_t)(PORT_LAST - SLOTS + 1 + high), sources};
        for (unsigned p = low; p <= high; p++)
            for (unsigned s = 0; s < SPACE; s++)
                members[p][s] = members[p][s] || in[s];
    }
    return portmap_from(arena, rectangles, count);
}

static void assert_grid(struct portmap map, address_bits base, grid members)
{
    for (unsigned p = 0; p < SLOTS; p++)
        assert_members(portmap_sources(map, (uint16_t)(PORT_LAST - SLOTS + 1 + p)), base, members[p]);
    for (size_t i = 0; i < map.count; i++) { // canonical
        assert_false(prefixset_is_empty(map.segments[i].sources));
        if (i > 0) {
            assert_true(map.segments[i - 1].high < map.segments[i].low);
            assert_false((uint32_t)map.segments[i - 1].high + 1 == map.segments[i].low &&
                         prefixset_equal(map.segments[i - 1].sources, map.segments[i].sources));
        }
    }
}

static void port_maps_agree_with_a_grid_of_booleans(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS / 4; round++) {
        struct arena *arena = arena_new();
        address_bits base = window(FAMILY_IPV4, draw(3));
        static grid a, b, either, both, only;
        struct portmap x = random_map(arena, base, a), y = random_map(arena, base, b);
        for (unsigned p = 0; p < SLOTS; p++)
            for (unsigned s = 0; s < SPACE; s++) {
                either[p][s] = a[p][s] || b[p][s];
                both[p][s] = a[p][s] && b[p][s];
                only[p][s] = a[p][s] && !b[p][s];
            }
        assert_grid(x, base, a);
        assert_grid(portmap_union(arena, x, y), base, either);
        assert_grid(portmap_intersect(arena, x, y), base, both);
        assert_grid(portmap_subtract(arena, x, y), base, only);
        assert_true(portmap_equal(portmap_union(arena, x, x), x));
        assert_true(portmap_equal(portmap_on_ports(arena, x, portset_all), x));
        assert_true(portmap_equal(portmap_from_sources(arena, x, prefixset_all(arena, FAMILY_IPV4)), x));
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_operations_agree_with_booleans_and_keep_the_laws),
        cmocka_unit_test(port_sets_survive_text_and_keep_the_laws),
        cmocka_unit_test(port_maps_agree_with_a_grid_of_booleans),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
