#include "rules/reach/origin_groups.h"

#include <stdlib.h>

static bool is_marked(const struct network_interface *interface)
{
    for (size_t i = 0; i + 1 < interface->tag_count; i += 2)
        if (strcmp(interface->tags[i], "aws.cloudfront.vpcorigin") == 0)
            return true;
    return interface->is_vpc_origin;
}

bool is_origins(const void *origin_groups, const struct network_interface *interface)
{
    const struct group_set *groups = interface->groups;
    for (size_t i = 0; groups != NULL && i < groups->count; i++)
        if (text_list_holds(origin_groups, groups->ids[i]))
            return true;
    return is_marked(interface) || interface->in_origin_group;
}

bool is_origins_surely(const struct estate *estate, const struct network_interface *interface)
{
    const struct group_set *groups = interface->groups;
    for (size_t i = 0; groups != NULL && i < groups->count; i++) {
        const struct security_group *group = map_get(&estate->security_groups, groups->ids[i]);
        if (group == NULL ? interface->in_origin_group
                          : group->other_name == NULL && security_group_is_named(group, ORIGINS_GROUP))
            return true;
    }
    return is_marked(interface);
}

text_list origin_groups_of(struct arena *arena, const struct estate *estate)
{
    text_list found = {0};
    for (size_t i = 0; i < estate->security_groups.size; i++) {
        const struct security_group *group = estate->security_groups.slots[i].value;
        if (group != NULL && security_group_is_named(group, ORIGINS_GROUP))
            *vector_add(arena, &found) = group->id;
    }
    sort_texts(found.items, found.count);
    return found;
}

const char *origin_group_unnamed(const struct estate *estate, const text_list *origin_groups,
                                 const struct network_interface *interface)
{
    const struct group_set *groups = interface->groups;
    if (groups == NULL || groups->count == 0 || interface->instance_id != NULL || interface->load_balancer != NULL ||
        interface->is_database || strcmp(interface->type, "interface") != 0)
        return NULL;
    for (size_t i = 0; i < origin_groups->count; i++) {
        const struct security_group *group = map_get(&estate->security_groups, origin_groups->items[i]);
        if (group->other_name == NULL && text_same(group->vpc_id, interface->place->vpc_id))
            return NULL;
    }
    for (size_t i = 0; i < groups->count; i++)
        if (map_get(&estate->security_groups, groups->ids[i]) == NULL)
            return groups->ids[i];
    return NULL;
}
