#include "test.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "net/port_map.h"

static void assert_prefix(const char *text, bool bare, enum prefix_problem problem, const char *printed)
{
    struct prefix prefix;
    char out[ADDRESS_TEXT];
    assert_int_equal(prefix_parse(text, bare, &prefix), problem);
    if (problem == PREFIX_MALFORMED)
        return;
    prefix_format(prefix, out);
    assert_string_equal(out, printed);
}

static void prefixes_parse_as_cidrs_do(void **state)
{
    (void)state;
    assert_prefix("0.0.0.0/0", false, PREFIX_OK, "0.0.0.0/0");
    assert_prefix("10.0.0.0/8", false, PREFIX_OK, "10.0.0.0/8");
    assert_prefix("::/0", false, PREFIX_OK, "::/0");
    assert_prefix("2001:DB8::/32", false, PREFIX_OK, "2001:db8::/32");
    assert_prefix("255.255.255.255/32", false, PREFIX_OK, "255.255.255.255/32");
    assert_prefix("10.0.0.1/8", false, PREFIX_HOST_BITS, "10.0.0.0/8");
    assert_prefix("2001:db8::1/32", false, PREFIX_HOST_BITS, "2001:db8::/32");
    assert_prefix("192.0.2.1", true, PREFIX_OK, "192.0.2.1/32");
}

static void what_is_no_cidr_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",       "10.0.0.0", "10.0.0.0/",   "10.0.0.0/33",  "10.0.0/8",    "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8 ",
        "::/129", "g::/16",   "1.2.3.4.5/8", "10.0.0.0/1e1", "010.0.0.0/8", "/8",          "::1/0000"};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_prefix(wrong[i], false, PREFIX_MALFORMED, NULL);
}

static void addresses_survive_bytes_and_text(void **state)
{
    static const char *const texts[] = {"0.0.0.0", "203.0.113.7", "255.255.255.255",
                                        "::",      "2001:db8::7", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct address address;
        uint8_t bytes[16];
        char out[ADDRESS_TEXT];
        assert_true(address_parse(texts[i], &address));
        address_to_bytes(address, bytes);
        assert_true(address_equal(address, address_from_bytes(address.family, bytes)));
        address_format(address, out);
        assert_string_equal(out, texts[i]);
    }
}

static void ports_parse_as_lists_of_ranges(void **state)
{
    struct arena *arena = arena_new();
    struct portset set;
    (void)state;
    assert_true(portset_parse(arena, "22,80, 1000-2000,21,2001", &set));
    assert_string_equal(portset_format(arena, set), "21-22,80,1000-2001");
    assert_true(portset_parse(arena, "0-65535", &set));
    assert_true(portset_equal(set, portset_all));
    static const char *const wrong[] = {"", ",", "22,", "65536", "-1", "5-4", "1-2-3", "a", "22 23", "99999999999"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(portset_parse(arena, wrong[i], &set));
    arena_free(arena);
}

static bool is_internet(const char *text)
{
    struct arena *arena = arena_new();
    struct address address;
    assert_true(address_parse(text, &address));
    bool internet = prefixset_holds(prefixset_internet(arena, address.family), address.bits);
    arena_free(arena);
    return internet;
}

static void the_internet_is_what_iana_calls_globally_reachable(void **state)
{
    static const char *const yes[] = {"8.8.8.8",    "192.0.0.9",     "198.51.100.1",    "203.0.113.1", "192.0.2.1",
                                      "100.63.0.1", "172.32.0.1",    "223.255.255.255", "2001:db8::1", "2600::1",
                                      "64:ff9b::1", "2001:4:112::1", "2001:200::1",     "3fff::1"};
    static const char *const no[] = {"0.1.2.3",    "10.1.1.1",        "100.64.0.1",   "127.0.0.1",  "169.254.1.1",
                                     "172.16.0.1", "192.0.0.1",       "192.168.1.1",  "198.18.0.1", "224.0.0.1",
                                     "240.0.0.1",  "255.255.255.255", "::1",          "::",         "fc00::1",
                                     "fe80::1",    "ff02::1",         "2001::1",      "2001:2::1",  "100::1",
                                     "5f00::1",    "::ffff:8.8.8.8",  "64:ff9b:1::1", "4000::1"};
    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        if (!is_internet(yes[i]))
            fail_msg("%s counts as internet", yes[i]);
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        if (is_internet(no[i]))
            fail_msg("%s does not count as internet", no[i]);
}

// Both are lists: at the ends of each range of the set, and beside them, they must agree.
static void one_address_is_asked_as_the_set_of_the_internet_says(void **state)
{
    static const enum family families[] = {FAMILY_IPV4, FAMILY_IPV6};
    struct arena *arena = arena_new();
    (void)state;
    for (int f = 0; f < 2; f++) {
        struct prefixset internet = prefixset_internet(arena, families[f]);
        for (size_t i = 0; i < internet.count; i++) {
            address_bits ends[] = {internet.ranges[i].low, internet.ranges[i].high};
            for (int e = 0; e < 2; e++) {
                assert_true(address_is_global((struct address){families[f], ends[e]}));
                address_bits beside = e == 0 ? ends[e] - 1 : ends[e] + 1;
                if (e == 0 ? ends[e] > 0 : ends[e] < family_last(families[f]))
                    assert_false(address_is_global((struct address){families[f], beside}));
            }
        }
    }
    arena_free(arena);
}

static void an_address_stands_for_the_one_that_it_holds(void **state)
{
    static const struct {
        const char *text, *held;
    } cases[] = {{"2002:a01:203::1", "10.1.2.3"},
                 {"2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "255.255.255.255"},
                 {"64:ff9b::a01:203", "10.1.2.3"},
                 {"64:ff9b::", "0.0.0.0"},
                 {"64:ff9b:1::a01:203", NULL},
                 {"64:ff9b::1:a01:203", NULL},
                 {"2001:0:a01:203::1", NULL},
                 {"2003:a01:203::1", NULL},
                 {"32.2.10.1", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct address address, held;
        char text[ADDRESS_TEXT];
        assert_true(address_parse(cases[i].text, &address));
        assert_int_equal(address_stands_for(address, &held), cases[i].held != NULL);
        if (cases[i].held == NULL)
            continue;
        address_format(held, text);
        assert_string_equal(text, cases[i].held);
    }
}

// What of the internet is left when its first addresses, `lost` of them, are taken away, and all else with them.
static struct prefixset without_first(struct arena *arena, struct prefixset internet, address_bits lost)
{
    size_t first = 0;
    while (internet.ranges[first].high - internet.ranges[first].low < lost) {
        lost -= internet.ranges[first].high - internet.ranges[first].low + 1;
        first++;
    }
    struct prefixset left = prefixset_from(arena, internet.ranges + first, internet.count - first);
    struct address_range before = {0, left.ranges[0].low + lost - 1};
    return prefixset_subtract(arena, left, prefixset_from(arena, &before, 1));
}

static void anywhere_lacks_less_than_a_third_of_the_internet_and_its_text_less_than_a_sixteenth(void **state)
{
    static const enum family families[] = {FAMILY_IPV4, FAMILY_IPV6};
    (void)state;
    for (int f = 0; f < 2; f++) {
        struct arena *arena = arena_new();
        struct prefixset internet = prefixset_internet(arena, families[f]);
        address_bits size = 0;
        for (size_t i = 0; i < internet.count; i++)
            size += internet.ranges[i].high - internet.ranges[i].low + 1;
        address_bits third = (size + 2) / 3, sixteenth = (size + 15) / 16; // no less than that is too much
        assert_true(prefixset_is_anywhere(families[f], prefixset_all(arena, families[f])));
        assert_true(prefixset_is_anywhere(families[f], internet));
        assert_false(prefixset_is_anywhere(families[f], prefixset_empty));
        assert_true(prefixset_is_anywhere(families[f], without_first(arena, internet, third - 1)));
        assert_false(prefixset_is_anywhere(families[f], without_first(arena, internet, third)));
        assert_true(prefixset_reads_as_internet(families[f], without_first(arena, internet, sixteenth - 1)));
        assert_false(prefixset_reads_as_internet(families[f], without_first(arena, internet, sixteenth)));
        struct prefixset others = prefixset_subtract(arena, prefixset_all(arena, families[f]), internet);
        assert_false(prefixset_is_anywhere(families[f], others)); // of IPv6 most of the space
        arena_free(arena);
    }
}

static void the_whole_address_space_is_one_prefix(void **state)
{
    struct arena *arena = arena_new();
    static const enum family families[] = {FAMILY_IPV4, FAMILY_IPV6};
    (void)state;
    for (int i = 0; i < 2; i++) {
        size_t count;
        struct prefix *list = prefixset_prefixes(arena, families[i], prefixset_all(arena, families[i]), &count);
        assert_int_equal(count, 1);
        assert_int_equal(list[0].length, 0);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_parse_as_cidrs_do),
        cmocka_unit_test(what_is_no_cidr_is_refused),
        cmocka_unit_test(addresses_survive_bytes_and_text),
        cmocka_unit_test(ports_parse_as_lists_of_ranges),
        cmocka_unit_test(the_internet_is_what_iana_calls_globally_reachable),
        cmocka_unit_test(one_address_is_asked_as_the_set_of_the_internet_says),
        cmocka_unit_test(an_address_stands_for_the_one_that_it_holds),
        cmocka_unit_test(anywhere_lacks_less_than_a_third_of_the_internet_and_its_text_less_than_a_sixteenth),
        cmocka_unit_test(the_whole_address_space_is_one_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
