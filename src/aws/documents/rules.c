// Documents that hold rules: security groups, network ACLs, route tables.
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"
#include "model/protocol.h"

// A rule is described where all of its peers are, and alike.
static void read_description(struct reader *reader, const struct json_cursor *at, struct security_group_rule *rule)
{
    size_t before = rule->prefixes.count + rule->prefix_lists.count + rule->groups.count;
    const char *text = cJSON_GetStringValue(json_find(at->node, "Description"));
    if (text != NULL && text[0] == '\0')
        text = NULL;
    if (before == 0)
        rule->description = text == NULL ? NULL : intern(reader, text);
    else if (!text_same(text, rule->description))
        rule->description = "";
}

static bool read_group_prefix(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group_rule *rule = into;
    struct prefix prefix;
    GUARD(read_prefix(reader, at, "CidrIp", FAMILY_IPV4, &prefix));
    read_description(reader, at, rule);
    *vector_add(reader->arena, &rule->prefixes) = prefix;
    return true;
}

static bool read_group_prefix6(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group_rule *rule = into;
    struct prefix prefix;
    GUARD(read_prefix(reader, at, "CidrIpv6", FAMILY_IPV6, &prefix));
    read_description(reader, at, rule);
    *vector_add(reader->arena, &rule->prefixes) = prefix;
    return true;
}

static bool read_group_prefix_list(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group_rule *rule = into;
    const char *id;
    GUARD(interned_of(reader, at, "PrefixListId", &id));
    read_description(reader, at, rule);
    *vector_add(reader->arena, &rule->prefix_lists) = id;
    return true;
}

static bool read_group_pair(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group_rule *rule = into;
    const char *id;
    GUARD(optional_interned(reader, at, "GroupId", &id));
    read_description(reader, at, rule);
    if (id != NULL)
        *vector_add(reader->arena, &rule->groups) = id;
    else if (member_of(reader, at, "GroupName").node == NULL)
        doubt_at(reader, at, "names no group");
    return true;
}

static bool has(const struct json_cursor *at, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(at->node, key) != NULL;
}

// AWS prints all four lists of peers in every rule; documents of before 2017 lack those that were not there yet, and
// people who write rules by hand name the one they need.
static void expect_peers(struct reader *reader, const struct json_cursor *at, const char *group_id)
{
    bool ranges = has(at, "IpRanges"), ranges6 = has(at, "Ipv6Ranges"), lists = has(at, "PrefixListIds");
    if (!ranges && !ranges6 && !lists)
        return;
    const char *keys[] = {"IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"};
    bool there[] = {ranges, ranges6, lists, has(at, "UserIdGroupPairs")};
    int absent = 4 - (there[0] + there[1] + there[2] + there[3]);
    for (int i = 0; i < 4; i++)
        if (!there[i] && (absent == 1 || i == 0)) {
            struct json_cursor missing = json_member(at, keys[i]);
            doubt_at(reader, &missing, "is missing, expected an array");
        }
    expect_member(reader, at, EXPECT_IPV6_RANGES, "Ipv6Ranges", group_id, NULL);
    expect_member(reader, at, EXPECT_PREFIX_LISTS, "PrefixListIds", group_id, NULL);
    expect_member(reader, at, EXPECT_PAIRS, "UserIdGroupPairs", group_id, NULL);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
static bool read_permission(struct reader *reader, const struct json_cursor *at, const char *group_id,
                            struct security_group_rule *rule)
{
    rule->index = at->index;
    rule->high = PORT_LAST;
    GUARD(read_protocol(reader, at, "IpProtocol", &rule->protocol));
    if (protocol_has_ports(rule->protocol))
        GUARD(read_ports(reader, at, "FromPort", "ToPort", &rule->low, &rule->high));
    else if (protocol_is_icmp(rule->protocol))
        GUARD(read_icmp(reader, at, "FromPort", "ToPort", &rule->low, &rule->high));
    size_t room = (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(at->node, "IpRanges")) +
                  (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(at->node, "Ipv6Ranges"));
    vector_room(reader->arena, &rule->prefixes, room);
    expect_peers(reader, at, group_id);
    return each_if_present(reader, at, "IpRanges", read_group_prefix, rule) &&
           each_if_present(reader, at, "Ipv6Ranges", read_group_prefix6, rule) &&
           each_if_present(reader, at, "UserIdGroupPairs", read_group_pair, rule) &&
           each_if_present(reader, at, "PrefixListIds", read_group_prefix_list, rule);
}

static bool read_ingress(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group *group = into;
    struct security_group_rule rule = {0};
    GUARD(read_permission(reader, at, group->id, &rule));
    *vector_add(reader->arena, &group->ingress) = rule;
    return true;
}

static bool read_egress(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group *group = into;
    struct security_group_rule rule = {0};
    GUARD(read_permission(reader, at, group->id, &rule));
    *vector_add(reader->arena, &group->egress) = rule;
    return true;
}

bool read_security_group(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct security_group *group = arena_new_of(reader->arena, struct security_group);
    const char *arn = NULL, *region = NULL;
    GUARD(interned_of(reader, at, "GroupId", &group->id));
    struct security_group *old = map_get(&reader->estate->security_groups, group->id);
    if (old != NULL) {
        if (!record_agrees(reader, at, old->record, group->id, &old->doubt))
            old->ingress.count = old->egress.count = 0;
        return true;
    }
    group->record = reader->record;
    group->evidence = reader->name;
    reader->doubt = NULL; // its name decides nothing
    lenient_text(reader, at, "GroupName", &group->name);
    reader->doubt = &group->doubt;
    lenient_text(reader, at, "VpcId", &group->vpc_id);
    lenient_text(reader, at, "OwnerId", &group->account_id);
    lenient_text(reader, at, "SecurityGroupArn", &arn);
    place_of_arn(reader, arn, &group->account_id, &region);
    seen_at(reader, group->account_id, region, group->vpc_id);
    vector_room(reader->arena, &group->ingress,
                (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(at->node, "IpPermissions")));
    each_of(reader, at, "IpPermissions", read_ingress, group);
    const char *egress_doubt = NULL;
    reader->doubt = &egress_doubt; // what leaves decides nothing of what comes in
    group->has_egress = json_member(at, "IpPermissionsEgress").node != NULL;
    each_if_present(reader, at, "IpPermissionsEgress", read_egress, group);
    group->has_egress = group->has_egress && egress_doubt == NULL;
    group->egress_doubt = egress_doubt;
    map_put(reader->arena, &reader->estate->security_groups, group->id, group);
    return true;
}

static bool read_record_peer(struct reader *reader, const struct json_cursor *at, struct rule_record *record)
{
    struct json_cursor group = json_member(at, "ReferencedGroupInfo");
    if (json_member(at, "CidrIpv4").node != NULL)
        return read_prefix(reader, at, "CidrIpv4", FAMILY_IPV4, &record->prefix);
    if (json_member(at, "CidrIpv6").node != NULL)
        return read_prefix(reader, at, "CidrIpv6", FAMILY_IPV6, &record->prefix);
    if (json_member(at, "PrefixListId").node != NULL)
        return json_string(reader->arena, at, "PrefixListId", &record->peer, reader->error);
    GUARD(json_expect_object(&group, reader->error));
    return json_string(reader->arena, &group, "GroupId", &record->peer, reader->error);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
static bool read_record(struct reader *reader, const struct json_cursor *at, const char **group,
                        struct rule_record *record)
{
    struct arena *arena = reader->arena;
    const char *protocol = NULL;
    GUARD(json_string(arena, at, "SecurityGroupRuleId", &record->id, reader->error) &&
          json_string(reader->scratch, at, "GroupId", group, reader->error) &&
          json_string(reader->scratch, at, "IpProtocol", &protocol, reader->error) &&
          json_boolean(at, "IsEgress", &record->egress, reader->error) &&
          json_optional_string(arena, at, "Description", &record->description, reader->error) &&
          read_protocol(reader, at, "IpProtocol", &record->protocol));
    record->high = PORT_LAST;
    if (protocol_has_ports(record->protocol))
        GUARD(read_ports(reader, at, "FromPort", "ToPort", &record->low, &record->high));
    else if (protocol_is_icmp(record->protocol))
        GUARD(read_icmp(reader, at, "FromPort", "ToPort", &record->low, &record->high));
    *group = intern(reader, *group);
    return read_record_peer(reader, at, record);
}

// It names what IpPermissions say: one that is not understood costs a name. What of it they do not say, or it of
// them, rule_records.c settles.
bool read_security_group_rule(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct rule_record record = {0};
    const char *group;
    (void)into;
    if (read_record(reader, at, &group, &record)) {
        estate_add_rule_record(reader->estate, group, &record);
        return true;
    }
    *vector_add(reader->arena, &reader->estate->notes) =
        arena_printf(reader->arena, "%s; no rule is named by it", reader->error->message);
    *reader->error = (struct error){0};
    reader->documents->odd_rule_record = true;
    return true;
}

static bool read_entry_prefix(struct reader *reader, const struct json_cursor *at, struct network_acl_entry *entry)
{
    if (member_of(reader, at, "Ipv6CidrBlock").node != NULL)
        return read_prefix(reader, at, "Ipv6CidrBlock", FAMILY_IPV6, &entry->prefix);
    return read_prefix(reader, at, "CidrBlock", FAMILY_IPV4, &entry->prefix);
}

static bool has_both(struct reader *reader, const struct json_cursor *object, const char *a, const char *b)
{
    return (json_member(object, a).node != NULL && json_member(object, b).node != NULL) ||
           json_fail(object, reader->error, "lacks %s or %s, which say what is denied", a, b);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkAclEntry.html
static bool read_acl_entry(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct network_acl *acl = into;
    struct network_acl_entry entry = {.high = PORT_LAST};
    long number;
    const char *action;
    struct json_cursor range = member_of(reader, at, "PortRange"), icmp = member_of(reader, at, "IcmpTypeCode");
    GUARD(json_integer(at, "RuleNumber", INT32_MIN, INT32_MAX, &number, reader->error));
    entry.number = (int)number;
    GUARD(json_boolean(at, "Egress", &entry.egress, reader->error));
    GUARD(json_borrow_string(at, "RuleAction", &action, reader->error));
    entry.allow = action != NULL && strcmp(action, "allow") == 0;
    if (!entry.allow && (action == NULL || strcmp(action, "deny") != 0)) {
        struct json_cursor wrong = member_of(reader, at, "RuleAction");
        return json_fail(&wrong, reader->error, "is %s, expected \"allow\" or \"deny\"",
                         action == NULL ? "missing" : action);
    }
    GUARD(read_protocol(reader, at, "Protocol", &entry.protocol));
    if (protocol_has_ports(entry.protocol) && range.node != NULL) {
        GUARD(json_expect_object(&range, reader->error));
        GUARD(read_ports(reader, &range, "From", "To", &entry.low, &entry.high));
    } else if (protocol_is_icmp(entry.protocol) && icmp.node != NULL) {
        GUARD(json_expect_object(&icmp, reader->error));
        GUARD(read_icmp(reader, &icmp, "Type", "Code", &entry.low, &entry.high));
    }
    // Without its numbers an entry would deny more than it may say. (That an entry allows too much is no clean answer.)
    if (!entry.allow && protocol_has_ports(entry.protocol))
        GUARD(has_both(reader, &range, "From", "To"));
    if (!entry.allow && protocol_is_icmp(entry.protocol))
        GUARD(has_both(reader, &icmp, "Type", "Code"));
    GUARD(read_entry_prefix(reader, at, &entry));
    *vector_add(reader->arena, &acl->entries) = entry;
    return true;
}

static bool read_acl_association(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct network_acl *acl = into;
    const char *subnet_id;
    GUARD(interned_of(reader, at, "SubnetId", &subnet_id));
    put_alone(reader, &reader->estate->acl_of_subnet, subnet_id, acl, &acl->doubt, offsetof(struct network_acl, doubt),
              "a network ACL of");
    return true;
}

static int by_rule_number(const void *left, const void *right)
{
    const struct network_acl_entry *a = left, *b = right;
    return a->number < b->number ? -1 : a->number > b->number;
}

// Two entries of one number that differ: which of them decides is not known.
static void doubt_equal_numbers(struct reader *reader, const struct json_cursor *at, const struct network_acl *acl)
{
    for (size_t i = 0; i < acl->entries.count; i++) {
        const struct network_acl_entry *a = &acl->entries.items[i], *b = a + 1;
        for (; b < acl->entries.items + acl->entries.count && b->number == a->number; b++)
            if (a->egress == b->egress && a->prefix.family == b->prefix.family && a->allow != b->allow) {
                doubt_at(reader, at, "two entries are numbered %d", a->number);
                return;
            }
    }
}

bool read_network_acl(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct network_acl *acl = arena_new_of(reader->arena, struct network_acl);
    const char *owner = NULL;
    GUARD(interned_of(reader, at, "NetworkAclId", &acl->id));
    struct network_acl *old = map_get(&reader->estate->network_acls, acl->id);
    if (old != NULL && record_agrees(reader, at, old->record, acl->id, &old->doubt))
        return true;
    acl = old != NULL ? old : acl;
    reader->doubt = &acl->doubt;
    if (old == NULL) {
        acl->record = reader->record;
        acl->evidence = reader->name;
        lenient_text(reader, at, "VpcId", &acl->vpc_id);
        lenient_text(reader, at, "OwnerId", &owner);
        lenient_boolean(reader, at, "IsDefault", &acl->is_default);
        seen_at(reader, owner, NULL, acl->vpc_id);
        each_of(reader, at, "Entries", read_acl_entry, acl);
        if (acl->entries.count > 1)
            qsort(acl->entries.items, acl->entries.count, sizeof(*acl->entries.items), by_rule_number);
        doubt_equal_numbers(reader, at, acl);
        map_put(reader->arena, &reader->estate->network_acls, acl->id, acl);
    }
    each_of(reader, at, "Associations", read_acl_association, acl);
    if (acl->is_default && acl->vpc_id != NULL)
        put_alone(reader, &reader->estate->default_acl_of_vpc, acl->vpc_id, acl, &acl->doubt,
                  offsetof(struct network_acl, doubt), "the default network ACL of");
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
        {"IpAddress", ROUTE_APPLIANCE}, // next hop of a route that VPC Route Server advertised
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
        GUARD(optional_interned(reader, at, keys[i].key, &id));
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
    if (route.prefix_list == NULL) {
        bool ipv6 = member_of(reader, at, "DestinationIpv6CidrBlock").node != NULL;
        GUARD(read_prefix(reader, at, ipv6 ? "DestinationIpv6CidrBlock" : "DestinationCidrBlock",
                          ipv6 ? FAMILY_IPV6 : FAMILY_IPV4, &route.prefix));
    }
    *vector_add(reader->arena, &table->routes) = route;
    return true;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RouteTableAssociationState.html
static bool read_table_association(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct json_cursor state;
    const char *word = NULL;
    struct route_table *table = into;
    struct estate *estate = reader->estate;
    const char *subnet_id, *gateway_id;
    bool is_main = false;
    GUARD(json_optional_boolean(at, "Main", &is_main, reader->error));
    GUARD(optional_interned(reader, at, "SubnetId", &subnet_id));
    GUARD(optional_interned(reader, at, "GatewayId", &gateway_id));
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
    if (is_main && table->vpc_id != NULL) {
        table->is_main = true;
        put_alone(reader, &estate->main_table_of_vpc, table->vpc_id, table, &table->doubt,
                  offsetof(struct route_table, doubt), "the main route table of");
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
    if (old == NULL) {
        table->record = reader->record;
        lenient_text(reader, at, "VpcId", &table->vpc_id);
        lenient_text(reader, at, "OwnerId", &owner);
        seen_at(reader, owner, NULL, table->vpc_id);
        each_of(reader, at, "Routes", read_route, table);
        doubt_equal_routes(reader, at, table);
        map_put(reader->arena, &reader->estate->route_tables, table->id, table);
    }
    return each_of(reader, at, "Associations", read_table_association, table);
}
