#include "base/json_flat.h"

#include <string.h>

static bool fail(struct json_flat *flat)
{
    flat->broken = true;
    return false;
}

static bool take(struct json_flat *flat, char byte)
{
    if (flat->at == flat->end || *flat->at != byte)
        return false;
    flat->at++;
    return true;
}

static void skip_spaces(struct json_flat *flat)
{
    while (flat->at < flat->end && *flat->at == ' ')
        flat->at++;
}

static bool take_string(struct json_flat *flat, const char **text, size_t *length)
{
    if (!take(flat, '"'))
        return false;
    const char *at = flat->at;
    while (at < flat->end && *at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
        at++;
    *text = flat->at;
    *length = (size_t)(at - flat->at);
    flat->at = at;
    return take(flat, '"');
}

static bool take_number(struct json_flat *flat)
{
    enum { MOST_DIGITS = 15 };
    const char *begin = flat->at;
    flat->number = 0;
    while (flat->at < flat->end && *flat->at >= '0' && *flat->at <= '9' && flat->at - begin <= MOST_DIGITS)
        flat->number = flat->number * 10 + (uint64_t)(*flat->at++ - '0');
    size_t digits = (size_t)(flat->at - begin);
    bool ends = flat->at < flat->end && (*flat->at == ',' || *flat->at == '}' || *flat->at == ']');
    return ends && digits > 0 && digits <= MOST_DIGITS && (digits == 1 || *begin != '0');
}

static bool take_word(struct json_flat *flat, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(flat->end - flat->at) < length || memcmp(flat->at, word, length) != 0)
        return false;
    flat->at += length;
    return true;
}

static bool take_value(struct json_flat *flat)
{
    char first = flat->at < flat->end ? *flat->at : '\0';
    if (first == '"') {
        flat->kind = JSON_FLAT_STRING;
        return take_string(flat, &flat->text, &flat->length);
    }
    if (first == '[') {
        flat->kind = JSON_FLAT_LIST;
        return take(flat, '[');
    }
    if (first == 't' || first == 'f') {
        flat->kind = JSON_FLAT_BOOLEAN;
        flat->number = first == 't';
        return take_word(flat, first == 't' ? "true" : "false");
    }
    flat->kind = JSON_FLAT_NUMBER;
    return take_number(flat);
}

bool json_flat_begin(struct json_flat *flat, const char *bytes, size_t length)
{
    *flat = (struct json_flat){.at = bytes, .end = bytes + length};
    return take(flat, '{');
}

bool json_flat_next(struct json_flat *flat)
{
    if (flat->broken)
        return false;
    if (flat->key != NULL && take(flat, '}'))
        return flat->at == flat->end ? false : fail(flat);
    if (flat->key != NULL && !take(flat, ','))
        return fail(flat);
    skip_spaces(flat);
    if (!take_string(flat, &flat->key, &flat->key_length) || !take(flat, ':'))
        return fail(flat);
    skip_spaces(flat);
    return take_value(flat) || fail(flat);
}

bool json_flat_item(struct json_flat *flat)
{
    bool first = flat->at[-1] == '[';
    if (flat->broken || take(flat, ']'))
        return false;
    if (!first && !take(flat, ','))
        return fail(flat);
    skip_spaces(flat);
    return take_number(flat) || fail(flat);
}

bool json_flat_is(const struct json_flat *flat, const char *key)
{
    return strncmp(key, flat->key, flat->key_length) == 0 && key[flat->key_length] == '\0';
}

bool json_flat_copy(const struct json_flat *flat, char *into, size_t size)
{
    if (flat->kind != JSON_FLAT_STRING || flat->length >= size)
        return false;
    memcpy(into, flat->text, flat->length);
    into[flat->length] = '\0';
    return true;
}
