#include "rules/reach/balancer_hop.h"

#include "model/protocol.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/middlebox.h"
#include "rules/reach/own_address.h"
#include "rules/reach/part.h"
#include "rules/reach/site.h"

// The ports that a node asks a target from.
// https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports
enum { NODE_PORT_FIRST = 1024 };

static struct site *site_of(struct hopper *hopper, const struct network_interface *interface)
{
    const char *subnet = interface->place->subnet_id == NULL ? "" : interface->place->subnet_id;
    struct site *site = map_get(&hopper->sites, subnet);
    if (site == NULL) {
        site = site_new(hopper->set->arena, hopper->estate, interface); // its texts outlive the walk
        map_put(hopper->arena, &hopper->sites, subnet, site);
    }
    return site;
}

static const struct reason *doubt_of(struct hopper *hopper, const char *id, const char *settle, const char *text)
{
    return reason_doubt(hopper->set->arena, REASON_BALANCER, id, settle, text);
}

// ---- Groups

static bool applies(const struct security_group_rule *rule, const struct hop_question *hop)
{
    return (rule->protocol == PROTOCOL_ANY || rule->protocol == hop->protocol) && rule->low <= hop->port &&
           hop->port <= rule->high;
}

static bool interface_has_group(const struct network_interface *interface, const char *id)
{
    for (size_t i = 0; interface->groups != NULL && i < interface->groups->count; i++)
        if (strcmp(interface->groups->ids[i], id) == 0)
            return true;
    return false;
}

static bool front_has_group(const struct hop_question *hop, const char *id)
{
    for (size_t i = 0; i < hop->balancer->groups.count; i++)
        if (strcmp(hop->balancer->groups.items[i], id) == 0)
            return true;
    return interface_has_group(hop->node, id);
}

enum leaves { LEAVES_NOT, LEAVES_PERHAPS, LEAVES_SURELY };

// Whether one outbound rule names the target.
static enum leaves rule_lets(struct hopper *hopper, const struct security_group_rule *rule,
                             const struct hop_question *hop, reason_list *doubts)
{
    enum leaves best = LEAVES_NOT;
    for (size_t i = 0; i < rule->prefixes.count; i++)
        if (prefix_holds(rule->prefixes.items[i], hop->address))
            return LEAVES_SURELY;
    for (size_t i = 0; i < rule->groups.count; i++)
        if (interface_has_group(hop->target, rule->groups.items[i]))
            return LEAVES_SURELY;
    for (size_t i = 0; i < rule->prefix_lists.count; i++) {
        const char *id = rule->prefix_lists.items[i];
        const struct prefix_list *list = map_get(&hopper->estate->prefix_lists, id);
        if (list == NULL || !list->has_entries || list->doubt != NULL) {
            const char *text = list != NULL && list->doubt != NULL
                                   ? list->doubt
                                   : arena_printf(hopper->set->arena, "missing: entries of prefix list %s", id);
            const struct lack lack = {kind_name(KIND_PREFIX_LISTS), hop->node->place->account_id,
                                      hop->node->place->region, id, text};
            lack_add(hopper->set->arena, &hopper->groups->missing, &lack);
            reason_add(hopper->arena, doubts, reason_lack(hopper->set->arena, REASON_BALANCER, &lack));
            best = LEAVES_PERHAPS;
            continue;
        }
        for (size_t e = 0; e < list->entries.count; e++)
            if (prefix_holds(list->entries.items[e], hop->address))
                return LEAVES_SURELY;
    }
    return best;
}

static enum leaves group_lets(struct hopper *hopper, const char *id, const struct hop_question *hop,
                              reason_list *because, reason_list *doubts)
{
    struct arena *kept = hopper->set->arena;
    const struct security_group *group = map_get(&hopper->estate->security_groups, id);
    hopper->groups->place = hop->node->place;
    const struct reason *missing = security_group_resolve(hopper->groups, id, hop->address.family)->missing;
    if (missing == NULL && group->egress_doubt != NULL)
        missing = reason_doubt(kept, REASON_BALANCER, id, settle_by_call(kept, KIND_SECURITY_GROUPS, id),
                               group->egress_doubt);
    if (missing != NULL) {
        reason_add(hopper->arena, doubts, missing);
        return LEAVES_PERHAPS;
    }
    if (!group->has_egress) { // as those of other collectors, which keep what comes in alone
        text_list_add(kept, &hopper->set->assumptions,
                      arena_printf(kept,
                                   "outbound rules of security group %s absent: it lets everything out, as is "
                                   "AWS's default",
                                   id));
        return LEAVES_SURELY;
    }
    enum leaves best = LEAVES_NOT;
    for (size_t r = 0; r < group->egress.count; r++) {
        const struct security_group_rule *rule = &group->egress.items[r];
        enum leaves lets = applies(rule, hop) ? rule_lets(hopper, rule, hop, doubts) : LEAVES_NOT;
        if (lets == LEAVES_SURELY && rule->doubt != NULL) {
            lets = LEAVES_PERHAPS;
            reason_add(hopper->arena, doubts, rule_unsure(kept, group, rule));
        }
        best = lets > best ? lets : best;
        if (lets == LEAVES_SURELY) {
            struct reason *reason = arena_new_of(kept, struct reason);
            *reason =
                (struct reason){.stage = REASON_GROUP, .form = REASON_RULE, .egress = true, .id = id, .rule = rule};
            reason->record = security_group_only_record(hopper->estate, id, rule, true);
            reason_add(hopper->arena, because, reason);
            break;
        }
    }
    return best;
}

// Which groups a node has is not known: its record lacks them, or its load balancer's says otherwise.
static const struct reason *groups_lack(struct hopper *hopper, const struct hop_question *hop)
{
    const struct lack lack = {kind_name(KIND_NETWORK_INTERFACES), hop->node->place->account_id,
                              hop->node->place->region, hop->node->id,
                              arena_printf(hopper->set->arena, "missing: Groups of %s", hop->node->id)};
    return reason_lack(hopper->set->arena, REASON_BALANCER, &lack);
}

// Whether the balancer's own groups let it out to the target. One without groups is not filtered.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-update-security-groups.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
static enum leaves groups_let_out(struct hopper *hopper, const struct hop_question *hop, reason_list *because,
                                  reason_list *doubts)
{
    const struct group_set *groups = hop->node->groups;
    enum leaves best = LEAVES_NOT;
    if (groups == NULL) {
        reason_add(hopper->arena, doubts, groups_lack(hopper, hop));
        return LEAVES_PERHAPS;
    }
    for (size_t i = 0; i < groups->count && best != LEAVES_SURELY; i++) {
        enum leaves lets = group_lets(hopper, groups->ids[i], hop, because, doubts);
        best = lets > best ? lets : best;
    }
    if (best == LEAVES_NOT && hop->node->groups_unsure) { // they may not apply to it
        if (hop->node->doubt != NULL)
            reason_add(hopper->arena, doubts, interface_doubt(hopper->set->arena, hopper->estate, hop->node));
        best = LEAVES_PERHAPS;
    }
    return groups->count == 0 ? LEAVES_SURELY : best;
}

// A rule of the target's groups that admits members of the load balancer's groups, or NULL; one that is sure where
// there is one, else *unsure says why it is not.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
static const struct reason *referring_rule(struct hopper *hopper, const struct hop_question *hop,
                                           const struct reason **unsure)
{
    struct arena *kept = hopper->set->arena;
    const struct group_set *groups = hop->target->groups;
    const struct reason *found = NULL;
    for (size_t g = 0; groups != NULL && g < groups->count; g++) {
        const struct security_group *group = map_get(&hopper->estate->security_groups, groups->ids[g]);
        for (size_t r = 0; group != NULL && r < group->ingress.count; r++) {
            const struct security_group_rule *rule = &group->ingress.items[r];
            for (size_t i = 0; applies(rule, hop) && i < rule->groups.count; i++) {
                bool has = front_has_group(hop, rule->groups.items[i]), unknown = hop->node->groups == NULL;
                bool sure = rule->doubt == NULL && !unknown;
                if ((!has && !unknown) || (found != NULL && !sure))
                    continue;
                found = security_group_reason(kept, hopper->estate, group, rule, rule->groups.items[i]);
                *unsure = sure ? NULL : rule->doubt != NULL ? rule_unsure(kept, group, rule) : groups_lack(hopper, hop);
                if (sure)
                    return found;
            }
        }
    }
    return found;
}

// Who gets past the target's groups; `comers` are those who come, of whom the rules are named.
static struct clients admitted(struct hopper *hopper, const struct hop_question *hop, struct prefixset comers,
                               reason_list *because, reason_list *doubts)
{
    struct arena *arena = hopper->arena;
    enum family family = hop->address.family;
    struct group_rules rules = security_group_rules(arena, hopper->groups, hop->target, family, hop->protocol);
    struct claim claim = security_group_admits(arena, hopper->groups, hop->target, family, &rules);
    struct clients clients = {.must = portmap_sources(claim.must, hop->port)};
    clients.may = prefixset_union(arena, clients.must, portmap_sources(claim.extra, hop->port));
    const struct reason *unsure = NULL, *reference = referring_rule(hopper, hop, &unsure);
    if (reference != NULL)
        clients.may = prefixset_all(arena, family);
    if (reference != NULL && unsure == NULL)
        clients.must = clients.may;
    if (unsure != NULL)
        reason_add(arena, doubts, unsure);
    struct exposure packet = {.protocol_low = hop->protocol,
                              .protocol_high = hop->protocol,
                              .low = hop->port,
                              .high = hop->port,
                              .sources = prefixset_intersect(arena, clients.may, comers)};
    security_group_because(arena, &rules, &packet, because);
    if (reference != NULL)
        reason_add(arena, because, reference);
    reason_add_all(arena, doubts, &claim.doubts);
    return clients;
}

// ---- ACLs

// How much of a node's ports replies may come to.
static enum leaves ports_let(struct hopper *hopper, struct portmap allows, struct address other, const char *acl,
                             reason_list *doubts)
{
    struct arena *arena = hopper->arena;
    struct portset all = portset_of(arena, NODE_PORT_FIRST, PORT_LAST);
    struct portset some = portset_intersect(arena, portmap_ports(arena, allows, other.bits), all);
    if (portset_equal(some, all))
        return LEAVES_SURELY;
    if (portset_is_empty(some))
        return LEAVES_NOT;
    reason_add(arena, doubts,
               doubt_of(hopper, acl, settle_by_probe,
                        arena_printf(hopper->set->arena, "%s lets replies to the load balancer's ports %s only", acl,
                                     portset_format(arena, some))));
    return LEAVES_PERHAPS;
}

// Whether the node's own ACL lets it ask the target and hear from it.
static enum leaves node_side(struct hopper *hopper, const struct hop_question *hop, reason_list *doubts)
{
    struct site *site = site_of(hopper, hop->node);
    if (site->acl == NULL) {
        reason_add(hopper->arena, doubts, site->acl_missing);
        return LEAVES_PERHAPS;
    }
    const struct passage *passage = site_passage(site, hop->address.family, hop->protocol);
    if (!prefixset_holds(portmap_sources(passage->out.allows, hop->port), hop->address.bits))
        return LEAVES_NOT;
    return ports_let(hopper, passage->in.allows, hop->address, site->acl->id, doubts);
}

// The same of the target's ACL, for one of the node's addresses.
static enum leaves target_side(struct hopper *hopper, const struct hop_question *hop, struct address own,
                               reason_list *because, reason_list *doubts)
{
    struct site *site = site_of(hopper, hop->target);
    if (site->acl == NULL) {
        reason_add(hopper->arena, doubts, site->acl_missing);
        return LEAVES_PERHAPS;
    }
    const struct passage *passage = site_passage(site, own.family, hop->protocol);
    if (!prefixset_holds(portmap_sources(passage->in.allows, hop->port), own.bits))
        return LEAVES_NOT;
    network_acl_because(hopper->arena, &passage->in, portset_of(hopper->arena, hop->port, hop->port),
                        prefixset_of(hopper->arena, prefix_of(own)), because);
    return ports_let(hopper, passage->out.allows, own, site->acl->id, doubts);
}

// The clients that the target's ACL lets in with their own address, and the reply out to, from one of their ports;
// which of these serve is left in *ports. A load balancer that preserves the address preserves the port, too: "the
// connections appear to the target as if they come from the same source socket".
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation
static struct clients target_acl_admits(struct hopper *hopper, const struct hop_question *hop, reason_list *because,
                                        struct portset *ports, reason_list *doubts)
{
    struct arena *arena = hopper->arena;
    struct site *site = site_of(hopper, hop->target);
    struct prefixset back = prefixset_empty;
    struct portset serve = portset_empty;
    if (site->acl == NULL) {
        reason_add(arena, doubts, site->acl_missing);
        return (struct clients){.must = prefixset_empty, .may = prefixset_all(arena, hop->address.family)};
    }
    const struct passage *passage = site_passage(site, hop->address.family, hop->protocol);
    for (size_t i = 0; i < passage->out.allows.count; i++) {
        const struct port_segment *segment = &passage->out.allows.segments[i];
        struct portset some = portset_intersect(arena, portset_of(arena, segment->low, segment->high), *ports);
        if (portset_is_empty(some))
            continue;
        serve = portset_union(arena, serve, some);
        back = prefixset_union(arena, back, segment->sources);
    }
    *ports = serve;
    struct prefixset through = prefixset_intersect(arena, portmap_sources(passage->in.allows, hop->port), back);
    network_acl_because(arena, &passage->in, portset_of(arena, hop->port, hop->port), through, because);
    return (struct clients){through, through};
}

// ---- The hop

// Whether an ACL lets in what the target answers, to each of the client's ports that are ephemeral.
// https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports
static bool lets_answers_in(struct arena *arena, const struct passage *passage, const struct hop_question *hop,
                            struct portset ports)
{
    struct portset left = portset_intersect(arena, ports, portset_of(arena, 1024, PORT_LAST));
    left = portset_is_empty(left) ? ports : left;
    left = portset_subtract(arena, left, portmap_ports(arena, passage->in.allows, hop->address.bits));
    return portset_is_empty(left);
}

// Of those who come with these addresses, the ones that the target sees and lets in.
static struct clients preserved(struct hopper *hopper, const struct hop_question *hop, struct clients comers,
                                bool same_subnet, struct portset *ports, reason_list *because, reason_list *doubts)
{
    struct clients clients =
        clients_intersect(hopper->arena, comers, admitted(hopper, hop, comers.may, because, doubts));
    if (same_subnet)
        return clients;
    clients = clients_intersect(hopper->arena, clients, target_acl_admits(hopper, hop, because, ports, doubts));
    struct site *site = site_of(hopper, hop->node);
    const struct passage *passage = site_passage(site, hop->address.family, hop->protocol);
    if (site->acl != NULL && (!prefixset_holds(portmap_sources(passage->out.allows, hop->port), hop->address.bits) ||
                              !lets_answers_in(hopper->arena, passage, hop, *ports))) {
        clients.must = prefixset_empty;
        reason_add(hopper->arena, doubts,
                   doubt_of(hopper, site->acl->id, settle_by_probe,
                            arena_printf(hopper->set->arena,
                                         "whether %s stops what the load balancer passes on with its client's address, "
                                         "or the answer, is not documented",
                                         site->acl->id)));
    }
    return clients;
}

// What a network load balancer asks IPv6 targets by UDP, of clients whose address is not kept, may come "from" its
// source NAT prefixes; that it comes by no other address is not documented.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
static bool has_prefixes(const struct hop_question *hop)
{
    return hop->balancer->source_nat && hop->protocol == PROTOCOL_UDP && hop->address.family == FAMILY_IPV6;
}

static bool may_come_by_prefix(struct hopper *hopper, const struct hop_question *hop, struct prefixset admits,
                               struct prefixset *seen, reason_list *doubts)
{
    const struct load_balancer *balancer = hop->balancer;
    if (!has_prefixes(hop))
        return false;
    struct prefixset own = prefixset_empty;
    for (size_t i = 0; i < balancer->source_nat_prefixes.count; i++) {
        struct prefix prefix;
        if (prefix_parse(balancer->source_nat_prefixes.items[i], false, &prefix) == PREFIX_OK)
            own = prefixset_union(hopper->arena, own, prefixset_of(hopper->arena, prefix));
    }
    if (prefixset_is_empty(own)) // which they are is not told
        own = prefixset_all(hopper->arena, FAMILY_IPV6);
    *seen = prefixset_union(hopper->arena, *seen, prefixset_intersect(hopper->arena, own, admits));
    reason_add(hopper->arena, doubts,
               doubt_of(hopper, balancer->name, settle_by_probe,
                        arena_printf(hopper->set->arena,
                                     "by which address %s asks IPv6 targets of its IPv4 clients (source NAT prefix) is "
                                     "not documented",
                                     balancer->name)));
    return true;
}

// Whether the node gets through by one of its own addresses, and by which.
static enum leaves by_own_address(struct hopper *hopper, const struct hop_question *hop, bool same_subnet,
                                  struct prefixset *seen, reason_list *because, reason_list *doubts)
{
    struct prefixset comers = has_prefixes(hop) ? prefixset_all(hopper->arena, hop->address.family)
                                                : own_addresses(hopper->arena, hop->node, hop->address.family);
    struct clients passes = admitted(hopper, hop, comers, because, doubts);
    enum leaves best = LEAVES_NOT;
    struct address own;
    if (may_come_by_prefix(hopper, hop, passes.may, seen, doubts)) { // what the ACLs do to that is not asked
        struct prefixset admits = prefixset_intersect(
            hopper->arena, own_addresses(hopper->arena, hop->node, hop->address.family), passes.may);
        *seen = prefixset_union(hopper->arena, *seen, admits);
        return prefixset_is_empty(*seen) ? LEAVES_NOT : LEAVES_PERHAPS;
    }
    for (size_t a = 0; (own = own_address(hop->node, hop->address.family, a)).family != 0; a++) {
        enum leaves way = prefixset_holds(passes.must, own.bits)  ? LEAVES_SURELY
                          : prefixset_holds(passes.may, own.bits) ? LEAVES_PERHAPS
                                                                  : LEAVES_NOT;
        // A classic load balancer's ACL counts even towards its own subnet (Reachability Analyzer's
        // ELB_ACL_RESTRICTION).
        if (way != LEAVES_NOT && (!same_subnet || hop->balancer->type == LOAD_BALANCER_CLASSIC)) {
            enum leaves side = node_side(hopper, hop, doubts);
            way = side < way ? side : way;
        }
        if (way != LEAVES_NOT && !same_subnet) {
            enum leaves side = target_side(hopper, hop, own, because, doubts);
            way = side < way ? side : way;
        }
        if (way != LEAVES_NOT)
            *seen = prefixset_union(hopper->arena, *seen, prefixset_of(hopper->arena, prefix_of(own)));
        best = way > best ? way : best;
    }
    return best;
}

// Adds those whose address the target does not see.
static void bring(struct hopper *hopper, const struct hop_question *hop, struct clients clients, bool same_subnet,
                  struct arrival *arrival, reason_list *because, reason_list *doubts)
{
    struct prefixset seen = prefixset_empty;
    if (prefixset_is_empty(clients.may))
        return;
    enum leaves way = by_own_address(hopper, hop, same_subnet, &seen, because, doubts);
    if (way == LEAVES_NOT)
        return;
    if (way == LEAVES_PERHAPS)
        clients.must = prefixset_empty;
    *arrival = arrival_union(
        hopper->arena, arrival,
        &(struct arrival){
            .brought = clients, .seen = seen, .seen_family = hop->address.family, .ports = hop->arrival.ports});
}

// Whether packets go straight from one interface's subnet to an address of its VPC.
static bool goes_straight(struct hopper *hopper, const struct network_interface *from, struct address to,
                          reason_list *doubts)
{
    const struct site *site = site_of(hopper, from);
    const struct reason *doubt = site->table == NULL
                                     ? site->table_missing
                                     : middlebox_on_way(hopper->set->arena, hopper->estate, site->table, to);
    if (doubt != NULL)
        reason_add(hopper->arena, doubts, doubt);
    return doubt == NULL;
}

// The same of what a node asks a target, and of what comes back to the node's own address. Whoever answers a client by
// its own address answers by the load balancer, whatever its subnet's routes.
static bool is_straight(struct hopper *hopper, const struct hop_question *hop, bool to_node, reason_list *doubts)
{
    bool straight = goes_straight(hopper, hop->node, hop->address, doubts);
    struct address own;
    for (size_t a = 0; to_node && (own = own_address(hop->node, hop->address.family, a)).family != 0; a++)
        straight = goes_straight(hopper, hop->target, own, doubts) && straight;
    return straight;
}

struct arrival hop_through(struct hopper *hopper, const struct hop_question *hop, reason_list *because,
                           reason_list *doubts)
{
    struct arena *arena = hopper->arena;
    const struct interface_place *from = hop->node->place, *to = hop->target->place;
    const struct arrival *comes = &hop->arrival;
    bool same_subnet = from->subnet_id != NULL && text_same(from->subnet_id, to->subnet_id);
    struct arrival result = {.ports = comes->ports};
    struct clients behind = {0};
    struct portset any = portset_all; // of whoever brings them
    reason_list of_clients = {0}, of_others = {0};
    if (arrival_is_empty(comes))
        return result;
    enum leaves out = groups_let_out(hopper, hop, because, doubts);
    if (out == LEAVES_NOT)
        return result;
    if (!hop->preserves || hop->family != hop->address.family)
        behind = comes->own;
    else if (!prefixset_is_empty(comes->own.may))
        result.own = preserved(hopper, hop, comes->own, same_subnet, &result.ports, &of_clients, doubts);
    if (!hop->preserves || comes->seen_family != hop->address.family) {
        behind = clients_union(arena, behind, comes->brought);
    } else if (!prefixset_is_empty(comes->brought.may)) {
        struct clients seen =
            preserved(hopper, hop, (struct clients){comes->seen, comes->seen}, same_subnet, &any, &of_others, doubts);
        result.ports = comes->ports;
        result.brought = clients_brought_past(arena, comes->brought, comes->seen, seen);
        result.seen = seen.may;
        result.seen_family = comes->seen_family;
    }
    bring(hopper, hop, behind, same_subnet, &result, &of_others, doubts);
    part_add_at_port(hopper->arena, hopper->set->arena, &hopper->at_port, &of_clients, hop->port, because);
    part_add_untold(hopper->arena, hopper->set->arena, &of_others,
                    because); // of those whom the target sees, not of the clients
    if (out == LEAVES_PERHAPS)
        arrival_doubt(&result);
    if (arrival_is_empty(&result))
        return result;
    if (strcmp(from->vpc_id, to->vpc_id) == 0) {
        if (!is_straight(hopper, hop, !prefixset_is_empty(behind.may), doubts))
            arrival_doubt(&result);
    } else {
        arrival_doubt(&result); // peering, a transit gateway
        reason_add(arena, doubts,
                   doubt_of(hopper, to->vpc_id, settle_by_probe,
                            arena_printf(hopper->set->arena, "the way from %s to %s is not modelled", from->vpc_id,
                                         to->vpc_id)));
    }
    return result;
}
