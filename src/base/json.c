#include "base/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/printable.h"
#include "base/vector.h"

void json_line_of(const char *text, size_t offset, size_t *line, size_t *column)
{
    *line = 1;
    *column = 1;
    for (const char *p = text; p < text + offset; p++) {
        *column += 1;
        if (*p == '\n') {
            *line += 1;
            *column = 1;
        }
    }
}

// First byte that is not part of a well-formed UTF-8 sequence (RFC 3629), or NULL.
static const char *bad_utf8(const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + length;
    while (p < end) {
        for (uint64_t word; end - p >= 8; p += 8) { // eight bytes of ASCII at a time, none of them 0
            memcpy(&word, p, 8);
            if (((word | (word - 0x0101010101010101u)) & 0x8080808080808080u) != 0)
                break;
        }
        if (p == end)
            break;
        if (*p == 0)
            return (const char *)p;
        if (*p < 0x80) {
            p++;
            continue;
        }
        int more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1;
        if (*p < 0xc2 || *p > 0xf4 || end - p <= more)
            return (const char *)p;
        unsigned char low = *p == 0xe0 ? 0xa0 : *p == 0xf0 ? 0x90 : 0x80;
        unsigned char high = *p == 0xed ? 0x9f : *p == 0xf4 ? 0x8f : 0xbf;
        if (p[1] < low || p[1] > high)
            return (const char *)p;
        for (int i = 2; i <= more; i++)
            if ((p[i] & 0xc0) != 0x80)
                return (const char *)p;
        p += more + 1;
    }
    return NULL;
}

bool text_is_utf8(const char *bytes, size_t length)
{
    return bad_utf8(bytes, length) == NULL;
}

// Where a text holds the escape of a NUL, which would end it here and nowhere else; NULL where none does.
static const char *escaped_nul(const char *text, size_t length)
{
    static const char escape[] = "u0000";
    const char *end = text + length;
    for (const char *at = text; (at = memchr(at, '\\', (size_t)(end - at))) != NULL; at += 2) {
        if (end - at < 2)
            return NULL;
        if ((size_t)(end - at) > sizeof(escape) - 1 && memcmp(at + 1, escape, sizeof(escape) - 1) == 0)
            return at;
    }
    return NULL;
}

// The same text with U+FFFD in the place of each NUL; the caller's.
static char *without_nuls(const char *text, size_t length)
{
    char *copy = memory_take(length + 1), *from = copy;
    memcpy(copy, text, length);
    for (const char *nul; (nul = escaped_nul(from, length - (size_t)(from - copy))) != NULL;) {
        from = copy + (nul - copy);
        memcpy(from, "\\uFFFD", 6);
        from += 6;
    }
    return copy;
}

static cJSON *parse_whole(const char *text, size_t length, size_t *offset, struct error *error)
{
    const char *end = NULL;
    json_pool_use();
    cJSON *root = cJSON_ParseWithLengthOpts(text, length, &end, false);
    bool trailing = false;
    if (root != NULL) {
        while (end < text + length && strchr(" \t\r\n", *end) != NULL)
            end++;
        trailing = end < text + length;
    }
    if (root != NULL && !trailing)
        return root;
    cJSON_Delete(root);
    *offset = end == NULL ? 0 : (size_t)(end - text);
    error_set(error, ERROR_USAGE, "%s",
              length == 0             ? "the file is empty, expected JSON"
              : trailing              ? "text after the end of the JSON value"
              : *offset + 1 >= length ? "the JSON ends too early: is the file truncated?"
                                      : "not valid JSON");
    return NULL;
}

cJSON *json_parse_slice(const char *text, size_t length, size_t *offset, struct error *error)
{
    const char *bad = bad_utf8(text, length);
    if (bad != NULL) {
        *offset = (size_t)(bad - text);
        error_set(error, ERROR_USAGE, "byte 0x%02x is not UTF-8 text, expected JSON", (unsigned)(unsigned char)*bad);
        return NULL;
    }
    char *copy = escaped_nul(text, length) == NULL ? NULL : without_nuls(text, length);
    cJSON *root = parse_whole(copy != NULL ? copy : text, length, offset, error);
    free(copy);
    return root;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

// Of an object with many members.
static const char *repeated_of_many(const cJSON *object, size_t count)
{
    const char **keys = memory_take(count * sizeof(*keys)), *repeated = NULL;
    size_t used = 0;
    const cJSON *child;
    cJSON_ArrayForEach (child, object)
        keys[used++] = child->string;
    qsort(keys, count, sizeof(*keys), by_text);
    for (size_t i = 1; i < count && repeated == NULL; i++)
        repeated = strcmp(keys[i - 1], keys[i]) == 0 ? keys[i] : NULL;
    free(keys);
    return repeated;
}

static bool is_earlier(const cJSON *object, const cJSON *member)
{
    for (const cJSON *other = object->child; other != member; other = other->next)
        if (strcmp(other->string, member->string) == 0)
            return true;
    return false;
}

static const char *repeated_of(const cJSON *object)
{
    enum { FEW = 64 };
    uint64_t seen = 0; // a bit for each key, which two may share
    size_t count = 0;
    const cJSON *child;
    cJSON_ArrayForEach (child, object) {
        size_t length = strlen(child->string);
        unsigned last = length == 0 ? 0 : (unsigned char)child->string[length - 1];
        uint64_t bit = (uint64_t)1 << ((length * 5 + last * 11 + (unsigned char)child->string[0] * 3) & 63);
        if (count < FEW && (seen & bit) != 0 && is_earlier(object, child))
            return child->string;
        seen |= bit;
        count++;
    }
    return count > FEW ? repeated_of_many(object, count) : NULL;
}

const char *json_repeated_key(const cJSON *value)
{
    const char *repeated = cJSON_IsObject(value) ? repeated_of(value) : NULL;
    const cJSON *child;
    cJSON_ArrayForEach (child, value)
        if (repeated == NULL && child->child != NULL)
            repeated = json_repeated_key(child);
    return repeated;
}

static const char *after_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

// The end of a number as RFC 8259 (section 6) has it, or NULL: parsers take more than that, each something else.
static const char *after_number(const char *at, const char *end)
{
    at += *at == '-';
    const char *whole = at;
    at = after_digits(at, end);
    bool good = at > whole && (*whole != '0' || at == whole + 1);
    if (good && at < end && *at == '.') {
        const char *digits = ++at;
        at = after_digits(at, end);
        good = at > digits;
    }
    if (good && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        const char *digits = at;
        at = after_digits(at, end);
        good = at > digits;
    }
    return good && (at == end || strchr(",]} \t\r\n", *at) != NULL) ? at : NULL;
}

// Where a text is JSON that some readers take otherwise than others do, or that C would cut short: an escaped NUL, a
// control character in a string, which RFC 8259 (section 7) forbids, a number that is none.
static const char *ambiguity(const char *text, size_t length, const char **what)
{
    const char *end = text + length, *nul = escaped_nul(text, length);
    *what = "\\u0000 in a string, expected text";
    if (nul != NULL)
        return nul;
    bool inside = false;
    for (const char *at = text; at < end; at++) {
        if (*at == '"') {
            inside = !inside;
        } else if (inside && *at == '\\') {
            at++;
        } else if (inside && (unsigned char)*at < 0x20) {
            *what = "a control character in a string, expected its escape";
            return at;
        } else if (!inside && (*at == '-' || (*at >= '0' && *at <= '9'))) {
            const char *after = after_number(at, end);
            *what = "is no number as JSON has them, such as 22, -1 or 0.5";
            if (after == NULL)
                return at;
            at = after - 1;
        }
    }
    return NULL;
}

bool json_expect_plain(const char *file, const char *text, size_t length, struct error *error)
{
    const char *what, *ambiguous = ambiguity(text, length, &what);
    size_t line, column;
    if (ambiguous == NULL)
        return true;
    json_line_of(text, (size_t)(ambiguous - text), &line, &column);
    return error_set(error, ERROR_USAGE, "%s:%zu:%zu: %s", file, line, column, what);
}

cJSON *json_parse_line(const char *file, size_t line_number, const char *text, size_t length, struct error *error)
{
    size_t line, column, offset = 0;
    struct error inner;
    const char *what, *repeated, *ambiguous = ambiguity(text, length, &what);
    cJSON *root = ambiguous != NULL ? NULL : json_parse_slice(text, length, &offset, &inner);
    if (ambiguous != NULL) {
        offset = (size_t)(ambiguous - text);
        error_set(&inner, ERROR_USAGE, "%s", what);
    } else if (root != NULL && (repeated = json_repeated_key(root)) != NULL) {
        error_set(error, ERROR_USAGE, "%s:%zu: the key \"%s\" is there twice, expected each key once", file,
                  line_number, repeated);
        cJSON_Delete(root);
        return NULL;
    }
    if (root == NULL) {
        json_line_of(text, offset, &line, &column);
        error_set(error, ERROR_USAGE, "%s:%zu:%zu: %s", file, line + line_number - 1, column, inner.message);
    }
    return root;
}

cJSON *json_parse(const char *file, const char *text, size_t length, struct error *error)
{
    return json_parse_line(file, 1, text, length, error);
}

cJSON *json_load(const char *file, struct error *error)
{
    size_t length;
    char *text = file_read(file, &length, error);
    if (text == NULL)
        return NULL;
    cJSON *root = json_parse(file, text, length, error);
    free(text);
    return root;
}

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
    return json_fail(&at, error, "\"%s\" is not one of the known words, such as %s", text, names[0]);
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

struct json_writer json_writer_to(struct text *out)
{
    return (struct json_writer){.out = out, .first = true};
}

static void put_line(struct text *out, int indent)
{
    static const char spaces[] = "                                ";
    text_add(out, "\n", 1);
    for (; indent > 0; indent -= (int)sizeof(spaces) - 1)
        text_add(out, spaces, (size_t)indent < sizeof(spaces) - 1 ? (size_t)indent : sizeof(spaces) - 1);
}

// A character as JSON may hold it without any that a terminal heeds: what is not printable is escaped, by its UTF-16
// code units. A byte that is no UTF-8 is U+FFFD, so that what is written can be read.
static size_t put_character(struct text *out, const char *at)
{
    uint32_t code;
    size_t length = printable_next(at, &code);
    if (*at == '"' || *at == '\\')
        (text_add(out, "\\", 1), text_add(out, at, 1));
    else if (*at == '\n')
        text_puts(out, "\\n");
    else if (*at == '\t')
        text_puts(out, "\\t");
    else if (code == UINT32_MAX)
        text_puts(out, "\\ufffd");
    else if (printable_is(code))
        text_add(out, at, length);
    else if (code < 0x10000)
        text_printf(out, "\\u%04x", (unsigned)code);
    else
        text_printf(out, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (code >> 10)), (unsigned)(0xdc00 | (code & 0x3ff)));
    return length;
}

// How many of its first bytes stand in JSON as they are: most text needs no escape.
static size_t plain_length(const char *text)
{
    const char *p = text;
    while ((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f && *p != '"' && *p != '\\')
        p++;
    return (size_t)(p - text);
}

static void put_quoted(struct text *out, const char *value)
{
    size_t plain = plain_length(value);
    text_reserve(out, plain + 2);
    text_add(out, "\"", 1);
    text_add(out, value, plain);
    for (value += plain; *value != '\0'; value += plain) {
        value += put_character(out, value);
        plain = plain_length(value);
        text_add(out, value, plain);
    }
    text_add(out, "\"", 1);
}

static void before_value(struct json_writer *writer, const char *key)
{
    if (!writer->first)
        text_add(writer->out, ",", 1);
    if (writer->line_depth == 0 && writer->depth > 0)
        put_line(writer->out, writer->depth);
    else if (!writer->first)
        text_add(writer->out, " ", 1);
    writer->first = false;
    if (key != NULL) {
        put_quoted(writer->out, key);
        text_add(writer->out, ": ", 2);
    }
}

void json_open(struct json_writer *writer, const char *key, char bracket)
{
    before_value(writer, key);
    text_add(writer->out, &bracket, 1);
    writer->depth++;
    writer->first = true;
}

void json_open_line(struct json_writer *writer, const char *key, char bracket)
{
    json_open(writer, key, bracket);
    if (writer->line_depth == 0)
        writer->line_depth = writer->depth;
}

void json_close(struct json_writer *writer, char bracket)
{
    bool in_line = writer->line_depth != 0;
    if (writer->line_depth == writer->depth)
        writer->line_depth = 0;
    writer->depth--;
    if (!in_line && !writer->first)
        put_line(writer->out, writer->depth);
    text_add(writer->out, &bracket, 1);
    writer->first = false;
}

void json_put_string(struct json_writer *writer, const char *key, const char *value)
{
    before_value(writer, key);
    if (value == NULL)
        text_puts(writer->out, "null");
    else
        put_quoted(writer->out, value);
}

static void put_strings(struct json_writer *writer, const char *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        json_put_string(writer, NULL, items[i]);
    json_close(writer, ']');
}

void json_put_strings(struct json_writer *writer, const char *key, const char *const *items, size_t count)
{
    json_open(writer, key, '[');
    put_strings(writer, items, count);
}

void json_put_strings_line(struct json_writer *writer, const char *key, const char *const *items, size_t count)
{
    json_open_line(writer, key, '[');
    put_strings(writer, items, count);
}

void json_put_integer(struct json_writer *writer, const char *key, int64_t value)
{
    char digits[24], *at = digits + sizeof(digits);
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    before_value(writer, key);
    do
        *--at = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (value < 0)
        *--at = '-';
    text_add(writer->out, at, (size_t)(digits + sizeof(digits) - at));
}

void json_put_number(struct json_writer *writer, const char *key, double value)
{
    before_value(writer, key);
    text_printf(writer->out, "%.3f", value);
}

void json_put_made(struct json_writer *writer, const char *key, const struct text *made)
{
    before_value(writer, key);
    text_add(writer->out, made->bytes, made->length);
}

static void wipe_strings(cJSON *value)
{
    if (value->valuestring != NULL)
        explicit_bzero(value->valuestring, strlen(value->valuestring));
    for (cJSON *child = value->child; child != NULL; child = child->next)
        wipe_strings(child);
}

void json_wipe(cJSON *value)
{
    if (value != NULL)
        wipe_strings(value);
    cJSON_Delete(value);
}

void json_put_value(struct json_writer *writer, const char *key, const cJSON *value)
{
    const cJSON *child;
    bool array = cJSON_IsArray(value);
    if (array || cJSON_IsObject(value)) {
        json_open(writer, key, array ? '[' : '{');
        cJSON_ArrayForEach (child, value)
            json_put_value(writer, array ? NULL : child->string, child);
        json_close(writer, array ? ']' : '}');
    } else if (cJSON_IsNumber(value)) {
        before_value(writer, key);
        bool finite = value->valuedouble - value->valuedouble == 0;
        text_printf(writer->out, finite ? "%.17g" : "null", value->valuedouble);
    } else if (cJSON_IsBool(value)) {
        json_put_boolean(writer, key, cJSON_IsTrue(value));
    } else {
        json_put_string(writer, key, cJSON_GetStringValue(value));
    }
}

void json_put_boolean(struct json_writer *writer, const char *key, bool value)
{
    before_value(writer, key);
    text_puts(writer->out, value ? "true" : "false");
}

void json_end_document(struct json_writer *writer)
{
    text_puts(writer->out, "\n");
}
