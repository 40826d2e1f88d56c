#include "rules/reach/verified_access.h"

#include "model/bridge.h"
#include "model/protocol.h"

// Whether an address of an interface, or of a prefix that is delegated to it, lies in a block.
static bool lies_in(struct prefix block, const struct network_interface *interface)
{
    for (size_t i = 0; i < interface->private_ipv4_count; i++)
        if (prefix_holds(block, (struct address){FAMILY_IPV4, interface->private_ipv4[i]}))
            return true;
    for (size_t i = 0; i < interface->ipv4_prefix_count; i++)
        if (prefix_meets(block, interface->ipv4_prefixes[i]))
            return true;
    for (size_t i = 0; i < interface->address_count; i++) // of IPv6, whole prefixes too
        if (interface->addresses[i].address.family == FAMILY_IPV6 &&
            prefix_meets(block, interface->addresses[i].address))
            return true;
    return false;
}

// A database's, or a proxy's: its endpoint may be of either.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VerifiedAccessEndpointRdsOptions.html
static bool is_of_rds(const struct network_interface *interface)
{
    static const char proxy[] = "Network interface for DBProxy";
    return interface->is_database ||
           (interface->description != NULL && strncmp(interface->description, proxy, sizeof(proxy) - 1) == 0);
}

// Whether an interface is, or may be, what an endpoint sends its clients to.
static bool is_sent_to(const struct verified_access *access, const struct network_interface *interface)
{
    struct prefix cidr;
    if (access->interface != NULL)
        return strcmp(access->interface, interface->id) == 0;
    const char *balancer = access->balancer == NULL ? NULL : strstr(access->balancer, ":loadbalancer/");
    if (balancer != NULL)
        return text_same(interface->load_balancer, balancer + strlen(":loadbalancer/"));
    if (access->cidr != NULL) {
        if (prefix_parse(access->cidr, false, &cidr) == PREFIX_MALFORMED)
            return true;
        return lies_in(cidr, interface);
    }
    return access->is_database && is_of_rds(interface);
}

static void tell(struct arena *arena, const struct estate *estate, const struct verified_access *access,
                 struct told_bridges *told)
{
    size_t before = told->items.count;
    for (size_t i = 0; i < estate->interfaces.count; i++)
        if (is_sent_to(access, estate->interfaces.items[i]))
            *vector_add(arena, &told->items) = (struct told_bridge){
                .service = "Verified Access",
                .what = arena_printf(arena, "endpoint %s, %s/TCP", access->id, portset_format(arena, access->ports)),
                .id = access->id,
                .target = estate->interfaces.items[i],
                .ports = access->ports,
                .protocol = PROTOCOL_TCP,
                .takes_ipv6 = true,
                .any_inside = true,
                .unsure = "whom its policies let in is not judged",
                .settle = arena_printf(arena, "ec2 get-verified-access-endpoint-policy of %s", access->id),
            };
    const char *target = access->interface != NULL  ? access->interface
                         : access->balancer != NULL ? access->balancer
                         : access->is_database      ? "a database"
                                                    : NULL;
    if (told->items.count == before && target != NULL)
        lack_add(
            arena, &told->missing,
            &(struct lack){kind_name(KIND_NETWORK_INTERFACES), access->account, access->region, access->id,
                           arena_printf(arena, "missing: the interface of %s, target of Verified Access endpoint %s",
                                        target, access->id)});
}

void verified_access_tell(struct arena *arena, const struct estate *estate, struct told_bridges *told)
{
    for (size_t i = 0; i < estate->verified_access.count; i++)
        tell(arena, estate, &estate->verified_access.items[i], told);
}
