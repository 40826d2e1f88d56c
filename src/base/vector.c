#include "base/vector.h"

#include <stdlib.h>

void *vector_reserve(struct arena *arena, void *items, size_t count, uint32_t *capacity, size_t item_size)
{
    if (count < *capacity)
        return items;
    enum { FIRST_BYTES = 64 }; // many lists stay short
    size_t first = item_size < FIRST_BYTES ? FIRST_BYTES / item_size : 1;
    // Room that is mapped and not used costs no memory.
    size_t times = arena_maps(*capacity * item_size) ? 8 : 2;
    size_t grown = *capacity == 0 ? first : *capacity * times;
    size_t size = grown > UINT32_MAX ? SIZE_MAX : grown * item_size;
    void *fresh = count > 0 ? arena_grow(arena, items, count * item_size, size) : arena_alloc(arena, size);
    *capacity = (uint32_t)grown;
    return fresh;
}

void *vector_trimmed(struct arena *arena, void *items, size_t count, uint32_t *capacity, size_t item_size)
{
    if (count == 0 || count == *capacity || arena_maps(*capacity * item_size))
        return items;
    void *fresh = memcpy(arena_alloc(arena, count * item_size), items, count * item_size);
    arena_release(arena, items, *capacity * item_size);
    *capacity = (uint32_t)count;
    return fresh;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

void sort_texts(const char **items, size_t count)
{
    if (count > 1)
        qsort(items, count, sizeof(*items), by_text);
}

bool text_list_holds(const text_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

void text_list_add(struct arena *arena, text_list *list, const char *text)
{
    if (!text_list_holds(list, text))
        *vector_add(arena, list) = text;
}

void text_list_add_new(struct arena *arena, text_list *list, struct map *known, const char *text)
{
    if (map_get(known, text) != NULL)
        return;
    map_put(arena, known, text, known);
    *vector_add(arena, list) = text;
}

void text_list_add_all(struct arena *arena, text_list *list, const text_list *from)
{
    for (size_t i = 0; i < from->count; i++)
        text_list_add(arena, list, from->items[i]);
}

bool text_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

const char *text_behind_slash(const char *text)
{
    const char *slash = strrchr(text, '/');
    return slash == NULL ? text : slash + 1;
}

bool text_among(const char *text, const char *const *list)
{
    while (*list != NULL && strcmp(*list, text) != 0)
        list++;
    return *list != NULL;
}

static int by_number(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b ? 1 : 0;
}

void sort_numbers(uint32_t *items, size_t count)
{
    if (count > 1)
        qsort(items, count, sizeof(*items), by_number);
}

// A map holds texts or pointers; the two differ in how keys hash and compare.
typedef struct map_slot *(*finder)(const struct map *map, const char *key);

static struct map_slot *find_text(const struct map *map, const char *key)
{
    uint64_t value = 14695981039346656037u; // FNV-1a
    for (const char *p = key; *p != '\0'; p++)
        value = (value ^ (unsigned char)*p) * 1099511628211u;
    size_t at = (size_t)(value ^ (value >> 32)) & (map->size - 1);
    while (map->slots[at].key != NULL && strcmp(map->slots[at].key, key) != 0)
        at = (at + 1) & (map->size - 1);
    return &map->slots[at];
}

static struct map_slot *find_pointer(const struct map *map, const char *key)
{
    uint64_t value = (uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(value >> 20) & (map->size - 1);
    while (map->slots[at].key != NULL && map->slots[at].key != key)
        at = (at + 1) & (map->size - 1);
    return &map->slots[at];
}

static void put(struct arena *arena, struct map *map, const char *key, void *value, finder find)
{
    if ((map->count + 1) * 4 > map->size * 3) {
        struct map grown = {.size = map->size == 0 ? 16 : map->size * 2};
        grown.slots = arena_array(arena, struct map_slot, grown.size);
        for (size_t i = 0; i < map->size; i++)
            if (map->slots[i].key != NULL)
                *find(&grown, map->slots[i].key) = map->slots[i];
        grown.count = map->count;
        arena_release(arena, map->slots, map->size * sizeof(struct map_slot));
        *map = grown;
    }
    struct map_slot *slot = find(map, key);
    if (slot->key == NULL)
        map->count++;
    slot->key = key;
    slot->value = value;
}

void map_put(struct arena *arena, struct map *map, const char *key, void *value)
{
    put(arena, map, key, value, find_text);
}

void *map_get(const struct map *map, const char *key)
{
    return map->size == 0 || key == NULL ? NULL : find_text(map, key)->value;
}

static int by_key(const void *left, const void *right)
{
    const struct map_slot *const *a = left, *const *b = right;
    return strcmp((*a)->key, (*b)->key);
}

map_slots map_sorted(struct arena *arena, const struct map *map)
{
    map_slots slots = {0};
    for (size_t i = 0; i < map->size; i++)
        if (map->slots[i].key != NULL && map->slots[i].value != NULL)
            *vector_add(arena, &slots) = &map->slots[i];
    if (slots.count > 1)
        qsort(slots.items, slots.count, sizeof(*slots.items), by_key);
    return slots;
}

void map_put_pointer(struct arena *arena, struct map *map, const void *key, void *value)
{
    put(arena, map, key, value, find_pointer);
}

void *map_get_pointer(const struct map *map, const void *key)
{
    return map->size == 0 || key == NULL ? NULL : find_pointer(map, key)->value;
}
