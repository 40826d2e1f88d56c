// Values of expressions, and Terraform's functions over them, as far as modules commonly use them to pass ids on. Any
// other function's result is unknown.
// https://developer.hashicorp.com/terraform/language/functions
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aws/terraform/evaluate.h"

const struct value unknown_value = {.kind = VALUE_UNKNOWN, .weight = 1},
                   error_value = {.kind = VALUE_ERROR, .weight = 1}, null_value = {.kind = VALUE_NULL, .weight = 1};

struct value *value_new(struct arena *arena, enum value_kind kind)
{
    struct value *value = arena_new_of(arena, struct value);
    value->kind = kind;
    value->weight = 1;
    return value;
}

const struct value *value_text(struct arena *arena, const char *text)
{
    struct value *value = value_new(arena, VALUE_TEXT);
    value->text = arena_strdup(arena, text);
    value->weight += (double)strlen(text) / 16;
    return value;
}

const struct value *value_number(struct arena *arena, double number)
{
    struct value *value = value_new(arena, VALUE_NUMBER);
    value->number = number;
    return value;
}

const struct value *value_bool(struct arena *arena, bool yes)
{
    struct value *value = value_new(arena, VALUE_BOOL);
    value->number = yes;
    return value;
}

void value_add(struct arena *arena, struct value *list, const struct value *item)
{
    *vector_add(arena, &list->items) = item;
    list->weight += item->weight;
}

// Where a key is, or would be; *found tells which.
static uint32_t place_of(const struct value *map, const char *key, bool *found)
{
    uint32_t low = 0, high = map->keys.count;
    *found = false;
    while (low < high && !*found) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(map->keys.items[middle], key);
        *found = order == 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return *found ? high : low;
}

void value_put(struct arena *arena, struct value *map, const char *key, const struct value *item)
{
    bool found;
    uint32_t at = place_of(map, key, &found);
    if (!found) {
        *vector_add(arena, &map->keys) = key;
        *vector_add(arena, &map->items) = item;
        for (uint32_t i = map->keys.count - 1; i > at; i--) {
            map->keys.items[i] = map->keys.items[i - 1];
            map->items.items[i] = map->items.items[i - 1];
        }
    }
    map->keys.items[at] = arena_strdup(arena, key);
    map->items.items[at] = item;
    map->weight += item->weight + 1;
}

const char *value_key(struct arena *arena, const struct value *value)
{
    if (value->kind == VALUE_TEXT)
        return value->text;
    if (value->kind == VALUE_BOOL)
        return value->number != 0 ? "true" : "false";
    if (value->kind != VALUE_NUMBER || value->number != floor(value->number) || fabs(value->number) > 1e9)
        return NULL;
    return arena_printf(arena, "%.0f", value->number);
}

// A number, also one that is written as a text; false of others.
static bool whole_number(const struct value *value, long *number)
{
    char *end = NULL;
    double told = value->kind == VALUE_NUMBER                           ? value->number
                  : value->kind == VALUE_TEXT && value->text[0] != '\0' ? strtod(value->text, &end)
                                                                        : NAN;
    if (!(told > -1e6 && told < 1e6) || told != floor(told) || (end != NULL && *end != '\0'))
        return false;
    *number = (long)told;
    return true;
}

const struct value *value_at(struct arena *arena, const struct value *of, const struct value *index)
{
    long number;
    bool found;
    const char *key = value_key(arena, index);
    if (of->kind == VALUE_ERROR || of->kind == VALUE_NULL || index->kind == VALUE_ERROR)
        return &error_value;
    if (of->kind == VALUE_MAP && key != NULL) {
        uint32_t at = place_of(of, key, &found);
        return found ? of->items.items[at] : of->open ? &unknown_value : &error_value;
    }
    if (of->kind != VALUE_LIST || of->set || !whole_number(index, &number))
        return &unknown_value;
    if (number < 0 || number >= (long)of->items.count)
        return &error_value;
    return of->unordered && of->items.count > 1 ? &unknown_value : of->items.items[number];
}

bool value_is_set(const struct value *value)
{
    static const char *const always[] = {"id", "arn", "name", "allocation_id", NULL};
    if (value->kind == VALUE_REFERENCE)
        return text_among(value->text, always);
    return value->kind > VALUE_NULL && (value->kind != VALUE_TEXT || value->text[0] != '\0');
}

enum truth value_truth(const struct value *value)
{
    bool yes = value->kind == VALUE_TEXT && strcmp(value->text, "true") == 0;
    if (value->kind == VALUE_BOOL)
        return value->number != 0 ? TRUTH_YES : TRUTH_NO;
    return yes ? TRUTH_YES : value->kind == VALUE_TEXT && strcmp(value->text, "false") == 0 ? TRUTH_NO : TRUTH_UNKNOWN;
}

enum truth value_equal(const struct value *a, const struct value *b)
{
    if (a->kind < VALUE_NULL || b->kind < VALUE_NULL)
        return TRUTH_UNKNOWN;
    if (a->kind == VALUE_NULL && b->kind == VALUE_NULL)
        return TRUTH_YES;
    if (a->kind == VALUE_NULL || b->kind == VALUE_NULL) {
        const struct value *other = a->kind == VALUE_NULL ? b : a;
        return other->kind != VALUE_REFERENCE || value_is_set(other) ? TRUTH_NO : TRUTH_UNKNOWN;
    }
    if (a->kind == VALUE_REFERENCE || b->kind == VALUE_REFERENCE) {
        const struct value *other = a->kind == VALUE_REFERENCE ? b : a, *own = a->kind == VALUE_REFERENCE ? a : b;
        if (other->kind == VALUE_REFERENCE && a->resource == b->resource && strcmp(a->text, b->text) == 0)
            return TRUTH_YES;
        if (other->kind == VALUE_REFERENCE && strcmp(a->text, "id") == 0 && strcmp(b->text, "id") == 0 &&
            strcmp(a->resource->type, b->resource->type) == 0)
            return TRUTH_NO; // ids of two things
        return other->kind == VALUE_TEXT && other->text[0] == '\0' && value_is_set(own) ? TRUTH_NO : TRUTH_UNKNOWN;
    }
    if (a->kind != b->kind)
        return TRUTH_UNKNOWN; // Terraform may convert one
    if (a->kind == VALUE_TEXT)
        return strcmp(a->text, b->text) == 0 ? TRUTH_YES : TRUTH_NO;
    if (a->kind == VALUE_NUMBER || a->kind == VALUE_BOOL)
        return a->number == b->number ? TRUTH_YES : TRUTH_NO;
    // Lists and maps without anything in them may be of two types, and then are not equal.
    bool sized = (a->kind == VALUE_LIST || a->kind == VALUE_MAP) && !a->open && !b->open && !a->set && !b->set;
    return sized && a->items.count != b->items.count ? TRUTH_NO : TRUTH_UNKNOWN;
}

const struct value *value_of_json(struct arena *arena, const cJSON *node, int depth)
{
    const cJSON *one;
    if (cJSON_IsNull(node))
        return &null_value;
    if (cJSON_IsBool(node))
        return value_bool(arena, cJSON_IsTrue(node));
    if (cJSON_IsNumber(node))
        return value_number(arena, node->valuedouble);
    if (cJSON_IsString(node))
        return value_text(arena, node->valuestring);
    if (depth > 16 || (!cJSON_IsArray(node) && !cJSON_IsObject(node)))
        return &unknown_value;
    struct value *value = value_new(arena, cJSON_IsArray(node) ? VALUE_LIST : VALUE_MAP);
    cJSON_ArrayForEach (one, node)
        if (cJSON_IsObject(node))
            value_put(arena, value, one->string, value_of_json(arena, one, depth + 1));
        else
            value_add(arena, value, value_of_json(arena, one, depth + 1));
    return value;
}

// ---- Functions

// Beyond so many elements a list or a map is unknown.
enum { MOST_ITEMS = 20000, MOST_COMPARED = 4096 };

typedef const struct value *const *arguments;

static bool is_scalar(const struct value *value)
{
    return value->kind == VALUE_TEXT || value->kind == VALUE_NUMBER || value->kind == VALUE_BOOL;
}

// Whether nothing in it would become a text beside texts.
static bool is_of_texts(const struct value *value, int depth)
{
    bool fits = value->kind != VALUE_NUMBER && value->kind != VALUE_BOOL && depth < 16;
    for (uint32_t i = 0; i < value->items.count && fits; i++)
        fits = is_of_texts(value->items.items[i], depth + 1);
    return fits;
}

// A list whose elements are of one type: texts, where scalars of several are mixed, or where all must be.
static const struct value *unified(struct arena *arena, const struct value *list, bool texts)
{
    enum value_kind first = VALUE_NULL;
    bool some = texts;
    for (uint32_t i = 0; i < list->items.count; i++) {
        enum value_kind kind = list->items.items[i]->kind;
        texts = texts || (first != VALUE_NULL && kind != VALUE_NULL && kind != first);
        first = kind == VALUE_NULL ? first : kind;
        some = some || kind == VALUE_TEXT || kind == VALUE_REFERENCE;
        if (list->items.count > 1 && !is_scalar(list->items.items[i]) && !is_of_texts(list->items.items[i], 0))
            return &unknown_value;
    }
    if (!texts || !some)
        return texts ? &unknown_value : list;
    struct value *all = value_new(arena, VALUE_LIST);
    *all = *list;
    all->items.items = NULL;
    all->items.count = all->items.capacity = 0;
    all->weight = 1;
    for (uint32_t i = 0; i < list->items.count; i++) {
        const struct value *one = list->items.items[i];
        const char *text = is_scalar(one) ? value_key(arena, one) : NULL;
        if (text == NULL && one->kind != VALUE_NULL && one->kind != VALUE_REFERENCE)
            return &unknown_value;
        value_add(arena, all, text == NULL ? one : value_text(arena, text));
    }
    return all;
}

const struct value *value_chosen(struct arena *arena, const struct value *one, const struct value *other)
{
    bool plain = one->kind == VALUE_NUMBER || one->kind == VALUE_BOOL;
    const char *text = value_key(arena, one);
    if (one->kind == VALUE_LIST && other->kind == VALUE_LIST)
        return is_of_texts(one, 0) ? one : unified(arena, one, !is_of_texts(other, 0) || other->items.count > 0);
    if (!plain || other->kind == VALUE_NULL || other->kind == one->kind)
        return one;
    return other->kind == VALUE_TEXT && text != NULL ? value_text(arena, text) : &unknown_value;
}

// Whether nothing in a list is unknown: which elements are alike, or null, is told then.
static bool is_told(const struct value *list)
{
    for (uint32_t i = 0; i < list->items.count; i++)
        if (list->items.items[i]->kind == VALUE_UNKNOWN || list->items.items[i]->kind == VALUE_ERROR)
            return false;
    return true;
}

static void flatten_into(struct arena *arena, const struct value *list, struct value *into, int depth, bool *known)
{
    for (uint32_t i = 0; i < list->items.count; i++) {
        const struct value *one = list->items.items[i];
        *known = *known && one->kind != VALUE_UNKNOWN && one->kind != VALUE_ERROR && depth < 16 &&
                 into->items.count < MOST_ITEMS;
        into->unordered = into->unordered || list->set || list->unordered;
        if (one->kind == VALUE_LIST && *known)
            flatten_into(arena, one, into, depth + 1, known);
        else
            value_add(arena, into, one);
    }
}

// "concat" of lists and "flatten" of one, which goes deeper.
static const struct value *concat(struct arena *arena, const struct value *lists, bool deep)
{
    struct value *all = value_new(arena, VALUE_LIST);
    bool known = true;
    for (uint32_t i = 0; i < lists->items.count && known; i++) {
        const struct value *one = lists->items.items[i];
        known = one->kind == VALUE_LIST && all->items.count + one->items.count <= MOST_ITEMS;
        all->unordered = all->unordered || one->set || one->unordered;
        if (known && deep)
            flatten_into(arena, one, all, 0, &known);
        for (uint32_t k = 0; known && !deep && k < one->items.count; k++)
            value_add(arena, all, one->items.items[k]);
    }
    return known ? all : &unknown_value;
}

// "distinct", "toset" and, where nulls and empty texts go, "compact".
static const struct value *distinct(struct arena *arena, const struct value *list, bool set, bool compact)
{
    struct value *all = value_new(arena, VALUE_LIST);
    bool texts = true;
    list = list->kind == VALUE_LIST ? unified(arena, list, compact) : list;
    if (list->kind != VALUE_LIST || list->items.count > MOST_COMPARED || !is_told(list))
        return &unknown_value;
    for (uint32_t i = 0; i < list->items.count; i++) {
        const struct value *one = list->items.items[i];
        enum truth alike = TRUTH_NO;
        texts = texts && one->kind == VALUE_TEXT;
        if (compact && one->kind == VALUE_REFERENCE && !value_is_set(one))
            return &unknown_value;
        for (uint32_t k = 0; k < all->items.count && !compact && alike != TRUTH_YES; k++) {
            enum truth same = value_equal(one, all->items.items[k]);
            // Whether two ids are one is not told, and does not matter where all of them are looked at.
            alike = same == TRUTH_YES ? TRUTH_YES : alike;
            all->unordered = all->unordered || same == TRUTH_UNKNOWN;
        }
        if (compact ? value_is_set(one) : alike != TRUTH_YES)
            value_add(arena, all, one);
    }
    if (set && texts && all->items.count > 0) {
        const char **items = arena_array(arena, const char *, all->items.count);
        for (uint32_t i = 0; i < all->items.count; i++)
            items[i] = all->items.items[i]->text;
        sort_texts(items, all->items.count);
        for (uint32_t i = 0; i < all->items.count; i++)
            all->items.items[i] = value_text(arena, items[i]);
        all->set = true;
        return all;
    }
    all->set = set;
    all->unordered = all->unordered || list->unordered || list->set || (set && !texts);
    return all;
}

static const struct value *merge(struct arena *arena, const struct value *maps)
{
    struct value *all = value_new(arena, VALUE_MAP);
    for (uint32_t i = 0; i < maps->items.count; i++) {
        const struct value *one = maps->items.items[i];
        if (one->kind == VALUE_NULL)
            continue;
        if (one->kind != VALUE_MAP || one->open || all->items.count + one->items.count > MOST_ITEMS)
            return &unknown_value;
        for (uint32_t k = 0; k < one->keys.count; k++)
            value_put(arena, all, one->keys.items[k], one->items.items[k]);
    }
    return all;
}

static const struct value *zipmap(struct arena *arena, const struct value *keys, const struct value *values)
{
    struct value *map = value_new(arena, VALUE_MAP);
    bool known = keys->kind == VALUE_LIST && values->kind == VALUE_LIST && !keys->unordered && !values->unordered &&
                 !values->set && keys->items.count == values->items.count;
    for (uint32_t i = 0; known && i < keys->items.count; i++) {
        const char *key = value_key(arena, keys->items.items[i]);
        known = key != NULL;
        if (known)
            value_put(arena, map, key, values->items.items[i]);
    }
    return known ? map : &unknown_value;
}

static const struct value *keys_or_values(struct arena *arena, const struct value *map, bool keys)
{
    struct value *list = value_new(arena, VALUE_LIST);
    if (map->kind != VALUE_MAP || map->open)
        return &unknown_value;
    for (uint32_t i = 0; i < map->keys.count; i++)
        value_add(arena, list, keys ? value_text(arena, map->keys.items[i]) : map->items.items[i]);
    return list;
}

// "try", "coalesce", "coalescelist": the first that will do.
static const struct value *first_of(const struct value *all, const char *name)
{
    for (uint32_t i = 0; i < all->items.count; i++) {
        const struct value *one = all->items.items[i];
        bool lists = one->kind == VALUE_LIST && !one->unordered;
        if (one->kind == VALUE_UNKNOWN ||
            (name[0] == 'c' &&
             (one->kind == VALUE_ERROR || (name[8] == '\0' && one->kind > VALUE_TEXT && one->kind != VALUE_REFERENCE) ||
              (one->kind == VALUE_REFERENCE && !value_is_set(one)))))
            return &unknown_value;
        if (name[0] == 'c' && (!is_of_texts(one, 0) || (name[8] != '\0' && !lists)))
            return &unknown_value; // it may become a text
        if (strcmp(name, "try") == 0        ? one->kind != VALUE_ERROR
            : strcmp(name, "coalesce") == 0 ? value_is_set(one)
                                            : lists && one->items.count > 0)
            return one;
    }
    return &error_value;
}

static const struct value *part(struct arena *arena, const struct value *list, long from, long to, bool reverse)
{
    struct value *all = value_new(arena, VALUE_LIST);
    bool known = list->kind == VALUE_LIST && !list->set && !list->unordered;
    if (!known || from < 0 || to < from || to > (long)list->items.count)
        return known ? &error_value : &unknown_value;
    for (long i = from; i < to; i++)
        value_add(arena, all, list->items.items[reverse ? to - 1 - (i - from) : i]);
    return all;
}

static const struct value *length_of(struct arena *arena, const struct value *of)
{
    // Of what a set holds some may be alike.
    bool list = of->kind == VALUE_LIST && (!of->set || !of->unordered || of->items.count < 2);
    return list || (of->kind == VALUE_MAP && !of->open) ? value_number(arena, of->items.count) : &unknown_value;
}

static const struct value *contains(struct arena *arena, const struct value *list, const struct value *item)
{
    enum truth truth = TRUTH_NO;
    if (list->kind != VALUE_LIST || item->kind == VALUE_NULL)
        return &unknown_value;
    for (uint32_t i = 0; i < list->items.count && truth != TRUTH_YES; i++) {
        enum truth same = value_equal(list->items.items[i], item);
        truth = same == TRUTH_NO ? truth : same;
    }
    return truth == TRUTH_UNKNOWN ? &unknown_value : value_bool(arena, truth == TRUTH_YES);
}

static const struct value *of_one(struct arena *arena, const char *name, const struct value *one)
{
    static const char *const same[] = {"nonsensitive", "sensitive", NULL};
    bool list = one->kind == VALUE_LIST;
    if (text_among(name, same) || (strcmp(name, "tomap") == 0 && one->kind == VALUE_MAP) ||
        (strcmp(name, "tostring") == 0 && (one->kind == VALUE_TEXT || one->kind == VALUE_REFERENCE)))
        return one;
    if (strcmp(name, "tostring") == 0 && value_key(arena, one) != NULL)
        return value_text(arena, value_key(arena, one));
    if (strcmp(name, "tolist") == 0 && list) {
        struct value *copy = value_new(arena, VALUE_LIST);
        *copy = *unified(arena, one, false);
        copy->set = false;
        return copy;
    }
    if (strcmp(name, "toset") == 0 || strcmp(name, "distinct") == 0 || strcmp(name, "compact") == 0)
        return distinct(arena, one, name[0] == 't', name[0] == 'c');
    if (strcmp(name, "keys") == 0 || strcmp(name, "values") == 0)
        return keys_or_values(arena, one, name[0] == 'k');
    if (strcmp(name, "length") == 0)
        return length_of(arena, one);
    if (strcmp(name, "reverse") == 0)
        return part(arena, one, 0, (long)one->items.count, true);
    if (strcmp(name, "one") == 0 && list)
        return one->items.count == 0 ? &null_value : one->items.count == 1 ? one->items.items[0] : &unknown_value;
    if (strcmp(name, "sort") == 0 && list && one->items.count < 2)
        return one;
    if (strcmp(name, "can") == 0 && one->kind != VALUE_UNKNOWN)
        return value_bool(arena, one->kind != VALUE_ERROR);
    return &unknown_value;
}

static const struct value *lookup(struct arena *arena, const struct value *map, const struct value *key,
                                  const struct value *fallback)
{
    if (map->kind != VALUE_MAP)
        return &unknown_value;
    const struct value *found = value_at(arena, map, key);
    return found == &error_value ? fallback : found;
}

static const struct value *element(struct arena *arena, const struct value *list, const struct value *index)
{
    long at, count = (long)list->items.count;
    if (list->kind != VALUE_LIST || count == 0 || !whole_number(index, &at))
        return &unknown_value;
    return value_at(arena, list, value_number(arena, (double)(((at % count) + count) % count)));
}

const struct value *call_function(struct arena *arena, const char *name, const struct value *all)
{
    arguments of = all->items.items;
    uint32_t count = all->items.count;
    long from, to;
    if (strcmp(name, "concat") == 0 || (strcmp(name, "flatten") == 0 && count == 1))
        return concat(arena, all, name[0] == 'f');
    if (strcmp(name, "setunion") == 0) {
        const struct value *joined = concat(arena, all, false);
        return joined->kind == VALUE_LIST && is_of_texts(joined, 0) ? distinct(arena, joined, true, false)
                                                                    : &unknown_value;
    }
    if (strcmp(name, "merge") == 0)
        return merge(arena, all);
    if (strcmp(name, "try") == 0 || strcmp(name, "coalesce") == 0 || strcmp(name, "coalescelist") == 0)
        return first_of(all, name);
    if (strcmp(name, "zipmap") == 0 && count == 2)
        return zipmap(arena, of[0], of[1]);
    if (strcmp(name, "element") == 0 && count == 2)
        return element(arena, of[0], of[1]);
    if (strcmp(name, "contains") == 0 && count == 2)
        return contains(arena, of[0], of[1]);
    if (strcmp(name, "lookup") == 0 && (count == 2 || count == 3))
        return lookup(arena, of[0], of[1], count == 3 ? of[2] : &error_value);
    if (strcmp(name, "slice") == 0 && count == 3 && whole_number(of[1], &from) && whole_number(of[2], &to))
        return part(arena, of[0], from, to, false);
    const struct value *value = count == 1 ? of_one(arena, name, of[0]) : &unknown_value;
    return value == &unknown_value ? call_text_function(arena, name, all) : value;
}
