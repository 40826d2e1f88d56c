#include "base/vector.h"

#include <stdlib.h>

void *vector_reserve(struct arena *arena, void *items, size_t count, size_t *capacity, size_t item_size)
{
    if (count < *capacity)
        return items;
    size_t grown = *capacity == 0 ? 4 : *capacity * 2;
    void *fresh = arena_alloc(arena, grown * item_size);
    if (count > 0)
        memcpy(fresh, items, count * item_size);
    *capacity = grown;
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

static size_t hash(const char *key)
{
    uint64_t value = 14695981039346656037u; // FNV-1a
    for (; *key != '\0'; key++)
        value = (value ^ (unsigned char)*key) * 1099511628211u;
    return (size_t)(value ^ (value >> 32));
}

static struct map_slot *find(const struct map *map, const char *key)
{
    size_t at = hash(key) & (map->size - 1);
    while (map->slots[at].key != NULL && strcmp(map->slots[at].key, key) != 0)
        at = (at + 1) & (map->size - 1);
    return &map->slots[at];
}

void map_put(struct arena *arena, struct map *map, const char *key, void *value)
{
    if ((map->count + 1) * 4 > map->size * 3) {
        struct map grown = {.size = map->size == 0 ? 16 : map->size * 2};
        grown.slots = arena_array(arena, struct map_slot, grown.size);
        for (size_t i = 0; i < map->size; i++)
            if (map->slots[i].key != NULL)
                *find(&grown, map->slots[i].key) = map->slots[i];
        grown.count = map->count;
        *map = grown;
    }
    struct map_slot *slot = find(map, key);
    if (slot->key == NULL)
        map->count++;
    slot->key = key;
    slot->value = value;
}

void *map_get(const struct map *map, const char *key)
{
    return map->size == 0 || key == NULL ? NULL : find(map, key)->value;
}
