// Terraform resources that make the network: VPCs, gateways, subnets, route tables.
// Attribute names: hashicorp/aws provider, version 5.
#include <stdlib.h>
#include <string.h>

#include "aws/terraform/plan.h"
#include "model/protocol.h"

static struct network_acl_entry allow_all(enum family family, bool egress)
{
    return (struct network_acl_entry){.number = family == FAMILY_IPV4 ? 100 : 101,
                                      .egress = egress,
                                      .allow = true,
                                      .protocol = PROTOCOL_ANY,
                                      .high = PORT_LAST,
                                      .prefix = {.family = family}};
}

static void add_local_route(struct plan_reader *plan, struct route_table *table, const char *cidr)
{
    struct prefix prefix;
    if (cidr != NULL && prefix_parse(cidr, false, &prefix) == PREFIX_OK)
        *vector_add(plan->arena, &table->routes) =
            (struct route){.prefix = prefix, .target = ROUTE_LOCAL, .target_id = "local", .active = true};
}

// The main table's local routes, which every table of the VPC has.
static void copy_local_routes(struct plan_reader *plan, struct route_table *table)
{
    const struct route_table *main_table = map_get(&plan->estate->main_table_of_vpc, table->vpc_id);
    for (size_t i = 0; main_table != NULL && i < main_table->routes.count; i++)
        if (main_table->routes.items[i].target == ROUTE_LOCAL)
            *vector_add(plan->arena, &table->routes) = main_table->routes.items[i];
}

// A new VPC comes with a default ACL that allows all and a main route table with its local route only.
// https://docs.aws.amazon.com/vpc/latest/userguide/configure-your-vpc.html
static void put_vpc(struct plan_reader *plan, const struct resource *resource)
{
    struct arena *arena = plan->arena;
    if (resource->before != NULL && !resource->replaced)
        return;
    struct network_acl *acl = arena_new_of(arena, struct network_acl);
    acl->id = arena_printf(arena, "%s default ACL", resource->address);
    acl->vpc_id = resource->id;
    acl->is_default = true;
    for (int egress = 0; egress < 2; egress++) {
        *vector_add(arena, &acl->entries) = allow_all(FAMILY_IPV4, egress != 0);
        *vector_add(arena, &acl->entries) = allow_all(FAMILY_IPV6, egress != 0);
    }
    map_put(arena, &plan->estate->network_acls, acl->id, acl);
    map_put(arena, &plan->estate->default_acl_of_vpc, resource->id, acl);
    struct interface_place place = plan_place(plan);
    struct vpc_home *home = arena_new_of(arena, struct vpc_home);
    *home = (struct vpc_home){.owner = place.account_id, .region = place.region};
    map_put(arena, &plan->estate->vpc_homes, resource->id, home);
    struct route_table *table = arena_new_of(arena, struct route_table);
    table->id = arena_printf(arena, "%s main route table", resource->address);
    table->vpc_id = resource->id;
    table->is_main = true;
    add_local_route(plan, table, attribute(plan, resource->after, "cidr_block"));
    add_local_route(plan, table, attribute(plan, resource->after, "ipv6_cidr_block"));
    map_put(arena, &plan->estate->route_tables, table->id, table);
    map_put(arena, &plan->estate->main_table_of_vpc, resource->id, table);
}

static void put_subnet(struct plan_reader *plan, const struct resource *resource)
{
    struct subnet *subnet = map_get(&plan->estate->subnets, resource->id);
    if (subnet == NULL)
        subnet = arena_new_of(plan->arena, struct subnet);
    subnet->id = resource->id;
    subnet->vpc_id = reference(plan, resource, "vpc_id");
    subnet->public_ip_on_launch = flag(resource->after, "map_public_ip_on_launch", false);
    map_put(plan->arena, &plan->estate->subnets, subnet->id, subnet);
}

static void detach_gateway(struct plan_reader *plan, const char *id)
{
    for (size_t i = 0; i < plan->estate->gateway_of_vpc.size; i++) {
        struct internet_gateway *gateway = plan->estate->gateway_of_vpc.slots[i].value;
        if (gateway != NULL && id != NULL && strcmp(gateway->id, id) == 0)
            plan->estate->gateway_of_vpc.slots[i].value = NULL;
    }
}

static void remove_gateway(struct plan_reader *plan, const struct resource *resource)
{
    detach_gateway(plan, resource->id_before);
}

static void attach_gateway(struct plan_reader *plan, const char *id, const char *vpc_id)
{
    struct internet_gateway *gateway = map_get(&plan->estate->internet_gateways, id);
    if (gateway == NULL) {
        gateway = arena_new_of(plan->arena, struct internet_gateway);
        gateway->id = id;
        map_put(plan->arena, &plan->estate->internet_gateways, id, gateway);
    }
    detach_gateway(plan, id);
    if (vpc_id != NULL)
        map_put(plan->arena, &plan->estate->gateway_of_vpc, vpc_id, gateway);
}

static void put_gateway(struct plan_reader *plan, const struct resource *resource)
{
    attach_gateway(plan, resource->id, reference(plan, resource, "vpc_id"));
}

static void put_gateway_attachment(struct plan_reader *plan, const struct resource *resource)
{
    const char *id = reference(plan, resource, "internet_gateway_id");
    if (id != NULL)
        attach_gateway(plan, id, reference(plan, resource, "vpc_id"));
}

static void remove_gateway_attachment(struct plan_reader *plan, const struct resource *resource)
{
    detach_gateway(plan, attribute(plan, resource->before, "internet_gateway_id"));
}

// ---- Route tables

static const struct {
    const char *key;
    enum route_target target;
} route_keys[] = {
    {"gateway_id", ROUTE_UNKNOWN},
    {"nat_gateway_id", ROUTE_ELSEWHERE},
    {"transit_gateway_id", ROUTE_ELSEWHERE},
    {"vpc_peering_connection_id", ROUTE_ELSEWHERE},
    {"egress_only_gateway_id", ROUTE_ELSEWHERE},
    {"local_gateway_id", ROUTE_ELSEWHERE},
    {"carrier_gateway_id", ROUTE_ELSEWHERE},
    {"core_network_arn", ROUTE_ELSEWHERE},
    {"vpc_endpoint_id", ROUTE_APPLIANCE},
    {"network_interface_id", ROUTE_APPLIANCE},
    {"instance_id", ROUTE_APPLIANCE},
};

static enum route_target kind_of_gateway(const char *id)
{
    if (strncmp(id, "igw-", 4) == 0 || strstr(id, "aws_internet_gateway.") != NULL)
        return ROUTE_INTERNET_GATEWAY;
    if (strcmp(id, "local") == 0)
        return ROUTE_LOCAL;
    if (strncmp(id, "vgw-", 4) == 0 || strstr(id, "aws_vpn_gateway.") != NULL)
        return ROUTE_ELSEWHERE;
    return strncmp(id, "vpce-", 5) == 0 ? ROUTE_APPLIANCE : ROUTE_UNKNOWN;
}

// The destination of `values` under one of its possible names. False where it has none.
static bool destination_of(struct plan_reader *plan, const cJSON *values, struct route *route)
{
    static const char *const keys[] = {"destination_cidr_block", "cidr_block", "destination_ipv6_cidr_block",
                                       "ipv6_cidr_block"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *text = attribute(plan, values, keys[i]);
        if (text != NULL)
            return prefix_parse(text, false, &route->prefix) == PREFIX_OK;
    }
    route->prefix_list = attribute(plan, values, "destination_prefix_list_id");
    return route->prefix_list != NULL;
}

static bool same_destination(const struct route *a, const struct route *b)
{
    if (a->prefix_list != NULL || b->prefix_list != NULL)
        return a->prefix_list != NULL && b->prefix_list != NULL && strcmp(a->prefix_list, b->prefix_list) == 0;
    return a->prefix.family == b->prefix.family && a->prefix.length == b->prefix.length &&
           a->prefix.first == b->prefix.first;
}

static void drop_route(struct route_table *table, const struct route *like)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < table->routes.count; i++)
        if (!same_destination(&table->routes.items[i], like) || table->routes.items[i].target == ROUTE_LOCAL)
            table->routes.items[kept++] = table->routes.items[i];
    table->routes.count = kept;
}

static struct route_table *own_table(struct plan_reader *plan, const char *id)
{
    return map_get(&plan->estate->route_tables, id);
}

// One route of `values`; targets that are unknown are looked up by the resource's own configuration.
static void add_route(struct plan_reader *plan, const struct resource *resource, struct route_table *table,
                      const cJSON *values, const cJSON *unknown, bool own)
{
    struct route route = {.active = true, .target = ROUTE_UNKNOWN};
    if (!destination_of(plan, values, &route)) {
        lacking(plan, resource, "the destination");
        return;
    }
    for (size_t i = 0; i < sizeof(route_keys) / sizeof(route_keys[0]) && route.target_id == NULL; i++) {
        route.target_id =
            own ? reference(plan, resource, route_keys[i].key) : attribute(plan, values, route_keys[i].key);
        if (route.target_id == NULL && is_unknown(unknown, route_keys[i].key))
            route.target_id = unknown_text(plan, resource, route_keys[i].key);
        if (route.target_id != NULL)
            route.target =
                route_keys[i].target == ROUTE_UNKNOWN ? kind_of_gateway(route.target_id) : route_keys[i].target;
    }
    if (route.target_id == NULL)
        route.target_id = unknown_text(plan, resource, "target");
    drop_route(table, &route);
    *vector_add(plan->arena, &table->routes) = route;
}

static void put_route(struct plan_reader *plan, const struct resource *resource)
{
    struct route_table *table = own_table(plan, reference(plan, resource, "route_table_id"));
    if (table != NULL)
        add_route(plan, resource, table, resource->after, resource->unknown, true);
    else
        lacking(plan, resource, "route_table_id");
}

static void remove_route(struct plan_reader *plan, const struct resource *resource)
{
    struct route_table *table = own_table(plan, attribute(plan, resource->before, "route_table_id"));
    struct route route = {0};
    if (table != NULL && destination_of(plan, resource->before, &route))
        drop_route(table, &route);
}

static void put_route_table(struct plan_reader *plan, const struct resource *resource)
{
    struct route_table *table = own_table(plan, resource->id);
    const cJSON *routes = cJSON_GetObjectItemCaseSensitive(resource->after, "route"), *item;
    const cJSON *unknown = cJSON_GetObjectItemCaseSensitive(resource->unknown, "route");
    if (table == NULL) {
        table = arena_new_of(plan->arena, struct route_table);
        table->id = resource->id;
        table->vpc_id = reference(plan, resource, "vpc_id");
        copy_local_routes(plan, table);
        map_put(plan->arena, &plan->estate->route_tables, table->id, table);
    } else if (cJSON_IsArray(routes)) {
        uint32_t kept = 0; // inline routes are the whole table but for what AWS puts there
        for (uint32_t i = 0; i < table->routes.count; i++)
            if (table->routes.items[i].target == ROUTE_LOCAL || table->routes.items[i].propagated)
                table->routes.items[kept++] = table->routes.items[i];
        table->routes.count = kept;
    }
    int index = 0;
    cJSON_ArrayForEach (item, routes)
        add_route(plan, resource, table, item, cJSON_GetArrayItem(unknown, index++), false);
}

static void put_table_association(struct plan_reader *plan, const struct resource *resource)
{
    struct route_table *table = own_table(plan, reference(plan, resource, "route_table_id"));
    const char *subnet = reference(plan, resource, "subnet_id");
    const char *gateway = reference(plan, resource, "gateway_id");
    if (table == NULL)
        lacking(plan, resource, "route_table_id");
    if (subnet != NULL)
        map_put(plan->arena, &plan->estate->table_of_subnet, subnet, table);
    if (gateway != NULL)
        map_put(plan->arena, &plan->estate->edge_table_of_gateway, gateway, table);
}

static void remove_table_association(struct plan_reader *plan, const struct resource *resource)
{
    const char *subnet = attribute(plan, resource->before, "subnet_id");
    const char *gateway = attribute(plan, resource->before, "gateway_id");
    if (subnet != NULL)
        map_put(plan->arena, &plan->estate->table_of_subnet, subnet, NULL);
    if (gateway != NULL)
        map_put(plan->arena, &plan->estate->edge_table_of_gateway, gateway, NULL);
}

static void put_main_association(struct plan_reader *plan, const struct resource *resource)
{
    struct route_table *table = own_table(plan, reference(plan, resource, "route_table_id"));
    const char *vpc = reference(plan, resource, "vpc_id");
    if (table != NULL && vpc != NULL)
        map_put(plan->arena, &plan->estate->main_table_of_vpc, vpc, table);
    else
        lacking(plan, resource, "route_table_id");
}

static const struct resource_type types[] = {
    {"aws_vpc", NULL, put_vpc},
    {"aws_internet_gateway", remove_gateway, put_gateway},
    {"aws_internet_gateway_attachment", remove_gateway_attachment, put_gateway_attachment},
    {"aws_subnet", NULL, put_subnet},
    {"aws_route_table", NULL, put_route_table},
    {"aws_default_route_table", NULL, put_route_table},
    {"aws_route", remove_route, put_route},
    {"aws_route_table_association", remove_table_association, put_table_association},
    {"aws_main_route_table_association", NULL, put_main_association},
};

const struct resource_types terraform_network = {types, sizeof(types) / sizeof(types[0])};
