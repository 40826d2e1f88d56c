#include "rules/gateway.h"

#include "rules/load_balancer.h"
#include "rules/route_table.h"

void gate_doubt(struct arena *arena, struct gate *gate, const char *what)
{
    if (gate->state == GATE_OPEN)
        gate->state = GATE_POSSIBLE;
    text_list_add(arena, &gate->doubts, what);
}

// An internet gateway that the subnet's routes name but the snapshot lacks may be this VPC's.
static const char *unknown_gateway(const struct estate *estate, const struct route_table *table)
{
    for (size_t i = 0; table != NULL && i < table->routes.count; i++) {
        const struct route *route = &table->routes.items[i];
        if (route->target == ROUTE_INTERNET_GATEWAY && route->active &&
            map_get(&estate->internet_gateways, route->target_id) == NULL)
            return route->target_id;
    }
    return NULL;
}

// https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html
static const char *blocked(struct arena *arena, const struct estate *estate, const struct network_interface *interface)
{
    const char *keys[] = {arena_printf(arena, "%s|%s", interface->place->account_id, interface->place->region),
                          arena_printf(arena, "|%s", interface->place->region),
                          arena_printf(arena, "%s|", interface->place->account_id), "|"};
    const enum block_mode *mode = NULL;
    for (size_t i = 0; mode == NULL && i < sizeof(keys) / sizeof(keys[0]); i++)
        mode = map_get(&estate->block_modes, keys[i]);
    if (mode == NULL || *mode == BLOCK_OFF)
        return NULL;
    const char *holders[] = {interface->place->subnet_id, interface->place->vpc_id};
    for (int i = 0; i < 2; i++) {
        const char *exclusion = map_get(&estate->block_exclusion_of, holders[i]);
        if (exclusion != NULL && strcmp(exclusion, "allow-bidirectional") == 0)
            return NULL;
    }
    return arena_printf(arena, "VPC Block Public Access is %s in %s",
                        *mode == BLOCK_INGRESS ? "block-ingress" : "block-bidirectional", interface->place->region);
}

struct gate gateway_admits(struct arena *arena, const struct estate *estate, const struct network_interface *interface,
                           text_list *missing)
{
    struct gate gate = {.state = GATE_OPEN};
    const struct internet_gateway *attached = map_get(&estate->gateway_of_vpc, interface->place->vpc_id);
    const char *ignored;
    if (attached != NULL) {
        gate.gateway_id = attached->id;
        gate.why = arena_printf(arena, "%s is attached to %s", attached->id, interface->place->vpc_id);
    } else {
        const char *unknown = unknown_gateway(estate, route_table_of(arena, estate, interface, &ignored));
        if (!estate->present[KIND_INTERNET_GATEWAYS])
            unknown = "(any)";
        if (unknown == NULL) {
            gate.state = GATE_SHUT;
            gate.why = arena_printf(arena, "%s has no internet gateway attached", interface->place->vpc_id);
            return gate;
        }
        gate.why = arena_printf(arena, "missing: internet gateway %s of %s", unknown, interface->place->vpc_id);
        text_list_add(arena, missing, gate.why);
        gate_doubt(arena, &gate, gate.why);
    }
    const char *block = blocked(arena, estate, interface);
    if (block != NULL) {
        gate.state = GATE_SHUT;
        gate.why = block;
        return gate;
    }
    if (map_get(&estate->subnets, interface->place->subnet_id) == NULL) {
        const char *what =
            arena_printf(arena, "missing: subnet %s",
                         interface->place->subnet_id == NULL ? "(unknown)" : interface->place->subnet_id);
        text_list_add(arena, missing, what);
        gate_doubt(arena, &gate, what);
    }
    return gate;
}

struct gate gateway_admits_interface(struct arena *arena, const struct estate *estate,
                                     const struct network_interface *interface, const struct gate *site)
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
    if (balancer != NULL && !balancer->internet_facing) {
        gate.state = GATE_SHUT;
        gate.why = arena_printf(arena, "load balancer %s is internal", balancer->name);
    } else if (missing != NULL && gate.state != GATE_SHUT) {
        gate_doubt(arena, &gate, missing);
    }
    return gate;
}
