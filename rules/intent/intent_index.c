#include "rules/intent/intent_index.h"

#include <string.h>

static const char *plain(const char *pattern)
{
    return pattern != NULL && strpbrk(pattern, "*?[\\") == NULL ? pattern : NULL;
}

// What an endpoint must have for a rule to be about it, or NULL where that is not one thing.
static const char *key_of(struct arena *arena, const struct intent_rule *rule)
{
    if (rule->has_address && rule->address.length == (rule->address.family == FAMILY_IPV4 ? 32 : 128)) {
        char text[ADDRESS_TEXT];
        address_format((struct address){.family = rule->address.family, .bits = rule->address.first}, text);
        return arena_strdup(arena, text);
    }
    return plain(rule->instance) != NULL ? rule->instance : plain(rule->group);
}

struct intent_index *intent_index_of(struct arena *arena, const struct intent *intent, const struct estate *estate)
{
    struct intent_index *index = arena_new_of(arena, struct intent_index);
    index->intent = intent;
    index->estate = estate;
    for (uint32_t i = 0; i < intent->rules.count; i++) {
        const char *key = key_of(arena, &intent->rules.items[i]);
        rule_numbers *numbers = map_get(&index->named, key);
        if (key != NULL && numbers == NULL) {
            numbers = arena_new_of(arena, rule_numbers);
            map_put(arena, &index->named, key, numbers);
        }
        if (key != NULL)
            *vector_add(arena, numbers) = i;
        else
            *vector_add(arena, &index->others) = i;
    }
    return index;
}

static void add_named(const struct intent_index *index, struct arena *scratch, const char *key, rule_numbers *found)
{
    const rule_numbers *numbers = map_get(&index->named, key);
    for (size_t i = 0; numbers != NULL && i < numbers->count; i++)
        *vector_add(scratch, found) = numbers->items[i];
}

void intent_index_select(const struct intent_index *index, struct arena *arena, const struct endpoint *endpoint,
                         intent_rule_list *rules)
{
    struct arena *scratch = arena_new();
    const struct network_interface *interface = endpoint->interface;
    const struct group_set *groups = interface->groups;
    rule_numbers found = {0};
    char text[ADDRESS_TEXT];
    for (size_t i = 0; i < index->others.count; i++)
        *vector_add(scratch, &found) = index->others.items[i];
    address_format((struct address){.family = endpoint->address.family, .bits = endpoint->address.first}, text);
    add_named(index, scratch, text, &found);
    add_named(index, scratch, interface->instance_id, &found);
    for (size_t g = 0; groups != NULL && g < groups->count; g++) {
        const struct security_group *group = map_get(&index->estate->security_groups, groups->ids[g]);
        add_named(index, scratch, groups->ids[g], &found);
        add_named(index, scratch, group == NULL ? NULL : group->name, &found);
    }
    sort_numbers(found.items, found.count);
    for (size_t i = 0; i < found.count; i++) {
        const struct intent_rule *rule = &index->intent->rules.items[found.items[i]];
        if ((i == 0 || found.items[i - 1] != found.items[i]) && intent_rule_selects(rule, index->estate, endpoint))
            *vector_add(arena, rules) = rule;
    }
    arena_free(scratch);
}
