#include "json_mutator.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_words.h" // every word that a parser's source names: fuzz_words, fuzz_word_count

static uint64_t state;

static size_t draw(size_t below)
{
    state ^= state << 13; // xorshift64
    state ^= state >> 7;
    state ^= state << 17;
    return below == 0 ? 0 : (size_t)(state % below);
}

static const char *draw_word(void)
{
    static const char *const odd[] = {"",
                                      "0",
                                      "-1",
                                      "tcp",
                                      "*",
                                      "0.0.0.0/0",
                                      "::/0",
                                      "10.0.0.0/33",
                                      "198.51.100.10",
                                      "2001:db8::1",
                                      "65536",
                                      "22-80",
                                      "2026-06-30",
                                      "2026-11-25T01:02:03.000004Z",
                                      "111122223333",
                                      "eu-west-3",
                                      "../../x",
                                      "a\nb",
                                      "\xe2\x80\xae",
                                      "arn:aws:iam::111122223333:role/r"};
    size_t odds = sizeof(odd) / sizeof(odd[0]);
    return draw(4) == 0 ? odd[draw(odds)] : fuzz_words[draw(fuzz_word_count)];
}

static size_t count_values(const cJSON *value)
{
    size_t count = 0;
    for (const cJSON *child = value->child; child != NULL; child = child->next)
        count += 1 + count_values(child);
    return count;
}

// The n-th value below `value`, in order, and the one that holds it.
static cJSON *nth_value(cJSON *value, size_t *n, cJSON **parent)
{
    for (cJSON *child = value->child; child != NULL; child = child->next) {
        *parent = value;
        if ((*n)-- == 0)
            return child;
        cJSON *found = nth_value(child, n, parent);
        if (found != NULL)
            return found;
    }
    return NULL;
}

static cJSON *draw_value(cJSON *root, cJSON **parent)
{
    size_t n = draw(count_values(root));
    return nth_value(root, &n, parent);
}

static cJSON *odd_value(void)
{
    static const double numbers[] = {0, -1, 1, 255, 256, 443, 65535, 65536, 1e308, 4294967296, -2147483649, 1e15, 0.5};
    switch (draw(7)) {
    case 0:
        return cJSON_CreateNull();
    case 1:
        return cJSON_CreateBool(draw(2) == 0);
    case 2:
        return cJSON_CreateNumber(numbers[draw(sizeof(numbers) / sizeof(numbers[0]))]);
    case 3:
        return cJSON_CreateArray();
    case 4:
        return cJSON_CreateObject();
    default:
        return cJSON_CreateString(draw_word());
    }
}

// Keys come from where cJSON gives them back to.
static char *own_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = cJSON_malloc(size);
    if (copy == NULL)
        abort();
    return memcpy(copy, text, size);
}

static void add(cJSON *holder, const char *key, cJSON *value)
{
    if (cJSON_IsObject(holder))
        cJSON_AddItemToObject(holder, key != NULL ? key : draw_word(), value);
    else
        cJSON_AddItemToArray(holder, value);
}

// Puts `fresh` in the place of a value, under its key.
static void replace(cJSON *parent, cJSON *value, cJSON *fresh)
{
    if (cJSON_IsObject(parent)) {
        cJSON_free(fresh->string);
        fresh->string = value->string == NULL ? NULL : own_text(value->string);
        fresh->type &= ~cJSON_StringIsConst;
    }
    cJSON_ReplaceItemViaPointer(parent, value, fresh);
}

static void rename_member(cJSON *value)
{
    if (value->string == NULL)
        return;
    cJSON_free(value->string);
    value->string = own_text(draw_word());
    value->type &= ~cJSON_StringIsConst;
}

static void change(cJSON *root)
{
    cJSON *parent = NULL, *other_parent = NULL, *value = draw_value(root, &parent);
    if (value == NULL) {
        add(root, NULL, odd_value());
        return;
    }
    switch (draw(9)) {
    case 0:
        cJSON_Delete(cJSON_DetachItemViaPointer(parent, value));
        break;
    case 1: // once more: in an object, a key that stands there twice
        add(parent, value->string, cJSON_Duplicate(value, true));
        break;
    case 2: // what stands elsewhere
        replace(parent, value, cJSON_Duplicate(draw_value(root, &other_parent), true));
        break;
    case 3: // a copy elsewhere
        draw_value(root, &other_parent);
        add(other_parent, value->string, cJSON_Duplicate(value, true));
        break;
    case 4: {
        cJSON *nest = draw(2) == 0 ? cJSON_CreateArray() : cJSON_CreateObject();
        add(nest, NULL, cJSON_Duplicate(value, true));
        replace(parent, value, nest);
        break;
    }
    case 5:
        rename_member(value);
        break;
    case 6:
        add(cJSON_IsArray(value) || cJSON_IsObject(value) ? value : parent, NULL, odd_value());
        break;
    case 7:
        if (cJSON_IsString(value)) {
            replace(parent, value, cJSON_CreateString(draw_word()));
            break;
        }
        // fall through
    default:
        replace(parent, value, odd_value());
    }
}

// The line that holds byte `at`.
static void find_line(const uint8_t *bytes, size_t size, size_t at, size_t *begin, size_t *end)
{
    *begin = at;
    *end = at;
    while (*begin > 0 && bytes[*begin - 1] != '\n')
        --*begin;
    while (*end < size && bytes[*end] != '\n')
        ++*end;
}

size_t json_mutate(uint8_t *bytes, size_t size, size_t room, uint64_t seed)
{
    size_t begin = 0, end = size, made = 0;
    state = (seed + 1) * 0x9e3779b97f4a7c15u;
    cJSON *root = cJSON_ParseWithLength((const char *)bytes, size);
    const uint8_t *line = size == 0 ? NULL : memchr(bytes, '\n', size);
    if (size > 0 && (root == NULL || (line != NULL && line[-(line > bytes)] == '}' && line + 1 < bytes + size))) {
        cJSON_Delete(root); // JSON lines
        find_line(bytes, size, draw(size), &begin, &end);
        root = cJSON_ParseWithLength((const char *)bytes + begin, end - begin);
    }
    if (root == NULL || root->child == NULL) {
        cJSON_Delete(root);
        return 0;
    }
    for (size_t times = 1 + draw(4); times > 0; times--)
        change(root);
    char *text = begin == 0 && end == size && draw(2) == 0 ? cJSON_Print(root) : cJSON_PrintUnformatted(root);
    size_t length = text == NULL ? 0 : strlen(text);
    if (length > 0 && size - (end - begin) + length <= room) {
        memmove(bytes + begin + length, bytes + end, size - end);
        memcpy(bytes + begin, text, length);
        made = size - (end - begin) + length;
    }
    cJSON_free(text);
    cJSON_Delete(root);
    return made;
}
