#include "net/prefix_table.h"

static size_t hash_of(struct prefixset set)
{
    uint64_t hash = set.count;
    for (size_t i = 0; i < set.count; i++) {
        address_bits mixed = set.ranges[i].low * 31 + set.ranges[i].high;
        hash = (hash ^ (uint64_t)mixed ^ (uint64_t)(mixed >> 64)) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return (size_t)hash;
}

static struct prefixset *slot_of(const struct prefix_table *table, struct prefixset set)
{
    size_t at = hash_of(set) & (table->size - 1);
    while (table->slots[at].ranges != NULL && !prefixset_equal(table->slots[at], set))
        at = (at + 1) & (table->size - 1);
    return &table->slots[at];
}

static void grow(struct prefix_table *table)
{
    struct prefix_table grown = {.arena = table->arena, .count = table->count};
    grown.size = table->size == 0 ? 256 : table->size * 2;
    grown.slots = arena_array(table->arena, struct prefixset, grown.size);
    for (size_t i = 0; i < table->size; i++)
        if (table->slots[i].ranges != NULL)
            *slot_of(&grown, table->slots[i]) = table->slots[i];
    arena_release(table->arena, table->slots, table->size * sizeof(struct prefixset));
    *table = grown;
}

struct prefixset prefix_table_keep(struct prefix_table *table, struct prefixset set)
{
    if (set.count == 0)
        return prefixset_empty;
    if ((table->count + 1) * 2 > table->size)
        grow(table);
    struct prefixset *slot = slot_of(table, set);
    if (slot->ranges == NULL) {
        *slot = prefixset_copy(table->arena, set);
        table->count++;
    }
    return *slot;
}
