#include "rules/reach/bridge.h"

#include <stdlib.h>

#include "model/interface_kind.h"
#include "model/protocol.h"
#include "net/port_map.h"
#include "rules/reach/gateway.h"
#include "rules/reach/load_balancer.h"
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
    bool by_prefix_list; // or from CloudFront's own addresses
};

typedef VECTOR(struct bridge) bridges;

static const char cloudfront_group[] = "CloudFront-VPCOrigins-Service-SG";
static const char cloudfront_list[] = "com.amazonaws.global.cloudfront.origin-facing";

// A VPC origin's interface is of type "interface"; its group, which the service makes, and its tag tell it.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCloudFrontVPCOriginServiceRolePolicy.html
static bool is_cloudfront(const text_list *origin_groups, const struct network_interface *interface)
{
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

static bridges find_bridges(struct arena *scratch, const struct estate *estate, const text_list *origin_groups)
{
    bridges found = {0};
    struct map seen = {0}; // VPCs with an interface of a VPC origin
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        const struct interface_kind *kind = interface_kind_of(one->type);
        bool origin = is_cloudfront(origin_groups, one);
        if (!origin && (kind == NULL || kind->admission != INTERFACE_BRINGS_IN))
            continue;
        struct bridge bridge = cloudfront(one->id, one->place->vpc_id);
        if (origin) {
            map_put(scratch, &seen, one->place->vpc_id, (void *)(uintptr_t)one);
        } else {
            // Accelerators that keep the client's address have one interface in each subnet with an endpoint.
            // https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoints.sipp-caveats.html
            bool accelerator = strcmp(one->type, "global_accelerator_managed") == 0;
            bridge.service = kind->what;
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
    const struct group_set *groups = bridge->interface->groups;
    for (size_t i = 0; groups != NULL && i < groups->count; i++)
        if (strcmp(groups->ids[i], group) == 0)
            return true;
    return groups == NULL;
}

// Whether the rule admits the bridge itself, not a client by its own address.
static bool admits_bridge(const struct estate *estate, const struct bridge *bridge,
                          const struct security_group_rule *rule)
{
    for (size_t i = 0; i < rule->groups.count; i++)
        if (is_member(bridge, rule->groups.items[i]))
            return true;
    for (size_t i = 0; i < rule->prefix_lists.count; i++) {
        const struct prefix_list *list = map_get(&estate->prefix_lists, rule->prefix_lists.items[i]);
        bool unknown = list == NULL || (list->name == NULL && !list->has_entries) || list->doubt != NULL;
        if (unknown || (bridge->by_prefix_list && text_same(list->name, cloudfront_list)))
            return true;
        for (size_t p = 0; bridge->interface != NULL && p < list->entries.count; p++)
            for (size_t a = 0; a < bridge->interface->private_ipv4_count; a++)
                if (prefix_holds(list->entries.items[p],
                                 (struct address){FAMILY_IPV4, bridge->interface->private_ipv4[a]}))
                    return true;
    }
    for (size_t p = 0; p < rule->prefixes.count; p++) {
        const struct prefix *prefix = &rule->prefixes.items[p];
        if (bridge->interface == NULL && prefix->family == FAMILY_IPV4 && prefix->length == 0)
            return true;
        for (size_t a = 0; bridge->interface != NULL && a < bridge->interface->private_ipv4_count; a++)
            if (prefix_holds(*prefix, (struct address){FAMILY_IPV4, bridge->interface->private_ipv4[a]}))
                return true;
    }
    return false;
}

// Which clients may come to which ports of a target, as far as its groups tell.
static struct portmap let_in(struct arena *arena, const struct estate *estate, const struct bridge *bridge,
                             const struct network_interface *target, enum family family, int protocol,
                             reason_list *because)
{
    struct prefixset everyone = prefixset_all(arena, family);
    VECTOR(struct port_segment) segments = {0};
    if (target->groups == NULL || target->groups->count == 0 || target->groups_unsure)
        return portmap_of(arena, portset_all, everyone);
    for (size_t g = 0; g < target->groups->count; g++) {
        const struct security_group *group = map_get(&estate->security_groups, target->groups->ids[g]);
        if (group == NULL || group->doubt != NULL)
            return portmap_of(arena, portset_all, everyone);
        for (size_t r = 0; r < group->ingress.count; r++) {
            const struct security_group_rule *rule = &group->ingress.items[r];
            if (rule->protocol != PROTOCOL_ANY && rule->protocol != protocol)
                continue;
            struct prefixset sources = prefixset_empty;
            if (admits_bridge(estate, bridge, rule))
                sources = everyone;
            for (size_t p = 0; bridge->keeps_client && p < rule->prefixes.count; p++)
                if (rule->prefixes.items[p].family == family)
                    sources = prefixset_union(arena, sources, prefixset_of(arena, rule->prefixes.items[p]));
            for (size_t l = 0; bridge->keeps_client && l < rule->prefix_lists.count; l++) {
                const struct prefix_list *list = map_get(&estate->prefix_lists, rule->prefix_lists.items[l]);
                for (size_t e = 0; list != NULL && e < list->entries.count; e++)
                    if (list->entries.items[e].family == family)
                        sources = prefixset_union(arena, sources, prefixset_of(arena, list->entries.items[e]));
            }
            if (!prefixset_overlap(sources, prefixset_internet(arena, family)))
                continue;
            *vector_add(arena, &segments) = (struct port_segment){rule->low, rule->high, sources};
            reason_add(arena, because, security_group_reason(arena, estate, group, rule, NULL));
        }
    }
    return portmap_from(arena, segments.items, segments.count);
}

static struct address own_address(const struct network_interface *target)
{
    if (target->private_ipv4_count > 0)
        return (struct address){FAMILY_IPV4, target->private_ipv4[0]};
    return target->address_count > 0 ? target->addresses[0].private_address : (struct address){0};
}

static void reach(struct exposure_set *set, const struct estate *estate, const struct bridge *bridge,
                  const struct network_interface *target, enum family family, int protocol)
{
    struct arena *arena = set->arena;
    reason_list because = {0};
    struct portmap map = let_in(arena, estate, bridge, target, family, protocol, &because);
    const struct reason *missing = NULL;
    const struct load_balancer *balancer = load_balancer_of(arena, estate, target, &missing);
    if (balancer != NULL && missing == NULL) {
        struct balancer_ports ports = load_balancer_ports(arena, balancer, protocol);
        map = portmap_on_ports(arena, map, portset_union(arena, ports.must, ports.may));
    }
    if (map.count == 0)
        return;
    const struct instance *instance = map_get(&estate->instances, target->instance_id);
    const char *name = instance == NULL ? NULL : tags_name(instance->tags, instance->tag_count);
    struct indirect_exposure *indirect = vector_add(arena, &set->indirect);
    *indirect = (struct indirect_exposure){
        .interface = target,
        .private_address = own_address(target),
        .name = name != NULL ? name : tags_name(target->tags, target->tag_count),
        .dormant = instance != NULL && instance_is_asleep(instance),
        .load_balancer = bridge->service,
        .listener = bridge->id,
        .health = "unknown",
        .family = family,
        .exposures = {.count = map.count, .items = arena_array(arena, struct exposure, map.count)},
    };
    for (size_t i = 0; i < map.count; i++) {
        struct exposure *one = &indirect->exposures.items[i];
        *one = (struct exposure){.protocol_low = protocol,
                                 .protocol_high = protocol,
                                 .low = map.segments[i].low,
                                 .high = map.segments[i].high,
                                 .sources = map.segments[i].sources,
                                 .internet = true,
                                 .path = PATH_TWO_WAY,
                                 .certainty = CERTAINTY_POSSIBLE,
                                 .client_ports = portset_all,
                                 .because = because};
        reason_add(arena, &one->via,
                   reason_doubt(
                       arena, REASON_BALANCER, bridge->id, settle_by_probe,
                       arena_printf(arena, "%s by %s, whose own documents are not read", bridge->service, bridge->id)));
    }
}

static bool is_target(const struct estate *estate, const struct bridge *bridge, const text_list *origin_groups,
                      const struct network_interface *target)
{
    if (strcmp(target->place->vpc_id, bridge->vpc_id) != 0)
        return false;
    const struct interface_kind *kind = interface_kind_of(target->type);
    const struct instance *instance = map_get(&estate->instances, target->instance_id);
    bool bears = kind == NULL || kind->admission == INTERFACE_ORDINARY || kind->admission == INTERFACE_UNMODELLED;
    return bears && target->attached && !is_cloudfront(origin_groups, target) && own_address(target).family != 0 &&
           (instance == NULL || !text_same(instance->state, "terminated")) &&
           (bridge->subnet_id == NULL || text_same(bridge->subnet_id, target->place->subnet_id));
}

// "AWS Global Accelerator: inbound traffic to VPCs is blocked", "CloudFront VPC origins: all traffic is blocked":
// https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa-basics.html#security-vpc-bpa-service-support
// Both want an internet gateway attached to the VPC, though nothing is routed by it.
static bool is_shut(struct arena *arena, const struct estate *estate, const struct bridge *bridge,
                    const struct network_interface *target)
{
    struct lack_list ignored = {0};
    return bridge->by_gateway && gateway_admits(arena, estate, target, &ignored).state == GATE_SHUT;
}

void bridge_compute(struct exposure_set *set, const struct estate *estate)
{
    struct arena *scratch = arena_new();
    text_list origin_groups = find_origin_groups(scratch, estate);
    bridges found = find_bridges(scratch, estate, &origin_groups);
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
        for (size_t i = 0; i < estate->interfaces.count && !guarded; i++) {
            const struct network_interface *target = estate->interfaces.items[i];
            if (!is_target(estate, bridge, &origin_groups, target) || is_shut(scratch, estate, bridge, target))
                continue;
            for (int family = FAMILY_IPV4; family <= FAMILY_IPV6; family += FAMILY_IPV6 - FAMILY_IPV4)
                for (int protocol = PROTOCOL_TCP; protocol <= PROTOCOL_UDP; protocol += PROTOCOL_UDP - PROTOCOL_TCP)
                    if (protocol == PROTOCOL_TCP || bridge->takes_udp)
                        reach(set, estate, bridge, target, (enum family)family, protocol);
        }
    }
    arena_free(scratch);
}
