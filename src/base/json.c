// Values that are parsed, and the places of their mistakes.
#include "base/json.h"

#include <stdarg.h>
#include <string.h>

#include "base/memory.h"

void json_place(const struct json_cursor *at, char *buffer, size_t size)
{
    buffer[0] = '\0';
    if (at->up != NULL)
        json_place(at->up, buffer, size);
    size_t used = strlen(buffer);
    if (at->key != NULL)
        snprintf(buffer + used, size - used, "%s%s", used > 0 ? "." : "", at->key);
    else if (at->up != NULL)
        snprintf(buffer + used, size - used, "[%zu]", at->index);
}

bool json_fail(const struct json_cursor *at, struct error *error, const char *format, ...)
{
    char place[256], what[512];
    json_place(at, place, sizeof(place));
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    const char *gap = place[0] == '\0' ? "" : ": ";
    return error_set(error, ERROR_USAGE, "%s: %s%s%s", at->file, place, gap, what);
}

struct json_cursor json_element(const struct json_cursor *array, size_t index, const cJSON *node)
{
    return (struct json_cursor){.up = array, .file = array->file, .index = index, .node = node};
}

bool json_items(struct arena *arena, const struct json_cursor *object, const char *key, json_item_reader *read,
                void *into, struct error *error)
{
    struct json_cursor array = json_member(object, key);
    const cJSON *node;
    size_t index = 0;
    GUARD(json_expect_array(&array, error));
    cJSON_ArrayForEach (node, array.node) {
        struct json_cursor at = json_element(&array, index++, node);
        GUARD(json_expect_object(&at, error) && read(arena, &at, into, error));
    }
    return true;
}

bool json_items_if_any(struct arena *arena, const struct json_cursor *object, const char *key, json_item_reader *read,
                       void *into, struct error *error)
{
    return json_member(object, key).node == NULL || json_items(arena, object, key, read, into, error);
}

const cJSON *json_find(const cJSON *object, const char *key)
{
    const cJSON *child = object == NULL ? NULL : object->child;
    while (child != NULL && (child->string == NULL || child->string[0] != key[0] || strcmp(child->string, key) != 0))
        child = child->next;
    return child;
}

struct json_cursor json_member(const struct json_cursor *object, const char *key)
{
    const cJSON *node = json_find(object->node, key);
    if (cJSON_IsNull(node))
        node = NULL;
    return (struct json_cursor){.up = object, .file = object->file, .key = key, .node = node};
}

const char *json_kind(const cJSON *node)
{
    return node == NULL           ? "missing"
           : cJSON_IsObject(node) ? "an object"
           : cJSON_IsArray(node)  ? "an array"
           : cJSON_IsString(node) ? "a string"
           : cJSON_IsNumber(node) ? "a number"
           : cJSON_IsBool(node)   ? "a boolean"
                                  : "null";
}

bool json_expect_object(const struct json_cursor *at, struct error *error)
{
    return cJSON_IsObject(at->node) || json_fail(at, error, "is %s, expected an object", json_kind(at->node));
}

bool json_expect_array(const struct json_cursor *at, struct error *error)
{
    return cJSON_IsArray(at->node) || json_fail(at, error, "is %s, expected an array", json_kind(at->node));
}

bool json_expect_keys(const struct json_cursor *object, const char *const *known, struct error *error)
{
    const cJSON *member;
    const char *const *next = known; // our files have them in this order, others' in any
    GUARD(json_expect_object(object, error));
    cJSON_ArrayForEach (member, object->node) {
        struct json_cursor at = {.up = object, .file = object->file, .key = member->string, .node = member};
        while (*next != NULL && strcmp(*next, member->string) != 0)
            next++;
        if (*next != NULL)
            next++;
        else if (!text_among(member->string, known))
            return json_fail(&at, error, "unknown key");
        else
            next = known;
    }
    return true;
}

bool json_text_at(const struct json_cursor *at, const char **value, struct error *error)
{
    *value = NULL;
    if (at->node == NULL)
        return true;
    if (!cJSON_IsString(at->node))
        return json_fail(at, error, "is %s, expected a string", json_kind(at->node));
    *value = at->node->valuestring;
    return true;
}

bool json_borrow_string(const struct json_cursor *object, const char *key, const char **value, struct error *error)
{
    struct json_cursor at = json_member(object, key);
    return json_text_at(&at, value, error);
}

bool json_optional_string(struct arena *arena, const struct json_cursor *object, const char *key, const char **value,
                          struct error *error)
{
    if (!json_borrow_string(object, key, value, error))
        return false;
    if (*value != NULL)
        *value = arena_strdup(arena, *value);
    return true;
}

bool json_string(struct arena *arena, const struct json_cursor *object, const char *key, const char **value,
                 struct error *error)
{
    if (!json_optional_string(arena, object, key, value, error))
        return false;
    struct json_cursor at = json_member(object, key);
    return *value != NULL || json_fail(&at, error, "is missing, expected a string");
}

bool json_expect_schema(const struct json_cursor *object, const char *schema, struct error *error)
{
    const char *text;
    struct json_cursor at = json_member(object, "schema");
    GUARD(json_expect_object(object, error) && json_text_at(&at, &text, error));
    if (text == NULL)
        return json_fail(&at, error, "is missing, expected %s", schema);
    return strcmp(text, schema) == 0 || json_fail(&at, error, "\"%s\", expected %s", text, schema);
}

bool json_word(const struct json_cursor *object, const char *key, const char *const *names, int *value,
               struct error *error)
{
    const char *text;
    struct json_cursor at = json_member(object, key);
    if (!json_text_at(&at, &text, error))
        return false;
    if (text == NULL)
        return json_fail(&at, error, "is missing, expected a string");
    for (*value = 0; names[*value] != NULL; *value += 1)
        if (strcmp(names[*value], text) == 0)
            return true;
    return *value == 2 ? json_fail(&at, error, "\"%s\", expected \"%s\" or \"%s\"", text, names[0], names[1])
                       : json_fail(&at, error, "\"%s\" is not one of the known words, such as %s", text, names[0]);
}

bool json_optional_integer(const struct json_cursor *object, const char *key, long low, long high, long *value,
                           bool *present, struct error *error)
{
    struct json_cursor at = json_member(object, key);
    *present = at.node != NULL;
    if (at.node == NULL)
        return true;
    double number = cJSON_IsNumber(at.node) ? at.node->valuedouble : 0.5;
    if (!cJSON_IsNumber(at.node))
        return json_fail(&at, error, "is %s, expected an integer from %ld to %ld", json_kind(at.node), low, high);
    if (!(number >= (double)low && number <= (double)high) || number != (double)(long)number)
        return json_fail(&at, error, "is %.17g, expected an integer from %ld to %ld", number, low, high);
    *value = (long)number;
    return true;
}

bool json_integer(const struct json_cursor *object, const char *key, long low, long high, long *value,
                  struct error *error)
{
    bool present;
    if (!json_optional_integer(object, key, low, high, value, &present, error))
        return false;
    struct json_cursor at = json_member(object, key);
    return present || json_fail(&at, error, "is missing, expected an integer from %ld to %ld", low, high);
}

bool json_optional_boolean(const struct json_cursor *object, const char *key, bool *value, struct error *error)
{
    struct json_cursor at = json_member(object, key);
    if (at.node == NULL)
        return true;
    if (!cJSON_IsBool(at.node))
        return json_fail(&at, error, "is %s, expected true or false", json_kind(at.node));
    *value = cJSON_IsTrue(at.node);
    return true;
}

bool json_boolean(const struct json_cursor *object, const char *key, bool *value, struct error *error)
{
    struct json_cursor at = json_member(object, key);
    if (at.node == NULL)
        return json_fail(&at, error, "is missing, expected true or false");
    return json_optional_boolean(object, key, value, error);
}

static void wipe_strings(cJSON *value)
{
    if (value->valuestring != NULL)
        memory_wipe(value->valuestring, strlen(value->valuestring));
    for (cJSON *child = value->child; child != NULL; child = child->next)
        wipe_strings(child);
}

void json_wipe(cJSON *value)
{
    if (value != NULL)
        wipe_strings(value);
    cJSON_Delete(value);
}
