#include "rules/security_group.h"

#include "model/protocol.h"

void text_list_add(struct arena *arena, text_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return;
    *vector_add(arena, list) = text;
}

static bool applies(const struct security_group_rule *rule, int protocol)
{
    return rule->protocol == PROTOCOL_ANY || rule->protocol == protocol;
}

// The sources that a rule names, as far as the snapshot tells. *unknown: a prefix list whose entries it lacks.
static struct prefixset sources_of(struct arena *arena, const struct estate *estate,
                                   const struct security_group_rule *rule, enum family family, const char **unknown)
{
    VECTOR(struct address_range) ranges = {0};
    for (size_t i = 0; i < rule->prefixes.count; i++)
        if (rule->prefixes.items[i].family == family)
            *vector_add(arena, &ranges) =
                (struct address_range){rule->prefixes.items[i].first, prefix_last(rule->prefixes.items[i])};
    for (size_t i = 0; i < rule->prefix_lists.count; i++) {
        const struct prefix_list *list = map_get(&estate->prefix_lists, rule->prefix_lists.items[i]);
        if (list == NULL || !list->has_entries) {
            *unknown = rule->prefix_lists.items[i];
            continue;
        }
        for (size_t e = 0; e < list->entries.count; e++)
            if (list->entries.items[e].family == family)
                *vector_add(arena, &ranges) =
                    (struct address_range){list->entries.items[e].first, prefix_last(list->entries.items[e])};
    }
    return prefixset_from(arena, ranges.items, ranges.count);
}

struct claim security_group_admits(struct arena *arena, const struct estate *estate,
                                   const struct network_interface *interface, enum family family, int protocol,
                                   text_list *missing)
{
    struct claim claim = {0};
    struct prefixset everyone = prefixset_all(arena, family);
    struct portmap everything = portmap_of(arena, portset_all, everyone);
    VECTOR(struct port_segment) must = {0}, may = {0};
    if (interface->groups_known && interface->group_ids.count == 0) {
        claim.must = claim.may = everything;
        return claim;
    }
    if (!interface->groups_known) {
        const char *what = arena_printf(arena, "missing: Groups of %s", interface->id);
        text_list_add(arena, missing, what);
        text_list_add(arena, &claim.doubts, what);
        claim.may = everything;
        return claim;
    }
    for (size_t g = 0; g < interface->group_ids.count; g++) {
        const char *id = interface->group_ids.items[g];
        const struct security_group *group = map_get(&estate->security_groups, id);
        if (group == NULL) {
            const char *what = arena_printf(arena, "missing: security group %s", id);
            text_list_add(arena, missing, what);
            text_list_add(arena, &claim.doubts, what);
            *vector_add(arena, &may) = (struct port_segment){0, PORT_LAST, everyone};
            continue;
        }
        for (size_t r = 0; r < group->ingress.count; r++) {
            const struct security_group_rule *rule = &group->ingress.items[r];
            const char *unknown = NULL;
            if (!applies(rule, protocol))
                continue;
            struct port_segment admitted = {rule->low, rule->high, sources_of(arena, estate, rule, family, &unknown)};
            *vector_add(arena, &must) = admitted;
            if (unknown != NULL) {
                const char *what = arena_printf(arena, "missing: entries of prefix list %s", unknown);
                text_list_add(arena, missing, what);
                text_list_add(arena, &claim.doubts, what);
                *vector_add(arena, &may) = (struct port_segment){rule->low, rule->high, everyone};
            }
        }
    }
    claim.must = portmap_from(arena, must.items, must.count);
    claim.may = portmap_union(arena, claim.must, portmap_from(arena, may.items, may.count));
    return claim;
}

void security_group_because(struct arena *arena, const struct estate *estate, const struct network_interface *interface,
                            enum family family, const struct exposure *rectangle, text_list *because)
{
    for (size_t g = 0; g < interface->group_ids.count; g++) {
        const char *id = interface->group_ids.items[g];
        const struct security_group *group = map_get(&estate->security_groups, id);
        if (group == NULL) {
            text_list_add(arena, because, arena_printf(arena, "%s (missing)", id));
            continue;
        }
        for (size_t r = 0; r < group->ingress.count; r++) {
            const struct security_group_rule *rule = &group->ingress.items[r];
            const char *unknown = NULL;
            if (!applies(rule, rectangle->protocol_low) || rule->low > rectangle->high || rule->high < rectangle->low)
                continue;
            struct prefixset sources = sources_of(arena, estate, rule, family, &unknown);
            if (prefixset_overlap(sources, rectangle->sources) || unknown != NULL)
                text_list_add(arena, because, arena_printf(arena, "%s:%zu", id, rule->index));
        }
    }
    if (interface->groups_known && interface->group_ids.count == 0)
        text_list_add(arena, because, "no security group");
}
