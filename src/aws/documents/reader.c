#include "aws/documents/reader.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "aws/documents/completeness.h"
#include "aws/documents/documents.h"
#include "model/protocol.h"

// ---- What is not understood

// A document of which nothing is understood is told by its first mistakes.
enum { MOST_UNREAD_OF_A_LISTING = 1000 };

// Whether one more mistake adds nothing: the list is told to be damaged, by as many as are told, and so is what it is
// of.
static bool is_told_enough(const struct reader *reader)
{
    const struct listing *listing = reader->listing;
    return listing != NULL && listing->unread >= MOST_UNREAD_OF_A_LISTING && listing->damage != NULL &&
           (reader->doubt == NULL || *reader->doubt != NULL);
}

static const char *unread_add(struct reader *reader, const char *path, const char *why)
{
    struct arena *arena = reader->arena;
    struct listing *listing = reader->listing;
    const char *text = arena_printf(
        arena, "unread: %s", unread_text(reader->scratch, &(struct unread){reader->name, path, why, KIND_COUNT}));
    const struct unread *last =
        reader->estate->unread.count == 0 ? NULL : &reader->estate->unread.items[reader->estate->unread.count - 1];
    bool again =
        last != NULL && last->file == reader->name && strcmp(last->path, path) == 0 && strcmp(last->why, why) == 0;
    if (!again && (listing == NULL || listing->unread++ < MOST_UNREAD_OF_A_LISTING))
        *vector_add(arena, &reader->estate->unread) =
            (struct unread){reader->name, arena_strdup(arena, path), arena_strdup(arena, why),
                            listing != NULL               ? listing->kind
                            : reader->documents->settling ? KIND_NETWORK_INTERFACES
                                                          : KIND_COUNT};
    if (listing != NULL && listing->damage == NULL)
        listing->damage = text;
    if (reader->doubt != NULL && *reader->doubt == NULL) {
        *reader->doubt = text;
        if (reader->call != NULL)
            map_put(arena, &reader->estate->doubts_by_call, text, (void *)(uintptr_t)reader->call);
    }
    return text;
}

bool doubt_at(struct reader *reader, const struct json_cursor *at, const char *format, ...)
{
    char place[256], why[512];
    va_list arguments;
    if (is_told_enough(reader))
        return true;
    json_place(at, place, sizeof(place));
    va_start(arguments, format);
    vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    unread_add(reader, place, why);
    return true;
}

const char *doubt_document(struct reader *reader, const char *path, const char *format, ...)
{
    char why[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    return unread_add(reader, path, why);
}

// json_fail's messages read "FILE: PATH: WHY", or "FILE: WHY" for a document as a whole.
bool doubt_failure(struct reader *reader)
{
    const char *message = reader->error->message;
    if (is_told_enough(reader)) {
        *reader->error = (struct error){0};
        return true;
    }
    size_t name = strlen(reader->name);
    if (strncmp(message, reader->name, name) == 0 && message[name] == ':')
        message += name + 2;
    unsigned line, column;
    int used = 0;
    if (sscanf(reader->error->message + name, ":%u:%u: %n", &line, &column, &used) == 2 && used > 0) {
        unread_add(
            reader, "",
            arena_printf(reader->arena, "line %u, column %u: %s", line, column, reader->error->message + name + used));
        *reader->error = (struct error){0};
        return true;
    }
    size_t length = strcspn(message, ": ");
    bool has_path = message[length] == ':' && length > 0 && length < 256;
    char *path = arena_strndup(reader->scratch, message, has_path ? length : 0);
    unread_add(reader, path, has_path ? message + length + 2 : message);
    *reader->error = (struct error){0};
    return true;
}

struct json_cursor member_of(struct reader *reader, const struct json_cursor *object, const char *key)
{
    struct json_cursor at = {.up = object, .file = object->file, .key = key, .node = json_find(object->node, key)};
    if (cJSON_IsNull(at.node)) {
        at.node = NULL;
        doubt_at(reader, &at, "is null");
    }
    return at;
}

// ---- Lists

bool each(struct reader *reader, const struct json_cursor *array, element_reader read, void *into)
{
    if (!cJSON_IsArray(array->node))
        return doubt_at(reader, array, "is %s, expected an array", json_kind(array->node));
    size_t index = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, array->node) {
        struct json_cursor at = json_element(array, index++, node);
        if (!cJSON_IsObject(node))
            doubt_at(reader, &at, "is %s, expected an object", json_kind(node));
        else if (!read(reader, &at, into))
            doubt_failure(reader);
    }
    return true;
}

bool each_of(struct reader *reader, const struct json_cursor *object, const char *key, element_reader read, void *into)
{
    struct json_cursor at = member_of(reader, object, key);
    bool is_null = at.node == NULL && json_find(object->node, key) != NULL; // a doubt already
    return is_null || each(reader, &at, read, into);
}

bool each_if_present(struct reader *reader, const struct json_cursor *object, const char *key, element_reader read,
                     void *into)
{
    struct json_cursor at = member_of(reader, object, key);
    return at.node == NULL || each(reader, &at, read, into);
}

void expect_member(struct reader *reader, const struct json_cursor *at, enum expected which, const char *key,
                   const char *id, const char *subnet_id)
{
    struct expectation *expectation = &reader->documents->expected[which];
    const cJSON *node = json_find(at->node, key);
    if (node != NULL && !cJSON_IsNull(node)) {
        expectation->met = true;
        return;
    }
    *vector_add(reader->arena, &expectation->lacking) = (struct lacking){.name = reader->name,
                                                                         .id = id,
                                                                         .key = key,
                                                                         .subnet_id = subnet_id,
                                                                         .doubt = reader->doubt,
                                                                         .listing = reader->listing};
}

// ---- Texts

static void put_pointer(struct text *out, const struct json_cursor *at)
{
    if (at->up == NULL)
        return;
    put_pointer(out, at->up);
    if (at->key == NULL) {
        text_printf(out, "/%zu", at->index);
        return;
    }
    text_puts(out, "/");
    for (const char *p = at->key; *p != '\0'; p++)
        if (*p == '~' || *p == '/')
            text_puts(out, *p == '~' ? "~0" : "~1");
        else
            text_add(out, p, 1);
}

const char *evidence_of(struct reader *reader, const struct json_cursor *at)
{
    struct text text = {0};
    text_printf(&text, "%s#", reader->name);
    put_pointer(&text, at);
    const char *evidence = arena_strdup(reader->arena, text.bytes);
    text_free(&text);
    return evidence;
}

bool text_of(struct reader *reader, const struct json_cursor *at, const char *key, const char **value)
{
    return json_string(reader->arena, at, key, value, reader->error);
}

const char *intern(struct reader *reader, const char *text)
{
    const char *known = map_get(&reader->estate->texts, text);
    if (known == NULL) {
        known = arena_strdup(reader->arena, text);
        map_put(reader->arena, &reader->estate->texts, known, (void *)(uintptr_t)known);
    }
    return known;
}

static bool is_id(const char *key)
{
    size_t length = strlen(key);
    return length > 2 && (strcmp(key + length - 2, "Id") == 0 || strcmp(key + length - 3, "Arn") == 0);
}

// Programs that hold an id that is not there as an empty text print it so: it is absent, and not the id of one thing.
bool optional_interned(struct reader *reader, const struct json_cursor *at, const char *key, const char **value)
{
    struct json_cursor text = member_of(reader, at, key);
    GUARD(json_text_at(&text, value, reader->error));
    bool absent = *value == NULL || (**value == '\0' && is_id(key));
    *value = absent ? NULL : intern(reader, *value);
    return true;
}

bool interned_of(struct reader *reader, const struct json_cursor *at, const char *key, const char **value)
{
    GUARD(optional_interned(reader, at, key, value));
    struct json_cursor missing = json_member(at, key);
    return *value != NULL ||
           json_fail(&missing, reader->error, "is %s, expected a string", missing.node == NULL ? "missing" : "empty");
}

bool optional_text(struct reader *reader, const struct json_cursor *at, const char *key, const char **value)
{
    struct json_cursor text = member_of(reader, at, key);
    GUARD(json_text_at(&text, value, reader->error));
    *value = *value == NULL ? NULL : arena_strdup(reader->arena, *value);
    return true;
}

const char *text_beside(struct reader *reader, const struct json_cursor *at, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(at->node, key));
    return text == NULL || text[0] == '\0' ? NULL : intern(reader, text);
}

void lenient_text(struct reader *reader, const struct json_cursor *at, const char *key, const char **value)
{
    if (!optional_interned(reader, at, key, value))
        doubt_failure(reader);
}

void lenient_boolean(struct reader *reader, const struct json_cursor *at, const char *key, bool *value)
{
    if (member_of(reader, at, key).node != NULL && !json_optional_boolean(at, key, value, reader->error))
        doubt_failure(reader);
}

bool lenient_object(struct reader *reader, const struct json_cursor *at, const char *key, struct json_cursor *object)
{
    *object = member_of(reader, at, key);
    if (object->node == NULL || cJSON_IsObject(object->node))
        return object->node != NULL;
    doubt_at(reader, object, "is %s, expected an object", json_kind(object->node));
    return false;
}

// ---- Addresses, protocols, ports

bool read_prefix_text(struct reader *reader, const struct json_cursor *at, const char *text, int family,
                      struct prefix *prefix)
{
    enum prefix_problem problem = prefix_parse(text, false, prefix);
    const char *kind = family == FAMILY_IPV4 ? "an IPv4 CIDR" : family == FAMILY_IPV6 ? "an IPv6 CIDR" : "a CIDR";
    if ((problem != PREFIX_OK && problem != PREFIX_HOST_BITS) || (family != 0 && (int)prefix->family != family))
        return json_fail(at, reader->error, "\"%s\" is not %s", text, kind);
    if (problem == PREFIX_OK)
        return true;
    char place[256], meant[ADDRESS_TEXT]; // EC2 itself keeps 203.0.113.5/28 as 203.0.113.0/28
    json_place(at, place, sizeof(place));
    prefix_format(*prefix, meant);
    *vector_add(reader->arena, &reader->estate->notes) =
        arena_printf(reader->arena, "%s: %s: \"%s\" has host bits set, read as %s", reader->name, place, text, meant);
    return true;
}

bool read_prefix(struct reader *reader, const struct json_cursor *object, const char *key, int family,
                 struct prefix *prefix)
{
    const char *text;
    struct json_cursor at = member_of(reader, object, key);
    GUARD(json_text_at(&at, &text, reader->error));
    if (text == NULL)
        return json_fail(&at, reader->error, "is missing, expected a string");
    return read_prefix_text(reader, &at, text, family, prefix);
}

bool read_address(struct reader *reader, const struct json_cursor *object, const char *key, int family,
                  struct address *address)
{
    const char *text;
    struct json_cursor at = member_of(reader, object, key);
    GUARD(json_text_at(&at, &text, reader->error));
    if (text == NULL)
        return json_fail(&at, reader->error, "is missing, expected a string");
    struct address parsed;
    if (!address_parse(text, &parsed) || (int)parsed.family != family)
        return json_fail(&at, reader->error, "\"%s\" is not an %s address", text,
                         family == FAMILY_IPV4 ? "IPv4" : "IPv6");
    *address = parsed;
    return true;
}

bool read_protocol(struct reader *reader, const struct json_cursor *object, const char *key, int *protocol)
{
    const char *text;
    struct json_cursor at = member_of(reader, object, key);
    GUARD(json_text_at(&at, &text, reader->error));
    if (text == NULL)
        return json_fail(&at, reader->error, "is missing, expected a string");
    return protocol_parse(text, protocol) ||
           json_fail(&at, reader->error, "\"%s\" is not a protocol, expected a name or a number from -1 to 255", text);
}

bool read_icmp(struct reader *reader, const struct json_cursor *object, const char *type_key, const char *code_key,
               uint16_t *low, uint16_t *high)
{
    long type = -1, code = -1;
    bool present;
    GUARD(json_optional_integer(object, type_key, -1, 255, &type, &present, reader->error));
    GUARD(json_optional_integer(object, code_key, -1, 255, &code, &present, reader->error));
    *low = 0;
    *high = PORT_LAST;
    if (type >= 0) {
        *low = (uint16_t)(type * 256 + (code >= 0 ? code : 0));
        *high = (uint16_t)(type * 256 + (code >= 0 ? code : 255));
    }
    return true;
}

bool read_ports(struct reader *reader, const struct json_cursor *object, const char *from_key, const char *to_key,
                uint16_t *low, uint16_t *high)
{
    long from = -1, to = -1;
    bool present;
    GUARD(json_optional_integer(object, from_key, -1, PORT_LAST, &from, &present, reader->error));
    GUARD(json_optional_integer(object, to_key, -1, PORT_LAST, &to, &present, reader->error));
    if (from == -1 && to <= 0) {
        from = 0; // -1 or nothing: all ports
        to = PORT_LAST;
    } else if (from == -1 || to == -1 || from > to) {
        return json_fail(object, reader->error, "%s %ld to %s %ld is no range of ports", from_key, from, to_key, to);
    }
    *low = (uint16_t)from;
    *high = (uint16_t)to;
    return true;
}

const struct group_set *group_set_of(struct reader *reader, const char **ids, size_t count)
{
    struct text key = {0};
    size_t kept = 0;
    sort_texts(ids, count);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(ids[kept - 1], ids[i]) != 0)
            ids[kept++] = ids[i];
    text_puts(&key, "");
    for (size_t i = 0; i < kept; i++) {
        text_add(&key, "|", 1);
        text_puts(&key, ids[i]);
    }
    struct group_set *set = map_get(&reader->estate->group_sets, key.bytes);
    if (set == NULL) {
        const char **copy = arena_array(reader->arena, const char *, kept + 1);
        set = arena_new_of(reader->arena, struct group_set);
        for (size_t i = 0; i < kept; i++)
            copy[i] = ids[i];
        *set = (struct group_set){.key = arena_strdup(reader->arena, key.bytes),
                                  .ids = copy,
                                  .count = (uint32_t)kept,
                                  .number = (uint32_t)reader->estate->group_sets.count};
        map_put(reader->arena, &reader->estate->group_sets, set->key, set);
    }
    text_free(&key);
    return set;
}
