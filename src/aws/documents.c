#include "aws/documents.h"

#include <stdlib.h>
#include <string.h>

#include "model/protocol.h"

struct reader {
    struct estate *estate;
    struct arena *arena;
    struct document_place place;
    struct error *error;
};

typedef bool (*element_reader)(struct reader *reader, const struct json_cursor *at, void *into);

static bool each(struct reader *reader, const struct json_cursor *array, element_reader read, void *into)
{
    GUARD(json_expect_array(array, reader->error));
    size_t index = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, array->node) {
        struct json_cursor at = json_element(array, index++, node);
        GUARD(json_expect_object(&at, reader->error));
        GUARD(read(reader, &at, into));
    }
    return true;
}

static bool each_of(struct reader *reader, const struct json_cursor *object, const char *key, element_reader read,
                    void *into)
{
    struct json_cursor at = json_member(object, key);
    return each(reader, &at, read, into);
}

static bool each_if_present(struct reader *reader, const struct json_cursor *object, const char *key,
                            element_reader read, void *into)
{
    struct json_cursor at = json_member(object, key);
    return at.node == NULL || each(reader, &at, read, into);
}

static bool text_of(struct reader *reader, const struct json_cursor *at, const char *key, const char **value)
{
    return json_string(reader->arena, at, key, value, reader->error);
}

static bool optional_text(struct reader *reader, const struct json_cursor *at, const char *key, const char **value)
{
    return json_optional_string(reader->arena, at, key, value, reader->error);
}

// A CIDR under `key`. family 0 takes either.
static bool read_prefix(struct reader *reader, const struct json_cursor *object, const char *key, int family,
                        struct prefix *prefix)
{
    const char *text;
    GUARD(text_of(reader, object, key, &text));
    struct json_cursor at = json_member(object, key);
    enum prefix_problem problem = prefix_parse(text, false, prefix);
    const char *kind = family == FAMILY_IPV4 ? "an IPv4 CIDR" : family == FAMILY_IPV6 ? "an IPv6 CIDR" : "a CIDR";
    if (problem == PREFIX_HOST_BITS) {
        char meant[ADDRESS_TEXT];
        prefix_format(*prefix, meant);
        return json_fail(&at, reader->error, "\"%s\" has host bits set, expected %s", text, meant);
    }
    if (problem != PREFIX_OK || (family != 0 && (int)prefix->family != family))
        return json_fail(&at, reader->error, "\"%s\" is not %s", text, kind);
    return true;
}

static bool read_address(struct reader *reader, const struct json_cursor *object, const char *key, int family,
                         struct address *address)
{
    const char *text;
    GUARD(text_of(reader, object, key, &text));
    struct json_cursor at = json_member(object, key);
    if (!address_parse(text, address) || (int)address->family != family)
        return json_fail(&at, reader->error, "\"%s\" is not an %s address", text,
                         family == FAMILY_IPV4 ? "IPv4" : "IPv6");
    return true;
}

static bool read_protocol(struct reader *reader, const struct json_cursor *object, const char *key, int *protocol)
{
    const char *text;
    GUARD(text_of(reader, object, key, &text));
    struct json_cursor at = json_member(object, key);
    return protocol_parse(text, protocol) ||
           json_fail(&at, reader->error, "\"%s\" is not a protocol, expected a name or a number from -1 to 255", text);
}

// Type and code, -1 for any, as numbers type * 256 + code.
static void icmp_range(long type, long code, uint16_t *low, uint16_t *high)
{
    *low = 0;
    *high = PORT_LAST;
    if (type >= 0) {
        *low = (uint16_t)(type * 256 + (code >= 0 ? code : 0));
        *high = (uint16_t)(type * 256 + (code >= 0 ? code : 255));
    }
}

static bool read_ports(struct reader *reader, const struct json_cursor *object, const char *from_key,
                       const char *to_key, uint16_t *low, uint16_t *high)
{
    long from = -1, to = -1;
    bool present;
    GUARD(json_optional_integer(object, from_key, -1, PORT_LAST, &from, &present, reader->error));
    GUARD(json_optional_integer(object, to_key, -1, PORT_LAST, &to, &present, reader->error));
    if (from == -1 && to <= 0) {
        from = 0; // -1 or nothing: all ports
        to = PORT_LAST;
    } else if (from == -1 || to == -1 || from > to) {
        return json_fail(object, reader->error, "%s %ld to %s %ld is no range of ports", from_key, from, to_key, to);
    }
    *low = (uint16_t)from;
    *high = (uint16_t)to;
    return true;
}

// Vectors of the same item type are distinct struct types to C, so tags are gathered here and copied by the callers.
struct tag_list {
    VECTOR(const char *) items;
    const char *name;
};

static bool read_tag(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct tag_list *tags = into;
    const char *key, *value;
    GUARD(text_of(reader, at, "Key", &key));
    GUARD(optional_text(reader, at, "Value", &value));
    value = value == NULL ? "" : value;
    *vector_add(reader->arena, &tags->items) = key;
    *vector_add(reader->arena, &tags->items) = value;
    if (strcmp(key, "Name") == 0 && value[0] != '\0')
        tags->name = value;
    return true;
}

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
    return text_of(reader, at, "PrefixListId", vector_add(reader->arena, &rule->prefix_lists));
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
static bool read_permission(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group *group = into;
    struct security_group_rule *rule = vector_add(reader->arena, &group->ingress);
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
    GUARD(each_if_present(reader, at, "IpRanges", read_group_prefix, rule));
    GUARD(each_if_present(reader, at, "Ipv6Ranges", read_group_prefix6, rule));
    // UserIdGroupPairs match members' private addresses, never an internet source: nothing to keep.
    return each_if_present(reader, at, "PrefixListIds", read_group_prefix_list, rule);
}

static bool read_security_group(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct security_group *group = arena_new_of(reader->arena, struct security_group);
    GUARD(text_of(reader, at, "GroupId", &group->id));
    GUARD(optional_text(reader, at, "GroupName", &group->name));
    GUARD(optional_text(reader, at, "VpcId", &group->vpc_id));
    GUARD(each_of(reader, at, "IpPermissions", read_permission, group));
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
    GUARD(text_of(reader, at, "SubnetId", &subnet_id));
    map_put(reader->arena, &reader->estate->acl_of_subnet, subnet_id, into);
    return true;
}

static int by_rule_number(const void *left, const void *right)
{
    const struct network_acl_entry *a = left, *b = right;
    return a->number - b->number;
}

static bool read_network_acl(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct network_acl *acl = arena_new_of(reader->arena, struct network_acl);
    GUARD(text_of(reader, at, "NetworkAclId", &acl->id));
    GUARD(optional_text(reader, at, "VpcId", &acl->vpc_id));
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
    GUARD(optional_text(reader, at, "SubnetId", &subnet_id));
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

static bool read_route_table(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct route_table *table = arena_new_of(reader->arena, struct route_table);
    GUARD(text_of(reader, at, "RouteTableId", &table->id));
    GUARD(optional_text(reader, at, "VpcId", &table->vpc_id));
    GUARD(each_of(reader, at, "Routes", read_route, table));
    GUARD(each_if_present(reader, at, "Associations", read_table_association, table));
    map_put(reader->arena, &reader->estate->route_tables, table->id, table);
    return true;
}

static bool read_gateway_attachment(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct internet_gateway *gateway = into;
    const char *vpc_id, *state;
    GUARD(text_of(reader, at, "VpcId", &vpc_id));
    GUARD(optional_text(reader, at, "State", &state));
    // "available" is what EC2 prints for an attached internet gateway; "attached" is the enumeration's own word.
    if (state == NULL || strcmp(state, "available") == 0 || strcmp(state, "attached") == 0) {
        *vector_add(reader->arena, &gateway->vpc_ids) = vpc_id;
        map_put(reader->arena, &reader->estate->gateway_of_vpc, vpc_id, gateway);
    }
    return true;
}

static bool read_internet_gateway(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct internet_gateway *gateway = arena_new_of(reader->arena, struct internet_gateway);
    GUARD(text_of(reader, at, "InternetGatewayId", &gateway->id));
    GUARD(each_if_present(reader, at, "Attachments", read_gateway_attachment, gateway));
    map_put(reader->arena, &reader->estate->internet_gateways, gateway->id, gateway);
    return true;
}

static bool read_subnet(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct subnet *subnet = arena_new_of(reader->arena, struct subnet);
    GUARD(text_of(reader, at, "SubnetId", &subnet->id));
    GUARD(optional_text(reader, at, "VpcId", &subnet->vpc_id));
    map_put(reader->arena, &reader->estate->subnets, subnet->id, subnet);
    return true;
}

static struct prefix_list *prefix_list_named(struct reader *reader, const char *id)
{
    struct prefix_list *list = map_get(&reader->estate->prefix_lists, id);
    if (list == NULL) {
        list = arena_new_of(reader->arena, struct prefix_list);
        list->id = id;
        map_put(reader->arena, &reader->estate->prefix_lists, id, list);
    }
    return list;
}

// describe-managed-prefix-lists (no entries) and describe-prefix-lists (Cidrs) share the key.
static bool read_prefix_list(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *id;
    GUARD(text_of(reader, at, "PrefixListId", &id));
    struct prefix_list *list = prefix_list_named(reader, id);
    GUARD(optional_text(reader, at, "PrefixListName", &list->name));
    struct json_cursor cidrs = json_member(at, "Cidrs");
    if (cidrs.node == NULL)
        return true;
    GUARD(json_expect_array(&cidrs, reader->error));
    list->has_entries = true;
    size_t index = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, cidrs.node) {
        struct json_cursor item = json_element(&cidrs, index++, node);
        struct prefix prefix;
        if (!cJSON_IsString(node) || prefix_parse(node->valuestring, false, &prefix) != PREFIX_OK)
            return json_fail(&item, reader->error, "expected a CIDR without host bits");
        *vector_add(reader->arena, &list->entries) = prefix;
    }
    return true;
}

static bool read_prefix_list_entry(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct prefix_list *list = into;
    return read_prefix(reader, at, "Cidr", 0, vector_add(reader->arena, &list->entries));
}

static const char *region_of_zone(struct reader *reader, const char *zone)
{
    if (zone == NULL)
        return "unknown";
    size_t length = strlen(zone); // us-east-2b lies in us-east-2; a local zone's name begins with its region's
    for (size_t i = 0, dashes = 0; i < length; i++) {
        dashes += zone[i] == '-';
        if (dashes >= 2 && zone[i] >= '0' && zone[i] <= '9') {
            while (i < length && zone[i] >= '0' && zone[i] <= '9')
                i++;
            return arena_strndup(reader->arena, zone, i);
        }
    }
    return "unknown";
}

static bool read_association(struct reader *reader, const struct json_cursor *holder,
                             const struct address private_address, struct network_interface *interface)
{
    struct json_cursor association = json_member(holder, "Association");
    if (association.node == NULL)
        return true;
    GUARD(json_expect_object(&association, reader->error));
    if (json_member(&association, "PublicIp").node == NULL)
        return true; // carrier or customer-owned address: not covered
    struct address public_address;
    GUARD(read_address(reader, &association, "PublicIp", FAMILY_IPV4, &public_address));
    for (size_t i = 0; i < interface->addresses.count; i++)
        if (interface->addresses.items[i].address.family == FAMILY_IPV4 &&
            interface->addresses.items[i].address.first == public_address.bits)
            return true;
    *vector_add(reader->arena, &interface->addresses) = (struct interface_address){
        .address = {.family = FAMILY_IPV4, .length = 32, .first = public_address.bits},
        .private_address = private_address,
    };
    return true;
}

static bool read_private_address(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct address private_address;
    GUARD(read_address(reader, at, "PrivateIpAddress", FAMILY_IPV4, &private_address));
    return read_association(reader, at, private_address, into);
}

static bool read_ipv6_address(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct network_interface *interface = into;
    struct address address;
    GUARD(read_address(reader, at, "Ipv6Address", FAMILY_IPV6, &address));
    if (address.bits >> 121 == 0x7e) // fc00::/7, unique local (RFC 4193): not internet-routable
        return true;
    *vector_add(reader->arena, &interface->addresses) = (struct interface_address){
        .address = {.family = FAMILY_IPV6, .length = 128, .first = address.bits}, .private_address = address};
    return true;
}

static bool read_ipv6_prefix(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct network_interface *interface = into;
    struct prefix prefix;
    GUARD(read_prefix(reader, at, "Ipv6Prefix", FAMILY_IPV6, &prefix));
    *vector_add(reader->arena, &interface->addresses) =
        (struct interface_address){.address = prefix, .private_address = {.family = FAMILY_IPV6, .bits = prefix.first}};
    return true;
}

static bool read_group_id(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct network_interface *interface = into;
    return text_of(reader, at, "GroupId", vector_add(reader->arena, &interface->group_ids));
}

static int by_address(const void *left, const void *right)
{
    const struct interface_address *a = left, *b = right;
    if (a->address.family != b->address.family)
        return (int)a->address.family - (int)b->address.family;
    return a->address.first < b->address.first ? -1 : a->address.first > b->address.first ? 1 : 0;
}

// `into` is the instance the interface is nested in, or NULL in a NetworkInterfaces document, which has the last word.
static bool read_interface(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct network_interface *interface = arena_new_of(reader->arena, struct network_interface);
    const char *status, *zone, *owner, *private_text;
    GUARD(text_of(reader, at, "NetworkInterfaceId", &interface->id));
    if (into != NULL && map_get(&reader->estate->interface_by_id, interface->id) != NULL)
        return true;
    GUARD(text_of(reader, at, "VpcId", &interface->vpc_id));
    GUARD(optional_text(reader, at, "SubnetId", &interface->subnet_id));
    GUARD(optional_text(reader, at, "InterfaceType", &interface->type));
    GUARD(optional_text(reader, at, "Description", &interface->description));
    GUARD(optional_text(reader, at, "Status", &status));
    GUARD(optional_text(reader, at, "AvailabilityZone", &zone));
    GUARD(optional_text(reader, at, "OwnerId", &owner));
    GUARD(json_optional_boolean(at, "RequesterManaged", &interface->requester_managed, reader->error));
    interface->type = interface->type == NULL ? "interface" : interface->type;
    interface->account_id = owner != NULL ? owner : reader->place.account != NULL ? reader->place.account : "unknown";
    interface->region = reader->place.region != NULL ? reader->place.region : region_of_zone(reader, zone);

    struct json_cursor attachment = json_member(at, "Attachment");
    if (attachment.node != NULL) {
        const char *state;
        GUARD(json_expect_object(&attachment, reader->error));
        GUARD(optional_text(reader, &attachment, "InstanceId", &interface->instance_id));
        GUARD(optional_text(reader, &attachment, "Status", &state));
        interface->attached = state == NULL || strcmp(state, "attached") == 0 || strcmp(state, "attaching") == 0;
    }
    if (status != NULL)
        interface->attached = strcmp(status, "in-use") == 0;
    if (into != NULL) {
        const struct instance *instance = into;
        interface->instance_id = instance->id;
    }

    struct json_cursor groups = json_member(at, "Groups");
    interface->groups_known = groups.node != NULL;
    GUARD(groups.node == NULL || each(reader, &groups, read_group_id, interface));
    sort_texts(interface->group_ids.items, interface->group_ids.count);

    struct tag_list tags = {0};
    GUARD(each_if_present(reader, at, "TagSet", read_tag, &tags));
    for (size_t i = 0; i < tags.items.count; i++)
        *vector_add(reader->arena, &interface->tags) = tags.items.items[i];
    interface->name = tags.name;

    GUARD(each_if_present(reader, at, "PrivateIpAddresses", read_private_address, interface));
    GUARD(optional_text(reader, at, "PrivateIpAddress", &private_text));
    if (private_text != NULL)
        GUARD(read_private_address(reader, at, interface));
    GUARD(each_if_present(reader, at, "Ipv6Addresses", read_ipv6_address, interface));
    GUARD(each_if_present(reader, at, "Ipv6Prefixes", read_ipv6_prefix, interface));
    if (interface->addresses.count > 1)
        qsort(interface->addresses.items, interface->addresses.count, sizeof(*interface->addresses.items), by_address);
    map_put(reader->arena, &reader->estate->interface_by_id, interface->id, interface);
    return true;
}

static bool read_instance(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct instance *instance = arena_new_of(reader->arena, struct instance);
    GUARD(text_of(reader, at, "InstanceId", &instance->id));
    struct json_cursor state = json_member(at, "State");
    if (state.node != NULL) {
        GUARD(json_expect_object(&state, reader->error));
        GUARD(text_of(reader, &state, "Name", &instance->state));
    }
    struct tag_list tags = {0};
    GUARD(each_if_present(reader, at, "Tags", read_tag, &tags));
    for (size_t i = 0; i < tags.items.count; i++)
        *vector_add(reader->arena, &instance->tags) = tags.items.items[i];
    instance->name = tags.name;
    map_put(reader->arena, &reader->estate->instances, instance->id, instance);
    return each_if_present(reader, at, "NetworkInterfaces", read_interface, instance);
}

static bool read_reservation(struct reader *reader, const struct json_cursor *at, void *into)
{
    return each_of(reader, at, "Instances", read_instance, into);
}

static bool read_vpc_endpoint(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *id, *type;
    GUARD(text_of(reader, at, "VpcEndpointId", &id));
    GUARD(optional_text(reader, at, "VpcEndpointType", &type));
    if (type != NULL)
        map_put(reader->arena, &reader->estate->vpc_endpoint_types, id, arena_strdup(reader->arena, type));
    return true;
}

static bool read_nothing(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)reader;
    (void)at;
    (void)into;
    return true;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcBlockPublicAccessOptions.html
static bool read_block_options(struct reader *reader, const struct json_cursor *at)
{
    const char *mode, *region;
    GUARD(json_expect_object(at, reader->error));
    GUARD(text_of(reader, at, "InternetGatewayBlockMode", &mode));
    GUARD(optional_text(reader, at, "AwsRegion", &region));
    enum block_mode *value = arena_new_of(reader->arena, enum block_mode);
    if (strcmp(mode, "block-bidirectional") == 0)
        *value = BLOCK_BIDIRECTIONAL;
    else if (strcmp(mode, "block-ingress") == 0)
        *value = BLOCK_INGRESS;
    else if (strcmp(mode, "off") != 0) {
        struct json_cursor wrong = json_member(at, "InternetGatewayBlockMode");
        return json_fail(&wrong, reader->error, "\"%s\", expected off, block-ingress or block-bidirectional", mode);
    }
    region = region != NULL ? region : reader->place.region != NULL ? reader->place.region : "";
    map_put(reader->arena, &reader->estate->block_mode_of_region, region, value);
    return true;
}

static bool read_block_exclusion(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *arn, *mode, *state;
    GUARD(text_of(reader, at, "ResourceArn", &arn));
    GUARD(text_of(reader, at, "InternetGatewayExclusionMode", &mode));
    GUARD(optional_text(reader, at, "State", &state));
    bool in_force = state == NULL || strcmp(state, "create-complete") == 0 || strcmp(state, "update-complete") == 0 ||
                    strcmp(state, "update-in-progress") == 0 || strcmp(state, "delete-in-progress") == 0;
    const char *slash = strrchr(arn, '/');
    if (slash != NULL && in_force)
        map_put(reader->arena, &reader->estate->block_exclusion_of, slash + 1, arena_strdup(reader->arena, mode));
    return true;
}

bool document_read(struct estate *estate, const struct json_cursor *root, struct document_place place,
                   struct error *error)
{
    static const struct {
        const char *key;
        enum kind kind;
        element_reader read;
    } kinds[] = {
        {"NetworkInterfaces", KIND_NETWORK_INTERFACES, read_interface},
        {"Reservations", KIND_RESERVATIONS, read_reservation},
        {"Subnets", KIND_SUBNETS, read_subnet},
        {"RouteTables", KIND_ROUTE_TABLES, read_route_table},
        {"NetworkAcls", KIND_NETWORK_ACLS, read_network_acl},
        {"InternetGateways", KIND_INTERNET_GATEWAYS, read_internet_gateway},
        {"SecurityGroups", KIND_SECURITY_GROUPS, read_security_group},
        {"PrefixLists", KIND_PREFIX_LISTS, read_prefix_list},
        {"Vpcs", KIND_VPCS, read_nothing},
        {"VpcEndpoints", KIND_VPC_ENDPOINTS, read_vpc_endpoint},
        {"VpcBlockPublicAccessExclusions", KIND_BLOCK_PUBLIC_ACCESS_EXCLUSIONS, read_block_exclusion},
    };
    struct reader reader = {.estate = estate, .arena = estate->arena, .place = place, .error = error};
    GUARD(json_expect_object(root, error));
    const cJSON *member;
    cJSON_ArrayForEach (member, root->node) {
        struct json_cursor at = {.up = root, .file = root->file, .key = member->string, .node = member};
        bool known = false;
        for (size_t i = 0; !known && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
            if (strcmp(kinds[i].key, member->string) != 0)
                continue;
            known = true;
            estate->present[kinds[i].kind] = true;
            GUARD(each(&reader, &at, kinds[i].read, NULL));
        }
        if (strcmp(member->string, "VpcBlockPublicAccessOptions") == 0) {
            known = true;
            estate->present[KIND_BLOCK_PUBLIC_ACCESS] = true;
            GUARD(read_block_options(&reader, &at));
        }
        // get-managed-prefix-list-entries prints no list id: it is in the name of the file (contract.md).
        if (strcmp(member->string, "Entries") == 0) {
            const char *name = strrchr(root->file, '/'), *start = strstr(name == NULL ? root->file : name, "pl-");
            if (start == NULL)
                return json_fail(&at, error, "prefix list entries, but the file's name holds no pl-...");
            const char *id =
                arena_strndup(estate->arena, start, 3 + strspn(start + 3, "0123456789abcdefghijklmnopqrstuvwxyz"));
            struct prefix_list *list = prefix_list_named(&reader, id);
            known = list->has_entries = true;
            GUARD(each(&reader, &at, read_prefix_list_entry, list));
        }
        if (!known && strcmp(member->string, "NextToken") != 0 && strcmp(member->string, "ResponseMetadata") != 0)
            *vector_add(estate->arena, &estate->notes) =
                arena_printf(estate->arena, "%s: %s is not used", root->file, member->string);
    }
    return true;
}
