#include "rules/access/action_list.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>

#include "rules/access/pattern.h"

struct action_run {
    const char *prefix;
    enum action_level level;
    size_t count;
};

#include "actions.h"

struct action_service {
    size_t from, to;               // places in the list
    const struct action_run *runs; // the first of its runs
};

struct action_matches {
    VECTOR(uint32_t) places;
};

action_word *action_set_new(struct arena *arena, const struct action_list *list)
{
    return arena_array(arena, action_word, list->words);
}

static void set_add(action_word *set, size_t place)
{
    set[place / 64] |= (action_word)1 << (place % 64);
}

struct action_list *action_list_new(struct arena *arena)
{
    struct action_list *list = arena_new_of(arena, struct action_list);
    struct action_service *service = NULL;
    const char *name = action_names;
    list->items = arena_array(arena, struct listed_action, ACTIONS);
    list->words = ACTIONS / 64 + 1;
    list->changes = action_set_new(arena, list);
    list->iam = action_set_new(arena, list);
    for (size_t r = 0; r < sizeof(action_runs) / sizeof(action_runs[0]); r++) {
        const struct action_run *run = &action_runs[r];
        if (r == 0 || strcmp(run->prefix, run[-1].prefix) != 0) {
            service = arena_new_of(arena, struct action_service);
            service->from = list->count;
            service->runs = run;
            map_put(arena, &list->services, run->prefix, service);
        }
        for (size_t i = 0; i < run->count; i++, name += strlen(name) + 1) {
            if (run->level > ACTION_READ)
                set_add(list->changes, list->count);
            if (strcmp(run->prefix, "iam") == 0)
                set_add(list->iam, list->count);
            list->items[list->count++] = (struct listed_action){.name = name, .level = run->level};
        }
        service->to = list->count;
    }
    return list;
}

static int by_name(const void *key, const void *action)
{
    return strcmp(key, ((const struct listed_action *)action)->name);
}

size_t action_place(const struct action_list *list, const char *name)
{
    char prefix[64] = "";
    size_t length = strcspn(name, ":");
    assert(length < sizeof(prefix));
    memcpy(prefix, name, length);
    const struct action_service *service = map_get(&list->services, prefix);
    const struct listed_action *found = NULL;
    assert(service != NULL);
    size_t at = service->from;
    for (const struct action_run *run = service->runs; found == NULL && at < service->to; at += run->count, run++)
        found = bsearch(name, &list->items[at], run->count, sizeof(*found), by_name);
    assert(found != NULL);
    return (size_t)(found - list->items);
}

// Where to look: a service that the pattern names, or everywhere.
static struct action_service range_of(struct arena *arena, const struct action_list *list, const char *pattern)
{
    size_t length = strcspn(pattern, ":");
    struct action_service all = {.to = list->count};
    if (pattern[length] == '\0' || strcspn(pattern, "*?") < length)
        return all;
    char *prefix = arena_strndup(arena, pattern, length);
    for (char *at = prefix; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    const struct action_service *named = map_get(&list->services, prefix);
    return named == NULL ? (struct action_service){0} : *named;
}

bool action_list_match(struct arena *arena, struct action_list *list, const char *pattern, action_word *set)
{
    struct action_matches *matches = map_get(&list->patterns, pattern);
    if (matches == NULL) {
        matches = arena_new_of(arena, struct action_matches);
        struct action_service range = range_of(arena, list, pattern);
        for (size_t i = range.from; i < range.to; i++)
            if (pattern_match_any_case(pattern, list->items[i].name))
                *vector_add(arena, &matches->places) = (uint32_t)i;
        map_put(arena, &list->patterns, pattern, matches);
    }
    for (size_t i = 0; set != NULL && i < matches->places.count; i++)
        set_add(set, matches->places.items[i]);
    return matches->places.count > 0;
}
