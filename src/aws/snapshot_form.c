// The form of snapshot.json, the record beside documents: what is in it and is not ours was written by somebody else,
// or by a version that says more than we understand.
#include <string.h>

#include "aws/snapshot.h"

// Each of these members is a text, null or not there; nothing rests on ids of requests.
static bool expect_texts(const struct json_cursor *object, const char *const *names, struct error *error)
{
    const char *text;
    for (; *names != NULL; names++)
        GUARD(strcmp(*names, "request_ids") == 0 || json_borrow_string(object, *names, &text, error));
    return true;
}

static const char *of_list(struct arena *arena, const struct json_cursor *list, const char *const *known)
{
    struct error error = {0};
    const cJSON *one;
    size_t index = 0;
    if (list->node != NULL && !json_expect_array(list, &error))
        return arena_strdup(arena, error.message);
    cJSON_ArrayForEach (one, list->node) {
        const struct json_cursor at = json_element(list, index++, one);
        if (!json_expect_keys(&at, known, &error) || !expect_texts(&at, known, &error))
            return arena_strdup(arena, error.message);
    }
    return NULL;
}

const char *snapshot_record_odd(struct arena *arena, const cJSON *root)
{
    static const char *const members[] = {
        "schema", "tool_version", "account_id", "read_by",  "began", "ended", "complete", "excluded_accounts",
        "unread", "unavailable",  "not_read",   "left_out", "files", NULL};
    static const char *const texts[] = {"tool_version", "account_id", "read_by", "began", "ended", NULL};
    static const char *const calls[] = {"account_id", "region",  "service",    "operation",
                                        "code",       "message", "iam_action", NULL};
    static const char *const files[] = {"file", "sha256", "service", "operation", "asked", "request_ids", NULL};
    static const char *const lost[] = {"path", "why", NULL};
    static const struct {
        const char *key;
        const char *const *known;
    } lists[] = {{"unread", calls}, {"unavailable", calls}, {"files", files}, {"not_read", lost}, {"left_out", lost}};
    struct error error = {0};
    const struct json_cursor record = {.file = "a record of what was read", .node = root};
    const char *schema = NULL, *odd = NULL;
    text_list excluded = {0};
    bool complete;
    if (!json_string(arena, &record, "schema", &schema, &error))
        return arena_strdup(arena, error.message);
    if (strcmp(schema, SNAPSHOT_SCHEMA) != 0)
        return arena_printf(arena, "a record of what was read: schema: \"%s\", expected \"" SNAPSHOT_SCHEMA "\"",
                            schema);
    if (!json_expect_keys(&record, members, &error) || !expect_texts(&record, texts, &error) ||
        !json_optional_boolean(&record, "complete", &complete, &error) ||
        (json_member(&record, "excluded_accounts").node != NULL &&
         !json_texts(arena, &record, "excluded_accounts", &excluded, &error)))
        return arena_strdup(arena, error.message);
    for (size_t i = 0; odd == NULL && i < sizeof(lists) / sizeof(lists[0]); i++) {
        const struct json_cursor list = json_member(&record, lists[i].key);
        odd = of_list(arena, &list, lists[i].known);
    }
    return odd;
}
