// Equal values give equal bytes.
#include "base/json.h"

#include <string.h>

#include "base/printable.h"

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
    before_value(writer, key);
    text_put_integer(writer->out, value);
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
