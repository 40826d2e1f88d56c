// Route tables: their routes, and what they are the tables of.
#include <stddef.h>
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

// A route's own key tells its kind of target: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html
static bool read_route_target(struct reader *reader, const struct json_cursor *at, struct route *route)
{
    static const struct {
        const char *key;
        enum route_target target;
        enum route_way way;
    } keys[] = {
        {"NatGatewayId", ROUTE_ELSEWHERE, WAY_NAT},
        {"TransitGatewayId", ROUTE_ELSEWHERE, WAY_TRANSIT},
        {"VpcPeeringConnectionId", ROUTE_ELSEWHERE, WAY_PEERING},
        {"EgressOnlyInternetGatewayId", ROUTE_ELSEWHERE, WAY_EGRESS_ONLY},
        {"LocalGatewayId", ROUTE_ELSEWHERE, WAY_OTHER},
        {"CarrierGatewayId", ROUTE_ELSEWHERE, WAY_OTHER},
        {"CoreNetworkArn", ROUTE_ELSEWHERE, WAY_OTHER},
        {"OdbNetworkArn", ROUTE_ELSEWHERE, WAY_OTHER},
        {"VpcEndpointId", ROUTE_APPLIANCE, WAY_OTHER},
        {"NetworkInterfaceId", ROUTE_APPLIANCE, WAY_OTHER},
        {"InstanceId", ROUTE_APPLIANCE, WAY_OTHER},
        {"IpAddress", ROUTE_APPLIANCE, WAY_OTHER}, // next hop of a route that VPC Route Server advertised
        {"GatewayId", ROUTE_UNKNOWN, WAY_OTHER},
    };
    static const struct {
        const char *start;
        enum route_target target;
        enum route_way way;
    } gateways[] = {{"local", ROUTE_LOCAL, WAY_OTHER},           {"igw-", ROUTE_INTERNET_GATEWAY, WAY_OTHER},
                    {"vpce-", ROUTE_APPLIANCE, WAY_OTHER},       {"vgw-", ROUTE_ELSEWHERE, WAY_VPN},
                    {"eigw-", ROUTE_ELSEWHERE, WAY_EGRESS_ONLY}, {"cagw-", ROUTE_ELSEWHERE, WAY_OTHER},
                    {"tgw-", ROUTE_ELSEWHERE, WAY_TRANSIT},      {"nat-", ROUTE_ELSEWHERE, WAY_NAT}};
    const char *found = NULL;
    route->target = ROUTE_UNKNOWN;
    route->target_id = "a target of unknown kind";
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *id;
        GUARD(optional_interned(reader, at, keys[i].key, &id));
        if (id == NULL || id[0] == '\0')
            continue;
        if (found != NULL && strcmp(found, "NetworkInterfaceId") == 0 && strcmp(keys[i].key, "InstanceId") == 0)
            continue; // the instance that the interface is of: AWS prints both
        if (found != NULL) {
            route->target = ROUTE_UNKNOWN;
            route->way = WAY_OTHER;
            route->target_id = arena_printf(reader->arena, "%s and %s, two targets", route->target_id, id);
            return true;
        }
        found = keys[i].key;
        route->target = keys[i].target;
        route->way = keys[i].way;
        route->target_id = id;
        if (strcmp(keys[i].key, "GatewayId") == 0)
            for (size_t g = 0; g < sizeof(gateways) / sizeof(gateways[0]); g++)
                if (strncmp(id, gateways[g].start, strlen(gateways[g].start)) == 0) {
                    route->target = gateways[g].target;
                    route->way = gateways[g].way;
                }
    }
    if (found != NULL)
        return true;
    for (const cJSON *member = at->node->child; member != NULL; member = member->next) {
        size_t length = strlen(member->string);
        if (strncmp(member->string, "Destination", 11) != 0 && length > 3 &&
            (strcmp(member->string + length - 2, "Id") == 0 || strcmp(member->string + length - 3, "Arn") == 0))
            return true; // of a kind that is new
    }
    return doubt_at(reader, at, "leads to no target");
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html
static bool read_route(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct route_table *table = into;
    struct route route = {0};
    static const char *const propagated[] = {"EnableVgwRoutePropagation", "Advertisement", NULL},
                             *const fixed[] = {"CreateRouteTable", "CreateRoute", NULL};
    const char *state = NULL, *origin = NULL;
    lenient_text(reader, at, "State", &state);
    lenient_text(reader, at, "Origin", &origin);
    route.active = state == NULL || strcmp(state, "blackhole") != 0;
    route.propagated = origin != NULL && text_among(origin, propagated); // by a VPN, Direct Connect or VPC Route Server
    GUARD(optional_interned(reader, at, "DestinationPrefixListId", &route.prefix_list));
    GUARD(read_route_target(reader, at, &route));
    if (state != NULL && route.active && strcmp(state, "active") != 0) { // "filtered", or a word that is new
        route.target = ROUTE_UNKNOWN;
        route.target_id = arena_printf(reader->arena, "%s, which is %s", route.target_id, state);
    } else if (origin != NULL && !route.propagated && !text_among(origin, fixed)) { // before which others it comes
        route.target = ROUTE_UNKNOWN;
        route.target_id = arena_printf(reader->arena, "%s, whose route is of origin %s", route.target_id, origin);
    }
    int destinations = (route.prefix_list != NULL) + (json_member(at, "DestinationCidrBlock").node != NULL) +
                       (json_member(at, "DestinationIpv6CidrBlock").node != NULL);
    if (destinations > 1)
        return json_fail(at, reader->error, "has %d destinations, expected one", destinations);
    if (route.prefix_list == NULL) {
        bool ipv6 = member_of(reader, at, "DestinationIpv6CidrBlock").node != NULL;
        GUARD(read_prefix(reader, at, ipv6 ? "DestinationIpv6CidrBlock" : "DestinationCidrBlock",
                          ipv6 ? FAMILY_IPV6 : FAMILY_IPV4, &route.prefix));
    }
    *vector_add(reader->arena, &table->routes) = route;
    read_route_firewall(reader, at, table);
    return true;
}

// The table of a pool of public IPv4 addresses says where what comes to them goes, whatever interface has them: that is
// not modelled. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RouteTableAssociation.html
static void name_pool(struct reader *reader, const struct route_table *table, const char *pool)
{
    const char *account = reader->place.account, *region = reader->place.region;
    lack_add(reader->arena, &reader->estate->lacks,
             &(struct lack){kind_name(KIND_ROUTE_TABLES), account == NULL ? "unknown" : account,
                            region == NULL ? "unknown" : region, table->id,
                            arena_printf(reader->arena,
                                         "missing: where what comes to public IPv4 pool %s goes: %s, its route table, "
                                         "is not modelled",
                                         pool, table->id)});
}

// A table and the VPC that the record in hand says it is of: where two records differ, each is heeded.
struct table_reading {
    struct route_table *table;
    const char *vpc_id;
};

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RouteTableAssociationState.html
static bool read_table_association(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct json_cursor state;
    const char *word = NULL;
    const struct table_reading *reading = into;
    struct route_table *table = reading->table;
    struct estate *estate = reader->estate;
    const char *subnet_id, *gateway_id, *pool = text_beside(reader, at, "PublicIpv4Pool");
    bool is_main = false;
    const char *table_id = text_beside(reader, at, "RouteTableId");
    if (table_id != NULL && strcmp(table_id, table->id) != 0)
        doubt_at(reader, at, "is an association of %s, in the record of %s: neither is believed alone", table_id,
                 table->id);
    GUARD(json_optional_boolean(at, "Main", &is_main, reader->error));
    GUARD(optional_interned(reader, at, "SubnetId", &subnet_id));
    GUARD(optional_interned(reader, at, "GatewayId", &gateway_id));
    if (subnet_id != NULL && subnet_id[0] == '\0')
        return json_fail(at, reader->error, "has an empty SubnetId");
    if (lenient_object(reader, at, "AssociationState", &state))
        lenient_text(reader, &state, "State", &word);
    if (word != NULL && strcmp(word, "disassociated") == 0)
        return true;
    if (word != NULL && strcmp(word, "associated") != 0) { // failed, in transition, or a word that is new
        const char *unsure = arena_printf(reader->arena, "an association of %s is %s", table->id, word);
        if (subnet_id != NULL)
            map_put(reader->arena, &estate->unsure_table_of_subnet, subnet_id, (void *)(uintptr_t)unsure);
        else if (table->doubt == NULL)
            table->doubt = unsure;
    }
    bool failed = word != NULL && strcmp(word, "failed") == 0; // beside it, another one may hold
    if (subnet_id != NULL && !failed)
        put_alone(reader, &estate->table_of_subnet, subnet_id, table, &table->doubt,
                  offsetof(struct route_table, doubt), "a route table of");
    if (gateway_id != NULL)
        put_alone(reader, &estate->edge_table_of_gateway, gateway_id, table, &table->doubt,
                  offsetof(struct route_table, doubt), "a route table of");
    if (is_main && reading->vpc_id != NULL) {
        table->is_main = true;
        put_alone(reader, &estate->main_table_of_vpc, reading->vpc_id, table, &table->doubt,
                  offsetof(struct route_table, doubt), "the main route table of");
    }
    if (pool != NULL && !is_main && subnet_id == NULL && gateway_id == NULL) {
        name_pool(reader, table, pool);
        return true;
    }
    return is_main || subnet_id != NULL || gateway_id != NULL ||
           json_fail(at, reader->error, "says neither of what it is the table nor that it is the main one");
}

// Two routes to one destination that lead elsewhere. (A propagated one may stand beside a static one.)
static void doubt_equal_routes(struct reader *reader, const struct json_cursor *at, const struct route_table *table)
{
    struct map known = {0};
    for (size_t i = 0; i < table->routes.count; i++) {
        const struct route *route = &table->routes.items[i];
        char text[ADDRESS_TEXT] = "";
        if (route->propagated || route->prefix_list != NULL)
            continue;
        prefix_format(route->prefix, text);
        const struct route *before = map_get(&known, text);
        if (before == NULL)
            map_put(reader->scratch, &known, arena_strdup(reader->scratch, text), (void *)(uintptr_t)route);
        else if (before->target != route->target || before->active != route->active ||
                 strcmp(before->target_id, route->target_id) != 0)
            doubt_at(reader, at, "two routes lead to %s", text);
    }
}

bool read_route_table(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct route_table *table = arena_new_of(reader->arena, struct route_table);
    const char *owner = NULL;
    GUARD(interned_of(reader, at, "RouteTableId", &table->id));
    struct route_table *old = map_get(&reader->estate->route_tables, table->id);
    if (old != NULL && record_agrees(reader, at, old->record, table->id, &old->doubt))
        return true;
    table = old != NULL ? old : table;
    reader->doubt = &table->doubt;
    struct table_reading reading = {.table = table};
    lenient_text(reader, at, "VpcId", &reading.vpc_id);
    lenient_text(reader, at, "OwnerId", &owner);
    seen_at(reader, owner, NULL, reading.vpc_id);
    if (old == NULL)
        table->vpc_id = reading.vpc_id;
    else if (!text_same(reading.vpc_id, table->vpc_id))
        estate_doubt_vpc_of_table(reader->estate, table);
    table->propagates = table->propagates || cJSON_GetArraySize(json_member(at, "PropagatingVgws").node) > 0;
    each_of(reader, at, "Routes", read_route, table); // those of both, where two records differ
    if (old == NULL) {
        table->record = reader->record;
        doubt_equal_routes(reader, at, table);
        estate_add_route_table(reader->estate, table);
    }
    return each_of(reader, at, "Associations", read_table_association, &reading);
}
