#include "rules/reach/bridge.h"

#include <stdlib.h>

#include "model/bridge.h"
#include "model/interface_kind.h"
#include "model/protocol.h"
#include "net/port_map.h"
#include "rules/reach/gateway.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/owner.h"
#include "rules/reach/told_bridge.h"
#include "rules/reach/security_group.h"

// One way in by a service.
struct bridge {
    const char *service;
    const char *id; // of its interface or, where that is not in the snapshot, its security group
    const char *vpc_id;
    const char *subnet_id; // of what it reaches; NULL: all of the VPC
    const struct network_interface *interface;
    const char *group; // where there is no interface
    bool keeps_client; // a target sees the client's own address
    bool by_gateway;   // not without an internet gateway, and Block Public Access stops it
    bool takes_udp;
    bool by_prefix_list;            // or from CloudFront's own addresses
    const struct told_bridge *told; // what a document says of it, or NULL: all it could reach is possible
};

typedef VECTOR(struct bridge) bridges;

// What one computation shares.
struct bridger {
    struct exposure_set *set;
    const struct estate *estate;
    struct arena *scratch;
    struct group_cache *groups;
    const text_list *origin_groups;
};

static const char cloudfront_group[] = "CloudFront-VPCOrigins-Service-SG";
static const char cloudfront_list[] = "com.amazonaws.global.cloudfront.origin-facing";

// A VPC origin's interface is of type "interface"; its group, which the service makes, and its tag tell it.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCloudFrontVPCOriginServiceRolePolicy.html
static bool is_cloudfront(const void *context, const struct network_interface *interface)
{
    const text_list *origin_groups = context;
    for (size_t i = 0; i + 1 < interface->tag_count; i += 2)
        if (strcmp(interface->tags[i], "aws.cloudfront.vpcorigin") == 0)
            return true;
    for (size_t i = 0; interface->groups != NULL && i < interface->groups->count; i++)
        for (size_t g = 0; g < origin_groups->count; g++)
            if (strcmp(interface->groups->ids[i], origin_groups->items[g]) == 0)
                return true;
    return interface->is_vpc_origin;
}

static struct bridge cloudfront(const char *id, const char *vpc_id)
{
    return (struct bridge){
        .service = "CloudFront VPC origin", .id = id, .vpc_id = vpc_id, .by_gateway = true, .by_prefix_list = true};
}

static int by_text(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;
    return strcmp(*a, *b);
}

static text_list find_origin_groups(struct arena *scratch, const struct estate *estate)
{
    text_list found = {0};
    for (size_t i = 0; i < estate->security_groups.size; i++) {
        const struct security_group *group = estate->security_groups.slots[i].value;
        if (group != NULL && text_same(group->name, cloudfront_group))
            *vector_add(scratch, &found) = group->id;
    }
    if (found.count > 1)
        qsort(found.items, found.count, sizeof(*found.items), by_text);
    return found;
}

static bridges find_bridges(struct arena *scratch, const struct estate *estate, const text_list *origin_groups,
                            const struct told_bridges *told)
{
    bridges found = {0};
    struct map seen = {0}; // VPCs with an interface of a VPC origin
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        const struct interface_kind *kind = interface_kind_of(one->type);
        bool origin = is_cloudfront(origin_groups, one), accelerator = is_accelerators(estate, one);
        if (!origin && !accelerator && (kind == NULL || kind->admission != INTERFACE_BRINGS_IN))
            continue;
        if (origin)
            map_put(scratch, &seen, one->place->vpc_id, (void *)(uintptr_t)one);
        if (map_get(&told->decided, one->id) != NULL)
            continue;
        struct bridge bridge = cloudfront(one->id, one->place->vpc_id);
        if (!origin) {
            // Accelerators that keep the client's address have one interface in each subnet with an endpoint.
            // https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoints.sipp-caveats.html
            bridge.service = accelerator ? "AWS Global Accelerator" : kind->what;
            bridge.by_gateway = bridge.keeps_client = bridge.takes_udp = accelerator;
            bridge.by_prefix_list = false;
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
    if (bridge->interface == NULL)
        return prefix->family == FAMILY_IPV4 && prefix->length == 0;
    for (size_t a = 0; a < bridge->interface->private_ipv4_count; a++)
        if (prefix_holds(*prefix, (struct address){FAMILY_IPV4, bridge->interface->private_ipv4[a]}))
            return true;
    return false;
}

// That a rule for an accelerator's group admits its clients too, who keep their own addresses, no page says; and by the
// accelerator's own address none of them comes.
static enum admits admits_bridge(const struct estate *estate, const struct bridge *bridge,
                                 const struct security_group_rule *rule)
{
    bool by_address = bridge->told == NULL || !bridge->keeps_client;
    enum admits by_group = bridge->keeps_client || bridge->interface == NULL || bridge->interface->groups == NULL
                               ? ADMITS_PERHAPS
                               : ADMITS_SURELY;
    enum admits found = ADMITS_NOT;
    for (size_t i = 0; i < rule->groups.count; i++)
        if (is_member(bridge, rule->groups.items[i]) && by_group > found)
            found = by_group;
    for (size_t i = 0; i < rule->prefix_lists.count; i++) {
        const struct prefix_list *list = map_get(&estate->prefix_lists, rule->prefix_lists.items[i]);
        bool unknown = list == NULL || (list->name == NULL && !list->has_entries) || list->doubt != NULL;
        if (!unknown && bridge->by_prefix_list && text_same(list->name, cloudfront_list))
            return ADMITS_SURELY;
        if (unknown && found == ADMITS_NOT)
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

// A rule that lets some of them in, on its ports.
struct admitting {
    uint16_t low;
    uint16_t high;
    const struct reason *reason;
};

// Which clients may come to which ports of a target, as far as its groups tell, and which of them surely.
struct let_in {
    struct portmap may;
    struct portmap must;
    VECTOR(struct admitting) rules;
    reason_list doubts; // what of the groups is not there
};

// What of a rule's prefix lists is not there.
static void doubt_lists(struct bridger *bridger, const struct security_group_rule *rule, reason_list *doubts)
{
    struct arena *arena = bridger->set->arena;
    for (size_t i = 0; i < rule->prefix_lists.count; i++) {
        const char *id = rule->prefix_lists.items[i];
        const struct prefix_list *list = map_get(&bridger->estate->prefix_lists, id);
        if (list == NULL || list->doubt != NULL || (list->name == NULL && !list->has_entries))
            reason_add(arena, doubts,
                       reason_doubt(arena, REASON_GROUP, id, settle_by_call(arena, KIND_PREFIX_LISTS, id),
                                    list != NULL && list->doubt != NULL
                                        ? list->doubt
                                        : arena_printf(arena, "missing: entries of prefix list %s", id)));
    }
}

// What of a target's groups is not known, so that they may admit anybody; NULL where all is.
static const struct reason *groups_lack(struct bridger *bridger, const struct network_interface *target,
                                        enum family family)
{
    struct arena *arena = bridger->set->arena;
    if (target->groups_unsure)
        return interface_doubt(arena, bridger->estate, target);
    if (target->groups == NULL)
        return reason_doubt(arena, REASON_GROUP, target->id, settle_by_call(arena, KIND_NETWORK_INTERFACES, target->id),
                            target->doubt != NULL ? target->doubt
                                                  : arena_printf(arena, "missing: Groups of %s", target->id));
    bridger->groups->place = target->place;
    for (size_t g = 0; g < target->groups->count; g++) {
        const struct reason *missing = security_group_resolve(bridger->groups, target->groups->ids[g], family)->missing;
        if (missing != NULL)
            return missing;
    }
    return NULL;
}

static struct let_in let_in(struct bridger *bridger, const struct bridge *bridge,
                            const struct network_interface *target, enum family family, int protocol)
{
    struct arena *arena = bridger->set->arena;
    const struct estate *estate = bridger->estate;
    struct prefixset everyone = prefixset_all(arena, family);
    bool is_edge = bridge->told != NULL && bridge->told->from_edge;
    VECTOR(struct port_segment) may = {0}, must = {0};
    struct portmap all = portmap_of(arena, portset_all, everyone);
    struct let_in in = {.may = all};
    const struct reason *lack = groups_lack(bridger, target, family);
    if (lack != NULL) {
        reason_add(arena, &in.doubts, lack);
        return in;
    }
    if (target->groups->count == 0) {
        in.must = all;
        *vector_add(arena, &in.rules) =
            (struct admitting){0, PORT_LAST, reason_says(arena, REASON_GROUP, NULL, "no security group")};
        return in;
    }
    for (size_t g = 0; g < target->groups->count; g++) {
        const struct security_group *group = map_get(&estate->security_groups, target->groups->ids[g]);
        for (size_t r = 0; r < group->ingress.count; r++) {
            const struct security_group_rule *rule = &group->ingress.items[r];
            if (rule->protocol != PROTOCOL_ANY && rule->protocol != protocol)
                continue;
            enum admits bridge_is = admits_bridge(estate, bridge, rule);
            struct prefixset sure = bridge_is == ADMITS_SURELY ? everyone : prefixset_empty;
            if (bridge->keeps_client || is_edge)
                sure = prefixset_union(arena, sure, admits_clients(arena, estate, rule, family));
            struct prefixset sources = bridge_is == ADMITS_PERHAPS ? everyone : sure;
            if (!prefixset_overlap(sources, prefixset_internet(arena, family)))
                continue;
            if (is_edge)
                sources = everyone; // whom AWS's addresses stand for
            if (bridge_is == ADMITS_PERHAPS)
                doubt_lists(bridger, rule, &in.doubts);
            if (rule->doubt != NULL)
                reason_add(arena, &in.doubts, rule_unsure(arena, group, rule));
            *vector_add(arena, &may) = (struct port_segment){rule->low, rule->high, sources};
            if (!prefixset_is_empty(sure) && rule->doubt == NULL)
                *vector_add(arena, &must) = (struct port_segment){rule->low, rule->high, sure};
            *vector_add(arena, &in.rules) =
                (struct admitting){rule->low, rule->high, security_group_reason(arena, estate, group, rule, NULL)};
        }
    }
    in.may = portmap_from(arena, may.items, may.count);
    in.must = portmap_from(arena, must.items, must.count);
    return in;
}

static struct address own_address(const struct network_interface *target)
{
    if (target->private_ipv4_count > 0)
        return (struct address){FAMILY_IPV4, target->private_ipv4[0]};
    return target->address_count > 0 ? target->addresses[0].private_address : (struct address){0};
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

// Why what a document says of a bridge may not come about at a target, or NULL: it surely does.
static const struct reason *unsure_at(struct arena *arena, const struct estate *estate, const struct bridge *bridge,
                                      const struct network_interface *target, enum family family)
{
    const char *why = bridge->told->unsure, *settle = bridge->told->settle;
    const char *subnet = target->place->subnet_id;
    if (why == NULL && target->doubt != NULL)
        return interface_doubt(arena, estate, target);
    if (why == NULL && family == FAMILY_IPV6) {
        why = "whether its IPv6 clients are sent there is not told";
        settle = settle_by_probe;
    } else if (why == NULL && !acl_is_open(estate, target, family)) {
        bool known = subnet != NULL && (map_get(&estate->acl_of_subnet, subnet) != NULL ||
                                        map_get(&estate->default_acl_of_vpc, target->place->vpc_id) != NULL);
        why = "what its network ACL does to the service is not sure";
        settle = known ? settle_by_probe : settle_by_call(arena, KIND_NETWORK_ACLS, subnet);
    }
    return why == NULL ? NULL : reason_doubt(arena, REASON_BALANCER, bridge->id, settle, why);
}

// What lets the clients in on the ports of a segment: the listener, rules of groups, and the gateway that must be
// there.
static reason_list because_of(struct arena *arena, const struct port_segment *segment, int protocol,
                              const struct let_in *in, const struct load_balancer *balancer, const struct gate *gate)
{
    reason_list because = {0};
    if (balancer != NULL)
        load_balancer_because(arena, balancer, protocol, segment->low, segment->high, &because);
    for (size_t i = 0; i < in->rules.count; i++)
        if (in->rules.items[i].low <= segment->high && segment->low <= in->rules.items[i].high)
            reason_add(arena, &because, in->rules.items[i].reason);
    if (gate->gateway_id != NULL)
        reason_add(arena, &because, gate->why);
    return because;
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

// What would tell where a service brings its clients: of VPC links no document does that is read.
static const char *settles(const struct estate *estate, const struct bridge *bridge)
{
    if (bridge->by_prefix_list)
        return estate->vpc_origins.count == 0 ? "cloudfront list-vpc-origins, and get-vpc-origin of each"
                                              : kind_call(KIND_VPC_ORIGINS);
    if (!bridge->keeps_client)
        return settle_by_probe;
    for (size_t i = 0; i < estate->accelerators.size; i++) {
        const struct accelerator *one = estate->accelerators.slots[i].value;
        if (one != NULL && one->told && one->enabled && !one->listeners_known)
            return arena_printf(estate->arena, "globalaccelerator list-listeners of %s", one->name);
    }
    return estate->accelerators.count == 0 ? kind_call(KIND_ACCELERATORS) : kind_call(KIND_ENDPOINT_GROUPS);
}

// What a target sees of clients that do not keep their addresses: the service's interface; where there is none, or it
// brings AWS's own public addresses, it may be any.
static struct prefixset seen_of(struct arena *arena, const struct bridge *bridge)
{
    const struct network_interface *own = bridge->interface;
    struct prefixset seen = prefixset_empty;
    bool is_edge = bridge->told != NULL && bridge->told->from_edge;
    for (size_t i = 0; own != NULL && !is_edge && i < own->private_ipv4_count; i++)
        seen = prefixset_union(arena, seen,
                               prefixset_of(arena, prefix_of((struct address){FAMILY_IPV4, own->private_ipv4[i]})));
    return prefixset_is_empty(seen) ? prefixset_all(arena, FAMILY_IPV4) : seen;
}

// Which service it is and, where that is all that is known, why only perhaps.
static const struct reason *service_reason(struct arena *arena, const struct estate *estate,
                                           const struct bridge *bridge)
{
    const char *whose = arena_printf(arena, "%s by %s", bridge->service, bridge->id);
    if (bridge->told != NULL)
        return reason_says(arena, REASON_BALANCER, bridge->id,
                           arena_printf(arena, "%s: %s", whose, bridge->told->what));
    return reason_doubt(arena, REASON_BALANCER, bridge->id, settles(estate, bridge),
                        arena_printf(arena, "%s, whose own documents are not read", whose));
}

static void reach(struct bridger *bridger, const struct bridge *bridge, const struct network_interface *target,
                  const struct gate *gate, enum family family, int protocol)
{
    struct exposure_set *set = bridger->set;
    const struct estate *estate = bridger->estate;
    struct arena *arena = set->arena;
    reason_list sure = {0}, perhaps = {0};
    struct let_in in = let_in(bridger, bridge, target, family, protocol);
    const struct reason *unsure = bridge->told == NULL ? NULL : unsure_at(arena, estate, bridge, target, family);
    const struct reason *missing = NULL;
    const struct load_balancer *balancer = load_balancer_of(arena, estate, target, &missing);
    balancer = missing == NULL ? balancer : NULL;
    if (balancer != NULL && balancer->unsure != NULL) // it listens where it does, if it takes anybody
        missing = load_balancer_unsure(arena, balancer);
    narrow(arena, bridge, balancer, protocol, unsure == NULL && missing == NULL && gate->doubts.count == 0, &in);
    if (in.may.count == 0 && in.must.count == 0)
        return;
    reason_add(arena, &sure, service_reason(arena, estate, bridge));
    reason_add_all(arena, &perhaps, &sure);
    if (unsure != NULL)
        reason_add(arena, &perhaps, unsure);
    if (missing != NULL)
        reason_add(arena, &perhaps, missing);
    reason_add_all(arena, &perhaps, &gate->doubts);
    reason_add_all(arena, &perhaps, &in.doubts);
    if (bridge->told != NULL && perhaps.count == sure.count)
        reason_add(arena, &perhaps,
                   reason_doubt(arena, REASON_BALANCER, bridge->id, settle_by_probe,
                                "what its groups admit of the service is not sure"));
    const struct instance *instance = map_get(&estate->instances, target->instance_id);
    const char *name = instance == NULL ? NULL : tags_name(instance->tags, instance->tag_count);
    struct indirect_exposure *indirect = vector_add(arena, &set->indirect);
    *indirect = (struct indirect_exposure){
        .interface = target,
        .private_address = own_address(target),
        .name = name != NULL ? name : tags_name(target->tags, target->tag_count),
        .owner = owner_of(arena, estate, target),
        .dormant = instance != NULL && instance_is_asleep(instance),
        .by_service = true,
        .load_balancer = bridge->service,
        .listener = bridge->id,
        .health = "unknown",
        .family = family,
        .seen = seen_of(arena, bridge),
        .seen_family = bridge->keeps_client ? 0 : FAMILY_IPV4,
        .exposures = {.items = arena_array(arena, struct exposure, in.may.count + in.must.count)},
    };
    for (size_t i = 0; i < in.must.count; i++)
        put_exposure(arena, indirect, &in.must.segments[i], protocol, CERTAINTY_EXACT, &sure,
                     because_of(arena, &in.must.segments[i], protocol, &in, balancer, gate));
    for (size_t i = 0; i < in.may.count; i++)
        put_exposure(arena, indirect, &in.may.segments[i], protocol, CERTAINTY_POSSIBLE, &perhaps,
                     because_of(arena, &in.may.segments[i], protocol, &in, balancer, gate));
}

static bool is_target(const struct estate *estate, const struct bridge *bridge, const text_list *origin_groups,
                      const struct network_interface *target)
{
    if (strcmp(target->place->vpc_id, bridge->vpc_id) != 0)
        return false;
    const struct interface_kind *kind = interface_kind_of(target->type);
    const struct instance *instance = map_get(&estate->instances, target->instance_id);
    bool bears = kind == NULL || kind->admission == INTERFACE_ORDINARY || kind->admission == INTERFACE_UNMODELLED;
    return bears && target->attached && target != bridge->interface && !is_cloudfront(origin_groups, target) &&
           own_address(target).family != 0 && (instance == NULL || !text_same(instance->state, "terminated")) &&
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
    if (!is_target(bridger->estate, bridge, bridger->origin_groups, target) ||
        gate_of(bridger->scratch, bridger->estate, bridge, target).state == GATE_SHUT)
        return;
    struct gate gate = gate_of(bridger->set->arena, bridger->estate, bridge, target);
    for (int family = FAMILY_IPV4; family <= FAMILY_IPV6; family += FAMILY_IPV6 - FAMILY_IPV4)
        for (int protocol = PROTOCOL_TCP; protocol <= PROTOCOL_UDP; protocol += PROTOCOL_UDP - PROTOCOL_TCP) {
            bool told = bridge->told == NULL ||
                        (protocol == bridge->told->protocol && (family == FAMILY_IPV4 || bridge->told->takes_ipv6));
            if (told && (protocol == PROTOCOL_TCP || bridge->takes_udp))
                reach(bridger, bridge, target, &gate, (enum family)family, protocol);
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
                                .by_gateway = true,
                                .takes_udp = true,
                                .by_prefix_list =
                                    one->interface != NULL && is_cloudfront(bridger->origin_groups, one->interface),
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
    text_list origin_groups = find_origin_groups(scratch, estate);
    struct bridger bridger = {set, estate, scratch, groups, &origin_groups};
    struct told_bridges told = told_bridges_of(set->arena, estate, is_cloudfront, &origin_groups);
    bridges found = find_bridges(scratch, estate, &origin_groups, &told);
    for (size_t i = 0; i < told.missing.items.count; i++)
        lack_add(set->arena, &set->missing, &told.missing.items.items[i]);
    for (size_t b = 0; b < found.count; b++) {
        const struct bridge *bridge = &found.items[b];
        // Who may open a tunnel by this one, IAM says: it is no way for the internet at large.
        bool guarded =
            bridge->interface != NULL && strcmp(bridge->interface->type, "ec2_instance_connect_endpoint") == 0;
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
