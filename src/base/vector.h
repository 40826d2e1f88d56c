// Growing arrays whose memory comes from an arena, and a map from text to pointers.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

#define VECTOR(type)                                                                                                   \
    struct {                                                                                                           \
        type *items;                                                                                                   \
        uint32_t count;                                                                                                \
        uint32_t capacity;                                                                                             \
    }

// Appends one zeroed item and gives its place: `*vector_add(arena, &list) = value;`
#define vector_add(arena, vector)                                                                                      \
    ((vector)->items =                                                                                                 \
         vector_reserve((arena), (vector)->items, (vector)->count, &(vector)->capacity, sizeof(*(vector)->items)),     \
     &(vector)->items[(vector)->count++])

void *vector_reserve(struct arena *arena, void *items, size_t count, uint32_t *capacity, size_t item_size);

// Makes room at once for `room` items in an empty array.
#define vector_room(arena, vector, room)                                                                               \
    ((room) > 0 && (vector)->capacity == 0                                                                             \
         ? (void)((vector)->items = arena_zeroed((arena), sizeof(*(vector)->items), (room), alignof(max_align_t)),     \
                  (vector)->capacity = (uint32_t)(room))                                                               \
         : (void)0)

// Behind the last item; of an empty array, which may be nowhere, its place.
#define vector_end(vector) ((vector)->count == 0 ? (vector)->items : (vector)->items + (vector)->count)

// Makes an array no larger than what it holds.
#define vector_trim(arena, vector)                                                                                     \
    ((vector)->items =                                                                                                 \
         vector_trimmed((arena), (vector)->items, (vector)->count, &(vector)->capacity, sizeof(*(vector)->items)))
void *vector_trimmed(struct arena *arena, void *items, size_t count, uint32_t *capacity, size_t item_size);

// Sorts ascending: texts by bytes, numbers by value.
void sort_texts(const char **items, size_t count);

typedef VECTOR(const char *) text_list;
typedef VECTOR(size_t) number_list; // places in another list, from 0, or numbers of lines, from 1
struct map;

bool text_list_holds(const text_list *list, const char *text);
// Adds `text`, which must outlive the list, where the list does not hold it yet.
void text_list_add(struct arena *arena, text_list *list, const char *text);
// The same of lists that grow long: *known has what this list holds.
void text_list_add_new(struct arena *arena, text_list *list, struct map *known, const char *text);
void text_list_add_all(struct arena *arena, text_list *list, const text_list *from);
void sort_numbers(uint32_t *items, size_t count);

// Whether two texts are equal; NULL equals NULL alone.
bool text_same(const char *a, const char *b);

// The part of a path or an ARN behind its last slash.
const char *text_behind_slash(const char *text);

// Whether a text is one of `list`, which ends with NULL.
bool text_among(const char *text, const char *const *list);

// Map from text to a pointer; keys are borrowed and must outlive the map.
struct map_slot {
    const char *key;
    void *value;
};

struct map {
    struct map_slot *slots;
    size_t count;
    size_t size; // a power of two, or 0 while empty
};

void map_put(struct arena *arena, struct map *map, const char *key, void *value);

// The value stored under `key`, or NULL. A NULL key is in no map.
void *map_get(const struct map *map, const char *key);

typedef VECTOR(const struct map_slot *) map_slots;

// The slots of a map of texts that hold a value, in the order of their keys: so that equal maps give equal bytes. They
// are borrowed until the next map_put.
map_slots map_sorted(struct arena *arena, const struct map *map);

// The same with pointers as keys, compared by where they point. One map holds keys of one kind only.
void map_put_pointer(struct arena *arena, struct map *map, const void *key, void *value);
void *map_get_pointer(const struct map *map, const void *key);
