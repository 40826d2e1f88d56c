#include "rules/access/action_list.h"

#include <assert.h>
#include <ctype.h>

#include "actions.h"
#include "base/json.h"
#include "rules/access/pattern.h"

struct action_service {
    size_t from, to; // places in the list
};

struct action_matches {
    VECTOR(uint32_t) places;
};

static const char *const level_names[] = {"List", "Read", "Tagging", "Write", "Permissions management"};

action_word *action_set_new(struct arena *arena, const struct action_list *list)
{
    return arena_array(arena, action_word, list->words);
}

static size_t words_in(const char *text)
{
    size_t count = *text != '\0';
    for (; *text != '\0'; text++)
        count += *text == ' ';
    return count;
}

static void add_level(struct arena *arena, struct action_list *list, const cJSON *service, enum action_level level)
{
    const cJSON *names = cJSON_GetObjectItemCaseSensitive(service, level_names[level]);
    for (const char *at = names == NULL ? "" : names->valuestring; *at != '\0';) {
        size_t length = strcspn(at, " ");
        list->items[list->count++] = (struct listed_action){
            .name = arena_printf(arena, "%s:%.*s", service->string, (int)length, at), .level = level};
        at += length + strspn(at + length, " ");
    }
}

struct action_list *action_list_new(struct arena *arena)
{
    struct action_list *list = arena_new_of(arena, struct action_list);
    struct error error = {0};
    size_t most = 0;
    cJSON *root = json_parse("actions.json", actions_json, sizeof(actions_json) - 1, &error);
    assert(root != NULL);
    const cJSON *services = cJSON_GetObjectItemCaseSensitive(root, "services"), *service, *names;
    cJSON_ArrayForEach (service, services)
        cJSON_ArrayForEach (names, service)
            most += words_in(names->valuestring);
    list->items = arena_array(arena, struct listed_action, most + 1);
    list->words = most / 64 + 1;
    cJSON_ArrayForEach (service, services) {
        struct action_service *place = arena_new_of(arena, struct action_service);
        place->from = list->count;
        for (enum action_level level = 0; level < ACTION_LEVELS; level++)
            add_level(arena, list, service, level);
        place->to = list->count;
        map_put(arena, &list->services, arena_strdup(arena, service->string), place);
    }
    cJSON_Delete(root);
    list->changes = action_set_new(arena, list);
    list->iam = action_set_new(arena, list);
    for (size_t i = 0; i < list->count; i++) {
        action_word bit = (action_word)1 << (i % 64);
        map_put(arena, &list->names, list->items[i].name, &list->items[i]);
        list->changes[i / 64] |= list->items[i].level > ACTION_READ ? bit : 0;
        list->iam[i / 64] |= strncmp(list->items[i].name, "iam:", 4) == 0 ? bit : 0;
    }
    return list;
}

size_t action_place(const struct action_list *list, const char *name)
{
    const struct listed_action *action = map_get(&list->names, name);
    assert(action != NULL);
    return (size_t)(action - list->items);
}

// Where to look: a service that the pattern names, or everywhere.
static struct action_service range_of(struct arena *arena, const struct action_list *list, const char *pattern)
{
    size_t length = strcspn(pattern, ":");
    struct action_service all = {0, list->count};
    if (pattern[length] == '\0' || strcspn(pattern, "*?") < length)
        return all;
    char *prefix = arena_strndup(arena, pattern, length);
    for (char *at = prefix; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    const struct action_service *named = map_get(&list->services, prefix);
    return named == NULL ? (struct action_service){0, 0} : *named;
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
        set[matches->places.items[i] / 64] |= (action_word)1 << (matches->places.items[i] % 64);
    return matches->places.count > 0;
}
