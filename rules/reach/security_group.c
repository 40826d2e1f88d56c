#include "rules/reach/security_group.h"

#include <stdlib.h>

#include "model/protocol.h"

static bool applies(const struct admission *rule, int protocol)
{
    return rule->protocol == PROTOCOL_ANY || rule->protocol == protocol;
}

static struct prefixset of_family(struct arena *arena, const struct prefix *prefixes, size_t count, enum family family)
{
    enum { FEW = 32 }; // rules seldom name more
    struct address_range few[FEW], *ranges = few;
    size_t found = 0;
    if (count > FEW)
        ranges = arena_buffer(arena, struct address_range, count);
    for (size_t i = 0; i < count; i++)
        if (prefixes[i].family == family)
            ranges[found++] = (struct address_range){prefixes[i].first, prefix_last(prefixes[i])};
    struct prefixset set = found == 0 ? prefixset_empty : prefixset_from(arena, ranges, found);
    if (ranges != few)
        arena_release(arena, ranges, count * sizeof(struct address_range));
    return set;
}

// A prefix list's entries of one family, or NULL where the snapshot lacks them.
static const struct prefixset *resolve_list(struct group_cache *cache, const char *id, enum family family)
{
    struct map *known = &cache->prefix_lists[family == FAMILY_IPV6];
    struct prefixset *set = map_get(known, id);
    const struct prefix_list *list = map_get(&cache->estate->prefix_lists, id);
    if (set != NULL || list == NULL || !list->has_entries || list->doubt != NULL)
        return set;
    set = arena_new_of(cache->arena, struct prefixset);
    *set = of_family(cache->arena, list->entries.items, list->entries.count, family);
    map_put(cache->arena, known, id, set);
    return set;
}

static const struct reason *lacks(struct group_cache *cache, enum kind kind, const char *id, const char *text)
{
    const char *account = cache->place == NULL ? NULL : cache->place->account_id;
    const char *region = cache->place == NULL ? NULL : cache->place->region;
    const struct lack lack = {kind_name(kind), account, region, id, text};
    lack_add(cache->arena, &cache->missing, &lack);
    return reason_lack(cache->arena, REASON_GROUP, &lack);
}

// A group that the snapshot does not have: because it lacks them all there, or this one.
static const struct reason *group_lack(struct group_cache *cache, const char *id)
{
    const struct lack *all = cache->place == NULL ? NULL
                                                  : estate_lack(cache->estate, cache->arena, KIND_SECURITY_GROUPS,
                                                                cache->place->account_id, cache->place->region);
    const char *text = all != NULL ? all->text : arena_printf(cache->arena, "missing: security group %s", id);
    return lacks(cache, KIND_SECURITY_GROUPS, all != NULL ? NULL : id, text);
}

const struct prefixset *security_group_list(struct group_cache *cache, const char *id, enum family family,
                                            const struct reason **doubt)
{
    const struct prefixset *list = resolve_list(cache, id, family);
    if (list != NULL)
        return list;
    const struct prefix_list *named = map_get(&cache->estate->prefix_lists, id);
    const char *text = named != NULL && named->doubt != NULL
                           ? named->doubt
                           : arena_printf(cache->arena, "missing: entries of prefix list %s", id);
    *doubt = lacks(cache, KIND_PREFIX_LISTS, id, text);
    return NULL;
}

static void resolve_rule(struct group_cache *cache, const struct security_group_rule *rule, enum family family,
                         struct admission *admission)
{
    admission->sources = of_family(cache->arena, rule->prefixes.items, rule->prefixes.count, family);
    for (size_t i = 0; i < rule->prefix_lists.count; i++) {
        const struct prefixset *list =
            security_group_list(cache, rule->prefix_lists.items[i], family, &admission->doubt);
        if (list != NULL)
            admission->sources = prefixset_union(cache->arena, admission->sources, *list);
    }
}

const struct rule_record *security_group_only_record(const struct estate *estate, const char *group,
                                                     const struct security_group_rule *rule, bool egress)
{
    if (rule->prefixes.count + rule->prefix_lists.count + rule->groups.count != 1)
        return NULL;
    const struct prefix *prefix = rule->prefixes.count == 1 ? &rule->prefixes.items[0] : NULL;
    const char *peer = rule->prefix_lists.count == 1 ? rule->prefix_lists.items[0]
                       : rule->groups.count == 1     ? rule->groups.items[0]
                                                     : NULL;
    return estate_rule_record(estate, group, rule, egress, prefix, peer);
}

const struct reason *security_group_reason(struct arena *arena, const struct estate *estate,
                                           const struct security_group *group, const struct security_group_rule *rule,
                                           const char *peer)
{
    struct reason *reason = arena_new_of(arena, struct reason);
    *reason = (struct reason){.stage = REASON_GROUP, .form = REASON_RULE, .id = group->id, .rule = rule};
    reason->record = peer != NULL ? estate_rule_record(estate, group->id, rule, false, NULL, peer)
                                  : security_group_only_record(estate, group->id, rule, false);
    return reason;
}

const struct reason *security_group_egress_reason(struct arena *arena, const struct estate *estate,
                                                  const struct security_group *group,
                                                  const struct security_group_rule *rule)
{
    struct reason *reason = arena_new_of(arena, struct reason);
    *reason =
        (struct reason){.stage = REASON_GROUP, .form = REASON_RULE, .egress = true, .id = group->id, .rule = rule};
    reason->record = security_group_only_record(estate, group->id, rule, true);
    return reason;
}

const struct reason *rule_unsure(struct arena *arena, const struct security_group *group,
                                 const struct security_group_rule *rule)
{
    return reason_doubt(arena, REASON_GROUP, group->id, settle_by_call(arena, KIND_SECURITY_GROUPS, group->id),
                        rule->doubt);
}

typedef VECTOR(struct admission) admission_vector;

// Adds what a rule, or a part of it, admits of a family.
static void add_admission(struct group_cache *cache, const struct security_group *group,
                          const struct security_group_rule *rule, const struct security_group_rule *part,
                          const struct rule_record *record, enum family family, struct arena *scratch,
                          admission_vector *found)
{
    struct admission admission = {.protocol = rule->protocol, .low = rule->low, .high = rule->high};
    resolve_rule(cache, part, family, &admission);
    if (prefixset_is_empty(admission.sources) && admission.doubt == NULL)
        return; // nothing of this family
    if (rule->doubt != NULL)
        admission.unsure = rule_unsure(cache->arena, group, rule);
    admission.reason =
        (struct reason){.stage = REASON_GROUP, .form = REASON_RULE, .id = group->id, .rule = rule, .record = record};
    *vector_add(scratch, found) = admission;
}

// Those with a record first, by its id: whatever the order of peers in the document.
static int by_record(const void *left, const void *right)
{
    const struct rule_record *a = ((const struct admission *)left)->reason.record;
    const struct rule_record *b = ((const struct admission *)right)->reason.record;
    return a == NULL || b == NULL ? (a == NULL) - (b == NULL) : strcmp(a->id, b->id);
}

// Each peer that a record names stands for itself; the others stand together.
static void add_by_peer(struct group_cache *cache, const struct security_group *group,
                        const struct security_group_rule *rule, enum family family, struct arena *scratch,
                        admission_vector *found)
{
    size_t first = found->count;
    struct security_group_rule rest = {.protocol = rule->protocol, .low = rule->low, .high = rule->high};
    for (size_t i = 0; i < rule->prefixes.count; i++) {
        struct prefix *prefix = &rule->prefixes.items[i];
        if (prefix->family != family)
            continue;
        const struct rule_record *record = estate_rule_record(cache->estate, group->id, rule, false, prefix, NULL);
        struct security_group_rule part = {.prefixes = {.items = prefix, .count = 1}};
        if (record != NULL)
            add_admission(cache, group, rule, &part, record, family, scratch, found);
        else
            *vector_add(scratch, &rest.prefixes) = *prefix;
    }
    for (size_t i = 0; i < rule->prefix_lists.count; i++) {
        const char **list = &rule->prefix_lists.items[i];
        const struct rule_record *record = estate_rule_record(cache->estate, group->id, rule, false, NULL, *list);
        struct security_group_rule part = {.prefix_lists = {.items = list, .count = 1}};
        if (record != NULL)
            add_admission(cache, group, rule, &part, record, family, scratch, found);
        else
            *vector_add(scratch, &rest.prefix_lists) = *list;
    }
    add_admission(cache, group, rule, &rest, NULL, family, scratch, found);
    if (found->count - first > 1)
        qsort(found->items + first, found->count - first, sizeof(*found->items), by_record);
}

static const struct admission *kept_admissions(struct arena *arena, const admission_vector *found)
{
    struct admission *kept = arena_buffer(arena, struct admission, found->count);
    for (size_t i = 0; i < found->count; i++) {
        struct admission *one = &kept[i];
        *one = found->items[i];
        one->segment = (struct port_segment){one->low, one->high, one->sources};
        one->map = (struct portmap){.count = 1, .segments = &one->segment};
        if (one->doubt == NULL)
            one->reason.of = &one->map;
    }
    return kept;
}

const struct reason *security_group_unknown(struct group_cache *cache, const char *id)
{
    const struct security_group *group = map_get(&cache->estate->security_groups, id);
    if (group == NULL)
        return group_lack(cache, id);
    return group->doubt == NULL ? NULL
                                : reason_doubt(cache->arena, REASON_GROUP, id,
                                               settle_by_call(cache->arena, KIND_SECURITY_GROUPS, id), group->doubt);
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
    resolved->missing = security_group_unknown(cache, id);
    struct arena *scratch = arena_new();
    admission_vector found = {0};
    bool named = map_get(&cache->estate->rule_records, id) != NULL;
    for (size_t r = 0; group != NULL && r < group->ingress.count; r++) {
        const struct security_group_rule *rule = &group->ingress.items[r];
        if (named)
            add_by_peer(cache, group, rule, family, scratch, &found);
        else
            add_admission(cache, group, rule, rule, NULL, family, scratch, &found);
    }
    resolved->count = found.count;
    resolved->items = kept_admissions(cache->arena, &found);
    arena_free(scratch);
    return resolved;
}

static int by_low_port(const void *left, const void *right)
{
    const struct ordered_rule *a = left, *b = right;
    return (int)a->rule->low - (int)b->rule->low;
}

bool security_group_is_shared(const struct network_interface *interface)
{
    return interface->groups != NULL && interface->groups->count > 0;
}

struct group_rules security_group_rules(struct arena *arena, struct group_cache *cache,
                                        const struct network_interface *interface, enum family family, int protocol)
{
    struct group_rules rules = {0};
    VECTOR(const struct admission *) found = {0};
    cache->place = interface->place;
    if (interface->groups == NULL)
        return rules;
    if (interface->groups->count == 0)
        *vector_add(arena, &rules.always) = reason_says(cache->arena, REASON_GROUP, interface->id, "no security group");
    for (size_t g = 0; g < interface->groups->count; g++) {
        const char *id = interface->groups->ids[g];
        const struct group_admissions *group = security_group_resolve(cache, id, family);
        if (group->missing != NULL)
            *vector_add(arena, &rules.always) = reason_says(cache->arena, REASON_GROUP, id, "not known");
        for (size_t r = 0; r < group->count; r++)
            if (applies(&group->items[r], protocol))
                *vector_add(arena, &found) = &group->items[r];
    }
    rules.count = found.count;
    if (found.count == 0)
        return rules;
    rules.by_place = found.items;
    rules.by_port = arena_buffer(arena, struct ordered_rule, found.count);
    rules.found = arena_array(arena, uint64_t, found.count / 64 + 1);
    for (size_t i = 0; i < found.count; i++)
        rules.by_port[i] = (struct ordered_rule){.rule = found.items[i], .place = (uint32_t)i};
    qsort(rules.by_port, found.count, sizeof(struct ordered_rule), by_low_port);
    uint16_t highest = 0;
    for (size_t i = 0; i < found.count; i++) {
        highest = rules.by_port[i].rule->high > highest ? rules.by_port[i].rule->high : highest;
        rules.by_port[i].highest_port = highest;
    }
    return rules;
}

struct claim security_group_admits(struct arena *arena, struct group_cache *cache,
                                   const struct network_interface *interface, enum family family,
                                   const struct group_rules *rules)
{
    struct claim claim = {0};
    struct prefixset everyone = prefixset_all(arena, family);
    VECTOR(struct port_segment) may = {0};
    if (interface->groups_unsure) { // its kind is not modelled: they may not count
        reason_add(arena, &claim.doubts,
                   reason_doubt(cache->arena, REASON_GATEWAY, interface->id, settle_by_probe, interface->doubt));
        claim.extra = portmap_of(arena, portset_all, everyone);
        return claim;
    }
    if (interface->groups == NULL) {
        const char *text = interface->doubt != NULL
                               ? interface->doubt
                               : arena_printf(cache->arena, "missing: Groups of %s", interface->id);
        cache->place = interface->place;
        reason_add(arena, &claim.doubts, lacks(cache, KIND_NETWORK_INTERFACES, interface->id, text));
        claim.extra = portmap_of(arena, portset_all, everyone);
        return claim;
    }
    if (interface->groups->count == 0) {
        claim.must = portmap_of(arena, portset_all, everyone);
        return claim;
    }
    struct map doubted = {0};
    struct port_segment *must = arena_buffer(arena, struct port_segment, rules->count + 1);
    size_t must_count = 0;
    for (size_t i = 0; i < rules->count; i++) {
        const struct admission *rule = rules->by_port[i].rule;
        if (rule->unsure != NULL) {
            reason_add_doubt(arena, &claim.doubts, &doubted, rule->unsure);
            *vector_add(arena, &may) = (struct port_segment){rule->low, rule->high, rule->sources};
        } else if (!prefixset_is_empty(rule->sources)) {
            must[must_count++] = (struct port_segment){rule->low, rule->high, rule->sources};
        }
        if (rule->doubt != NULL) {
            reason_add_doubt(arena, &claim.doubts, &doubted, rule->doubt);
            *vector_add(arena, &may) = (struct port_segment){rule->low, rule->high, everyone};
        }
    }
    for (size_t g = 0; rules->always.count > 0 && g < interface->groups->count; g++) {
        const struct group_admissions *group = security_group_resolve(cache, interface->groups->ids[g], family);
        if (group->missing == NULL)
            continue;
        reason_add_doubt(arena, &claim.doubts, &doubted, group->missing);
        *vector_add(arena, &may) = (struct port_segment){0, PORT_LAST, everyone};
    }
    claim.must = portmap_from(arena, must, must_count);
    claim.extra = portmap_subtract(arena, portmap_from(arena, may.items, may.count), claim.must);
    return claim;
}

void security_group_because(struct arena *arena, struct group_rules *rules, const struct exposure *rectangle,
                            reason_list *because)
{
    size_t low = 0, end = rules->count; // rules from `end` on begin above the rectangle
    while (low < end) {
        size_t middle = low + (end - low) / 2;
        if (rules->by_port[middle].rule->low <= rectangle->high)
            low = middle + 1;
        else
            end = middle;
    }
    for (size_t i = end; i > 0 && rules->by_port[i - 1].highest_port >= rectangle->low; i--) {
        const struct ordered_rule *one = &rules->by_port[i - 1];
        if (one->rule->high >= rectangle->low &&
            (one->rule->doubt != NULL || prefixset_overlap(one->rule->sources, rectangle->sources)))
            rules->found[one->place / 64] |= (uint64_t)1 << (one->place % 64);
    }
    for (size_t i = 0; i < rules->always.count; i++)
        *vector_add(arena, because) = rules->always.items[i];
    for (size_t word = 0; rules->count > 0 && word < rules->count / 64 + 1; word++)
        for (; rules->found[word] != 0; rules->found[word] &= rules->found[word] - 1)
            *vector_add(arena, because) =
                &rules->by_place[word * 64 + (size_t)__builtin_ctzll(rules->found[word])]->reason;
}
