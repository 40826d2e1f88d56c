// Terraform's functions over texts and numbers, as they commonly make keys, and choose by them.
// https://developer.hashicorp.com/terraform/language/functions
#include <ctype.h>
#include <string.h>

#include "aws/terraform/evaluate.h"

enum { LONGEST = 65536, MOST_NUMBERS = 4096 };

static const struct value *text_of(struct arena *arena, struct text *bytes)
{
    const struct value *value = value_text(arena, bytes->bytes == NULL ? "" : bytes->bytes);
    text_free(bytes);
    return value;
}

// Of one element, whatever it is known by, that element; of none an empty text.
static const struct value *join(struct arena *arena, const struct value *between, const struct value *list)
{
    struct text bytes = {0};
    bool known = between->kind == VALUE_TEXT && list->kind == VALUE_LIST && (!list->unordered || list->items.count < 2);
    if (known && list->items.count == 1 && list->items.items[0]->kind == VALUE_REFERENCE)
        return list->items.items[0];
    for (uint32_t i = 0; known && i < list->items.count; i++) {
        const char *text = value_key(arena, list->items.items[i]);
        known = text != NULL && bytes.length + strlen(text) + strlen(between->text) < LONGEST;
        text_puts(&bytes, i > 0 && known ? between->text : "");
        text_puts(&bytes, known ? text : "");
    }
    if (known)
        return text_of(arena, &bytes);
    text_free(&bytes);
    return &unknown_value;
}

static const struct value *split(struct arena *arena, const char *between, const char *text)
{
    struct value *list = value_new(arena, VALUE_LIST);
    size_t length = strlen(between);
    if (length == 0)
        return &unknown_value;
    for (const char *end = strstr(text, between); end != NULL; text = end + length, end = strstr(text, between))
        value_add(arena, list, value_text(arena, arena_strndup(arena, text, (size_t)(end - text))));
    value_add(arena, list, value_text(arena, text));
    return list;
}

// Letters beyond ASCII have cases too: those are unknown.
static const struct value *cased(struct arena *arena, const char *text, bool lower)
{
    char *copy = arena_strdup(arena, text);
    for (char *at = copy; *at != '\0'; at++) {
        if ((unsigned char)*at > 127)
            return &unknown_value;
        *at = (char)(lower ? tolower((unsigned char)*at) : toupper((unsigned char)*at));
    }
    return value_text(arena, copy);
}

// "%s", "%d" and "%v" without flags.
static const struct value *format(struct arena *arena, const struct value *const *of, uint32_t count)
{
    struct text bytes = {0};
    uint32_t next = 1;
    bool known = of[0]->kind == VALUE_TEXT;
    for (const char *at = known ? of[0]->text : ""; *at != '\0' && known; at++) {
        if (*at != '%') {
            text_add(&bytes, at, 1);
            continue;
        }
        at++;
        const char *text =
            strchr("sdv", *at) == NULL || *at == '\0' || next == count ? NULL : value_key(arena, of[next]);
        known = text != NULL && (*at != 'd' || of[next]->kind == VALUE_NUMBER) && bytes.length + strlen(text) < LONGEST;
        text_puts(&bytes, known ? text : "");
        next++;
    }
    if (known && next == count)
        return text_of(arena, &bytes);
    text_free(&bytes);
    return &unknown_value;
}

static const struct value *extreme(const struct value *const *of, uint32_t count, bool most)
{
    const struct value *found = of[0];
    for (uint32_t i = 0; i < count; i++) {
        if (of[i]->kind != VALUE_NUMBER)
            return &unknown_value;
        found = most == (of[i]->number > found->number) && of[i]->number != found->number ? of[i] : found;
    }
    return found;
}

// "range(END)" and "range(BEGIN, END)" of whole numbers, upwards.
static const struct value *range(struct arena *arena, const struct value *const *of, uint32_t count)
{
    const struct value *last = of[count - 1];
    double begin = count == 2 && of[0]->kind == VALUE_NUMBER ? of[0]->number : 0;
    struct value *list = value_new(arena, VALUE_LIST);
    bool known = count <= 2 && last->kind == VALUE_NUMBER && of[0]->kind == VALUE_NUMBER && last->number >= begin &&
                 last->number - begin <= MOST_NUMBERS;
    for (double number = begin; known && number < last->number; number++)
        value_add(arena, list, value_number(arena, number));
    return known ? list : &unknown_value;
}

const struct value *call_text_function(struct arena *arena, const char *name, const struct value *all)
{
    const struct value *const *of = all->items.items;
    uint32_t count = all->items.count;
    bool texts = count > 0;
    for (uint32_t i = 0; i < count; i++)
        texts = texts && of[i]->kind == VALUE_TEXT;
    if (strcmp(name, "join") == 0 && count == 2)
        return join(arena, of[0], of[1]);
    if (strcmp(name, "format") == 0 && count > 0)
        return format(arena, of, count);
    if ((strcmp(name, "max") == 0 || strcmp(name, "min") == 0) && count > 0)
        return extreme(of, count, name[1] == 'a');
    if (strcmp(name, "range") == 0 && count > 0)
        return range(arena, of, count);
    if (texts && count == 1 && (strcmp(name, "lower") == 0 || strcmp(name, "upper") == 0))
        return cased(arena, of[0]->text, name[0] == 'l');
    if (!texts || count != 2)
        return &unknown_value;
    size_t length = strlen(of[0]->text), part = strlen(of[1]->text);
    bool begins = strncmp(of[0]->text, of[1]->text, part) == 0;
    bool ends = part <= length && strcmp(of[0]->text + length - part, of[1]->text) == 0;
    if (strcmp(name, "split") == 0)
        return split(arena, of[0]->text, of[1]->text);
    if (strcmp(name, "startswith") == 0 || strcmp(name, "endswith") == 0)
        return value_bool(arena, name[0] == 's' ? begins : ends);
    if (strcmp(name, "trimprefix") == 0)
        return value_text(arena, of[0]->text + (begins ? part : 0));
    if (strcmp(name, "trimsuffix") == 0)
        return value_text(arena, arena_strndup(arena, of[0]->text, ends ? length - part : length));
    return &unknown_value;
}
