// Files of JSON lines, line by line.
#include <string.h>

#include "base/file.h"
#include "base/json.h"

enum { LONGEST_LINE = 64 << 20 }; // none of ours has a hundredth of it; a device may be a line without an end

struct line_reader {
    const char *file;
    json_line_taker quick; // or NULL
    json_line_visitor visit;
    void *context;
    size_t line;       // number of the line in hand, from 1
    struct text begun; // of a line whose end has not come yet
};

static bool is_blank(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r')
            return false;
    return true;
}

static bool visit_line(struct line_reader *reader, const char *bytes, size_t length, struct error *error)
{
    reader->line++;
    if (is_blank(bytes, length))
        return true;
    if (reader->quick != NULL && reader->quick(reader->context, reader->line, bytes, length))
        return true;
    cJSON *root = json_parse_line(reader->file, reader->line, bytes, length, error);
    if (root == NULL)
        return false;
    char label[512];
    size_t room = sizeof(label) - 24, named = strnlen(reader->file, room); // printf would be most of a line's time
    memcpy(label, reader->file, named);
    snprintf(label + named, 24, ":%zu", reader->line);
    struct json_cursor cursor = {.file = label, .node = root};
    bool good = json_expect_object(&cursor, error) && reader->visit(reader->context, reader->line, &cursor, error);
    cJSON_Delete(root);
    return good;
}

static bool take(void *context, const char *bytes, size_t length, struct error *error)
{
    struct line_reader *reader = context;
    for (const char *at = bytes, *stop = bytes + length; at < stop;) {
        const char *end = memchr(at, '\n', (size_t)(stop - at));
        size_t size = end == NULL ? (size_t)(stop - at) : (size_t)(end - at);
        if (reader->begun.length + size > LONGEST_LINE)
            return error_set(error, ERROR_USAGE, "%s:%zu: is longer than a line of JSON is taken, %d MiB", reader->file,
                             reader->line + 1, LONGEST_LINE >> 20);
        if (end == NULL || reader->begun.length > 0)
            text_add(&reader->begun, at, size);
        if (end == NULL)
            return true;
        bool whole = reader->begun.length == 0;
        GUARD(visit_line(reader, whole ? at : reader->begun.bytes, whole ? size : reader->begun.length, error));
        reader->begun.length = 0;
        at = end + 1;
    }
    return true;
}

static bool end_lines(struct line_reader *reader, bool good, struct error *error)
{
    if (good && reader->begun.length > 0)
        good = visit_line(reader, reader->begun.bytes, reader->begun.length, error);
    text_free(&reader->begun);
    return good;
}

bool json_each_line(const char *file, const char *text, size_t length, json_line_visitor visit, void *context,
                    struct error *error)
{
    struct line_reader reader = {.file = file, .visit = visit, .context = context};
    return end_lines(&reader, take(&reader, text, length, error), error);
}

bool json_each_line_quick(const char *file, json_line_taker quick, json_line_visitor visit, void *context,
                          struct error *error)
{
    struct line_reader reader = {.file = file, .quick = quick, .visit = visit, .context = context};
    return end_lines(&reader, file_stream(file, take, &reader, error), error);
}

bool json_each_line_of(const char *file, json_line_visitor visit, void *context, struct error *error)
{
    return json_each_line_quick(file, NULL, visit, context, error);
}
