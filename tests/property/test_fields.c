// What is written by a table of fields and read again by it is the same, of any values; what its reader refuses, and
// where it says that it is.
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/json_fields.h"

static const char *const colours[] = {"red", "green", "blue", NULL}, *const sides[] = {"left", "right", NULL};

struct inner {
    const char *name;
    size_t count;
};

struct outer {
    const char *text;
    const char *maybe;
    const char *spare;
    text_list spares;
    unsigned colour;
    bool side;
    bool flag;
    size_t count;
    size_t counts[3];
    text_list texts;
    number_list places;
    VECTOR(struct inner) inner;
};

static const struct json_field inner_fields[] = {JSON_FIELD("name", TEXT, struct inner, name),
                                                 JSON_FIELD("count", COUNT, struct inner, count), JSON_FIELDS_END};
static const struct json_record inner_record = {
    .fields = inner_fields, .size = sizeof(struct inner), .line = true, .strict = true};
static const struct json_field outer_fields[] = {JSON_FIELD("text", TEXT, struct outer, text),
                                                 JSON_FIELD("maybe", TEXT, struct outer, maybe, .optional = true),
                                                 JSON_FIELD("spare", TEXT, struct outer, spare, .left_out = true),
                                                 JSON_FIELD("spares", TEXTS, struct outer, spares, .left_out = true),
                                                 JSON_FIELD("colour", WORD, struct outer, colour, .words = colours),
                                                 JSON_FIELD("side", CHOICE, struct outer, side, .words = sides),
                                                 JSON_FIELD("flag", BOOLEAN, struct outer, flag),
                                                 JSON_FIELD("count", COUNT, struct outer, count),
                                                 JSON_FIELD("counts", COUNTS, struct outer, counts, .words = colours),
                                                 JSON_FIELD("texts", TEXTS, struct outer, texts),
                                                 JSON_FIELD("places", PLACES, struct outer, places),
                                                 JSON_FIELD("inner", RECORDS, struct outer, inner, .of = &inner_record),
                                                 JSON_FIELDS_END};
static const struct json_record outer_record = {.fields = outer_fields, .size = sizeof(struct outer)};

static unsigned draw(unsigned below)
{
    return (unsigned)rand() % below;
}

static const char *drawn_text(struct arena *arena)
{
    static const char *const parts[] = {"", "a", "\"", "\\", "\n", "\t", "ü", "\u2028", "{", "]", " ", "\x1b"};
    const char *text = "";
    for (unsigned i = draw(5); i > 0; i--)
        text = arena_printf(arena, "%s%s", text, parts[draw(sizeof(parts) / sizeof(parts[0]))]);
    return text;
}

static struct outer drawn(struct arena *arena)
{
    struct outer outer = {.text = drawn_text(arena),
                          .maybe = draw(2) == 0 ? NULL : drawn_text(arena),
                          .spare = draw(2) == 0 ? NULL : drawn_text(arena),
                          .colour = draw(3),
                          .side = draw(2) == 1,
                          .flag = draw(2) == 1,
                          .count = (size_t)1 << draw(51),
                          .counts = {draw(10), 0, (size_t)1 << draw(51)}};
    for (unsigned i = draw(3); i > 0; i--)
        *vector_add(arena, &outer.spares) = drawn_text(arena);
    for (unsigned i = draw(4); i > 0; i--)
        *vector_add(arena, &outer.texts) = drawn_text(arena);
    for (unsigned i = draw(4); i > 0; i--)
        *vector_add(arena, &outer.places) = draw(1000);
    for (unsigned i = draw(4); i > 0; i--)
        *vector_add(arena, &outer.inner) = (struct inner){drawn_text(arena), draw(1000)};
    return outer;
}

static bool read_text(struct arena *arena, const char *bytes, size_t length, struct outer *outer, struct error *error)
{
    cJSON *root = json_parse("x", bytes, length, error);
    struct json_cursor at = {.file = "x", .node = root};
    *outer = (struct outer){0};
    bool good = root != NULL && json_expect_schema(&at, "test/v1", error) &&
                json_read_fields(arena, &at, &outer_record, outer, error);
    cJSON_Delete(root);
    return good;
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    unsigned seed = (unsigned)time(NULL);
    srand(seed);
    for (int i = 0; i < 500; i++) {
        struct arena *arena = arena_new();
        struct text first = {0}, second = {0};
        struct error error = {0};
        struct outer outer = drawn(arena), again;
        json_write_document("test/v1", &outer_record, &outer, &first);
        if (!read_text(arena, first.bytes, first.length, &again, &error))
            fail_msg("seed %u: %s", seed, error.message);
        json_write_document("test/v1", &outer_record, &again, &second);
        assert_string_equal(first.bytes, second.bytes);
        assert_string_equal(outer.text, again.text);
        assert_true(text_same(outer.maybe, again.maybe) && text_same(outer.spare, again.spare));
        assert_true((strstr(first.bytes, "\"spare\":") != NULL) == (outer.spare != NULL));
        assert_true((strstr(first.bytes, "\"spares\":") != NULL) == (outer.spares.count > 0));
        assert_int_equal(outer.spares.count, again.spares.count);
        assert_true(outer.colour == again.colour && outer.side == again.side && outer.flag == again.flag);
        assert_true(outer.count == again.count && memcmp(outer.counts, again.counts, sizeof(outer.counts)) == 0);
        assert_true(outer.texts.count == again.texts.count && outer.places.count == again.places.count);
        assert_true(outer.inner.count == again.inner.count);
        text_free(&first);
        text_free(&second);
        arena_free(arena);
    }
}

static void a_member_that_is_not_as_the_table_has_it_is_refused_with_its_place(void **state)
{
    static const char good[] = "{\"schema\": \"test/v1\", \"text\": \"a\", \"colour\": \"red\", \"side\": \"left\", "
                               "\"flag\": true, \"count\": 1, \"counts\": {\"red\": 1, \"green\": 2, \"blue\": 3}, "
                               "\"texts\": [\"a\"], \"places\": [0], \"inner\": [{\"name\": \"a\", \"count\": 1}]}";
    static const char *const changes[][3] = {
        {"test/v1", "test/v2", "x: schema: \"test/v2\", expected test/v1"},
        {"\"text\": \"a\"", "\"text\": null", "x: text: is missing"},
        {"\"red\", \"side\"", "\"pink\", \"side\"", "x: colour: \"pink\" is not one of the known words"},
        {"\"left\"", "\"middle\"", "x: side: \"middle\", expected \"left\" or \"right\""},
        {"true", "\"true\"", "x: flag: is a string, expected true or false"},
        {"\"count\": 1, \"counts\"", "\"count\": -1, \"counts\"", "x: count: is -1, expected an integer from 0"},
        {"\"green\": 2", "\"grey\": 2", "x: counts.green: is missing"},
        {"[\"a\"]", "[\"a\", 1]", "x: texts[1]: expected a string"},
        {"[0]", "[0, 0.5]", "x: places: expected places, from 0"},
        {"\"count\": 1}", "\"count\": \"1\"}", "x: inner[0].count: is a string, expected an integer"},
        {"[{\"name\": \"a\", \"count\": 1}]", "[1]", "x: inner[0]: is a number, expected an object"},
        {"\"count\": 1}", "\"count\": 1, \"schema\": 1}", "x: inner[0].schema: unknown key"}, // it is strict
    };
    struct arena *arena = arena_new();
    struct error error = {0};
    struct outer outer;
    (void)state;
    assert_true(read_text(arena, good, strlen(good), &outer, &error));
    assert_null(outer.maybe);
    const char *more = arena_printf(arena, "{\"other\": 1, %s", good + 1); // the outer one is not
    assert_true(read_text(arena, more, strlen(more), &outer, &error));
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        const char *at = strstr(good, changes[i][0]);
        assert_non_null(at);
        const char *bad =
            arena_printf(arena, "%.*s%s%s", (int)(at - good), good, changes[i][1], at + strlen(changes[i][0]));
        assert_false(read_text(arena, bad, strlen(bad), &outer, &error));
        assert_int_equal(strncmp(error.message, changes[i][2], strlen(changes[i][2])), 0);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(a_member_that_is_not_as_the_table_has_it_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
