#include "rules/gateway.h"

#include "rules/route_table.h"

static void doubt(struct arena *arena, struct gate *gate, const char *what)
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
    const enum block_mode *mode = map_get(&estate->block_mode_of_region, interface->region);
    if (mode == NULL)
        mode = map_get(&estate->block_mode_of_region, "");
    if (mode == NULL || *mode == BLOCK_OFF)
        return NULL;
    const char *holders[] = {interface->subnet_id, interface->vpc_id};
    for (int i = 0; i < 2; i++) {
        const char *exclusion = map_get(&estate->block_exclusion_of, holders[i]);
        if (exclusion != NULL && strcmp(exclusion, "allow-bidirectional") == 0)
            return NULL;
    }
    return arena_printf(arena, "VPC Block Public Access is %s in %s",
                        *mode == BLOCK_INGRESS ? "block-ingress" : "block-bidirectional", interface->region);
}

// A route table associated with the gateway may send this address's traffic through an appliance.
// https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html
static void follow_edge_route(struct arena *arena, const struct estate *estate, struct gate *gate,
                              const struct network_interface *interface, struct address private_address,
                              text_list *missing)
{
    const struct route_table *edge = map_get(&estate->edge_table_of_gateway, gate->gateway_id);
    if (edge == NULL)
        return;
    struct route_claim claim =
        route_table_replies(arena, estate, edge, interface->vpc_id, private_address.family, missing);
    const struct route_share *share = route_table_share(&claim, private_address.bits);
    if (share != NULL && share->route->target != ROUTE_LOCAL)
        doubt(
            arena, gate,
            arena_printf(arena, "edge route %s to %s", route_share_name(arena, edge, share), share->route->target_id));
    for (size_t i = 0; i < claim.doubts.count; i++)
        doubt(arena, gate, claim.doubts.items[i]);
}

static bool is_load_balancer(const struct network_interface *interface)
{
    return strstr(interface->type, "load_balancer") != NULL ||
           (interface->requester_managed && interface->description != NULL &&
            strncmp(interface->description, "ELB ", 4) == 0);
}

struct gate gateway_admits(struct arena *arena, const struct estate *estate, const struct network_interface *interface,
                           struct address private_address, text_list *missing)
{
    struct gate gate = {.state = GATE_OPEN};
    const struct internet_gateway *attached = map_get(&estate->gateway_of_vpc, interface->vpc_id);
    const char *ignored;
    if (strcmp(interface->type, "nat_gateway") == 0 || strcmp(interface->type, "natGateway") == 0) {
        gate.state = GATE_SHUT;
        gate.why = "a NAT gateway takes in no connection from the internet";
        return gate;
    }
    if (attached != NULL) {
        gate.gateway_id = attached->id;
        gate.why = arena_printf(arena, "%s is attached to %s", attached->id, interface->vpc_id);
    } else {
        const char *unknown = unknown_gateway(estate, route_table_of(arena, estate, interface, &ignored));
        if (!estate->present[KIND_INTERNET_GATEWAYS])
            unknown = "(any)";
        if (unknown == NULL) {
            gate.state = GATE_SHUT;
            gate.why = arena_printf(arena, "%s has no internet gateway attached", interface->vpc_id);
            return gate;
        }
        gate.why = arena_printf(arena, "missing: internet gateway %s of %s", unknown, interface->vpc_id);
        text_list_add(arena, missing, gate.why);
        doubt(arena, &gate, gate.why);
    }
    const char *block = blocked(arena, estate, interface);
    if (block != NULL) {
        gate.state = GATE_SHUT;
        gate.why = block;
        return gate;
    }
    if (map_get(&estate->subnets, interface->subnet_id) == NULL) {
        const char *what = arena_printf(arena, "missing: subnet %s",
                                        interface->subnet_id == NULL ? "(unknown)" : interface->subnet_id);
        text_list_add(arena, missing, what);
        doubt(arena, &gate, what);
    }
    follow_edge_route(arena, estate, &gate, interface, private_address, missing);
    if (is_load_balancer(interface))
        doubt(arena, &gate, "load balancer: its listeners are not considered");
    return gate;
}
