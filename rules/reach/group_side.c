#include "rules/reach/group_side.h"

#include "model/protocol.h"

struct group_side {
    VECTOR(struct side_rule) rules;
    const struct reason *unknown; // it may admit anything
};

static struct prefixset of_family(struct arena *arena, const struct security_group_rule *rule, enum family family)
{
    VECTOR(struct address_range) ranges = {0};
    for (size_t i = 0; i < rule->prefixes.count; i++)
        if (rule->prefixes.items[i].family == family)
            *vector_add(arena, &ranges) =
                (struct address_range){rule->prefixes.items[i].first, prefix_last(rule->prefixes.items[i])};
    return ranges.count == 0 ? prefixset_empty : prefixset_from(arena, ranges.items, ranges.count);
}

static void widen(struct arena *arena, struct side_rule *made, struct prefixset by, const struct reason *why)
{
    if (prefixset_is_empty(by))
        return;
    made->extra = prefixset_union(arena, made->extra, by);
    reason_add(arena, &made->doubts, why);
}

// Over a peering whose reference is said to be stale nothing is heeded.
static bool is_stale(const struct security_group_rule *rule, const char *group)
{
    for (size_t i = 0; i < rule->references.count; i++)
        if (strcmp(rule->references.items[i].group, group) == 0 && rule->references.items[i].status != NULL &&
            strcmp(rule->references.items[i].status, "active") != 0)
            return true;
    return false;
}

// Who sends packets on by an address that is not told is of no group of a VPC that it is outside of.
static bool may_be_of(const struct traffic *traffic, const struct other_side *other, const char *group)
{
    const struct security_group *of = map_get(&traffic->estate->security_groups, group);
    return other->own_vpc == NULL || of == NULL || of->doubt != NULL || !text_same(of->vpc_id, other->own_vpc);
}

static void add_references(struct traffic *traffic, const struct security_group_rule *rule, bool egress,
                           enum family family, const struct other_side *other, struct side_rule *made)
{
    struct arena *arena = traffic->arena;
    for (size_t i = 0; other->anyone != NULL && i < rule->groups.count; i++)
        if (may_be_of(traffic, other, rule->groups.items[i]))
            widen(arena, made, prefixset_all(arena, family), other->anyone);
    if (other->vpc_id == NULL || other->references[egress] == REFERENCES_NOT)
        return;
    int f = family == FAMILY_IPV6;
    for (size_t i = 0; i < rule->groups.count; i++) {
        const char *group = rule->groups.items[i];
        struct prefixset members = traffic_members(traffic, other->vpc_id, group)->must[f];
        struct prefixset unknown = traffic_members(traffic, other->vpc_id, "")->may[f];
        if (!other->same_vpc && is_stale(rule, group))
            widen(arena, made, members,
                  reason_doubt(arena, REASON_GROUP, group, settle_by_call(arena, KIND_SECURITY_GROUPS, group),
                               arena_printf(arena, "the reference to %s over a peering connection is stale", group)));
        else if (other->references[egress] == REFERENCES_MAYBE)
            widen(arena, made, members, other->unsure);
        else
            made->must = prefixset_union(arena, made->must, members);
        widen(arena, made, unknown,
              reason_doubt(arena, REASON_GROUP, group, settle_by_call(arena, KIND_NETWORK_INTERFACES, NULL),
                           arena_printf(arena, "whether some interface is of %s is not known", group)));
    }
}

static bool make_rule(struct traffic *traffic, const struct security_group *group,
                      const struct security_group_rule *rule, bool egress, enum family family,
                      const struct other_side *other, struct side_rule *made)
{
    struct arena *arena = traffic->arena;
    *made = (struct side_rule){.protocol = rule->protocol, .low = rule->low, .high = rule->high};
    made->must = of_family(arena, rule, family);
    for (size_t i = 0; i < rule->prefix_lists.count; i++) {
        const struct reason *doubt = NULL;
        const struct prefixset *list =
            security_group_list(&traffic->groups, rule->prefix_lists.items[i], family, &doubt);
        if (list != NULL)
            made->must = prefixset_union(arena, made->must, *list);
        else
            widen(arena, made, prefixset_all(arena, family), doubt);
    }
    add_references(traffic, rule, egress, family, other, made);
    if (rule->doubt != NULL)
        widen(arena, made, made->must, rule_unsure(arena, group, rule));
    if (rule->doubt != NULL)
        made->must = prefixset_empty;
    made->extra = prefixset_subtract(arena, made->extra, made->must);
    if (prefixset_is_empty(made->must) && prefixset_is_empty(made->extra))
        return false;
    made->reason = egress ? security_group_egress_reason(arena, traffic->estate, group, rule)
                          : security_group_reason(arena, traffic->estate, group, rule, NULL);
    return true;
}

// What a group's outbound rules leave unknown, or NULL.
static const struct reason *unknown_egress(struct arena *arena, const struct security_group *group,
                                           const struct interface_place *place)
{
    if (!group->has_egress) {
        const struct lack lack = {kind_name(KIND_SECURITY_GROUPS), place->account_id, place->region, group->id,
                                  arena_printf(arena, "missing: IpPermissionsEgress of %s", group->id)};
        return reason_lack(arena, REASON_GROUP, &lack);
    }
    return group->egress_doubt == NULL
               ? NULL
               : reason_doubt(arena, REASON_GROUP, group->id, settle_by_call(arena, KIND_SECURITY_GROUPS, group->id),
                              group->egress_doubt);
}

static const struct group_side *side_of(struct traffic *traffic, const char *id, bool egress, enum family family,
                                        const struct other_side *other, const struct interface_place *place)
{
    struct arena *arena = traffic->arena;
    const char *key = arena_printf(traffic->scratch, "%s|%d|%d|%s", id, egress, (int)family, other->key);
    struct group_side *side = map_get(&traffic->group_sides, key);
    if (side != NULL)
        return side;
    side = arena_new_of(arena, struct group_side);
    map_put(arena, &traffic->group_sides, arena_strdup(arena, key), side);
    const struct security_group *group = map_get(&traffic->estate->security_groups, id);
    traffic->groups.place = place;
    side->unknown = security_group_unknown(&traffic->groups, id);
    if (group == NULL)
        return side;
    if (egress && side->unknown == NULL)
        side->unknown = unknown_egress(arena, group, place);
    const security_group_rule_list *rules = egress ? &group->egress : &group->ingress;
    for (size_t r = 0; r < rules->count; r++) {
        struct side_rule made;
        if (make_rule(traffic, group, &rules->items[r], egress, family, other, &made))
            *vector_add(arena, &side->rules) = made;
    }
    return side;
}

static const struct reason no_group = {.stage = REASON_GROUP, .text = "no security group"};

static void add_claims(struct traffic *traffic, const struct party *party, bool egress, const struct other_side *other,
                       int protocol, struct group_claim *claim)
{
    struct arena *arena = traffic->arena;
    VECTOR(struct port_segment) must = {0}, extra = {0};
    struct map doubted = {0};
    struct prefixset everyone = prefixset_all(arena, party->family);
    for (size_t g = 0; g < party->groups->count; g++) {
        const char *id = party->groups->ids[g];
        const struct group_side *side = side_of(traffic, id, egress, party->family, other, party->ground->place);
        if (side->unknown != NULL) {
            reason_add_doubt(arena, &claim->doubts, &doubted, side->unknown);
            reason_add(arena, &claim->always, reason_says(arena, REASON_GROUP, id, "not known"));
            *vector_add(arena, &extra) = (struct port_segment){0, PORT_LAST, everyone};
        }
        for (size_t r = 0; r < side->rules.count; r++) {
            const struct side_rule *rule = &side->rules.items[r];
            if (rule->protocol != PROTOCOL_ANY && rule->protocol != protocol)
                continue;
            *vector_add(arena, &claim->rules) = rule;
            if (!prefixset_is_empty(rule->must))
                *vector_add(arena, &must) = (struct port_segment){rule->low, rule->high, rule->must};
            if (!prefixset_is_empty(rule->extra))
                *vector_add(arena, &extra) = (struct port_segment){rule->low, rule->high, rule->extra};
            for (size_t d = 0; d < rule->doubts.count; d++)
                reason_add_doubt(arena, &claim->doubts, &doubted, rule->doubts.items[d]);
        }
    }
    claim->must = portmap_from(arena, must.items, must.count);
    claim->extra = portmap_subtract(arena, portmap_from(arena, extra.items, extra.count), claim->must);
}

const struct group_claim *group_claim_of(struct traffic *traffic, const struct party *party, bool egress,
                                         const struct other_side *other, int protocol)
{
    struct arena *arena = traffic->arena;
    const char *key =
        arena_printf(traffic->scratch, "%s|%s|%d|%d|%s|%d", party->groups != NULL ? party->groups->key : "?",
                     party->vpc_id, egress, (int)party->family, other->key, protocol);
    struct group_claim *claim = party->groups == NULL ? NULL : map_get(&traffic->group_claims, key);
    if (claim != NULL)
        return claim;
    claim = arena_new_of(arena, struct group_claim);
    struct portmap everything = portmap_of(arena, portset_all, prefixset_all(arena, party->family));
    if (party->groups == NULL) {
        claim->extra = everything;
        reason_add(arena, &claim->doubts, party->groups_unknown);
        return claim;
    }
    if (party->groups->count == 0) {
        claim->must = everything;
        reason_add(arena, &claim->always, &no_group);
    } else {
        add_claims(traffic, party, egress, other, protocol, claim);
    }
    map_put(arena, &traffic->group_claims, arena_strdup(arena, key), claim);
    return claim;
}

void group_claim_because(struct arena *arena, const struct group_claim *claim, struct portset numbers,
                         struct prefixset others, reason_list *because)
{
    for (size_t i = 0; i < claim->always.count; i++)
        *vector_add(arena, because) = claim->always.items[i];
    for (size_t i = 0; i < claim->rules.count; i++) {
        const struct side_rule *rule = claim->rules.items[i];
        bool meets = false;
        for (size_t r = 0; r < numbers.count && !meets; r++)
            meets = numbers.ranges[r].low <= rule->high && numbers.ranges[r].high >= rule->low;
        if (meets && (prefixset_overlap(rule->must, others) || prefixset_overlap(rule->extra, others)))
            *vector_add(arena, because) = rule->reason;
    }
}
