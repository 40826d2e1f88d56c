// Parsing, as strictly as it takes for every reader to read the same.
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
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
