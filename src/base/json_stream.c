// Streaming: finds where each member, and each element of an array in it, begins and ends, and parses that alone.
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"

struct stream {
    const char *file;
    const char *bytes;
    size_t at; // next byte to look at
    size_t length;
    size_t counted;        // bytes whose lines were counted,
    size_t lines, columns; // which are so many, and so many bytes since
    const struct json_visitor *visitor;
    void *context;
    struct error *error;
};

// The next byte that is no space, without taking it, or -1 at the end.
static int skip_space(struct stream *stream)
{
    for (; stream->at < stream->length; stream->at++) {
        char byte = stream->bytes[stream->at];
        if (byte != ' ' && byte != '\n' && byte != '\t' && byte != '\r')
            return (unsigned char)byte;
    }
    return -1;
}

// Line and column of a byte: from the one that was asked for before, as all values of a document may be broken.
static void line_of(struct stream *stream, size_t offset, size_t *line, size_t *column)
{
    if (offset < stream->counted)
        stream->counted = stream->lines = stream->columns = 0;
    json_line_of(stream->bytes + stream->counted, offset - stream->counted, line, column);
    stream->columns = *column - 1 + (*line == 1 ? stream->columns : 0);
    stream->lines += *line - 1;
    stream->counted = offset;
    *line = stream->lines + 1;
    *column = stream->columns + 1;
}

static bool malformed_at(struct stream *stream, size_t offset, const char *what)
{
    size_t line, column;
    line_of(stream, offset, &line, &column);
    return error_set(stream->error, ERROR_USAGE, "%s:%zu:%zu: %s", stream->file, line, column, what);
}

static bool malformed(struct stream *stream, const char *what)
{
    bool ended = stream->at >= stream->length;
    return malformed_at(stream, stream->at, ended ? "the JSON ends too early: is the file truncated?" : what);
}

// The quote that closes the string whose first byte is at p, or the end.
static const unsigned char *closing_quote(const unsigned char *p, const unsigned char *end)
{
    for (;;) {
        while (p < end && *p != '"' && *p != '\\')
            p++;
        if (p >= end || *p == '"')
            return p < end ? p : end;
        p += 2; // the backslash, and what it escapes
    }
}

// Takes everything to the bracket that closes the one at `at`.
static bool skip_brackets(struct stream *stream)
{
    // What a scan outside of strings stops at.
    static const unsigned char stops[256] = {['{'] = 1, ['['] = 1, ['}'] = 2, [']'] = 2, ['"'] = 3};
    const unsigned char *bytes = (const unsigned char *)stream->bytes, *p = bytes + stream->at;
    const unsigned char *end = bytes + stream->length;
    size_t depth = 0;
    do {
        while (p < end && stops[*p] == 0)
            if (*p++ == '\n') // most of a document is indentation
                while (end - p >= 8 && memcmp(p, "        ", 8) == 0)
                    p += 8;
        if (p < end && stops[*p] == 3) {
            p = closing_quote(p + 1, end);
        } else if (p < end) {
            depth = stops[*p] == 1 ? depth + 1 : depth - 1;
        }
        if (p >= end) {
            stream->at = stream->length;
            return false;
        }
        p++;
    } while (depth > 0);
    stream->at = (size_t)(p - bytes);
    return true;
}

// Takes one value without parsing it; *start is where it begins.
static bool skip_value(struct stream *stream, size_t *start)
{
    int byte = skip_space(stream);
    *start = stream->at;
    bool whole = true;
    if (byte == '{' || byte == '[') {
        whole = skip_brackets(stream);
    } else if (byte == '"') {
        const unsigned char *bytes = (const unsigned char *)stream->bytes, *end = bytes + stream->length;
        const unsigned char *quote = closing_quote(bytes + stream->at + 1, end);
        whole = quote < end;
        stream->at = (size_t)(quote - bytes) + whole;
    } else {
        while (stream->at < stream->length && strchr(",]} \t\r\n", stream->bytes[stream->at]) == NULL)
            stream->at++;
        whole = stream->at > *start;
    }
    return whole || malformed(stream, "not valid JSON: expected a value");
}

// A value that is no JSON, but whose end is known, costs only itself where the visitor goes on.
static bool broken(struct stream *stream, struct json_cursor *at, size_t offset, const char *what)
{
    size_t line, column;
    if (stream->visitor->broken == NULL)
        return malformed_at(stream, offset, what);
    line_of(stream, offset, &line, &column);
    error_set(stream->error, ERROR_USAGE, "line %zu, column %zu: %s", line, column, what);
    return stream->visitor->broken(stream->context, at, stream->error);
}

static bool visit_value(struct stream *stream, struct json_cursor at, bool is_element)
{
    size_t offset = 0;
    struct error inner = {0};
    GUARD(skip_value(stream, &at.offset));
    cJSON *node = json_parse_slice(stream->bytes + at.offset, stream->at - at.offset, &offset, &inner);
    if (node == NULL)
        return broken(stream, &at, at.offset + offset, inner.message);
    at.node = node;
    bool good = stream->visitor->value(stream->context, &at, is_element, stream->error);
    cJSON_Delete(node);
    return good;
}

static bool takes_quickly(struct stream *stream)
{
    size_t taken = 0;
    if (stream->visitor->quick == NULL || skip_space(stream) < 0 ||
        !stream->visitor->quick(stream->context, stream->bytes + stream->at, stream->length - stream->at, &taken))
        return false;
    stream->at += taken;
    return true;
}

static bool visit_elements(struct stream *stream, const struct json_cursor *array)
{
    stream->at++;
    if (skip_space(stream) == ']') {
        stream->at++;
        return true;
    }
    for (size_t index = 0;; index++) {
        GUARD(takes_quickly(stream) ||
              visit_value(stream, (struct json_cursor){.up = array, .file = array->file, .index = index}, true));
        int byte = skip_space(stream);
        if (byte != ',' && byte != ']')
            return malformed(stream, "not valid JSON: expected , or ]");
        stream->at++;
        if (byte == ']')
            return true;
    }
}

static bool visit_object(struct stream *stream, const struct json_cursor *object);

static bool visit_member(struct stream *stream, const struct json_cursor *object)
{
    size_t start, ignored;
    struct error inner;
    if (skip_space(stream) != '"')
        return malformed(stream, "not valid JSON: expected a key in quotes");
    GUARD(skip_value(stream, &start));
    cJSON *key = json_parse_slice(stream->bytes + start, stream->at - start, &ignored, &inner);
    if (key == NULL)
        return malformed_at(stream, start, inner.message);
    char *name = memory_must(strdup(key->valuestring)); // the key's own memory is given back before elements are read
    cJSON_Delete(key);
    struct json_cursor at = {.up = object, .file = object->file, .key = name};
    bool good = skip_space(stream) == ':' || malformed(stream, "not valid JSON: expected :");
    if (good) {
        stream->at++;
        int first = skip_space(stream);
        at.offset = stream->at;
        enum json_visit way = stream->visitor->member(stream->context, &at, first);
        good = way == JSON_SKIP                     ? skip_value(stream, &ignored)
               : way == JSON_INSIDE && first == '{' ? visit_object(stream, &at)
               : first == '[' && way != JSON_WHOLE  ? visit_elements(stream, &at)
                                                    : visit_value(stream, at, false);
        good = good && (stream->visitor->end == NULL || stream->visitor->end(stream->context, &at, stream->error));
    }
    free(name);
    return good;
}

static bool visit_object(struct stream *stream, const struct json_cursor *object)
{
    stream->at++;
    int byte = skip_space(stream);
    while (byte != '}') {
        GUARD(visit_member(stream, object));
        byte = skip_space(stream);
        if (byte != ',' && byte != '}')
            return malformed(stream, "not valid JSON: expected , or }");
        stream->at += byte == ',';
    }
    stream->at++;
    return true;
}

bool json_stream(const char *file, const char *bytes, size_t length, size_t *at, const struct json_visitor *visitor,
                 void *context, struct error *error)
{
    struct stream stream = {.file = file,
                            .bytes = bytes,
                            .at = *at,
                            .length = length,
                            .visitor = visitor,
                            .context = context,
                            .error = error};
    struct json_cursor root = {.file = file};
    bool good = skip_space(&stream) == '{' ? visit_object(&stream, &root)
                                           : malformed(&stream, "not valid JSON: expected an object");
    *at = stream.at;
    return good;
}

bool json_skip(const char *bytes, size_t length, size_t *at)
{
    struct error ignored;
    struct stream stream = {.file = "", .bytes = bytes, .at = *at, .length = length, .error = &ignored};
    size_t start;
    bool good = skip_value(&stream, &start);
    *at = stream.at;
    return good;
}
