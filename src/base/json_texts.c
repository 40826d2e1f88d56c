// Texts of JSON documents, many at a time: lists of them, and those that many elements have in common.
#include "base/json.h"

bool json_texts(struct arena *arena, const struct json_cursor *object, const char *key, text_list *list,
                struct error *error)
{
    struct json_cursor array = json_member(object, key);
    const cJSON *node;
    size_t index = 0;
    GUARD(json_expect_array(&array, error));
    cJSON_ArrayForEach (node, array.node) {
        struct json_cursor at = json_element(&array, index++, node);
        if (!cJSON_IsString(node))
            return json_fail(&at, error, "expected a string");
        *vector_add(arena, list) = arena_strdup(arena, node->valuestring);
    }
    return true;
}

bool json_shared_string(struct arena *arena, struct map *texts, const struct json_cursor *object, const char *key,
                        const char **value, struct error *error)
{
    const char *text;
    GUARD(json_borrow_string(object, key, &text, error));
    *value = map_get(texts, text);
    if (text == NULL || *value != NULL)
        return true;
    char *kept = arena_strdup(arena, text);
    map_put(arena, texts, kept, kept);
    *value = kept;
    return true;
}
