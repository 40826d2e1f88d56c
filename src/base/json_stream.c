// Streaming: finds where each element of a top-level array begins and ends, and parses that alone.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"

enum { CHUNK = 256 * 1024 };
static const size_t LARGEST_VALUE = (size_t)1 << 30; // bytes of one element

struct stream {
    const char *file;
    int fd;
    char *bytes;
    size_t at;       // next byte to look at
    size_t filled;   // bytes held
    size_t capacity; // bytes there is room for
    uint64_t before; // bytes of the file before bytes[0]
    size_t keep;     // bytes from here on are still needed
    bool ended;
    struct error *error;
};

// Brings in more of the file. False at its end or on failure, which *error then tells.
static bool fill(struct stream *stream)
{
    if (stream->ended)
        return false;
    if (stream->keep > 0) {
        memmove(stream->bytes, stream->bytes + stream->keep, stream->filled - stream->keep);
        stream->at -= stream->keep;
        stream->filled -= stream->keep;
        stream->before += stream->keep;
        stream->keep = 0;
    }
    if (stream->capacity - stream->filled < CHUNK) {
        size_t grown = (stream->capacity + CHUNK) * 2;
        char *fresh = grown > LARGEST_VALUE * 2 ? NULL : realloc(stream->bytes, grown);
        if (fresh == NULL) {
            error_set(stream->error, ERROR_USAGE, "%s: one value is larger than 1 GiB", stream->file);
            stream->ended = true;
            return false;
        }
        stream->bytes = fresh;
        stream->capacity = grown;
    }
    ssize_t got = read(stream->fd, stream->bytes + stream->filled, CHUNK);
    if (got < 0)
        error_system(stream->error, ERROR_USAGE, errno, "%s: cannot be read", stream->file);
    stream->ended = got <= 0;
    stream->filled += got > 0 ? (size_t)got : 0;
    return got > 0;
}

// The next byte without taking it, or -1 at the end.
static int peek(struct stream *stream)
{
    return stream->at < stream->filled || fill(stream) ? (unsigned char)stream->bytes[stream->at] : -1;
}

static int skip_space(struct stream *stream)
{
    for (;;) {
        int byte = peek(stream);
        if (byte != ' ' && byte != '\n' && byte != '\t' && byte != '\r')
            return byte;
        stream->at++;
    }
}

// Line and column, counted from 1, of a byte of the file.
static void place_at(const struct stream *stream, uint64_t offset, size_t *line, size_t *column)
{
    char bytes[4096];
    *line = *column = 1;
    for (uint64_t at = 0; at < offset;) {
        ssize_t got = pread(stream->fd, bytes, sizeof(bytes), (off_t)at);
        if (got <= 0)
            return;
        for (ssize_t i = 0; i < got && at < offset; i++, at++) {
            *column = bytes[i] == '\n' ? 1 : *column + 1;
            *line += bytes[i] == '\n';
        }
    }
}

static bool malformed(struct stream *stream, const char *what)
{
    size_t line, column;
    if (stream->error->code != ERROR_NONE)
        return false; // reading failed: said already
    place_at(stream, stream->before + stream->at, &line, &column);
    if (stream->ended && stream->at == stream->filled)
        what = stream->before + stream->filled == 0 ? "the file is empty, expected JSON"
                                                    : "the JSON ends too early: is the file truncated?";
    return error_set(stream->error, ERROR_USAGE, "%s:%zu:%zu: %s", stream->file, line, column, what);
}

// Takes one string; `at` is on its opening quote.
static bool skip_string(struct stream *stream)
{
    stream->at++;
    for (;;) {
        const char *p = stream->bytes + stream->at, *end = stream->bytes + stream->filled;
        while (p < end && *p != '"' && *p != '\\')
            p++;
        stream->at = (size_t)(p - stream->bytes);
        if (p == end && !fill(stream))
            return false;
        if (p == end)
            continue;
        if (*p == '"') {
            stream->at++;
            return true;
        }
        stream->at++; // the backslash, and what it escapes
        if (peek(stream) < 0)
            return false;
        stream->at++;
    }
}

// Takes everything to the bracket that closes the one at `at`.
static bool skip_brackets(struct stream *stream)
{
    // What a scan outside of strings stops at.
    static const unsigned char stops[256] = {['{'] = 1, ['['] = 1, ['}'] = 2, [']'] = 2, ['"'] = 3};
    size_t depth = 0;
    do {
        const unsigned char *p = (unsigned char *)stream->bytes + stream->at;
        const unsigned char *end = (unsigned char *)stream->bytes + stream->filled;
        while (p < end && stops[*p] == 0)
            p++;
        stream->at = (size_t)(p - (unsigned char *)stream->bytes);
        if (p == end) {
            GUARD(fill(stream));
            continue;
        }
        if (stops[*p] == 3) {
            GUARD(skip_string(stream));
            continue;
        }
        depth = stops[*p] == 1 ? depth + 1 : depth - 1;
        stream->at++;
    } while (depth > 0);
    return true;
}

// Takes one value and parses it. `at.node` is set; the caller deletes it.
static cJSON *take_value(struct stream *stream)
{
    int byte = skip_space(stream);
    stream->keep = stream->at;
    bool whole = true;
    if (byte == '{' || byte == '[') {
        whole = skip_brackets(stream);
    } else if (byte == '"') {
        whole = skip_string(stream);
    } else {
        while ((byte = peek(stream)) >= 0 && strchr(",]} \t\r\n", byte) == NULL)
            stream->at++;
        whole = stream->at > stream->keep;
    }
    if (!whole) {
        malformed(stream, "expected a value");
        return NULL;
    }
    size_t line, column, length = stream->at - stream->keep;
    struct error inner = {0};
    cJSON *node = json_parse_slice(stream->bytes + stream->keep, length, &column, &inner);
    if (node == NULL) {
        place_at(stream, stream->before + stream->keep + column, &line, &column);
        error_set(stream->error, ERROR_USAGE, "%s:%zu:%zu: %s", stream->file, line, column, inner.message);
    }
    stream->keep = stream->at;
    return node;
}

static bool visit_value(struct stream *stream, const struct json_visitor *visitor, void *context, struct json_cursor at,
                        bool is_element)
{
    cJSON *node = take_value(stream);
    at.node = node;
    bool good = node != NULL && visitor->value(context, &at, is_element, stream->error);
    cJSON_Delete(node);
    return good;
}

static bool visit_elements(struct stream *stream, const struct json_visitor *visitor, void *context,
                           const struct json_cursor *array)
{
    stream->at++;
    if (skip_space(stream) == ']') {
        stream->at++;
        return true;
    }
    for (size_t index = 0;; index++) {
        struct json_cursor at = {.up = array, .file = array->file, .index = index};
        GUARD(visit_value(stream, visitor, context, at, true));
        int byte = skip_space(stream);
        if (byte != ',' && byte != ']')
            return malformed(stream, "not valid JSON: expected , or ]");
        stream->at++;
        stream->keep = stream->at;
        if (byte == ']')
            return true;
    }
}

static bool visit_member(struct stream *stream, const struct json_visitor *visitor, void *context,
                         const struct json_cursor *root)
{
    if (skip_space(stream) != '"')
        return malformed(stream, "not valid JSON: expected a key in quotes");
    cJSON *key = take_value(stream);
    if (key == NULL)
        return false;
    char *name = strdup(key->valuestring); // the key's own memory is given back before elements are read
    cJSON_Delete(key);
    struct json_cursor at = {.up = root, .file = root->file, .key = name};
    bool good = skip_space(stream) == ':' || malformed(stream, "not valid JSON: expected :");
    if (good) {
        stream->at++;
        int first = skip_space(stream);
        good = visitor->member(context, &at, stream->error) &&
               (first == '[' ? visit_elements(stream, visitor, context, &at)
                             : visit_value(stream, visitor, context, at, false));
    }
    free(name);
    return good;
}

static bool visit_object(struct stream *stream, const struct json_visitor *visitor, void *context)
{
    struct json_cursor root = {.file = stream->file};
    int byte = skip_space(stream);
    if (byte != '{') {
        return malformed(stream,
                         byte == '[' ? "is an array, expected an object" : "not valid JSON: expected an object");
    }
    stream->at++;
    byte = skip_space(stream);
    while (byte != '}') {
        GUARD(visit_member(stream, visitor, context, &root));
        byte = skip_space(stream);
        if (byte != ',' && byte != '}')
            return malformed(stream, "not valid JSON: expected , or }");
        stream->at += byte == ',';
    }
    stream->at++;
    return skip_space(stream) < 0 ? stream->error->code == ERROR_NONE
                                  : malformed(stream, "text after the end of the JSON value");
}

bool json_stream(const char *file, const struct json_visitor *visitor, void *context, struct error *error)
{
    struct stream stream = {.file = file, .error = error, .fd = open(file, O_RDONLY | O_CLOEXEC)};
    *error = (struct error){0};
    if (stream.fd < 0)
        return error_system(error, ERROR_USAGE, errno, "%s: cannot be opened", file);
    bool good = visit_object(&stream, visitor, context);
    free(stream.bytes);
    close(stream.fd);
    return good;
}
