#include "base/printable.h"

#include <stdio.h>
#include <string.h>

static const struct {
    uint32_t first;
    uint32_t last;
} hidden[] = {
    // Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt, but for variation selectors, which belong to
    // the character before them; beside those, separators of lines and what marks annotations.
    {0x00, 0x1f},     {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},
    {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180e, 0x180e},   {0x200b, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x206f}, {0x3164, 0x3164},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
    {0xfffe, 0xffff}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe00ff}, {0xe01f0, 0xe0fff},
};

bool printable_is(uint32_t code)
{
    if (code < 0x7f)
        return code >= 0x20;
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (code >= hidden[i].first && code <= hidden[i].last)
            return false;
    return code <= 0x10ffff;
}

// RFC 3629: the shortest form only, no surrogates.
size_t printable_next(const char *at, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)at[0];
    size_t length = first < 0x80 ? 1 : first >= 0xf0 && first < 0xf8 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
    uint32_t made = length == 1 ? first : length == 0 || first >= 0xf8 ? UINT32_MAX : first & (0x7fU >> length);
    for (size_t i = 1; i < length && made != UINT32_MAX; i++)
        made = ((unsigned char)at[i] & 0xc0) == 0x80 ? made << 6 | ((unsigned char)at[i] & 0x3fU) : UINT32_MAX;
    if (made == UINT32_MAX || made < least[length] || made > 0x10ffff || (made >= 0xd800 && made < 0xe000)) {
        *code = UINT32_MAX;
        return 1;
    }
    *code = made;
    return length;
}

static void clean(char *text, bool lines)
{
    while (*text >= 0x20 && *text < 0x7f) // most text is plain
        text++;
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        uint32_t code;
        size_t length = printable_next(from, &code);
        if (printable_is(code) || (lines && code == '\n')) {
            memmove(to, from, length);
            to += length;
        } else {
            *to++ = '?';
        }
        from += length;
    }
    *to = '\0';
}

void printable_line(char *text)
{
    clean(text, false);
}

// Space_Separator of Unicode's UnicodeData.txt, and what else is drawn as nothing.
static bool is_blank(uint32_t code)
{
    return code == ' ' || code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x202f ||
           code == 0x205f || code == 0x2800 || code == 0x3000;
}

void printable_line_close(char *text)
{
    char *to = text;
    printable_line(text);
    for (const char *from = text; *from != '\0';) {
        uint32_t code;
        size_t length = printable_next(from, &code);
        bool blank = is_blank(code);
        if (blank && (to == text || to[-1] != ' '))
            *to++ = ' ';
        else if (!blank) {
            memmove(to, from, length);
            to += length;
        }
        from += length;
    }
    *to = '\0';
}

void printable_lines(struct text *text)
{
    if (text->length == 0)
        return;
    clean(text->bytes, true);
    text->length = strlen(text->bytes); // a character that took several bytes is one "?" now
}

const char *printable_bytes(struct arena *arena, const char *text)
{
    size_t odd = 0;
    uint32_t code;
    for (const char *from = text; *from != '\0'; from += printable_next(from, &code), odd += code == UINT32_MAX)
        continue;
    if (odd == 0)
        return text;
    char *made = arena_alloc(arena, strlen(text) + 3 * odd + 1), *to = made;
    for (size_t length; *text != '\0'; text += length) {
        length = printable_next(text, &code);
        if (code == UINT32_MAX) {
            to += snprintf(to, sizeof("\\xff"), "\\x%02x", (unsigned)(unsigned char)*text);
        } else {
            memcpy(to, text, length);
            to += length;
        }
    }
    *to = '\0';
    return made;
}
