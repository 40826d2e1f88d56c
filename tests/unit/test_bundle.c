#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "evidence/bundle.h"

// A folder with a file of somebody else's, and a bundle begun beside it.
struct beside {
    char folder[32];
    struct arena *arena;
    const char *victim;
    struct bundle *bundle;
};

static void begin(struct beside *beside)
{
    struct error error = {0};
    strcpy(beside->folder, "/tmp/sgproof-XXXXXX");
    assert_non_null(mkdtemp(beside->folder));
    beside->arena = arena_new();
    beside->victim = arena_printf(beside->arena, "%s/victim", beside->folder);
    assert_true(file_write(beside->victim, "dear", 4, &error));
    beside->bundle = bundle_begin(beside->arena, arena_printf(beside->arena, "%s/e", beside->folder), &error);
    assert_non_null(beside->bundle);
}

static void end(struct beside *beside)
{
    bundle_abandon(beside->bundle);
    assert_int_equal(access(beside->victim, F_OK), 0);
    file_remove_tree(beside->folder);
    arena_free(beside->arena);
}

static void what_lies_outside_is_neither_written_nor_removed(void **state)
{
    struct beside beside;
    struct error error = {0};
    (void)state;
    begin(&beside);
    const char *const paths[] = {"../../victim", "../../../../../../../../tmp/x/../../victim", beside.victim,
                                 "before/../../../victim", ""};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_false(bundle_add(beside.bundle, paths[i], "x", 1, &error));
        assert_false(bundle_seal(beside.bundle, paths[i], "x", 1, &error));
        assert_false(bundle_copy(beside.bundle, paths[i], beside.victim, &error));
        assert_false(bundle_copy(beside.bundle, paths[i], "/nowhere", &error));
        assert_int_equal(error.code, ERROR_USAGE);
        bundle_drop(beside.bundle, paths[i]);
        size_t length;
        char *kept = file_read(beside.victim, &length, &error);
        assert_non_null(kept);
        assert_string_equal(kept, "dear");
        free(kept);
    }
    end(&beside);
}

static void what_cannot_be_copied_leaves_nothing(void **state)
{
    struct beside beside;
    struct error error = {0};
    (void)state;
    begin(&beside);
    assert_false(bundle_copy(beside.bundle, "intent.json", "/nowhere", &error));
    assert_int_not_equal(access(bundle_path(beside.bundle, "intent.json"), F_OK), 0);
    assert_true(symlink(beside.folder, bundle_path(beside.bundle, "before")) == 0); // planted meanwhile
    assert_false(bundle_add(beside.bundle, "before/victim", "x", 1, &error));
    end(&beside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lies_outside_is_neither_written_nor_removed),
        cmocka_unit_test(what_cannot_be_copied_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
