// Documents that hold rules: security groups, network ACLs, route tables.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/reader.h"
#include "model/protocol.h"

static bool read_group_prefix(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group_rule *rule = into;
    return read_prefix(reader, at, "CidrIp", FAMILY_IPV4, vector_add(reader->arena, &rule->prefixes));
}

static bool read_group_prefix6(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group_rule *rule = into;
    return read_prefix(reader, at, "CidrIpv6", FAMILY_IPV6, vector_add(reader->arena, &rule->prefixes));
}

static bool read_group_prefix_list(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group_rule *rule = into;
    return interned_of(reader, at, "PrefixListId", vector_add(reader->arena, &rule->prefix_lists));
}

static bool read_group_pair(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group_rule *rule = into;
    const char *id;
    GUARD(optional_interned(reader, at, "GroupId", &id));
    if (id != NULL)
        *vector_add(reader->arena, &rule->groups) = id;
    return true;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
static bool read_permission(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group_rule *rule = into;
    rule->index = at->index;
    rule->high = PORT_LAST;
    GUARD(read_protocol(reader, at, "IpProtocol", &rule->protocol));
    if (protocol_has_ports(rule->protocol)) {
        GUARD(read_ports(reader, at, "FromPort", "ToPort", &rule->low, &rule->high));
    } else if (protocol_is_icmp(rule->protocol)) {
        long type = -1, code = -1;
        bool present;
        GUARD(json_optional_integer(at, "FromPort", -1, 255, &type, &present, reader->error));
        GUARD(json_optional_integer(at, "ToPort", -1, 255, &code, &present, reader->error));
        icmp_range(type, code, &rule->low, &rule->high);
    }
    size_t room = (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(at->node, "IpRanges")) +
                  (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(at->node, "Ipv6Ranges"));
    vector_room(reader->arena, &rule->prefixes, room);
    GUARD(each_if_present(reader, at, "IpRanges", read_group_prefix, rule));
    GUARD(each_if_present(reader, at, "Ipv6Ranges", read_group_prefix6, rule));
    GUARD(each_if_present(reader, at, "UserIdGroupPairs", read_group_pair, rule));
    return each_if_present(reader, at, "PrefixListIds", read_group_prefix_list, rule);
}

static bool read_ingress(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group *group = into;
    return read_permission(reader, at, vector_add(reader->arena, &group->ingress));
}

static bool read_egress(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group *group = into;
    return read_permission(reader, at, vector_add(reader->arena, &group->egress));
}

bool read_security_group(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct security_group *group = arena_new_of(reader->arena, struct security_group);
    GUARD(interned_of(reader, at, "GroupId", &group->id));
    GUARD(optional_text(reader, at, "GroupName", &group->name));
    GUARD(optional_interned(reader, at, "VpcId", &group->vpc_id));
    size_t room = (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(at->node, "IpPermissions"));
    vector_room(reader->arena, &group->ingress, room);
    GUARD(optional_interned(reader, at, "OwnerId", &group->account_id));
    group->evidence = reader->name;
    group->has_egress = json_member(at, "IpPermissionsEgress").node != NULL;
    GUARD(each_of(reader, at, "IpPermissions", read_ingress, group));
    GUARD(each_if_present(reader, at, "IpPermissionsEgress", read_egress, group));
    map_put(reader->arena, &reader->estate->security_groups, group->id, group);
    return true;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkAclEntry.html
static bool read_acl_entry(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct network_acl *acl = into;
    struct network_acl_entry *entry = vector_add(reader->arena, &acl->entries);
    long number;
    const char *action;
    entry->high = PORT_LAST;
    GUARD(json_integer(at, "RuleNumber", 0, 32767, &number, reader->error));
    entry->number = (int)number;
    GUARD(json_boolean(at, "Egress", &entry->egress, reader->error));
    GUARD(text_of(reader, at, "RuleAction", &action));
    entry->allow = strcmp(action, "allow") == 0;
    if (!entry->allow && strcmp(action, "deny") != 0) {
        struct json_cursor wrong = json_member(at, "RuleAction");
        return json_fail(&wrong, reader->error, "\"%s\", expected \"allow\" or \"deny\"", action);
    }
    GUARD(read_protocol(reader, at, "Protocol", &entry->protocol));
    if (protocol_has_ports(entry->protocol)) {
        struct json_cursor range = json_member(at, "PortRange");
        if (range.node != NULL) {
            GUARD(json_expect_object(&range, reader->error));
            GUARD(read_ports(reader, &range, "From", "To", &entry->low, &entry->high));
        }
    } else if (protocol_is_icmp(entry->protocol)) {
        struct json_cursor icmp = json_member(at, "IcmpTypeCode");
        if (icmp.node != NULL) {
            long type = -1, code = -1;
            bool present;
            GUARD(json_expect_object(&icmp, reader->error));
            GUARD(json_optional_integer(&icmp, "Type", -1, 255, &type, &present, reader->error));
            GUARD(json_optional_integer(&icmp, "Code", -1, 255, &code, &present, reader->error));
            icmp_range(type, code, &entry->low, &entry->high);
        }
    }
    if (json_member(at, "Ipv6CidrBlock").node != NULL)
        return read_prefix(reader, at, "Ipv6CidrBlock", FAMILY_IPV6, &entry->prefix);
    return read_prefix(reader, at, "CidrBlock", FAMILY_IPV4, &entry->prefix);
}

static bool read_acl_association(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *subnet_id;
    GUARD(interned_of(reader, at, "SubnetId", &subnet_id));
    map_put(reader->arena, &reader->estate->acl_of_subnet, subnet_id, into);
    return true;
}

static int by_rule_number(const void *left, const void *right)
{
    const struct network_acl_entry *a = left, *b = right;
    return a->number - b->number;
}

bool read_network_acl(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct network_acl *acl = arena_new_of(reader->arena, struct network_acl);
    GUARD(interned_of(reader, at, "NetworkAclId", &acl->id));
    GUARD(optional_interned(reader, at, "VpcId", &acl->vpc_id));
    acl->evidence = reader->name;
    GUARD(json_optional_boolean(at, "IsDefault", &acl->is_default, reader->error));
    GUARD(each_of(reader, at, "Entries", read_acl_entry, acl));
    if (acl->entries.count > 1)
        qsort(acl->entries.items, acl->entries.count, sizeof(*acl->entries.items), by_rule_number);
    GUARD(each_if_present(reader, at, "Associations", read_acl_association, acl));
    map_put(reader->arena, &reader->estate->network_acls, acl->id, acl);
    if (acl->is_default && acl->vpc_id != NULL)
        map_put(reader->arena, &reader->estate->default_acl_of_vpc, acl->vpc_id, acl);
    return true;
}

// A route's own key tells its kind of target: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html
static bool read_route_target(struct reader *reader, const struct json_cursor *at, struct route *route)
{
    static const struct {
        const char *key;
        enum route_target target;
    } keys[] = {
        {"NatGatewayId", ROUTE_ELSEWHERE},
        {"TransitGatewayId", ROUTE_ELSEWHERE},
        {"VpcPeeringConnectionId", ROUTE_ELSEWHERE},
        {"EgressOnlyInternetGatewayId", ROUTE_ELSEWHERE},
        {"LocalGatewayId", ROUTE_ELSEWHERE},
        {"CarrierGatewayId", ROUTE_ELSEWHERE},
        {"CoreNetworkArn", ROUTE_ELSEWHERE},
        {"OdbNetworkArn", ROUTE_ELSEWHERE},
        {"VpcEndpointId", ROUTE_APPLIANCE},
        {"NetworkInterfaceId", ROUTE_APPLIANCE},
        {"InstanceId", ROUTE_APPLIANCE},
        {"GatewayId", ROUTE_UNKNOWN},
    };
    static const struct {
        const char *start;
        enum route_target target;
    } gateways[] = {{"local", ROUTE_LOCAL},    {"igw-", ROUTE_INTERNET_GATEWAY}, {"vpce-", ROUTE_APPLIANCE},
                    {"vgw-", ROUTE_ELSEWHERE}, {"eigw-", ROUTE_ELSEWHERE},       {"cagw-", ROUTE_ELSEWHERE},
                    {"tgw-", ROUTE_ELSEWHERE}, {"nat-", ROUTE_ELSEWHERE}};
    route->target = ROUTE_UNKNOWN;
    route->target_id = "a target of unknown kind";
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *id;
        GUARD(optional_text(reader, at, keys[i].key, &id));
        if (id == NULL || id[0] == '\0')
            continue;
        route->target = keys[i].target;
        route->target_id = id;
        if (strcmp(keys[i].key, "GatewayId") == 0)
            for (size_t g = 0; g < sizeof(gateways) / sizeof(gateways[0]); g++)
                if (strncmp(id, gateways[g].start, strlen(gateways[g].start)) == 0)
                    route->target = gateways[g].target;
        return true;
    }
    return true;
}

static bool read_route(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct route_table *table = into;
    struct route *route = vector_add(reader->arena, &table->routes);
    const char *state, *origin;
    GUARD(optional_text(reader, at, "State", &state));
    GUARD(optional_text(reader, at, "Origin", &origin));
    route->active = state == NULL || strcmp(state, "active") == 0;
    route->propagated = origin != NULL && strcmp(origin, "EnableVgwRoutePropagation") == 0;
    GUARD(optional_text(reader, at, "DestinationPrefixListId", &route->prefix_list));
    GUARD(read_route_target(reader, at, route));
    if (route->prefix_list != NULL)
        return true;
    if (json_member(at, "DestinationIpv6CidrBlock").node != NULL)
        return read_prefix(reader, at, "DestinationIpv6CidrBlock", FAMILY_IPV6, &route->prefix);
    return read_prefix(reader, at, "DestinationCidrBlock", FAMILY_IPV4, &route->prefix);
}

static bool read_table_association(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct route_table *table = into;
    struct estate *estate = reader->estate;
    const char *subnet_id, *gateway_id;
    bool is_main = false;
    GUARD(json_optional_boolean(at, "Main", &is_main, reader->error));
    GUARD(optional_interned(reader, at, "SubnetId", &subnet_id));
    GUARD(optional_text(reader, at, "GatewayId", &gateway_id));
    if (subnet_id != NULL)
        map_put(reader->arena, &estate->table_of_subnet, subnet_id, table);
    if (gateway_id != NULL)
        map_put(reader->arena, &estate->edge_table_of_gateway, gateway_id, table);
    if (is_main && table->vpc_id != NULL) {
        table->is_main = true;
        map_put(reader->arena, &estate->main_table_of_vpc, table->vpc_id, table);
    }
    return true;
}

bool read_route_table(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct route_table *table = arena_new_of(reader->arena, struct route_table);
    GUARD(interned_of(reader, at, "RouteTableId", &table->id));
    GUARD(optional_interned(reader, at, "VpcId", &table->vpc_id));
    GUARD(each_of(reader, at, "Routes", read_route, table));
    GUARD(each_if_present(reader, at, "Associations", read_table_association, table));
    map_put(reader->arena, &reader->estate->route_tables, table->id, table);
    return true;
}
