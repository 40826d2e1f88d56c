#include "aws/documents/reader.h"

#include <stdlib.h>
#include <string.h>

#include "model/protocol.h"

bool each(struct reader *reader, const struct json_cursor *array, element_reader read, void *into)
{
    GUARD(json_expect_array(array, reader->error));
    size_t index = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, array->node) {
        struct json_cursor at = json_element(array, index++, node);
        GUARD(json_expect_object(&at, reader->error));
        GUARD(read(reader, &at, into));
    }
    return true;
}

bool each_of(struct reader *reader, const struct json_cursor *object, const char *key, element_reader read, void *into)
{
    struct json_cursor at = json_member(object, key);
    return each(reader, &at, read, into);
}

bool each_if_present(struct reader *reader, const struct json_cursor *object, const char *key, element_reader read,
                     void *into)
{
    struct json_cursor at = json_member(object, key);
    return at.node == NULL || each(reader, &at, read, into);
}

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

bool optional_interned(struct reader *reader, const struct json_cursor *at, const char *key, const char **value)
{
    GUARD(json_borrow_string(at, key, value, reader->error));
    *value = *value == NULL ? NULL : intern(reader, *value);
    return true;
}

bool interned_of(struct reader *reader, const struct json_cursor *at, const char *key, const char **value)
{
    GUARD(optional_interned(reader, at, key, value));
    struct json_cursor missing = json_member(at, key);
    return *value != NULL || json_fail(&missing, reader->error, "is missing, expected a string");
}

bool optional_text(struct reader *reader, const struct json_cursor *at, const char *key, const char **value)
{
    return json_optional_string(reader->arena, at, key, value, reader->error);
}

bool read_prefix(struct reader *reader, const struct json_cursor *object, const char *key, int family,
                 struct prefix *prefix)
{
    const char *text;
    struct json_cursor at = json_member(object, key);
    GUARD(json_borrow_string(object, key, &text, reader->error));
    if (text == NULL)
        return json_fail(&at, reader->error, "is missing, expected a string");
    enum prefix_problem problem = prefix_parse(text, false, prefix);
    const char *kind = family == FAMILY_IPV4 ? "an IPv4 CIDR" : family == FAMILY_IPV6 ? "an IPv6 CIDR" : "a CIDR";
    if (problem == PREFIX_HOST_BITS) {
        char meant[ADDRESS_TEXT];
        prefix_format(*prefix, meant);
        return json_fail(&at, reader->error, "\"%s\" has host bits set, expected %s", text, meant);
    }
    if (problem != PREFIX_OK || (family != 0 && (int)prefix->family != family))
        return json_fail(&at, reader->error, "\"%s\" is not %s", text, kind);
    return true;
}

bool read_address(struct reader *reader, const struct json_cursor *object, const char *key, int family,
                  struct address *address)
{
    const char *text;
    struct json_cursor at = json_member(object, key);
    GUARD(json_borrow_string(object, key, &text, reader->error));
    if (text == NULL)
        return json_fail(&at, reader->error, "is missing, expected a string");
    if (!address_parse(text, address) || (int)address->family != family)
        return json_fail(&at, reader->error, "\"%s\" is not an %s address", text,
                         family == FAMILY_IPV4 ? "IPv4" : "IPv6");
    return true;
}

bool read_protocol(struct reader *reader, const struct json_cursor *object, const char *key, int *protocol)
{
    const char *text;
    struct json_cursor at = json_member(object, key);
    GUARD(json_borrow_string(object, key, &text, reader->error));
    if (text == NULL)
        return json_fail(&at, reader->error, "is missing, expected a string");
    return protocol_parse(text, protocol) ||
           json_fail(&at, reader->error, "\"%s\" is not a protocol, expected a name or a number from -1 to 255", text);
}

void icmp_range(long type, long code, uint16_t *low, uint16_t *high)
{
    *low = 0;
    *high = PORT_LAST;
    if (type >= 0) {
        *low = (uint16_t)(type * 256 + (code >= 0 ? code : 0));
        *high = (uint16_t)(type * 256 + (code >= 0 ? code : 255));
    }
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
