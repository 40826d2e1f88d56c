// Terraform resources that route: tables, routes, and which subnet has which table.
#include <string.h>

#include "aws/terraform/plan.h"
#include "model/protocol.h"

static const struct {
    const char *key;
    enum route_target target;
    enum route_way way;
} route_keys[] = {
    {"gateway_id", ROUTE_UNKNOWN, WAY_OTHER},
    {"nat_gateway_id", ROUTE_ELSEWHERE, WAY_NAT},
    {"transit_gateway_id", ROUTE_ELSEWHERE, WAY_TRANSIT},
    {"vpc_peering_connection_id", ROUTE_ELSEWHERE, WAY_PEERING},
    {"egress_only_gateway_id", ROUTE_ELSEWHERE, WAY_EGRESS_ONLY},
    {"local_gateway_id", ROUTE_ELSEWHERE, WAY_OTHER},
    {"carrier_gateway_id", ROUTE_UNKNOWN, WAY_OTHER},
    {"core_network_arn", ROUTE_ELSEWHERE, WAY_OTHER},
    {"odb_network_arn", ROUTE_ELSEWHERE, WAY_OTHER},
    {"vpc_endpoint_id", ROUTE_APPLIANCE, WAY_OTHER},
    {"network_interface_id", ROUTE_APPLIANCE, WAY_OTHER},
    {"instance_id", ROUTE_APPLIANCE, WAY_OTHER},
};

static enum route_target kind_of_gateway(const struct plan_reader *plan, const char *id)
{
    if (strncmp(id, "igw-", 4) == 0 || is_made(plan, "aws_internet_gateway", id) ||
        map_get(&plan->estate->internet_gateways, id) != NULL)
        return ROUTE_INTERNET_GATEWAY;
    if (strcmp(id, "local") == 0)
        return ROUTE_LOCAL;
    if (strncmp(id, "vgw-", 4) == 0 || is_made(plan, "aws_vpn_gateway", id))
        return ROUTE_ELSEWHERE;
    return strncmp(id, "vpce-", 5) == 0 || is_made(plan, "aws_vpc_endpoint", id) ? ROUTE_APPLIANCE : ROUTE_UNKNOWN;
}

// The main table's local routes, which every table of the VPC has.
static void copy_local_routes(struct plan_reader *plan, struct route_table *table)
{
    const struct route_table *main_table = map_get(&plan->estate->main_table_of_vpc, table->vpc_id);
    for (size_t i = 0; main_table != NULL && i < main_table->routes.count; i++)
        if (main_table->routes.items[i].target == ROUTE_LOCAL)
            *vector_add(plan->arena, &table->routes) = main_table->routes.items[i];
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

// Notes that the resource whose handler runs puts or ends a route, by its id as reasons have it.
static void notes_route(struct plan_reader *plan, const struct route_table *table, const struct route *route, bool goes)
{
    char text[ADDRESS_TEXT];
    prefix_format(route->prefix, text);
    const char *to = route->prefix_list != NULL ? route->prefix_list : text;
    if (goes)
        ends(plan, "%s:%s", table->id, to);
    else
        makes(plan, "%s:%s", table->id, to);
}

static bool drop_route(struct route_table *table, const struct route *like)
{
    uint32_t kept = 0, before = table->routes.count;
    for (uint32_t i = 0; i < table->routes.count; i++)
        if (!same_destination(&table->routes.items[i], like) || table->routes.items[i].target == ROUTE_LOCAL)
            table->routes.items[kept++] = table->routes.items[i];
    table->routes.count = kept;
    return kept < before;
}

static struct route_table *own_table(struct plan_reader *plan, const char *id)
{
    return map_get(&plan->estate->route_tables, id);
}

// Where one route of `where` leads to.
static void aim(struct plan_reader *plan, const struct where *where, struct route *route)
{
    static const char *const chosen[] = {"network_interface_id", "instance_id", NULL}; // by AWS, of one another
    route->target = ROUTE_UNKNOWN;
    for (size_t i = 0; i < sizeof(route_keys) / sizeof(route_keys[0]); i++) {
        struct meant to = meant_at(plan, where, route_keys[i].key, text_among(route_keys[i].key, chosen));
        if (id_of(to) == NULL)
            continue;
        route->target_id = id_of(to);
        route->target = route_keys[i].target != ROUTE_UNKNOWN ? route_keys[i].target
                        : to.doubt != NULL                    ? ROUTE_UNKNOWN
                                                              : kind_of_gateway(plan, to.id);
        route->way =
            route->target == ROUTE_ELSEWHERE && route_keys[i].target == ROUTE_UNKNOWN ? WAY_VPN : route_keys[i].way;
        if (to.doubt == NULL)
            return;
    }
    if (route->target_id == NULL)
        route->target_id = doubt_of(plan, where->resource, "the target of a route");
}

static void add_route(struct plan_reader *plan, const struct where *where, struct route_table *table)
{
    static const char *const keys[] = {"destination_cidr_block", "cidr_block", "destination_ipv6_cidr_block",
                                       "ipv6_cidr_block"};
    struct route route = {.active = true};
    if (!destination_of(plan, where->values, &route)) {
        struct meant list = meant_at(plan, where, "destination_prefix_list_id", false);
        route.prefix_list = list.id;
        for (size_t i = 0; i < 4 && list.id == NULL && list.doubt == NULL; i++)
            if (is_unknown(where->unknown, keys[i]))
                list.doubt = doubt_of(plan, where->resource, keys[i]);
        if (route.prefix_list == NULL) {
            table->doubt = list.doubt != NULL ? list.doubt : doubt_of(plan, where->resource, "the destination");
            return;
        }
    }
    aim(plan, where, &route);
    if (route.target == ROUTE_LOCAL)
        return; // every table has it
    drop_route(table, &route);
    notes_route(plan, table, &route, false);
    *vector_add(plan->arena, &table->routes) = route;
}

// What AWS puts into a table: plans do not tell of it.
static bool is_of_aws(const struct route *route)
{
    bool endpoint =
        route->prefix_list != NULL && route->target_id != NULL && strncmp(route->target_id, "vpce-", 5) == 0;
    return route->target == ROUTE_LOCAL || route->propagated || endpoint;
}

// Whether a block of the plan's list of before says a route's destination; *same: and its target.
static bool was_said(struct plan_reader *plan, const cJSON *blocks, const struct route *route, bool *same)
{
    const cJSON *one, *value;
    cJSON_ArrayForEach (one, blocks) {
        struct route said = {0};
        if (!destination_of(plan, one, &said) || !same_destination(&said, route))
            continue;
        cJSON_ArrayForEach (value, one)
            *same = *same || (cJSON_IsString(value) && text_same(value->valuestring, route->target_id));
        return true;
    }
    return false;
}

// Takes the routes that the plan had before out of those of the snapshot: what it does not know of stays. Of what is
// adopted all goes.
static void drop_before(struct plan_reader *plan, const struct resource *resource, struct route_table *table)
{
    const cJSON *blocks = resource->creates ? NULL : member(resource->before, "route");
    uint32_t kept = 0, found = 0, unknown = 0;
    bool lacks = false;
    for (uint32_t i = 0; i < table->routes.count; i++) {
        struct route *route = &table->routes.items[i];
        bool own = is_of_aws(route), same = false, said = was_said(plan, blocks, route, &same);
        found += said;
        lacks = lacks || (said && !same && !own);
        if (own || (!resource->creates && !said))
            table->routes.items[kept++] = *route;
        else
            notes_route(plan, table, route, true);
        unknown += !own && !resource->creates && !said;
    }
    table->routes.count = kept;
    if (lacks || (int)found < cJSON_GetArraySize(blocks))
        say_not_held(plan, resource, "a route of", table->id);
    if (unknown > 0)
        say(plan, "%s: %s has routes in the snapshot that the plan does not know: of another time?", resource->address,
            table->id);
}

// What is in a table whose resource says `route`.
static void fill(struct plan_reader *plan, const struct resource *resource, struct route_table *table)
{
    const cJSON *routes = member(resource->after, "route"), *item;
    drop_before(plan, resource, table);
    struct where all = whole(resource);
    if (is_unknown(resource->unknown, "route") && (!resource->creates || may_be_configured(plan, &all, "route")))
        table->doubt = doubt_of(plan, resource, "route");
    int index = 0;
    cJSON_ArrayForEach (item, routes) {
        struct where where = block_of(resource, "route", index++);
        if (cJSON_IsObject(item))
            add_route(plan, &where, table);
    }
}

static bool says_routes(struct plan_reader *plan, const struct resource *resource)
{
    struct where where = whole(resource);
    return cJSON_IsArray(member(resource->after, "route")) ||
           (is_unknown(resource->unknown, "route") && (!resource->creates || may_be_configured(plan, &where, "route")));
}

static void heed_hidden_routes(struct plan_reader *plan, const struct resource *resource, struct route_table *table)
{
    struct where where = whole(resource);
    if (resource->creates && is_unknown(resource->unknown, "route") && !may_be_configured(plan, &where, "route"))
        hides(plan, resource, "route", table->id, &table->doubt);
}

// Which routes a virtual private gateway propagates no plan tells.
static void heed_propagation(struct plan_reader *plan, const struct resource *resource, struct route_table *table)
{
    struct where where = whole(resource);
    bool some = cJSON_GetArraySize(member(resource->after, "propagating_vgws")) > 0 ||
                (any_unknown(resource->unknown, "propagating_vgws") &&
                 (may_be_configured(plan, &where, "propagating_vgws") || !resource->creates));
    table->propagates = some;
    if (some && resource->creates)
        say(plan, "%s: the routes of propagating_vgws are not told", resource->address);
    if (!resource->creates && differs(resource, "propagating_vgws"))
        say(plan, "%s: the routes of propagating_vgws that come or go are not told", resource->address);
}

static void put_route_table(struct plan_reader *plan, const struct resource *resource)
{
    struct route_table *table = own_table(plan, resource->id);
    if (table == NULL && !resource->creates) {
        say_not_held(plan, resource, "route table", resource->id);
        return;
    }
    if (table == NULL) {
        struct meant vpc = meant(plan, resource, "vpc_id");
        table = arena_new_of(plan->arena, struct route_table);
        table->id = resource->id;
        table->vpc_id = vpc.id;
        copy_local_routes(plan, table);
        estate_add_route_table(plan->estate, table);
    }
    if (says_routes(plan, resource) && (resource->creates || differs(resource, "route")))
        fill(plan, resource, table); // else its routes are resources of their own
    heed_hidden_routes(plan, resource, table);
    heed_propagation(plan, resource, table);
}

// It takes the VPC's own table over, and what is in there goes.
// Documentation of the Terraform provider hashicorp/aws, resource aws_default_route_table.
static void put_default_table(struct plan_reader *plan, const struct resource *resource)
{
    const char *id = resource->creates ? meant_surely(plan, resource, "default_route_table_id").id : resource->id;
    struct route_table *table = own_table(plan, id);
    if (table == NULL && id != NULL) {
        say_not_held(plan, resource, "route table", id);
        return;
    }
    if (table == NULL) { // any new VPC's
        for (size_t i = 0; i < plan->estate->main_table_of_vpc.size; i++)
            if (plan->estate->main_table_of_vpc.slots[i].key != NULL &&
                is_made(plan, "aws_vpc", plan->estate->main_table_of_vpc.slots[i].key))
                ((struct route_table *)plan->estate->main_table_of_vpc.slots[i].value)->doubt =
                    doubt_of(plan, resource, "default_route_table_id");
        return;
    }
    adopts(plan, resource, id);
    if (resource->creates || differs(resource, "route"))
        fill(plan, resource, table);
    heed_hidden_routes(plan, resource, table);
    heed_propagation(plan, resource, table);
}

static void put_route(struct plan_reader *plan, const struct resource *resource)
{
    struct meant of = meant_surely(plan, resource, "route_table_id");
    struct route_table *table = own_table(plan, of.id);
    struct where where = whole(resource);
    fills(plan, of.id);
    if (table != NULL)
        add_route(plan, &where, table);
    else if (of.id != NULL)
        say_not_held(plan, resource, "route table", of.id);
    for (size_t i = 0; i < plan->estate->route_tables.size && of.doubt != NULL; i++) // any that is new
        if (plan->estate->route_tables.slots[i].key != NULL &&
            is_made(plan, "aws_route_table", plan->estate->route_tables.slots[i].key))
            ((struct route_table *)plan->estate->route_tables.slots[i].value)->doubt = of.doubt;
}

static void remove_route(struct plan_reader *plan, const struct resource *resource)
{
    const char *id = attribute(plan, resource->before, "route_table_id");
    struct route_table *table = own_table(plan, id);
    struct route route = {0};
    if (table == NULL)
        say_not_held(plan, resource, "route table", id);
    else if (!destination_of(plan, resource->before, &route) || !drop_route(table, &route))
        say_not_held(plan, resource, "a route of", id);
    else
        notes_route(plan, table, &route, true);
}

// An endpoint goes, and the routes to it that AWS put into tables.
static void remove_endpoint(struct plan_reader *plan, const struct resource *resource)
{
    for (size_t t = 0; t < plan->estate->route_tables.size; t++) {
        struct route_table *table = plan->estate->route_tables.slots[t].value;
        uint32_t kept = 0;
        for (uint32_t i = 0; table != NULL && i < table->routes.count; i++)
            if (resource->id_before == NULL || !text_same(table->routes.items[i].target_id, resource->id_before))
                table->routes.items[kept++] = table->routes.items[i];
            else
                touches(plan, resource, table->id);
        if (table != NULL)
            table->routes.count = kept;
    }
}

// Whether a table with a route to an internet gateway is among those of an endpoint, or may be: in others its routes
// bear on nothing that the internet reaches.
static bool has_public_table(struct plan_reader *plan, const cJSON *values, const cJSON *unknown)
{
    const cJSON *one;
    if (any_unknown(unknown, "route_table_ids"))
        return true;
    cJSON_ArrayForEach (one, member(values, "route_table_ids")) {
        const struct route_table *table = cJSON_IsString(one) ? own_table(plan, one->valuestring) : NULL;
        for (uint32_t i = 0; table != NULL && i < table->routes.count; i++)
            if (table->routes.items[i].target == ROUTE_INTERNET_GATEWAY ||
                table->routes.items[i].target == ROUTE_UNKNOWN)
                return true;
        if (table == NULL || table->doubt != NULL)
            return true;
    }
    return false;
}

static void put_endpoint(struct plan_reader *plan, const struct resource *resource)
{
    struct where where = whole(resource);
    const char *type = attribute(plan, resource->after, "vpc_endpoint_type");
    bool other_type = type != NULL && strcmp(type, "Gateway") != 0; // Interface ones put no route
    bool told =
        member(resource->after, "route_table_ids") != NULL || may_be_configured(plan, &where, "route_table_ids");
    bool comes = resource->creates ? told && !other_type : differs(resource, "route_table_ids");
    if (comes &&
        (has_public_table(plan, resource->after, resource->unknown) || has_public_table(plan, resource->before, NULL)))
        say(plan, "%s: the routes that it puts into route tables are not modelled", resource->address);
}

// ---- Associations

static bool is_new_subnet(const struct plan_reader *plan, const char *id)
{
    return id != NULL && is_made(plan, "aws_subnet", id);
}

// Which subnet it is only apply tells: one that is new, and has no other table.
static void unsure_of_new(struct plan_reader *plan, const struct route_table *table, const char *doubt)
{
    for (size_t i = 0; i < plan->estate->subnets.size; i++) {
        const struct subnet *subnet = plan->estate->subnets.slots[i].value;
        if (subnet == NULL || !is_new_subnet(plan, subnet->id) ||
            map_get(&plan->estate->table_of_subnet, subnet->id) != NULL ||
            (table != NULL && table->vpc_id != NULL && subnet->vpc_id != NULL &&
             strcmp(table->vpc_id, subnet->vpc_id) != 0))
            continue;
        map_put(plan->arena, &plan->estate->unsure_table_of_subnet, subnet->id, (void *)(uintptr_t)doubt);
    }
}

static void put_table_association(struct plan_reader *plan, const struct resource *resource)
{
    struct meant of = meant_surely(plan, resource, "route_table_id"), subnet = meant(plan, resource, "subnet_id");
    struct meant gateway = meant(plan, resource, "gateway_id");
    if (id_of(subnet) == NULL && id_of(gateway) == NULL)
        subnet.doubt = not_told(plan, resource, "subnet_id");
    struct route_table *table = own_table(plan, of.id);
    if (table == NULL && of.id != NULL)
        say_not_held(plan, resource, "route table", of.id);
    const char *unsure = of.doubt != NULL ? of.doubt
                         : table == NULL  ? doubt_of(plan, resource, "route_table_id")
                                          : NULL;
    if (subnet.id != NULL) {
        decides(plan, "table", subnet.id);
        map_put(plan->arena, &plan->estate->table_of_subnet, subnet.id, table);
        map_put(plan->arena, &plan->estate->unsure_table_of_subnet, subnet.id, (void *)(uintptr_t)unsure);
    }
    if (subnet.doubt != NULL)
        unsure_of_new(plan, table, subnet.doubt);
    if (gateway.id != NULL && table != NULL)
        map_put(plan->arena, &plan->estate->edge_table_of_gateway, gateway.id, table);
}

static void remove_table_association(struct plan_reader *plan, const struct resource *resource)
{
    const char *subnet = attribute(plan, resource->before, "subnet_id");
    const char *gateway = attribute(plan, resource->before, "gateway_id");
    if (subnet != NULL && map_get(&plan->estate->subnets, subnet) == NULL)
        say_not_held(plan, resource, "subnet", subnet);
    if (subnet != NULL) {
        decides(plan, "table", subnet);
        map_put(plan->arena, &plan->estate->table_of_subnet, subnet, NULL);
    }
    if (gateway != NULL)
        map_put(plan->arena, &plan->estate->edge_table_of_gateway, gateway, NULL);
}

// A VPC's main table is one that nobody knows.
static void unsure_main(struct plan_reader *plan, const char *vpc, const char *doubt)
{
    struct route_table *unknown = arena_new_of(plan->arena, struct route_table);
    unknown->id = doubt;
    unknown->vpc_id = vpc;
    unknown->doubt = doubt;
    map_put(plan->arena, &plan->estate->main_table_of_vpc, vpc, unknown);
}

static void put_main_association(struct plan_reader *plan, const struct resource *resource)
{
    struct meant of = meant_surely(plan, resource, "route_table_id"), vpc = meant(plan, resource, "vpc_id");
    struct route_table *table = own_table(plan, of.id);
    if (vpc.id != NULL)
        decides(plan, "table", vpc.id);
    if (table == NULL && of.id != NULL)
        say_not_held(plan, resource, "route table", of.id);
    if (vpc.id != NULL && table != NULL)
        map_put(plan->arena, &plan->estate->main_table_of_vpc, vpc.id, table);
    else if (vpc.id != NULL)
        unsure_main(plan, vpc.id, of.doubt != NULL ? of.doubt : doubt_of(plan, resource, "route_table_id"));
    for (size_t i = 0; i < plan->resources.count && vpc.doubt != NULL; i++) // any VPC that is new
        if (plan->resources.items[i].creates && strcmp(plan->resources.items[i].type, "aws_vpc") == 0)
            unsure_main(plan, plan->resources.items[i].id, vpc.doubt);
}

// The table that was the main one before is it again.
// Documentation of the Terraform provider hashicorp/aws, resource aws_main_route_table_association.
static void remove_main_association(struct plan_reader *plan, const struct resource *resource)
{
    const char *vpc = attribute(plan, resource->before, "vpc_id");
    const char *id = attribute(plan, resource->before, "original_route_table_id");
    struct route_table *table = own_table(plan, id);
    if (vpc != NULL)
        decides(plan, "table", vpc);
    if (table != NULL && vpc != NULL) {
        map_put(plan->arena, &plan->estate->main_table_of_vpc, vpc, table);
        return;
    }
    say_not_held(plan, resource, "route table", id);
    if (vpc != NULL)
        unsure_main(plan, vpc, doubt_of(plan, resource, "the main route table"));
}

static const struct resource_type types[] = {
    {"aws_vpc_endpoint", remove_endpoint, put_endpoint},
    {"aws_default_route_table", NULL, put_default_table},
    {"aws_route_table", NULL, put_route_table},
    {"aws_route", remove_route, put_route},
    {"aws_route_table_association", remove_table_association, put_table_association},
    {"aws_main_route_table_association", remove_main_association, put_main_association},
};

const struct resource_types terraform_route_tables = {types, sizeof(types) / sizeof(types[0])};
