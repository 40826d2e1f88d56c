#include "rules/gateway.h"

#include "rules/load_balancer.h"
#include "rules/route_table.h"

void gate_doubt(struct arena *arena, struct gate *gate, const char *what)
{
    if (gate->state == GATE_OPEN)
        gate->state = GATE_POSSIBLE;
    text_list_add(arena, &gate->doubts, what);
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
    for (size_t i = 0; table != NULL && i < table->routes.count; i++) {
        const struct route *route = &table->routes.items[i];
        const struct internet_gateway *known = map_get(&estate->internet_gateways, route->target_id);
        if (route->target == ROUTE_INTERNET_GATEWAY && route->active && (known == NULL || !known->attachments_known))
            return route->target_id;
    }
    return NULL;
}

// https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html
static void block(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                  struct gate *gate, struct lack_list *missing)
{
    struct vpc_home home = estate_home(estate, place);
    const char *keys[] = {arena_printf(arena, "%s|%s", home.owner, home.region),
                          arena_printf(arena, "|%s", home.region), arena_printf(arena, "%s|", home.owner), "|"};
    const enum block_mode *mode = NULL;
    for (size_t i = 0; mode == NULL && i < sizeof(keys) / sizeof(keys[0]); i++)
        mode = map_get(&estate->block_modes, keys[i]);
    const struct subnet *subnet = map_get(&estate->subnets, place->subnet_id);
    bool of_subnet = subnet != NULL && subnet->says_block;
    if (of_subnet)
        mode = &subnet->block;
    if (mode == NULL || *mode == BLOCK_OFF)
        return;
    if (*mode == BLOCK_UNKNOWN) {
        gate_doubt(arena, gate,
                   arena_printf(arena, "the mode of VPC Block Public Access is not sure in %s", home.region));
        return;
    }
    const char *holders[] = {place->subnet_id, place->vpc_id}, *unsure = NULL;
    for (int i = 0; i < 2 && !of_subnet; i++) {
        const struct block_exclusion *exclusion = map_get(&estate->block_exclusion_of, holders[i]);
        if (exclusion != NULL && exclusion->lets_in && exclusion->doubt == NULL)
            return;
        if (exclusion != NULL && exclusion->doubt != NULL)
            unsure = exclusion->doubt;
    }
    if (subnet == NULL && unsure == NULL) // it may be let off, or say a mode of its own
        unsure = "what VPC Block Public Access does to the subnet is not known";
    if (unsure != NULL) {
        gate_doubt(arena, gate, unsure);
        return;
    }
    const char *text = arena_printf(arena, "VPC Block Public Access is %s in %s",
                                    *mode == BLOCK_INGRESS ? "block-ingress" : "block-bidirectional",
                                    of_subnet ? subnet->id : home.region);
    const struct lack *lack = estate_lack(estate, arena, KIND_BLOCK_PUBLIC_ACCESS_EXCLUSIONS, home.owner, home.region);
    if (lack != NULL && !of_subnet) { // one of them may let it in
        lack_add(arena, missing, lack);
        gate_doubt(arena, gate, arena_printf(arena, "%s; %s", text, lack->text));
        return;
    }
    gate->state = GATE_SHUT;
    gate->why = text;
}

// Where it is not known which of the VPC's tables is the subnet's, any may be.
static const char *unknown_gateway_of_vpc(const struct estate *estate, const char *vpc_id)
{
    const char *first = NULL;
    for (size_t i = 0; i < estate->route_tables.size; i++) {
        const struct route_table *table = estate->route_tables.slots[i].value;
        bool of_vpc = table != NULL && (table->vpc_id == NULL || strcmp(table->vpc_id, vpc_id) == 0);
        const char *unknown = of_vpc ? unknown_gateway(estate, table) : NULL;
        if (unknown != NULL && (first == NULL || strcmp(unknown, first) < 0))
            first = unknown;
    }
    return first;
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
    bool unplaced = strcmp(vpc_id, VPC_UNKNOWN) == 0;
    if (lack != NULL || (unknown == NULL && !unplaced))
        return lack;
    struct lack *one = arena_new_of(arena, struct lack);
    if (unplaced)
        *one = (struct lack){kind_name(KIND_VPCS), home.owner, home.region, interface->id,
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
        gate_doubt(arena, gate, lack->text);
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
        gate.why = arena_printf(arena, "%s is attached to %s", attached->id, place->vpc_id);
        if (attached->doubt != NULL)
            gate_doubt(arena, &gate, attached->doubt);
    } else {
        const struct lack *lack = lacking_gateway(arena, estate, interface);
        if (lack == NULL) {
            gate.state = GATE_SHUT;
            gate.why = arena_printf(arena, "%s has no internet gateway attached", place->vpc_id);
            return gate;
        }
        gate.why = lack->text;
        lack_add(arena, missing, lack);
        gate_doubt(arena, &gate, gate.why);
    }
    const struct vpc_home *home = map_get(&estate->vpc_homes, place->vpc_id);
    if (home != NULL && home->doubt != NULL && gate.state != GATE_SHUT)
        gate_doubt(arena, &gate, home->doubt);
    block(arena, estate, place, &gate, missing);
    doubt_pages(arena, estate, place, &gate, missing);
    const struct subnet *subnet = map_get(&estate->subnets, place->subnet_id);
    if (gate.state == GATE_SHUT)
        return gate;
    if (subnet == NULL) {
        const struct lack *lack = subnet_lack(arena, estate, place);
        lack_add(arena, missing, lack);
        gate_doubt(arena, &gate, lack->text);
    } else if (subnet->doubt != NULL) {
        gate_doubt(arena, &gate, subnet->doubt);
    }
    return gate;
}

struct gate gateway_admits_interface(struct arena *arena, const struct estate *estate,
                                     const struct network_interface *interface, enum family family,
                                     const struct gate *site)
{
    struct gate gate = *site;
    gate.doubts = (text_list){0};
    text_list_add_all(arena, &gate.doubts, &site->doubts);
    if (strcmp(interface->type, "nat_gateway") == 0 || strcmp(interface->type, "natGateway") == 0) {
        gate.state = GATE_SHUT;
        gate.why = "a NAT gateway takes in no connection from the internet";
        return gate;
    }
    const char *missing = NULL;
    const struct load_balancer *balancer = load_balancer_of(arena, estate, interface, &missing);
    if (interface->doubt != NULL && gate.state != GATE_SHUT)
        gate_doubt(arena, &gate, interface->doubt);
    struct balancer_gate own = {0};
    if (balancer != NULL)
        load_balancer_gate(arena, estate, balancer, family, &own);
    if (own.shut != NULL) {
        gate.state = GATE_SHUT;
        gate.why = own.shut;
    } else if (gate.state != GATE_SHUT) {
        if (own.doubt != NULL)
            gate_doubt(arena, &gate, own.doubt);
        if (missing != NULL)
            gate_doubt(arena, &gate, missing);
        if (balancer != NULL && balancer->doubt != NULL)
            gate_doubt(arena, &gate, balancer->doubt);
    }
    return gate;
}
