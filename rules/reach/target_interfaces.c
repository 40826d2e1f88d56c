// Which interfaces the targets of load balancers are.
#include "rules/reach/balancer_walk.h"
#include "rules/reach/gateway.h"
#include "rules/reach/instance_home.h"
#include "rules/reach/own_address.h"

// An interface's own addresses of both families, one after the other; family 0 where there is no more.
static struct address nth_address(const struct network_interface *one, size_t n)
{
    return n < one->private_ipv4_count ? own_address(one, FAMILY_IPV4, n)
                                       : own_address(one, FAMILY_IPV6, n - one->private_ipv4_count);
}

// Interfaces that share a private address, in different VPCs.
struct namesakes {
    VECTOR(const struct network_interface *) items;
};

static void index_text(struct walker *walker, const char *text, const struct network_interface *one)
{
    struct arena *arena = walker->arena;
    struct namesakes *namesakes = map_get(&walker->interfaces_of_address, text);
    if (namesakes == NULL) {
        namesakes = arena_new_of(arena, struct namesakes);
        map_put(arena, &walker->interfaces_of_address, arena_strdup(arena, text), namesakes);
    }
    *vector_add(arena, &namesakes->items) = one;
}

static void index_prefix(struct walker *walker, struct prefix prefix, const struct network_interface *one)
{
    char text[ADDRESS_TEXT];
    prefix_format(prefix, text);
    index_text(walker, text, one);
    walker->delegated[prefix.family == FAMILY_IPV6][prefix.length] = true;
}

void targets_index(struct walker *walker)
{
    instance_homes(walker->arena, walker->estate, &walker->homes);
    for (size_t i = 0; i < walker->estate->interfaces.count; i++) {
        const struct network_interface *one = walker->estate->interfaces.items[i];
        struct address address;
        for (size_t n = 0; (address = nth_address(one, n)).family != 0; n++) {
            char text[ADDRESS_TEXT];
            address_format(address, text);
            index_text(walker, text, one);
        }
        for (size_t n = 0; n < one->ipv4_prefix_count; n++)
            index_prefix(walker, one->ipv4_prefixes[n], one);
        for (size_t n = 0; n < one->address_count; n++)
            if (one->addresses[n].address.family == FAMILY_IPV6 && one->addresses[n].address.length < 128)
                index_prefix(walker, one->addresses[n].address, one);
    }
}

static bool blocks_hold(const struct ipv6_blocks *blocks, struct address address)
{
    for (size_t i = 0; i < blocks->items.count; i++)
        if (prefix_holds(blocks->items.items[i].prefix, address))
            return true;
    return false;
}

enum inside { INSIDE_NOT, INSIDE_PERHAPS, INSIDE };

// Whether an address lies in the VPC, by the blocks of it and of its subnets that the snapshot tells of; perhaps, where
// it tells of none of the address's family.
static enum inside is_inside(const struct walker *walker, const char *vpc_id, struct address address)
{
    const struct vpc *vpc = vpc_id == NULL ? NULL : map_get(&walker->estate->vpcs, vpc_id);
    bool six = address.family == FAMILY_IPV6, untold = false;
    bool any = vpc != NULL && six && vpc->ipv6_blocks.items.count > 0;
    if (vpc_block_of(vpc, address) != NULL)
        return INSIDE;
    for (size_t i = 0; i < walker->estate->subnets.size; i++) {
        const struct subnet *subnet = walker->estate->subnets.slots[i].value;
        if (subnet == NULL || subnet->vpc_id == NULL || vpc_id == NULL || strcmp(subnet->vpc_id, vpc_id) != 0)
            continue;
        if (six ? blocks_hold(&subnet->ipv6_blocks, address) : prefix_holds(subnet->cidr, address))
            return INSIDE;
        untold = untold || (!six && subnet->cidr.family == 0);
        any = any || !six || subnet->ipv6_blocks.items.count > 0;
    }
    return untold || !any ? INSIDE_PERHAPS : INSIDE_NOT;
}

// A target of zone "all" is outside the VPC where its address is in none of the VPC's blocks, as far as those are told.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetDescription.html
static bool is_on_premises(const struct walker *walker, const char *vpc_id, const char *zone, struct address address)
{
    const struct vpc *vpc = vpc_id == NULL ? NULL : map_get(&walker->estate->vpcs, vpc_id);
    if (vpc == NULL || vpc->ipv4_blocks.count == 0 || !text_same(zone, "all") || address.family != FAMILY_IPV4)
        return false;
    return vpc_block_of(vpc, address) == NULL;
}

// A target that is no interface of the snapshot: one of this VPC is missing, others (on premises, in other VPCs,
// another load balancer's) are not covered.
static void not_found(struct walker *walker, const char *id, const char *zone, const char *vpc_id, const char *whose)
{
    struct arena *arena = walker->set->arena;
    struct address address;
    const struct instance *instance = map_get(&walker->estate->instances, id);
    if (instance != NULL && instance_is_gone(instance))
        return;
    if (address_parse(id, &address) &&
        (is_inside(walker, vpc_id, address) == INSIDE_NOT || is_on_premises(walker, vpc_id, zone, address))) {
        text_list_add(arena, &walker->set->not_covered,
                      arena_printf(arena, "target %s of %s is no interface of this snapshot", id, whose));
        return;
    }
    walk_lacks(walker, KIND_NETWORK_INTERFACES, id,
               arena_printf(arena, "missing: the interface of target %s of %s", id, whose));
}

static void not_considered(struct walker *walker, const struct target *target, const struct target_group *group)
{
    not_found(walker, target->id, target->zone, group->vpc_id,
              arena_printf(walker->set->arena, "target group %s", group->name));
}

static void doubt_way(struct walker *walker, struct hop_in *in, const struct hop_in *way, const struct reason *doubt)
{
    in->doubtful = true;
    in->doubts = (reason_list){0};
    reason_add_all(walker->arena, &in->doubts, &way->doubts);
    reason_add(walker->arena, &in->doubts, doubt);
}

typedef VECTOR(const struct network_interface *) interface_list;

static void add_namesakes(struct walker *walker, const char *text, interface_list *found)
{
    const struct namesakes *namesakes = map_get(&walker->interfaces_of_address, text);
    for (size_t i = 0; namesakes != NULL && i < namesakes->items.count; i++) {
        size_t at = 0;
        while (at < found->count && found->items[at] != namesakes->items.items[i])
            at++;
        if (at == found->count)
            *vector_add(walker->arena, found) = namesakes->items.items[i];
    }
}

static struct prefix around(struct address address, unsigned length)
{
    unsigned rest = family_width(address.family) - length;
    address_bits first = length == 0 ? 0 : address.bits >> rest << rest;
    return (struct prefix){.family = address.family, .length = (uint8_t)length, .first = first};
}

// The interfaces that have an address, or to which a prefix that holds it is delegated.
static interface_list interfaces_of(struct walker *walker, struct address address)
{
    interface_list found = {0};
    char text[ADDRESS_TEXT];
    address_format(address, text);
    add_namesakes(walker, text, &found);
    for (unsigned length = 0; length <= family_width(address.family); length++) {
        if (!walker->delegated[address.family == FAMILY_IPV6][length])
            continue;
        prefix_format(around(address, length), text);
        add_namesakes(walker, text, &found);
    }
    return found;
}

// Of an address that several interfaces of one VPC are said to have, neither is believed alone.
static void doubt_holders(struct walker *walker, struct hop_in *in, const struct hop_in *way, struct address address,
                          const interface_list *holders)
{
    struct arena *kept = walker->set->arena;
    const char *one = holders->items[0]->id, *other = holders->items[1]->id;
    char text[ADDRESS_TEXT];
    address_format(address, text);
    const char *id = arena_strdup(kept, text);
    const char *lack = arena_printf(kept, "missing: whose address %s is: of %s and of %s alike", id, one, other);
    walk_lacks(walker, KIND_NETWORK_INTERFACES, id, lack);
    doubt_way(walker, in, way,
              reason_doubt(
                  kept, REASON_BALANCER, id, settle_by_call(kept, KIND_NETWORK_INTERFACES, one),
                  arena_printf(kept, "%s is said to be on %s and on %s: neither is believed alone", id, one, other)));
}

// An address that nothing here has is of another VPC only where it lies outside the target group's own: where that is
// not told, it may be either's.
static void doubt_vpc(struct walker *walker, struct hop_in *in, const struct hop_in *way, const struct target *target,
                      const struct target_group *group)
{
    struct arena *kept = walker->set->arena;
    const char *vpc = group->vpc_id == NULL ? "the VPC of its target group" : group->vpc_id;
    doubt_way(walker, in, way,
              reason_doubt(kept, REASON_BALANCER, target->id, settle_by_call(kept, KIND_VPCS, vpc),
                           arena_printf(kept, "whether target %s lies in %s is not told", target->id, vpc)));
}

// What a target's address is of in its target group's VPC; where that is nothing and the address is not of that VPC's,
// it may be of one in another. False where it may be of one that is not here.
static bool reach_address(struct walker *walker, const struct hop_in *way, const struct target *target,
                          const struct target_group *group, struct address address, uint16_t port, inner_list *inners)
{
    interface_list all = interfaces_of(walker, address), here = {0};
    struct hop_in in = *way;
    for (size_t i = 0; i < all.count; i++)
        if (text_same(all.items[i]->place->vpc_id, group->vpc_id))
            *vector_add(walker->arena, &here) = all.items[i];
    enum inside inside = here.count > 0 ? INSIDE : is_inside(walker, group->vpc_id, address);
    if (here.count == 0 && (inside == INSIDE || all.count == 0))
        return false;
    if (here.count > 1)
        doubt_holders(walker, &in, way, address, &here);
    if (inside == INSIDE_PERHAPS)
        doubt_vpc(walker, &in, way, target, group);
    const interface_list *reached = here.count > 0 ? &here : &all;
    for (size_t i = 0; i < reached->count; i++)
        target_reach(walker, &in, reached->items[i], address, port, target, inners);
    return inside != INSIDE_PERHAPS;
}

// Of a target group that does not say whether it is of IPv4 or IPv6, though some target has addresses of both.
static void doubt_family(struct walker *walker, struct hop_in *in, const struct hop_in *way)
{
    struct arena *kept = walker->set->arena;
    const char *name = target_group_name(way->group);
    const char *text = arena_printf(kept, "missing: IpAddressType of target group %s", name);
    walk_lacks(walker, KIND_TARGET_GROUPS, way->group->arn, text);
    doubt_way(walker, in, way,
              reason_doubt(kept, REASON_BALANCER, name, settle_by_call(kept, KIND_TARGET_GROUPS, name), text));
}

// Of an interface's IPv6 addresses those of which one is its primary one, by what IsPrimaryIpv6 says: that one, else
// all but those that are not, else all.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterfaceIpv6Address.html
struct candidates {
    VECTOR(struct address) items;
    bool sure;
    bool untold; // of some it is not told whether it is
};

static struct candidates primary_ipv6(struct arena *arena, const struct network_interface *interface)
{
    struct candidates found = {0};
    for (int least = PRIMARY; least >= PRIMARY_NOT_TOLD && found.items.count == 0; least--)
        for (size_t i = 0; i < interface->address_count; i++) {
            const struct interface_address *one = &interface->addresses[i];
            bool told = least == PRIMARY       ? one->primary == PRIMARY
                        : least == PRIMARY_NOT ? one->primary == PRIMARY_NOT_TOLD
                                               : true;
            found.untold = found.untold || (one->primary == PRIMARY_NOT_TOLD && one->address.family == FAMILY_IPV6);
            if (told && one->address.family == FAMILY_IPV6 && one->address.length == 128)
                *vector_add(arena, &found.items) = one->private_address;
            found.sure = found.items.count == 1 && least != PRIMARY_NOT_TOLD;
        }
    return found;
}

// The target's addresses that its group's family sends to: the primary ones of IPv4 and of IPv6.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-register-targets.html
static void reach_interface(struct walker *walker, const struct hop_in *way, const struct target *target,
                            const struct network_interface *interface, uint16_t port, inner_list *inners)
{
    struct arena *kept = walker->set->arena;
    const struct target_group *group = way->group;
    bool either = !group->family_told && own_address(interface, FAMILY_IPV6, 0).family != 0;
    bool six = group->is_ipv6 || either, four = !group->is_ipv6;
    struct hop_in in = *way;
    struct address own = own_address(interface, FAMILY_IPV4, 0);
    size_t reached = 0;
    if (either)
        doubt_family(walker, &in, way);
    struct candidates primary = {0};
    if (six)
        primary = primary_ipv6(walker->arena, interface);
    if (!either && primary.items.count > 0 && !primary.sure)
        doubt_way(
            walker, &in, way,
            reason_doubt(kept, REASON_BALANCER, interface->id,
                         primary.untold ? settle_by_call(kept, KIND_NETWORK_INTERFACES, interface->id)
                                        : settle_by_probe, // none is
                         arena_printf(kept, "which IPv6 address of %s is its primary one is not told", interface->id)));
    if (four && own.family != 0) {
        target_reach(walker, &in, interface, own, port, target, inners);
        reached++;
    }
    for (size_t a = 0; a < primary.items.count; a++, reached++)
        target_reach(walker, &in, interface, primary.items.items[a], port, target, inners);
    if (reached == 0)
        walk_note(walker, arena_printf(kept, "target %s of target group %s has no %s address: not reached", target->id,
                                       target_group_name(group), group->is_ipv6 ? "IPv6" : "IPv4"));
}

static void lack_primary(struct walker *walker, const char *id, const char *whose)
{
    walk_lacks(walker, KIND_NETWORK_INTERFACES, id,
               arena_printf(walker->set->arena, "missing: the primary interface of target %s of %s", id, whose));
}

static const struct reason *home_doubt(struct walker *walker, const char *id)
{
    struct arena *kept = walker->set->arena;
    return reason_doubt(kept, REASON_BALANCER, id, settle_by_call(kept, KIND_NETWORK_INTERFACES, id),
                        instance_home_doubt(kept, id));
}

static void reach_instance(struct walker *walker, const struct hop_in *way, const struct target *target, uint16_t port)
{
    const struct instance_home *home = map_get(&walker->homes, target->id);
    if (home == NULL) {
        not_considered(walker, target, way->group);
        return;
    }
    size_t count;
    bool sure;
    const struct network_interface *const *interfaces = instance_home_interfaces(home, &count, &sure);
    struct hop_in in = *way;
    if (!sure && count > 0)
        doubt_way(walker, &in, way, home_doubt(walker, target->id));
    if (count == 0)
        lack_primary(walker, target->id,
                     arena_printf(walker->set->arena, "target group %s", target_group_name(way->group)));
    for (size_t i = 0; i < count; i++)
        reach_interface(walker, &in, target, interfaces[i], port, NULL);
}

// An application load balancer as the target of a network one: each of its nodes.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/application-load-balancer-target.html
static void reach_balancer(struct walker *walker, const struct hop_in *in, const struct target *target, uint16_t port,
                           inner_list *inners)
{
    const char *key = strstr(target->id, ":loadbalancer/");
    key = key == NULL ? target->id : key + strlen(":loadbalancer/");
    const struct load_balancer *balancer = map_get(&walker->estate->load_balancers, key);
    const struct front *front = map_get_pointer(&walker->fronts, balancer);
    if (front == NULL) {
        not_considered(walker, target, in->group);
        return;
    }
    for (size_t n = 0; n < front->nodes.count; n++)
        reach_interface(walker, in, target, front->nodes.items[n], port, inners);
}

void target_follow(struct walker *walker, const struct hop_in *in, const struct target *target, inner_list *inners)
{
    const struct target_group *group = in->group;
    uint16_t port = target->port != 0 ? target->port : group->port;
    struct address address = {0};
    if (port == 0) {
        walk_lacks(walker, KIND_TARGET_GROUPS, group->arn,
                   arena_printf(walker->set->arena, "missing: the port of target %s of target group %s", target->id,
                                target_group_name(group)));
        return;
    }
    if (strcmp(group->type, "alb") == 0) {
        reach_balancer(walker, in, target, port, inners);
        return;
    }
    if (strcmp(group->type, "instance") == 0) {
        reach_instance(walker, in, target, port);
        return;
    }
    if (!address_parse(target->id, &address)) {
        not_considered(walker, target, group);
        return;
    }
    if (!reach_address(walker, in, target, group, address, port, inners))
        not_considered(walker, target, group);
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-backend-instances.html
void targets_of_classic(struct walker *walker, const struct hop_in *way)
{
    const struct load_balancer *balancer = way->front->balancer;
    const char *whose = arena_printf(walker->set->arena, "classic load balancer %s", balancer->name);
    for (size_t i = 0; way->listener != NULL && i < balancer->instances.count; i++) {
        const char *id = balancer->instances.items[i];
        const struct instance_home *home = map_get(&walker->homes, id);
        size_t count = 0;
        bool sure = true;
        const struct network_interface *const *interfaces =
            home == NULL ? NULL : instance_home_interfaces(home, &count, &sure);
        struct hop_in in = *way;
        if (!sure && count > 0)
            doubt_way(walker, &in, way, home_doubt(walker, id));
        if (home == NULL)
            not_found(walker, id, NULL, balancer->vpc_id, whose);
        else if (count == 0)
            lack_primary(walker, id, whose);
        for (size_t n = 0; n < count; n++) {
            struct address address = own_address(interfaces[n], FAMILY_IPV4, 0);
            if (address.family != 0)
                target_reach(walker, &in, interfaces[n], address, way->listener->instance_port, NULL, NULL);
            else
                not_found(walker, id, NULL, balancer->vpc_id, whose);
        }
    }
}
