#include "rules/reach/bridge_groups.h"

#include "model/protocol.h"
#include "rules/reach/gateway.h"
#include "rules/reach/own_address.h"

// CloudFront's own addresses, by family:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html
static const char cloudfront_list[] = "com.amazonaws.global.cloudfront.origin-facing",
                  cloudfront_list_ipv6[] = "com.amazonaws.global.ipv6.cloudfront.origin-facing";

static enum family asks_by(const struct bridge *bridge)
{
    return bridge->asks_by == 0 ? FAMILY_IPV4 : bridge->asks_by;
}

// Whether a target sees some public address of AWS's own.
static bool is_edge(const struct bridge *bridge)
{
    return bridge->told != NULL && bridge->told->from_edge;
}

bool bridge_may_ask_by_ipv6(const struct bridge *bridge, const struct network_interface *target)
{
    const struct network_interface *own = bridge->interface;
    if (bridge->keeps_client || is_edge(bridge) || own_address(target, FAMILY_IPV6, 0).family == 0)
        return false;
    if (bridge->told != NULL && bridge->told->asks_ipv6 != ASKS_IPV6_UNTOLD)
        return bridge->told->asks_ipv6 == ASKS_IPV6_PERHAPS;
    return own == NULL ? bridge->told == NULL : own_address(own, FAMILY_IPV6, 0).family != 0;
}

struct prefixset bridge_asks_from(struct arena *arena, const struct bridge *bridge)
{
    struct prefixset own = prefixset_empty;
    if (bridge->interface != NULL && !is_edge(bridge))
        own = own_addresses(arena, bridge->interface, asks_by(bridge));
    return prefixset_is_empty(own) ? prefixset_all(arena, asks_by(bridge)) : own;
}

// Whether it may be CloudFront's own list: its name is not told, and its entries, where they are, are of the internet.
static bool may_be_cloudfronts(struct arena *scratch, const struct prefix_list *list)
{
    bool named = list->name != NULL && list->name[0] != '\0';
    for (size_t i = 0; !named && i < list->entries.count; i++)
        if (prefixset_overlap(prefixset_of(scratch, list->entries.items[i]),
                              prefixset_internet(scratch, list->entries.items[i].family)))
            return true;
    return !named && !list->has_entries;
}

static bool is_member(const struct bridge *bridge, const char *group)
{
    if (bridge->group != NULL)
        return strcmp(bridge->group, group) == 0;
    if (bridge->interface == NULL)
        return false; // of an accelerator without an interface in the snapshot
    const struct group_set *groups = bridge->interface->groups;
    for (size_t i = 0; groups != NULL && i < groups->count; i++)
        if (strcmp(groups->ids[i], group) == 0)
            return true;
    return groups == NULL;
}

// How a rule admits the bridge itself, not a client by its own address.
enum admits { ADMITS_NOT, ADMITS_PERHAPS, ADMITS_SURELY };

static bool holds_own(const struct bridge *bridge, const struct prefix *prefix)
{
    const struct network_interface *one = bridge->interface;
    struct address own = {0};
    if (prefix->family != asks_by(bridge))
        return false;
    if (one == NULL || (prefix->family == FAMILY_IPV6 && own_address(one, FAMILY_IPV6, 0).family == 0))
        return prefix->length == 0; // its address is not told
    for (size_t a = 0; (own = own_address(one, prefix->family, a)).family != 0; a++)
        if (prefix_holds(*prefix, own))
            return true;
    return false;
}

// Whether a rule may admit a private address, or a group, that is not told.
static bool may_admit_inside(const struct security_group_rule *rule)
{
    return rule->prefixes.count + rule->groups.count + rule->prefix_lists.count > 0;
}

// That a rule for an accelerator's group admits its clients too, who keep their own addresses, no page says; and by the
// accelerator's own address none of them comes.
static enum admits admits_bridge(struct bridger *bridger, const struct bridge *bridge,
                                 const struct security_group_rule *rule)
{
    const struct estate *estate = bridger->estate;
    bool by_address = bridge->told == NULL || !bridge->keeps_client;
    enum admits by_group = bridge->keeps_client || bridge->interface == NULL || bridge->interface->groups == NULL
                               ? ADMITS_PERHAPS
                               : ADMITS_SURELY;
    enum admits found = ADMITS_NOT;
    if (bridge->told != NULL && bridge->told->any_inside)
        return may_admit_inside(rule) ? ADMITS_PERHAPS : ADMITS_NOT;
    for (size_t i = 0; i < rule->groups.count; i++)
        if (is_member(bridge, rule->groups.items[i]) && by_group > found)
            found = by_group;
    for (size_t i = 0; i < rule->prefix_lists.count; i++) {
        const struct prefix_list *list = map_get(&estate->prefix_lists, rule->prefix_lists.items[i]);
        bool unknown = list == NULL || (list->name == NULL && !list->has_entries) || list->doubt != NULL;
        if (!unknown && bridge->by_prefix_list &&
            text_same(list->name, asks_by(bridge) == FAMILY_IPV4 ? cloudfront_list : cloudfront_list_ipv6))
            return ADMITS_SURELY;
        bool unnamed = !unknown && bridge->by_prefix_list && may_be_cloudfronts(bridger->scratch, list);
        if ((unknown || unnamed) && found == ADMITS_NOT)
            found = ADMITS_PERHAPS;
        for (size_t p = 0; by_address && !unknown && p < list->entries.count; p++)
            if (bridge->interface != NULL && holds_own(bridge, &list->entries.items[p]))
                return ADMITS_SURELY;
    }
    for (size_t p = 0; by_address && p < rule->prefixes.count; p++)
        if (holds_own(bridge, &rule->prefixes.items[p]))
            return ADMITS_SURELY;
    return found;
}

// Which clients of a family a rule admits by their own addresses.
static struct prefixset admits_clients(struct arena *arena, const struct estate *estate,
                                       const struct security_group_rule *rule, enum family family)
{
    struct prefixset sources = prefixset_empty;
    for (size_t p = 0; p < rule->prefixes.count; p++)
        if (rule->prefixes.items[p].family == family)
            sources = prefixset_union(arena, sources, prefixset_of(arena, rule->prefixes.items[p]));
    for (size_t l = 0; l < rule->prefix_lists.count; l++) {
        const struct prefix_list *list = map_get(&estate->prefix_lists, rule->prefix_lists.items[l]);
        for (size_t e = 0; list != NULL && e < list->entries.count; e++)
            if (list->entries.items[e].family == family)
                sources = prefixset_union(arena, sources, prefixset_of(arena, list->entries.items[e]));
    }
    return sources;
}

// What of a rule's prefix lists is not there.
static void doubt_lists(struct bridger *bridger, const struct bridge *bridge, const struct security_group_rule *rule,
                        reason_list *doubts)
{
    struct arena *arena = bridger->set->arena;
    for (size_t i = 0; i < rule->prefix_lists.count; i++) {
        const char *id = rule->prefix_lists.items[i];
        const struct prefix_list *list = map_get(&bridger->estate->prefix_lists, id);
        if (list == NULL || list->doubt != NULL || (list->name == NULL && !list->has_entries)) {
            const struct lack lack = {kind_name(KIND_PREFIX_LISTS), NULL, NULL, id,
                                      list != NULL && list->doubt != NULL
                                          ? list->doubt
                                          : arena_printf(arena, "missing: entries of prefix list %s", id)};
            reason_add(arena, doubts, reason_lack(arena, REASON_GROUP, &lack));
        } else if (bridge->by_prefix_list && may_be_cloudfronts(bridger->scratch, list)) {
            const struct lack lack = {kind_name(KIND_PREFIX_LISTS), bridger->groups->place->account_id,
                                      bridger->groups->place->region, id,
                                      arena_printf(arena, "missing: the name of prefix list %s", id)};
            lack_add(arena, &bridger->set->missing, &lack);
            reason_add(arena, doubts,
                       reason_lack_of(arena, REASON_GROUP, id,
                                      arena_printf(arena, "ec2 describe-managed-prefix-lists of %s", id), &lack));
        }
    }
}

// What of a target's groups is not known, so that they may admit anybody; NULL where all is.
static const struct reason *groups_lack(struct bridger *bridger, const struct network_interface *target,
                                        enum family family)
{
    struct arena *arena = bridger->set->arena;
    if (target->groups_unsure)
        return interface_doubt(arena, bridger->estate, target);
    if (target->groups == NULL) {
        const struct lack lack = {
            kind_name(KIND_NETWORK_INTERFACES), target->place->account_id, target->place->region, target->id,
            target->doubt != NULL ? target->doubt : arena_printf(arena, "missing: Groups of %s", target->id)};
        return reason_lack(arena, REASON_GROUP, &lack);
    }
    bridger->groups->place = target->place;
    for (size_t g = 0; g < target->groups->count; g++) {
        const struct reason *missing = security_group_resolve(bridger->groups, target->groups->ids[g], family)->missing;
        if (missing != NULL)
            return missing;
    }
    return NULL;
}

struct let_in bridge_let_in(struct bridger *bridger, const struct bridge *bridge,
                            const struct network_interface *target, enum family family, int protocol)
{
    struct arena *arena = bridger->set->arena;
    const struct estate *estate = bridger->estate;
    struct prefixset everyone = prefixset_all(arena, family);
    bool edge = is_edge(bridge);
    VECTOR(struct port_segment) may = {0}, must = {0};
    struct portmap all = portmap_of(arena, portset_all, everyone);
    struct let_in in = {.may = all};
    if (bridge->told != NULL && bridge->told->past_groups) {
        *vector_add(arena, &in.rules) = (struct admitting){
            0, PORT_LAST, reason_says(arena, REASON_GROUP, target->id, "its security groups are not asked"), NULL};
        return in;
    }
    const struct reason *lack = groups_lack(bridger, target, family);
    if (lack != NULL) {
        reason_add(arena, &in.doubts, lack);
        return in;
    }
    if (target->groups->count == 0) {
        in.must = all;
        *vector_add(arena, &in.rules) =
            (struct admitting){0, PORT_LAST, reason_says(arena, REASON_GROUP, target->id, "no security group"), NULL};
        return in;
    }
    for (size_t g = 0; g < target->groups->count; g++) {
        const struct security_group *group = map_get(&estate->security_groups, target->groups->ids[g]);
        for (size_t r = 0; r < group->ingress.count; r++) {
            const struct security_group_rule *rule = &group->ingress.items[r];
            if (rule->protocol != PROTOCOL_ANY && rule->protocol != protocol)
                continue;
            enum admits bridge_is = admits_bridge(bridger, bridge, rule);
            struct prefixset sure = bridge_is == ADMITS_SURELY ? everyone : prefixset_empty;
            if (bridge->keeps_client || edge)
                sure = prefixset_union(arena, sure, admits_clients(arena, estate, rule, family));
            struct prefixset sources = bridge_is == ADMITS_PERHAPS ? everyone : sure;
            if (!prefixset_overlap(sources, prefixset_internet(arena, family)))
                continue;
            if (edge)
                sources = everyone; // whom AWS's addresses stand for
            if (bridge_is == ADMITS_PERHAPS)
                doubt_lists(bridger, bridge, rule, &in.doubts);
            *vector_add(arena, &may) = (struct port_segment){rule->low, rule->high, sources};
            if (!prefixset_is_empty(sure) && rule->doubt == NULL)
                *vector_add(arena, &must) = (struct port_segment){rule->low, rule->high, sure};
            const struct reason *reason = security_group_reason(arena, estate, group, rule, NULL);
            if (bridge->keeps_client && bridge_is == ADMITS_NOT)
                reason = reason_of_sources(arena, reason, rule->low, rule->high, sure);
            *vector_add(arena, &in.rules) = (struct admitting){
                rule->low, rule->high, reason, rule->doubt == NULL ? NULL : rule_unsure(arena, group, rule)};
        }
    }
    in.may = portmap_from(arena, may.items, may.count);
    in.must = portmap_from(arena, must.items, must.count);
    return in;
}
