// Text that grows in memory, or on its way to a stream (declared in json.h, whose writer writes into it).
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"

void text_reserve(struct text *text, size_t length)
{
    if (text->sink != NULL && text->length >= TEXT_PASS_ON)
        text_flush(text);
    if (text->capacity - text->length < length + 1) {
        size_t grown = (text->capacity + length + 1) * 2;
        char *fresh = text->secret ? memory_take(grown) : memory_grow(text->bytes, grown);
        if (text->secret && text->bytes != NULL) {
            memcpy(fresh, text->bytes, text->length);
            memory_wipe(text->bytes, text->capacity);
            free(text->bytes);
        }
        text->bytes = fresh;
        text->capacity = grown;
    }
}

void text_flush(struct text *text)
{
    if (text->sink == NULL || text->length == 0)
        return;
    fwrite(text->bytes, 1, text->length, text->sink);
    text->length = 0;
}

void text_puts(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void text_put_integer(struct text *text, int64_t value)
{
    char digits[24], *at = digits + sizeof(digits);
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        *--at = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (value < 0)
        *--at = '-';
    text_add(text, at, (size_t)(digits + sizeof(digits) - at));
}

void text_printf(struct text *text, const char *format, ...)
{
    char small[512], *large = NULL; // most texts are shorter, and so printed once
    va_list print, again;
    va_start(print, format);
    va_copy(again, print);
    size_t length = (size_t)vsnprintf(small, sizeof(small), format, print);
    va_end(print);
    if (length >= sizeof(small)) {
        large = memory_take(length + 1);
        vsnprintf(large, length + 1, format, again);
    }
    va_end(again);
    text_add(text, large == NULL ? small : large, length);
    if (text->secret) {
        memory_wipe(small, sizeof(small));
        if (large != NULL)
            memory_wipe(large, length + 1);
    }
    free(large);
}

void text_free(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

void text_wipe(struct text *text)
{
    if (text->bytes != NULL)
        memory_wipe(text->bytes, text->capacity);
    text_free(text);
}
