#include "rules/reach/bridge.h"

#include <stdlib.h>

#include "model/bridge.h"
#include "model/interface_kind.h"
#include "model/protocol.h"
#include "net/port_map.h"
#include "rules/reach/bridge_groups.h"
#include "rules/reach/gateway.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/middlebox.h"
#include "rules/reach/origin_groups.h"
#include "rules/reach/own_address.h"
#include "rules/reach/owner.h"
#include "rules/reach/route_table.h"
#include "rules/reach/verified_access.h"
#include "rules/reach/vpc_link.h"

typedef VECTOR(struct bridge) bridges;

static struct bridge cloudfront(const char *id, const char *vpc_id)
{
    return (struct bridge){
        .service = "CloudFront VPC origin", .id = id, .vpc_id = vpc_id, .by_gateway = true, .by_prefix_list = true};
}

static const char *place_key(struct arena *scratch, const struct network_interface *interface, const char *group)
{
    return arena_printf(scratch, "%s|%s", interface->place->vpc_id, group);
}

static bridges find_bridges(struct arena *scratch, const struct estate *estate, const text_list *origin_groups,
                            const struct told_bridges *told)
{
    bridges found = {0};
    struct map seen = {0};    // VPCs with an interface of a VPC origin
    struct map perhaps = {0}; // VPC|GROUP of interfaces that may be
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        const struct interface_kind *kind = interface_kind_of(one->type);
        bool origin = is_origins(origin_groups, one), accelerator = is_accelerators(estate, one);
        bool service = origin || accelerator || (kind != NULL && kind->admission == INTERFACE_BRINGS_IN);
        const char *unnamed = service ? NULL : origin_group_unnamed(estate, origin_groups, one);
        if (unnamed != NULL && map_get(&perhaps, place_key(scratch, one, unnamed)) == NULL) {
            map_put(scratch, &perhaps, place_key(scratch, one, unnamed), (void *)(uintptr_t)one);
            struct bridge bridge = cloudfront(one->id, one->place->vpc_id);
            bridge.interface = one;
            bridge.unnamed_group = unnamed;
            *vector_add(scratch, &found) = bridge;
        }
        if (!service)
            continue;
        if (origin)
            map_put(scratch, &seen, one->place->vpc_id, (void *)(uintptr_t)one);
        if (map_get(&told->decided, one->id) != NULL)
            continue;
        struct bridge bridge = cloudfront(one->id, one->place->vpc_id);
        bridge.unexplained = origin && map_get(&told->unexplained, one->id) != NULL;
        if (!origin) {
            // Accelerators that keep the client's address have one interface in each subnet with an endpoint.
            // https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoints.sipp-caveats.html
            bridge.service = accelerator ? "AWS Global Accelerator" : kind->what;
            bridge.by_gateway = bridge.keeps_client = bridge.takes_udp = accelerator;
            bridge.by_prefix_list = false;
            bridge.unexplained = accelerator && told->accelerators_whole;
            bridge.subnet_id = accelerator ? one->place->subnet_id : NULL;
        }
        bridge.interface = one;
        *vector_add(scratch, &found) = bridge;
    }
    // Where interfaces are told of by instances alone, the service's group still shows it.
    for (size_t i = 0; i < origin_groups->count; i++) {
        const struct security_group *group = map_get(&estate->security_groups, origin_groups->items[i]);
        if (group->vpc_id == NULL || map_get(&seen, group->vpc_id) != NULL)
            continue;
        struct bridge bridge = cloudfront(group->id, group->vpc_id);
        bridge.group = group->id;
        *vector_add(scratch, &found) = bridge;
    }
    return found;
}

// The address of an interface at one end of what a service asks.
static struct address end_of(const struct bridge *bridge, const struct network_interface *interface)
{
    struct address own = own_address(interface, bridge->asks_by == FAMILY_IPV6 ? FAMILY_IPV6 : FAMILY_IPV4, 0);
    return own.family != 0 ? own : own_address(interface, FAMILY_IPV6, 0);
}

// Global Accelerator passes network ACLs by one page of AWS's, and is held by outbound ones by another; and what they
// do to CloudFront's interface no page says. They are no matter where they let all through.
// https://docs.aws.amazon.com/global-accelerator/latest/dg/preserve-client-ip-address.how-to-enable-preservation.html
// https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoints.sipp-caveats.html
static bool acl_is_open(const struct estate *estate, const struct network_interface *target, enum family family)
{
    const char *subnet = target->place->subnet_id;
    const struct network_acl *acl = subnet == NULL ? NULL : map_get(&estate->acl_of_subnet, subnet);
    bool open[2] = {false, false}, decided[2] = {false, false};
    if (acl == NULL && subnet != NULL)
        acl = map_get(&estate->default_acl_of_vpc, target->place->vpc_id);
    for (size_t i = 0; acl != NULL && acl->doubt == NULL && i < acl->entries.count; i++) {
        const struct network_acl_entry *one = &acl->entries.items[i];
        if (one->prefix.family != family || decided[one->egress])
            continue;
        decided[one->egress] = true;
        open[one->egress] = one->allow && one->protocol == PROTOCOL_ANY && one->prefix.length == 0;
    }
    return open[0] && open[1];
}

// Why the service's interface and a target may not reach each other straight, by their subnets' routes; or NULL.
static const struct reason *detour(struct arena *arena, const struct estate *estate, const struct bridge *bridge,
                                   const struct network_interface *target)
{
    const struct network_interface *ends[] = {bridge->interface, target};
    for (int i = 0; i < 2 && bridge->interface != NULL; i++) {
        struct lack lack;
        const struct route_table *table = route_table_of(arena, estate, ends[i], &lack);
        struct address to = end_of(bridge, ends[1 - i]);
        const struct reason *why = table == NULL    ? reason_lack(arena, REASON_ROUTE, &lack)
                                   : to.family == 0 ? NULL
                                                    : middlebox_on_way(arena, estate, table, to);
        if (why != NULL)
            return why;
    }
    return NULL;
}

// Why what a document says of a bridge may not come about at a target, or NULL: it surely does.
static const struct reason *unsure_at(struct arena *arena, const struct estate *estate, const struct bridge *bridge,
                                      const struct network_interface *target, enum family family)
{
    const char *why = bridge->told->unsure, *settle = bridge->told->settle;
    const char *subnet = target->place->subnet_id;
    const struct interface_kind *kind = interface_kind_of(target->type);
    if (why == NULL && target->doubt != NULL)
        return interface_doubt(arena, estate, target);
    if (why == NULL && kind != NULL && kind->admission == INTERFACE_IS_PRIVATE) {
        why = arena_printf(arena, "what comes to %s, %s, is not modelled", target->id, kind->what);
        settle = settle_by_probe;
    }
    if (why == NULL && bridge->asks_by == FAMILY_IPV6) {
        why = arena_printf(arena, "whether it asks %s by IPv6 is not told", target->id);
        settle = settle_by_probe;
    } else if (why == NULL && family == FAMILY_IPV6) {
        why = bridge->told->ipv4_only != NULL ? bridge->told->ipv4_only
                                              : "whether its IPv6 clients are sent there is not told";
        settle = settle_by_probe;
    } else if (why == NULL && !acl_is_open(estate, target, family)) {
        bool known = subnet != NULL && (map_get(&estate->acl_of_subnet, subnet) != NULL ||
                                        map_get(&estate->default_acl_of_vpc, target->place->vpc_id) != NULL);
        why = "what its network ACL does to the service is not sure";
        settle = known ? settle_by_probe : settle_by_call(arena, KIND_NETWORK_ACLS, subnet);
    }
    return why == NULL ? detour(arena, estate, bridge, target)
                       : reason_doubt(arena, REASON_BALANCER, bridge->id, settle, why);
}

// Whether a rule lets some of a segment's clients in.
static bool lets_in(const struct reason *rule, const struct port_segment *segment)
{
    struct port_range ports = {segment->low, segment->high};
    return rule->of == NULL || portmap_meets(*rule->of, (struct portset){1, &ports}, segment->sources);
}

// What lets the clients in on the ports of a segment: the listener, rules of groups, and the gateway that must be
// there.
static reason_list because_of(struct arena *arena, const struct port_segment *segment, int protocol, bool surely,
                              const struct let_in *in, const struct load_balancer *balancer, const struct gate *gate)
{
    reason_list because = {0};
    if (balancer != NULL)
        load_balancer_because(arena, balancer, protocol, segment->low, segment->high, &because);
    for (size_t i = 0; i < in->rules.count; i++)
        if (in->rules.items[i].low <= segment->high && segment->low <= in->rules.items[i].high &&
            (!surely || in->rules.items[i].unsure == NULL) && lets_in(in->rules.items[i].reason, segment))
            reason_add(arena, &because, in->rules.items[i].reason);
    if (gate->gateway_id != NULL)
        reason_add(arena, &because, gate->why);
    return because;
}

// Why clients come only perhaps on the ports of a segment: what is so of all ports, and of the rules of these.
static reason_list doubts_of(struct arena *arena, const struct port_segment *segment, const struct bridge *bridge,
                             const struct let_in *in, const struct reason *service, const reason_list *perhaps)
{
    reason_list doubts = {0};
    reason_add(arena, &doubts, service);
    reason_add_all(arena, &doubts, perhaps);
    for (size_t i = 0; i < in->rules.count; i++)
        if (in->rules.items[i].unsure != NULL && in->rules.items[i].low <= segment->high &&
            segment->low <= in->rules.items[i].high)
            reason_add(arena, &doubts, in->rules.items[i].unsure);
    if (bridge->told != NULL && doubts.count == 1)
        reason_add(arena, &doubts,
                   reason_doubt(arena, REASON_BALANCER, bridge->id, settle_by_probe,
                                "what its groups admit of the service is not sure"));
    return doubts;
}

static void put_exposure(struct arena *arena, struct indirect_exposure *indirect, const struct port_segment *segment,
                         int protocol, enum certainty certainty, const reason_list *via, reason_list because)
{
    struct exposure *one = &indirect->exposures.items[indirect->exposures.count++];
    *one = (struct exposure){.protocol_low = protocol,
                             .protocol_high = protocol,
                             .low = segment->low,
                             .high = segment->high,
                             .sources = segment->sources,
                             .internet = true,
                             .path = PATH_TWO_WAY,
                             .certainty = certainty,
                             .client_ports = portset_all,
                             .because = because};
    for (size_t i = 0; i < via->count; i++)
        reason_add(arena, &one->via, reason_behind(arena, via->items[i]));
}

// What the ports of a load balancer's listeners, and of what a document says, leave of that.
static void narrow(struct arena *arena, const struct bridge *bridge, const struct load_balancer *balancer, int protocol,
                   bool sure, struct let_in *in)
{
    if (balancer != NULL) {
        struct balancer_ports ports = load_balancer_ports(arena, balancer, protocol);
        in->may = portmap_on_ports(arena, in->may, portset_union(arena, ports.must, ports.may));
        in->must = portmap_on_ports(arena, in->must, ports.must);
        if (ports.doubt != NULL)
            reason_add(arena, &in->doubts, ports.doubt);
    }
    if (bridge->told != NULL) {
        in->may = portmap_on_ports(arena, in->may, bridge->told->ports);
        in->must = portmap_on_ports(arena, in->must, bridge->told->ports);
    }
    if (bridge->told == NULL || !sure)
        in->must = portmap_empty;
    in->may = portmap_subtract(arena, in->may, in->must);
}

// Whether it is not told of some endpoint whether it keeps its clients' addresses: then which interfaces it has is not.
static bool lacks_keeping(const struct accelerator *accelerator)
{
    for (size_t l = 0; l < accelerator->listeners.count; l++)
        for (size_t g = 0; g < accelerator->listeners.items[l].groups.count; g++) {
            const struct accelerator_group *group = &accelerator->listeners.items[l].groups.items[g];
            for (size_t e = 0; e < group->endpoints.count; e++)
                if (!group->endpoints.items[e].keeps_told)
                    return true;
        }
    return false;
}

// The document of a VPC origin that lacks, or was not understood.
static const char *settles_origins(const struct estate *estate)
{
    map_slots all = map_sorted(estate->arena, &estate->vpc_origins);
    for (size_t i = 0; i < all.count; i++) {
        const struct vpc_origin *one = all.items[i]->value;
        if (!one->told || one->doubt != NULL || one->target == NULL)
            return settle_by_call(estate->arena, KIND_VPC_ORIGINS, one->id);
    }
    return all.count == 0 ? "cloudfront list-vpc-origins, and get-vpc-origin of each" : "cloudfront list-vpc-origins";
}

// What would tell where a service brings its clients. Of VPC links the integrations of APIs tell it, which are not
// read. https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html
static const char *settles(const struct estate *estate, const struct bridge *bridge)
{
    const struct network_interface *own = bridge->interface;
    if (bridge->unexplained)
        return settle_by_probe;
    if (own != NULL && told_in_doubt(estate, own))
        return settle_by_call(estate->arena, own->differs ? KIND_NETWORK_INTERFACES : KIND_SECURITY_GROUPS,
                              own->differs || own->groups == NULL || own->groups->count == 0 ? own->id
                                                                                             : own->groups->ids[0]);
    if (bridge->by_prefix_list)
        return settles_origins(estate);
    if (!bridge->keeps_client)
        return own != NULL && strcmp(own->type, "api_gateway_managed") == 0
                   ? "apigatewayv2 get-vpc-links, and get-integrations of each API"
                   : settle_by_probe;
    for (size_t i = 0; i < estate->accelerators.size; i++) {
        const struct accelerator *one = estate->accelerators.slots[i].value;
        if (one != NULL && one->custom_routing && one->enabled)
            return arena_printf(estate->arena,
                                "globalaccelerator list-custom-routing-listeners of %s, and "
                                "list-custom-routing-endpoint-groups of each",
                                one->name);
    }
    for (size_t i = 0; i < estate->accelerators.size; i++) {
        const struct accelerator *one = estate->accelerators.slots[i].value;
        if (one != NULL && one->told && one->enabled && !one->listeners_known)
            return arena_printf(estate->arena, "globalaccelerator list-listeners of %s", one->name);
        if (one != NULL && one->told && one->doubt == NULL && lacks_keeping(one))
            return settle_by_call(estate->arena, KIND_ENDPOINT_GROUPS, one->name);
    }
    return estate->accelerators.count == 0 ? kind_call(KIND_ACCELERATORS) : kind_call(KIND_ENDPOINT_GROUPS);
}

// Which service it is and, where that is all that is known, why only perhaps.
static const struct reason *service_reason(struct arena *arena, const struct estate *estate,
                                           const struct bridge *bridge)
{
    const char *whose = arena_printf(arena, "%s by %s", bridge->service, bridge->id);
    if (bridge->told != NULL)
        return reason_says(arena, REASON_BALANCER, bridge->id,
                           arena_printf(arena, "%s: %s", whose, bridge->told->what));
    if (bridge->unnamed_group != NULL)
        return reason_doubt(arena, REASON_BALANCER, bridge->id,
                            settle_by_call(arena, KIND_SECURITY_GROUPS, bridge->unnamed_group),
                            arena_printf(arena,
                                         "%s may be of a CloudFront VPC origin: the name of its security group %s is "
                                         "not told",
                                         bridge->id, bridge->unnamed_group));
    const struct vpc_link *link = bridge->interface == NULL ? NULL : vpc_link_of(estate, bridge->interface);
    if (link != NULL)
        return vpc_link_reason(arena, bridge->id, whose, link);
    size_t documents = bridge->by_prefix_list ? estate->vpc_origins.count
                       : bridge->keeps_client ? estate->accelerators.count
                                              : 0;
    return reason_doubt(arena, REASON_BALANCER, bridge->id, settles(estate, bridge),
                        arena_printf(arena,
                                     bridge->unexplained && bridge->by_prefix_list
                                         ? "%s, which no VPC origin of the snapshot explains"
                                     : bridge->unexplained ? "%s, which no accelerator of the snapshot explains"
                                     : documents > 0       ? "%s, whose own documents do not tell all"
                                                           : "%s, whose own documents are not read",
                                     whose));
}

// Where the clients of a family arrive: IPv6 ones whose addresses are kept at an IPv6 address of the target.
// https://docs.aws.amazon.com/global-accelerator/latest/dg/about-accelerators.ip-address-type.html
static struct address arrival_address(const struct bridge *bridge, const struct network_interface *target,
                                      enum family family)
{
    struct address own = {0};
    if (family == FAMILY_IPV6 && bridge->keeps_client)
        own = own_address(target, FAMILY_IPV6, 0);
    return own.family != 0 ? own : end_of(bridge, target);
}

static void reach(struct bridger *bridger, const struct bridge *bridge, const struct network_interface *target,
                  const struct gate *gate, enum family family, int protocol)
{
    struct exposure_set *set = bridger->set;
    const struct estate *estate = bridger->estate;
    struct arena *arena = set->arena;
    reason_list perhaps = {0};
    struct let_in in = bridge_let_in(bridger, bridge, target, family, protocol);
    const struct reason *unsure = bridge->told == NULL ? NULL : unsure_at(arena, estate, bridge, target, family);
    const struct reason *missing = NULL;
    const struct load_balancer *balancer = load_balancer_of(arena, estate, target, &missing);
    balancer = missing == NULL ? balancer : NULL;
    if (balancer != NULL && balancer->unsure != NULL) // it listens where it does, if it takes anybody
        missing = load_balancer_unsure(arena, balancer);
    narrow(arena, bridge, balancer, protocol, unsure == NULL && missing == NULL && gate->doubts.count == 0, &in);
    if (in.may.count == 0 && in.must.count == 0)
        return;
    const struct reason *service = service_reason(arena, estate, bridge);
    if (unsure != NULL)
        reason_add(arena, &perhaps, unsure);
    if (missing != NULL)
        reason_add(arena, &perhaps, missing);
    reason_add_all(arena, &perhaps, &gate->doubts);
    reason_add_all(arena, &perhaps, &in.doubts);
    const struct instance *instance = map_get(&estate->instances, target->instance_id);
    const char *name = instance == NULL ? NULL : tags_name(instance->tags, instance->tag_count);
    struct indirect_exposure *indirect = vector_add(arena, &set->indirect);
    *indirect = (struct indirect_exposure){
        .interface = target,
        .private_address = arrival_address(bridge, target, family),
        .name = name != NULL ? name : tags_name(target->tags, target->tag_count),
        .owner = owner_of(arena, estate, target),
        .dormant = instance != NULL && instance_is_asleep(instance),
        .by_service = true,
        .load_balancer = bridge->service,
        .listener = bridge->id,
        .health = "unknown",
        .family = family,
        .seen = bridge_asks_from(arena, bridge),
        .seen_family = bridge->keeps_client             ? 0
                       : bridge->asks_by == FAMILY_IPV6 ? FAMILY_IPV6
                                                        : FAMILY_IPV4,
        .exposures = {.items = arena_array(arena, struct exposure, in.may.count + in.must.count)},
    };
    reason_list surely = {0};
    reason_add(arena, &surely, service);
    for (size_t i = 0; i < in.must.count; i++)
        put_exposure(arena, indirect, &in.must.segments[i], protocol, CERTAINTY_EXACT, &surely,
                     because_of(arena, &in.must.segments[i], protocol, true, &in, balancer, gate));
    for (size_t i = 0; i < in.may.count; i++) {
        const struct port_segment *segment = &in.may.segments[i];
        reason_list doubts = doubts_of(arena, segment, bridge, &in, service, &perhaps);
        put_exposure(arena, indirect, segment, protocol, CERTAINTY_POSSIBLE, &doubts,
                     because_of(arena, segment, protocol, false, &in, balancer, gate));
    }
}

static bool is_target(const struct estate *estate, const struct bridge *bridge, const struct network_interface *target)
{
    bool unplaced = strcmp(target->place->vpc_id, VPC_UNKNOWN) == 0 || strcmp(bridge->vpc_id, VPC_UNKNOWN) == 0;
    if (!unplaced && strcmp(target->place->vpc_id, bridge->vpc_id) != 0)
        return false;
    const struct interface_kind *kind = interface_kind_of(target->type);
    const struct instance *instance = map_get(&estate->instances, target->instance_id);
    bool bears = kind == NULL || kind->admission == INTERFACE_ORDINARY || kind->admission == INTERFACE_UNMODELLED ||
                 (kind->admission == INTERFACE_IS_PRIVATE && bridge->told != NULL);
    return bears && target->attached && target != bridge->interface && !is_origins_surely(estate, target) &&
           end_of(bridge, target).family != 0 && (instance == NULL || !text_same(instance->state, "terminated")) &&
           (bridge->subnet_id == NULL || target->place->subnet_id == NULL ||
            text_same(bridge->subnet_id, target->place->subnet_id));
}

// Whether an internet gateway lets a service in; API Gateway wants none.
// "AWS Global Accelerator: inbound traffic to VPCs is blocked", "CloudFront VPC origins: all traffic is blocked":
// https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa-basics.html#security-vpc-bpa-service-support
// Both want an internet gateway attached to the VPC, though nothing is routed by it.
static struct gate gate_of(struct arena *arena, const struct estate *estate, const struct bridge *bridge,
                           const struct network_interface *target)
{
    struct lack_list ignored = {0};
    return bridge->by_gateway ? gateway_admits(arena, estate, target, &ignored) : (struct gate){.state = GATE_OPEN};
}

static void reach_all(struct bridger *bridger, const struct bridge *bridge, const struct network_interface *target)
{
    if (!is_target(bridger->estate, bridge, target) ||
        gate_of(bridger->scratch, bridger->estate, bridge, target).state == GATE_SHUT)
        return;
    struct gate gate = gate_of(bridger->set->arena, bridger->estate, bridge, target);
    for (int family = FAMILY_IPV4; family <= FAMILY_IPV6; family += FAMILY_IPV6 - FAMILY_IPV4)
        for (int protocol = PROTOCOL_TCP; protocol <= PROTOCOL_UDP; protocol += PROTOCOL_UDP - PROTOCOL_TCP) {
            bool told = bridge->told == NULL ||
                        (protocol == bridge->told->protocol && (family == FAMILY_IPV4 || bridge->told->takes_ipv6));
            if (!told || (protocol == PROTOCOL_UDP && !bridge->takes_udp))
                continue;
            reach(bridger, bridge, target, &gate, (enum family)family, protocol);
            struct bridge by_ipv6 = *bridge;
            by_ipv6.asks_by = FAMILY_IPV6;
            if (bridge_may_ask_by_ipv6(bridge, target))
                reach(bridger, &by_ipv6, target, &gate, (enum family)family, protocol);
        }
}

static void reach_told(struct bridger *bridger, const struct told_bridges *told)
{
    struct exposure_set *set = bridger->set;
    for (size_t i = 0; i < told->items.count; i++) {
        const struct told_bridge *one = &told->items.items[i];
        struct bridge bridge = {.service = one->service,
                                .id = one->id,
                                .vpc_id = one->target->place->vpc_id,
                                .interface = one->interface,
                                .keeps_client = one->keeps_client,
                                .by_gateway = !one->any_inside,
                                .takes_udp = true,
                                .by_prefix_list =
                                    one->interface != NULL && is_origins(bridger->origin_groups, one->interface),
                                .told = one};
        reach_all(bridger, &bridge, one->target);
    }
    for (size_t i = 0; i < told->assumptions.count; i++)
        text_list_add(set->arena, &set->assumptions, arena_strdup(set->arena, told->assumptions.items[i]));
    for (size_t i = 0; i < told->not_covered.count; i++)
        text_list_add(set->arena, &set->not_covered, arena_strdup(set->arena, told->not_covered.items[i]));
}

void bridge_compute(struct exposure_set *set, const struct estate *estate, struct group_cache *groups)
{
    struct arena *scratch = arena_new();
    text_list origin_groups = origin_groups_of(scratch, estate);
    struct bridger bridger = {set, estate, scratch, groups, &origin_groups};
    struct told_bridges told = told_bridges_of(set->arena, estate, is_origins, &origin_groups);
    verified_access_tell(set->arena, estate, &told);
    vpc_links_tell(set->arena, estate, &told);
    bridges found = find_bridges(scratch, estate, &origin_groups, &told);
    for (size_t i = 0; i < told.missing.items.count; i++)
        lack_add(set->arena, &set->missing, &told.missing.items.items[i]);
    for (size_t b = 0; b < found.count; b++) {
        const struct bridge *bridge = &found.items[b];
        if (bridge->unnamed_group != NULL) {
            groups->place = bridge->interface->place;
            security_group_resolve(groups, bridge->unnamed_group, FAMILY_IPV4); // is missing
        }
        // Who may open a tunnel by this one, IAM says: it is no way for the internet at large.
        bool guarded = bridge->interface != NULL && !bridge->by_prefix_list &&
                       strcmp(bridge->interface->type, instance_connect_type) == 0;
        if (bridge->unnamed_group == NULL)
            text_list_add(set->arena, &set->not_covered,
                          arena_printf(set->arena,
                                       guarded ? "%s in %s (%s): whom IAM lets open tunnels by it is not judged"
                                               : "%s in %s (%s): what it brings clients to is not read",
                                       bridge->id, bridge->vpc_id, bridge->service));
        for (size_t i = 0; i < estate->interfaces.count && !guarded; i++)
            reach_all(&bridger, bridge, estate->interfaces.items[i]);
    }
    reach_told(&bridger, &told);
    arena_free(scratch);
}
