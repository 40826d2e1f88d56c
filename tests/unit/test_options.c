#include "test.h"

#include <string.h>

#include "cli/options.h"

static const struct option_spec specs[] = {
    {"rate", 'r', "N", "", false},
    {"only", 0, "CIDR", "", true},
    {"switch", 's', NULL, "", false},
    {NULL, 0, NULL, NULL, false},
};
static const struct command command = {.name = "test", .usage = "", .options = specs};

struct parsed {
    bool good;
    struct options options;
    struct error error;
};

static struct arena *arena;

static const struct parsed *parse(const char *first, const char *second, const char *third)
{
    char *argv[] = {"test", (char *)(uintptr_t)first, (char *)(uintptr_t)second, (char *)(uintptr_t)third};
    struct parsed *parsed = arena_new_of(arena, struct parsed);
    bool done;
    int argc = 1 + (first != NULL) + (second != NULL) + (third != NULL);
    parsed->good = options_parse(arena, &command, argc, argv, &parsed->options, &done, &parsed->error);
    return parsed;
}

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void values_come_after_a_space_an_equals_sign_or_the_letter(void **state)
{
    (void)state;
    assert_string_equal(options_value(&parse("--rate", "5", NULL)->options, "rate"), "5");
    assert_string_equal(options_value(&parse("--rate=5", NULL, NULL)->options, "rate"), "5");
    assert_string_equal(options_value(&parse("-r5", NULL, NULL)->options, "rate"), "5");
    assert_string_equal(options_value(&parse("-r", "5", NULL)->options, "rate"), "5");
    assert_null(options_value(&parse("x", NULL, NULL)->options, "rate"));
}

static void operands_may_stand_anywhere_and_follow_two_dashes(void **state)
{
    (void)state;
    const struct parsed *parsed = parse("a", "-s", "b");
    assert_true(parsed->good);
    assert_int_equal(parsed->options.operands.count, 2);
    parsed = parse("--", "--rate", NULL);
    assert_true(parsed->good);
    assert_string_equal(parsed->options.operands.items[0], "--rate");
    assert_string_equal(parse("-", NULL, NULL)->options.operands.items[0], "-");
}

static void bad_usage_says_what_is_wrong(void **state)
{
    (void)state;
    const struct parsed *parsed = parse("--what", NULL, NULL);
    assert_false(parsed->good);
    assert_int_equal(parsed->error.code, ERROR_USAGE);
    assert_non_null(strstr(parsed->error.message, "--what"));
    assert_false(parse("--rate", NULL, NULL)->good);
    assert_false(parse("--switch=1", NULL, NULL)->good);
    assert_false(parse("--rate=1", "--rate=2", NULL)->good);
    assert_true(parse("--only=1", "--only=2", NULL)->good);
    assert_int_equal(options_values(&parse("--only=1", "--only=2", NULL)->options, "only")->items.count, 2);
}

static void integers_keep_to_their_range(void **state)
{
    static const char *const wrong[] = {"--rate=0",  "--rate=11", "--rate=", "--rate=1x", "--rate=99999999999999999999",
                                        "--rate=1.5"};
    struct error error;
    long value;
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const struct parsed *parsed = parse(wrong[i], NULL, NULL);
        assert_false(options_integer(&parsed->options, "rate", 1, 10, 3, &value, &error));
    }
    const struct parsed *parsed = parse("--rate=10", NULL, NULL);
    assert_true(options_integer(&parsed->options, "rate", 1, 10, 3, &value, &error));
    assert_int_equal(value, 10);
    parsed = parse(NULL, NULL, NULL);
    assert_true(options_integer(&parsed->options, "rate", 1, 10, 3, &value, &error));
    assert_int_equal(value, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_after_a_space_an_equals_sign_or_the_letter),
        cmocka_unit_test(operands_may_stand_anywhere_and_follow_two_dashes),
        cmocka_unit_test(bad_usage_says_what_is_wrong),
        cmocka_unit_test(integers_keep_to_their_range),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
