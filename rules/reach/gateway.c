#include "rules/reach/gateway.h"

#include "model/interface_kind.h"
#include "rules/reach/block_access.h"
#include "rules/reach/internet_firewall.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/route_table.h"

void gate_doubt(struct arena *arena, struct gate *gate, const struct reason *why)
{
    if (gate->state == GATE_OPEN)
        gate->state = GATE_POSSIBLE;
    reason_add(arena, &gate->doubts, why);
}

const struct lack *subnet_lack(struct arena *arena, const struct estate *estate, const struct interface_place *place)
{
    const struct lack *kind = estate_lack(estate, arena, KIND_SUBNETS, place->account_id, place->region);
    if (kind != NULL)
        return kind;
    struct lack *one = arena_new_of(arena, struct lack);
    *one = (struct lack){
        kind_name(KIND_SUBNETS), place->account_id, place->region, place->subnet_id,
        arena_printf(arena, "missing: subnet %s", place->subnet_id == NULL ? "(unknown)" : place->subnet_id)};
    return one;
}

const struct lack *default_lack(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                                enum kind kind)
{
    struct vpc_home home = estate_home(estate, place);
    const struct lack *lack = estate_lack(estate, arena, kind, home.owner, home.region);
    return lack == NULL && map_get(&estate->subnets, place->subnet_id) == NULL ? subnet_lack(arena, estate, place)
                                                                               : lack;
}

struct lack association_lack(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                             enum kind kind, const char *what, const char *id, const char *doubt)
{
    struct vpc_home home = estate_home(estate, place);
    if (id == NULL)
        doubt = arena_printf(arena, "missing: %s of subnet %s", what,
                             place->subnet_id == NULL ? "(unknown)" : place->subnet_id);
    return (struct lack){kind_name(kind), home.owner, home.region, id, doubt};
}

// An internet gateway that the subnet's routes name but the snapshot lacks may be this VPC's.
static const char *unknown_gateway(const struct estate *estate, const struct route_table *table)
{
    const char *first = NULL;
    for (size_t i = 0; table != NULL && i < table->routes.count; i++) {
        const struct route *route = &table->routes.items[i];
        const struct internet_gateway *known = map_get(&estate->internet_gateways, route->target_id);
        if (route->target == ROUTE_INTERNET_GATEWAY && route->active && (known == NULL || !known->attachments_known) &&
            (first == NULL || strcmp(route->target_id, first) < 0))
            first = route->target_id;
    }
    return first;
}

// Where it is not known which of the VPC's tables is the subnet's, any may be.
static const char *unknown_gateway_of_vpc(const struct estate *estate, const char *vpc_id)
{
    const char *first = NULL;
    const struct route_table *table;
    for (size_t i = 0; (table = estate_table_of_vpc(estate, vpc_id, i)) != NULL; i++) {
        const char *unknown = unknown_gateway(estate, table);
        if (unknown != NULL && (first == NULL || strcmp(unknown, first) < 0))
            first = unknown;
    }
    return first;
}

// Every VPC has a main route table, which cannot be deleted. So where route tables are told of and none is the VPC's,
// who was asked is not whom it belongs to, and the lack of a gateway shows nothing.
// https://docs.aws.amazon.com/vpc/latest/userguide/RouteTables.html
static bool is_seen_by_owner(const struct estate *estate, const char *vpc_id, const struct vpc_home *home)
{
    return map_get(&estate->main_table_of_vpc, vpc_id) != NULL ||
           estate_completeness(estate, KIND_ROUTE_TABLES, home->owner, home->region) != COMPLETENESS_WHOLE ||
           estate_table_of_vpc(estate, vpc_id, 0) != NULL;
}

// Whether a gateway that is not in the snapshot may be attached.
static const struct lack *lacking_gateway(struct arena *arena, const struct estate *estate,
                                          const struct network_interface *interface)
{
    struct lack ignored;
    struct vpc_home home = estate_home(estate, interface->place);
    const struct lack *lack = estate_lack(estate, arena, KIND_INTERNET_GATEWAYS, home.owner, home.region);
    const struct route_table *table = route_table_of(arena, estate, interface, &ignored);
    const char *vpc_id = interface->place->vpc_id;
    const char *unknown = table != NULL ? unknown_gateway(estate, table) : unknown_gateway_of_vpc(estate, vpc_id);
    bool unplaced = strcmp(vpc_id, VPC_UNKNOWN) == 0, unseen = !unplaced && !is_seen_by_owner(estate, vpc_id, &home);
    if (lack != NULL || (unknown == NULL && !unplaced && !unseen))
        return lack;
    struct lack *one = arena_new_of(arena, struct lack);
    if (unseen)
        *one = (struct lack){kind_name(KIND_ROUTE_TABLES), home.owner, home.region, vpc_id,
                             arena_printf(arena, "missing: the route tables of %s, of which each VPC has one", vpc_id)};
    else if (unplaced)
        *one = (struct lack){kind_name(KIND_NETWORK_INTERFACES), home.owner, home.region, interface->id,
                             arena_printf(arena, "missing: which VPC %s is in", interface->id)};
    else
        *one = (struct lack){kind_name(KIND_INTERNET_GATEWAYS), home.owner, home.region, unknown,
                             arena_printf(arena, "missing: internet gateway %s of %s", unknown, vpc_id)};
    return one;
}

// Where a page of what every answer rests on is missing, none is exact.
static void doubt_pages(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                        struct gate *gate, struct lack_list *missing)
{
    static const enum kind kinds[] = {KIND_SUBNETS, KIND_ROUTE_TABLES, KIND_NETWORK_ACLS, KIND_INTERNET_GATEWAYS,
                                      KIND_SECURITY_GROUPS};
    struct vpc_home home = estate_home(estate, place);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && gate->state != GATE_SHUT; i++) {
        const char *account = kinds[i] == KIND_SECURITY_GROUPS ? place->account_id : home.owner;
        const char *region = kinds[i] == KIND_SECURITY_GROUPS ? place->region : home.region;
        if (estate_completeness(estate, kinds[i], account, region) != COMPLETENESS_PARTIAL)
            continue;
        const struct lack *lack = estate_lack(estate, arena, kinds[i], account, region);
        lack_add(arena, missing, lack);
        gate_doubt(arena, gate, reason_lack(arena, REASON_GATEWAY, lack));
    }
}

struct gate gateway_admits(struct arena *arena, const struct estate *estate, const struct network_interface *interface,
                           struct lack_list *missing)
{
    struct gate gate = {.state = GATE_OPEN};
    const struct interface_place *place = interface->place;
    const struct internet_gateway *attached = map_get(&estate->gateway_of_vpc, place->vpc_id);
    if (attached != NULL) {
        gate.gateway_id = attached->id;
        gate.why =
            reason_says(arena, REASON_GATEWAY, attached->id, arena_printf(arena, "attached to %s", place->vpc_id));
        if (attached->doubt != NULL)
            gate_doubt(arena, &gate,
                       reason_doubt(arena, REASON_GATEWAY, attached->id,
                                    settle_by_call(arena, KIND_INTERNET_GATEWAYS, attached->id), attached->doubt));
    } else {
        const struct lack *lack = lacking_gateway(arena, estate, interface);
        if (lack == NULL) {
            gate.state = GATE_SHUT;
            gate.why = reason_stop(arena, REASON_GATEWAY, place->vpc_id,
                                   arena_printf(arena, "%s has no internet gateway attached", place->vpc_id));
            return gate;
        }
        gate.why = reason_lack(arena, REASON_GATEWAY, lack);
        lack_add(arena, missing, lack);
        gate_doubt(arena, &gate, gate.why);
    }
    const struct vpc_home *home = map_get(&estate->vpc_homes, place->vpc_id);
    if (home != NULL && home->doubt != NULL && gate.state != GATE_SHUT)
        gate_doubt(arena, &gate,
                   reason_doubt(arena, REASON_GATEWAY, place->vpc_id, settle_by_call(arena, KIND_VPCS, place->vpc_id),
                                home->doubt));
    const struct vpc *vpc = map_get(&estate->vpcs, place->vpc_id);
    if (vpc != NULL && vpc->encryption != NULL)
        gate_doubt(arena, &gate, reason_doubt(arena, REASON_GATEWAY, vpc->id, settle_by_probe, vpc->encryption));
    struct lack ignored;
    const struct reason *firewall =
        internet_firewall_doubt(arena, estate, place, route_table_of(arena, estate, interface, &ignored));
    if (firewall != NULL)
        gate_doubt(arena, &gate, firewall);
    block_access_inbound(arena, estate, place, &gate, missing);
    doubt_pages(arena, estate, place, &gate, missing);
    const struct subnet *subnet = map_get(&estate->subnets, place->subnet_id);
    if (gate.state == GATE_SHUT)
        return gate;
    if (subnet == NULL) {
        const struct lack *lack = subnet_lack(arena, estate, place);
        lack_add(arena, missing, lack);
        gate_doubt(arena, &gate, reason_lack(arena, REASON_GATEWAY, lack));
    } else if (subnet->doubt != NULL) {
        gate_doubt(arena, &gate,
                   reason_doubt(arena, REASON_GATEWAY, subnet->id, settle_by_call(arena, KIND_SUBNETS, subnet->id),
                                subnet->doubt));
    }
    return gate;
}

// Its kind is not modelled, or its record, or one that it rests on, was not understood or is in transition.
const struct reason *interface_doubt(struct arena *arena, const struct estate *estate,
                                     const struct network_interface *interface)
{
    const struct instance *instance = map_get(&estate->instances, interface->instance_id);
    bool of_instance = instance != NULL && (instance->doubt == interface->doubt || !instance_state_is_sure(instance));
    const struct interface_kind *kind = interface_kind_of(interface->type);
    bool of_kind = kind != NULL && kind->admission == INTERFACE_BRINGS_IN && !interface->differs &&
                   map_get(&estate->doubts_by_call, interface->doubt) == NULL;
    const char *settle = interface->groups_unsure || of_kind ? settle_by_probe
                         : of_instance
                             ? settle_by_call(arena, KIND_RESERVATIONS, instance->id)
                             : settle_doubt(arena, estate, interface->doubt, KIND_NETWORK_INTERFACES, interface->id);
    return reason_doubt(arena, REASON_GATEWAY, interface->id, settle, interface->doubt);
}

// Private IPv6 space "cannot be advertised on the internet". What the subnet says of a block decides before its VPC.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SubnetIpv6CidrBlockAssociation.html
static const struct ipv6_block *block_with(const struct ipv6_blocks *blocks, struct address address)
{
    const struct ipv6_block *best = NULL;
    for (size_t i = 0; blocks != NULL && i < blocks->items.count; i++) {
        const struct ipv6_block *one = &blocks->items.items[i];
        bool surer = best != NULL && one->prefix.length == best->prefix.length && one->reach != best->reach;
        if (!prefix_holds(one->prefix, address) || (best != NULL && one->prefix.length < best->prefix.length))
            continue;
        static const struct ipv6_block unsure = {.reach = IPV6_UNSURE};
        best = surer ? &unsure : one;
    }
    return best;
}

static void admit_private_space(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                                struct address address, struct gate *gate)
{
    const struct subnet *subnet = map_get(&estate->subnets, place->subnet_id);
    const struct vpc *vpc = map_get(&estate->vpcs, place->vpc_id);
    const struct ipv6_block *block = block_with(subnet == NULL ? NULL : &subnet->ipv6_blocks, address);
    bool sure = subnet != NULL && subnet->doubt == NULL;
    if (block == NULL) {
        block = block_with(vpc == NULL ? NULL : &vpc->ipv6_blocks, address);
        sure = estate_home(estate, place).doubt == NULL;
    }
    if (block == NULL || block->reach == IPV6_PUBLIC)
        return;
    char text[ADDRESS_TEXT];
    address_format(address, text);
    if (block->reach == IPV6_UNSURE || !sure) {
        gate_doubt(arena, gate,
                   reason_doubt(arena, REASON_GATEWAY, place->subnet_id,
                                settle_by_call(arena, KIND_SUBNETS, place->subnet_id),
                                arena_printf(arena, "whether %s lies in private IPv6 space is not sure", text)));
        return;
    }
    gate->state = GATE_SHUT;
    gate->why = reason_stop(
        arena, REASON_GATEWAY, place->subnet_id,
        arena_printf(arena, "%s lies in private IPv6 space, which is not advertised on the internet", text));
}

// Whether something that takes nothing in was given a public way in: an IPv4 address of the internet or, a VPC
// endpoint, whose IPv6 address DenyAllIgwTraffic keeps from it, that this is off.
static bool is_opened(const struct interface_kind *kind, const struct network_interface *interface, enum family family)
{
    if (kind == NULL || kind->admission != INTERFACE_IS_PRIVATE)
        return false;
    return family == FAMILY_IPV4 || (interface->igw_traffic == IGW_ALLOWED && strcmp(kind->type, "vpc_endpoint") == 0);
}

struct gate gateway_admits_interface(struct arena *arena, const struct estate *estate,
                                     const struct network_interface *interface, struct address private_address,
                                     enum address_gateway gateway, const struct gate *site)
{
    struct gate gate = *site;
    gate.doubts = (reason_list){0};
    reason_add_all(arena, &gate.doubts, &site->doubts);
    const struct interface_kind *kind = interface_kind_of(interface->type);
    bool opened = is_opened(kind, interface, private_address.family);
    if (kind != NULL && !opened &&
        (kind->admission == INTERFACE_TAKES_NOTHING || kind->admission == INTERFACE_IS_PRIVATE)) {
        gate.state = GATE_SHUT;
        gate.why = reason_stop(arena, REASON_GATEWAY, interface->id,
                               arena_printf(arena, "%s takes in no connection from the internet", kind->what));
        return gate;
    }
    // "If the value is true, inbound traffic from the internet is dropped and you cannot assign an elastic IP address";
    // it is of "a network interface with an IPv6 address":
    // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterface.html
    bool denied = interface->igw_traffic == IGW_DENIED && gateway == GATEWAY_INTERNET;
    if (denied && private_address.family == FAMILY_IPV6) {
        gate.state = GATE_SHUT;
        gate.why = reason_stop(
            arena, REASON_GATEWAY, interface->id,
            arena_printf(arena, "DenyAllIgwTraffic of %s drops what comes by the internet gateway", interface->id));
        return gate;
    }
    if (denied && gate.state != GATE_SHUT)
        gate_doubt(arena, &gate,
                   reason_doubt(arena, REASON_GATEWAY, interface->id, settle_by_probe,
                                arena_printf(arena, "what DenyAllIgwTraffic of %s does to IPv4 is not documented",
                                             interface->id)));
    if (opened && gate.state != GATE_SHUT)
        gate_doubt(arena, &gate,
                   reason_doubt(arena, REASON_GATEWAY, interface->id, settle_by_probe,
                                arena_printf(arena, "%s is %s: what its public address lets in is not modelled",
                                             interface->id, kind->what)));
    const struct reason *missing = NULL;
    const struct load_balancer *balancer = load_balancer_of(arena, estate, interface, &missing);
    if (interface->doubt != NULL && gate.state != GATE_SHUT)
        gate_doubt(arena, &gate, interface_doubt(arena, estate, interface));
    // What the interface says of itself decides before what its load balancer's attribute does; true was heeded above.
    bool allowed = interface->igw_traffic != IGW_NOT_TOLD || gateway != GATEWAY_INTERNET;
    struct balancer_gate own = {0};
    if (balancer != NULL)
        load_balancer_gate(arena, estate, balancer, private_address.family, allowed, &own);
    if (own.shut != NULL) {
        gate.state = GATE_SHUT;
        gate.why = reason_stop(arena, REASON_BALANCER, balancer->name, own.shut);
    } else if (gate.state != GATE_SHUT) {
        if (own.doubt != NULL)
            gate_doubt(arena, &gate, own.doubt);
        gate.lack = own.lack;
        if (balancer != NULL && balancer->unsure != NULL)
            gate_doubt(arena, &gate, load_balancer_unsure(arena, balancer));
        if (missing != NULL)
            gate_doubt(arena, &gate, missing);
        if (balancer != NULL && balancer->doubt != NULL)
            gate_doubt(arena, &gate, load_balancer_doubt(arena, estate, balancer));
    }
    if (gate.state != GATE_SHUT && private_address.family == FAMILY_IPV6 && estate->has_private_ipv6)
        admit_private_space(arena, estate, interface->place, private_address, &gate);
    return gate;
}
