#include "rules/security_group.h"

#include "model/protocol.h"

void text_list_add(struct arena *arena, text_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return;
    *vector_add(arena, list) = text;
}

void text_list_add_all(struct arena *arena, text_list *list, const text_list *from)
{
    for (size_t i = 0; i < from->count; i++)
        text_list_add(arena, list, from->items[i]);
}

static bool applies(const struct admission *rule, int protocol)
{
    return rule->protocol == PROTOCOL_ANY || rule->protocol == protocol;
}

static void resolve_rule(struct group_cache *cache, const struct security_group_rule *rule, enum family family,
                         struct admission *admission)
{
    struct arena *scratch = arena_new();
    VECTOR(struct address_range) ranges = {0};
    for (size_t i = 0; i < rule->prefixes.count; i++)
        if (rule->prefixes.items[i].family == family)
            *vector_add(scratch, &ranges) =
                (struct address_range){rule->prefixes.items[i].first, prefix_last(rule->prefixes.items[i])};
    for (size_t i = 0; i < rule->prefix_lists.count; i++) {
        const struct prefix_list *list = map_get(&cache->estate->prefix_lists, rule->prefix_lists.items[i]);
        if (list == NULL || !list->has_entries) {
            admission->doubt =
                arena_printf(cache->arena, "missing: entries of prefix list %s", rule->prefix_lists.items[i]);
            continue;
        }
        for (size_t e = 0; e < list->entries.count; e++)
            if (list->entries.items[e].family == family)
                *vector_add(scratch, &ranges) =
                    (struct address_range){list->entries.items[e].first, prefix_last(list->entries.items[e])};
    }
    admission->sources = prefixset_from(cache->arena, ranges.items, ranges.count);
    arena_free(scratch);
}

const struct group_admissions *security_group_resolve(struct group_cache *cache, const char *id, enum family family)
{
    struct map *known = &cache->known[family == FAMILY_IPV6];
    struct group_admissions *resolved = map_get(known, id);
    if (resolved != NULL)
        return resolved;
    const struct security_group *group = map_get(&cache->estate->security_groups, id);
    resolved = arena_new_of(cache->arena, struct group_admissions);
    map_put(cache->arena, known, id, resolved);
    if (group == NULL)
        resolved->missing = arena_printf(cache->arena, "missing: security group %s", id);
    for (size_t r = 0; group != NULL && r < group->ingress.count; r++) {
        const struct security_group_rule *rule = &group->ingress.items[r];
        struct admission admission = {.protocol = rule->protocol, .low = rule->low, .high = rule->high};
        resolve_rule(cache, rule, family, &admission);
        if (prefixset_is_empty(admission.sources) && admission.doubt == NULL)
            continue; // nothing of this family
        admission.name = arena_printf(cache->arena, "%s:%zu", id, rule->index);
        *vector_add(cache->arena, &resolved->items) = admission;
    }
    return resolved;
}

struct claim security_group_admits(struct arena *arena, struct group_cache *cache,
                                   const struct network_interface *interface, enum family family, int protocol)
{
    struct claim claim = {0};
    struct prefixset everyone = prefixset_all(arena, family);
    VECTOR(struct port_segment) must = {0}, may = {0};
    if (interface->groups == NULL) {
        text_list_add(arena, &claim.doubts, arena_printf(cache->arena, "missing: Groups of %s", interface->id));
        claim.extra = portmap_of(arena, portset_all, everyone);
        return claim;
    }
    if (interface->groups->count == 0) {
        claim.must = portmap_of(arena, portset_all, everyone);
        return claim;
    }
    for (size_t g = 0; g < interface->groups->count; g++) {
        const struct group_admissions *group = security_group_resolve(cache, interface->groups->ids[g], family);
        if (group->missing != NULL) {
            text_list_add(arena, &claim.doubts, group->missing);
            *vector_add(arena, &may) = (struct port_segment){0, PORT_LAST, everyone};
        }
        for (size_t r = 0; r < group->items.count; r++) {
            const struct admission *rule = &group->items.items[r];
            if (!applies(rule, protocol))
                continue;
            if (!prefixset_is_empty(rule->sources))
                *vector_add(arena, &must) = (struct port_segment){rule->low, rule->high, rule->sources};
            if (rule->doubt != NULL) {
                text_list_add(arena, &claim.doubts, rule->doubt);
                *vector_add(arena, &may) = (struct port_segment){rule->low, rule->high, everyone};
            }
        }
    }
    claim.must = portmap_from(arena, must.items, must.count);
    claim.extra = portmap_subtract(arena, portmap_from(arena, may.items, may.count), claim.must);
    return claim;
}

void security_group_because(struct arena *arena, struct group_cache *cache, const struct network_interface *interface,
                            enum family family, const struct exposure *rectangle, text_list *because)
{
    if (interface->groups == NULL)
        return;
    if (interface->groups->count == 0)
        text_list_add(arena, because, "no security group");
    for (size_t g = 0; g < interface->groups->count; g++) {
        const char *id = interface->groups->ids[g];
        const struct group_admissions *group = security_group_resolve(cache, id, family);
        if (group->missing != NULL)
            *vector_add(arena, because) = arena_printf(cache->arena, "%s (missing)", id);
        for (size_t r = 0; r < group->items.count; r++) {
            const struct admission *rule = &group->items.items[r];
            if (rule->low <= rectangle->high && rule->high >= rectangle->low &&
                applies(rule, rectangle->protocol_low) &&
                (rule->doubt != NULL || prefixset_overlap(rule->sources, rectangle->sources)))
                *vector_add(arena, because) = rule->name;
        }
    }
}
