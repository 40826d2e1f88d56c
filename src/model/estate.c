#include "model/estate.h"

#include <stdio.h>
#include <stdlib.h>

const char *kind_name(enum kind kind)
{
    static const char *const names[KIND_COUNT] = {
        [KIND_NETWORK_INTERFACES] = "NetworkInterfaces",
        [KIND_RESERVATIONS] = "Reservations",
        [KIND_SUBNETS] = "Subnets",
        [KIND_ROUTE_TABLES] = "RouteTables",
        [KIND_NETWORK_ACLS] = "NetworkAcls",
        [KIND_INTERNET_GATEWAYS] = "InternetGateways",
        [KIND_SECURITY_GROUPS] = "SecurityGroups",
        [KIND_PREFIX_LISTS] = "PrefixLists",
        [KIND_VPCS] = "Vpcs",
        [KIND_VPC_ENDPOINTS] = "VpcEndpoints",
        [KIND_BLOCK_PUBLIC_ACCESS] = "VpcBlockPublicAccessOptions",
        [KIND_BLOCK_PUBLIC_ACCESS_EXCLUSIONS] = "VpcBlockPublicAccessExclusions",
        [KIND_SECURITY_GROUP_VPC_ASSOCIATIONS] = "SecurityGroupVpcAssociations",
        [KIND_LOAD_BALANCERS] = "LoadBalancers",
        [KIND_LISTENERS] = "Listeners",
        [KIND_LISTENER_RULES] = "Rules",
        [KIND_TARGET_GROUPS] = "TargetGroups",
        [KIND_TARGET_HEALTH] = "TargetHealthDescriptions",
        [KIND_CLASSIC_LOAD_BALANCERS] = "LoadBalancerDescriptions",
        [KIND_FIREWALLS] = "Firewall",
        [KIND_DB_INSTANCES] = "DBInstances",
        [KIND_LAUNCH_TEMPLATES] = "LaunchTemplateVersions",
        [KIND_ADDRESSES] = "Addresses",
        [KIND_BYOIP_RANGES] = "ByoipCidrs",
        [KIND_NAT_GATEWAYS] = "NatGateways",
        [KIND_EGRESS_ONLY_INTERNET_GATEWAYS] = "EgressOnlyInternetGateways",
        [KIND_SECURITY_GROUP_RULES] = "SecurityGroupRules",
        [KIND_ACCELERATORS] = "Accelerators",
        [KIND_ENDPOINT_GROUPS] = "EndpointGroups",
        [KIND_VPC_ORIGINS] = "VpcOrigin",
        [KIND_REST_VPC_LINKS] = "items",
        [KIND_VPC_LINKS] = "Items",
        [KIND_ENDPOINT_SERVICES] = "ServiceConfigurations",
        [KIND_WEB_ACLS] = "WebACLs",
        [KIND_WEB_ACL_RESOURCES] = "ResourceArns",
        [KIND_CONNECT_ENDPOINTS] = "InstanceConnectEndpoints",
        [KIND_TRANSIT_ATTACHMENTS] = "TransitGatewayAttachments",
        [KIND_FUNCTION_URLS] = "FunctionUrlConfigs",
        [KIND_VERIFIED_ACCESS] = "VerifiedAccessEndpoints",
        [KIND_CLIENT_VPNS] = "ClientVpnEndpoints",
        [KIND_ECS_CLUSTER_NAMES] = "clusterArns",
        [KIND_ECS_TASKS] = "tasks",
        [KIND_ECS_SERVICE_NAMES] = "serviceArns",
        [KIND_ECS_SERVICES] = "services",
        [KIND_EKS_CLUSTER_NAMES] = "clusters",
        [KIND_EKS_CLUSTERS] = "cluster",
        [KIND_REDSHIFT_CLUSTERS] = "Clusters",
        [KIND_OPENSEARCH_DOMAIN_NAMES] = "DomainNames",
        [KIND_OPENSEARCH_DOMAINS] = "DomainStatus",
        [KIND_MSK_CLUSTERS] = "ClusterInfoList",
        [KIND_DISTRIBUTIONS] = "DistributionList",
        [KIND_DMS_INSTANCES] = "ReplicationInstances",
        [KIND_LAUNCH_CONFIGURATIONS] = "LaunchConfigurations",
        [KIND_REDSHIFT_WORKGROUPS] = "workgroups",
        [KIND_TRANSFER_SERVERS] = "Servers",
        [KIND_APP_RUNNER_SERVICES] = "ServiceSummaryList",
        [KIND_MQ_BROKERS] = "BrokerSummaries",
        [KIND_EMR_BLOCK] = "BlockPublicAccessConfiguration",
        [KIND_DNS_RECORDS] = "ResourceRecordSets",
        [KIND_VPC_PEERINGS] = "VpcPeeringConnections",
        [KIND_TRANSIT_GATEWAYS] = "TransitGateways",
        [KIND_TRANSIT_VPC_ATTACHMENTS] = "TransitGatewayVpcAttachments",
        [KIND_TRANSIT_ROUTE_TABLES] = "TransitGatewayRouteTables",
        [KIND_TRANSIT_ROUTES] = "Routes",
        [KIND_TRANSIT_ASSOCIATIONS] = "Associations",
        [KIND_TRANSIT_PROPAGATIONS] = "TransitGatewayRouteTablePropagations",
        [KIND_VPN_GATEWAYS] = "VpnGateways",
        [KIND_VPN_CONNECTIONS] = "VpnConnections",
        [KIND_ACCOUNT_SUMMARY] = "SummaryMap",
        [KIND_PASSWORD_POLICY] = "PasswordPolicy",
        [KIND_ACCOUNT_DETAILS] = "UserDetailList",
        [KIND_CREDENTIAL_REPORT] = "Content",
        [KIND_VIRTUAL_DEVICES] = "VirtualMFADevices",
        [KIND_TRAILS] = "trailList",
        [KIND_TRAIL_STATUS] = "IsLogging",
        [KIND_EVENT_SELECTORS] = "EventSelectors",
    };
    return names[kind];
}

const char *kind_call(enum kind kind)
{
    static const char *const calls[KIND_COUNT] = {
        [KIND_NETWORK_INTERFACES] = "ec2 describe-network-interfaces",
        [KIND_RESERVATIONS] = "ec2 describe-instances",
        [KIND_SUBNETS] = "ec2 describe-subnets",
        [KIND_ROUTE_TABLES] = "ec2 describe-route-tables",
        [KIND_NETWORK_ACLS] = "ec2 describe-network-acls",
        [KIND_INTERNET_GATEWAYS] = "ec2 describe-internet-gateways",
        [KIND_SECURITY_GROUPS] = "ec2 describe-security-groups",
        [KIND_PREFIX_LISTS] = "ec2 get-managed-prefix-list-entries",
        [KIND_VPCS] = "ec2 describe-vpcs",
        [KIND_VPC_ENDPOINTS] = "ec2 describe-vpc-endpoints",
        [KIND_BLOCK_PUBLIC_ACCESS] = "ec2 describe-vpc-block-public-access-options",
        [KIND_BLOCK_PUBLIC_ACCESS_EXCLUSIONS] = "ec2 describe-vpc-block-public-access-exclusions",
        [KIND_SECURITY_GROUP_VPC_ASSOCIATIONS] = "ec2 describe-security-group-vpc-associations",
        [KIND_LOAD_BALANCERS] = "elbv2 describe-load-balancers",
        [KIND_LISTENERS] = "elbv2 describe-listeners",
        [KIND_LISTENER_RULES] = "elbv2 describe-rules",
        [KIND_TARGET_GROUPS] = "elbv2 describe-target-groups",
        [KIND_TARGET_HEALTH] = "elbv2 describe-target-health",
        [KIND_CLASSIC_LOAD_BALANCERS] = "elb describe-load-balancers",
        [KIND_FIREWALLS] = "network-firewall describe-firewall",
        [KIND_DB_INSTANCES] = "rds describe-db-instances",
        [KIND_LAUNCH_TEMPLATES] = "ec2 describe-launch-template-versions",
        [KIND_ADDRESSES] = "ec2 describe-addresses",
        [KIND_BYOIP_RANGES] = "ec2 describe-byoip-cidrs",
        [KIND_NAT_GATEWAYS] = "ec2 describe-nat-gateways",
        [KIND_EGRESS_ONLY_INTERNET_GATEWAYS] = "ec2 describe-egress-only-internet-gateways",
        [KIND_SECURITY_GROUP_RULES] = "ec2 describe-security-group-rules",
        [KIND_ACCELERATORS] = "globalaccelerator list-accelerators",
        [KIND_ENDPOINT_GROUPS] = "globalaccelerator list-endpoint-groups",
        [KIND_VPC_ORIGINS] = "cloudfront get-vpc-origin",
        [KIND_REST_VPC_LINKS] = "apigateway get-vpc-links",
        [KIND_VPC_LINKS] = "apigatewayv2 get-vpc-links",
        [KIND_ENDPOINT_SERVICES] = "ec2 describe-vpc-endpoint-service-configurations",
        [KIND_WEB_ACLS] = "wafv2 list-web-acls",
        [KIND_WEB_ACL_RESOURCES] = "wafv2 list-resources-for-web-acl",
        [KIND_CONNECT_ENDPOINTS] = "ec2 describe-instance-connect-endpoints",
        [KIND_TRANSIT_ATTACHMENTS] = "ec2 describe-transit-gateway-attachments",
        [KIND_FUNCTION_URLS] = "lambda list-function-url-configs",
        [KIND_VERIFIED_ACCESS] = "ec2 describe-verified-access-endpoints",
        [KIND_CLIENT_VPNS] = "ec2 describe-client-vpn-endpoints",
        [KIND_ECS_CLUSTER_NAMES] = "ecs list-clusters",
        [KIND_ECS_TASKS] = "ecs describe-tasks",
        [KIND_ECS_SERVICE_NAMES] = "ecs list-services",
        [KIND_ECS_SERVICES] = "ecs describe-services",
        [KIND_EKS_CLUSTER_NAMES] = "eks list-clusters",
        [KIND_EKS_CLUSTERS] = "eks describe-cluster",
        [KIND_REDSHIFT_CLUSTERS] = "redshift describe-clusters",
        [KIND_OPENSEARCH_DOMAIN_NAMES] = "opensearch list-domain-names",
        [KIND_OPENSEARCH_DOMAINS] = "opensearch describe-domain",
        [KIND_MSK_CLUSTERS] = "kafka list-clusters-v2",
        [KIND_DISTRIBUTIONS] = "cloudfront list-distributions",
        [KIND_DMS_INSTANCES] = "dms describe-replication-instances",
        [KIND_LAUNCH_CONFIGURATIONS] = "autoscaling describe-launch-configurations",
        [KIND_REDSHIFT_WORKGROUPS] = "redshift-serverless list-workgroups",
        [KIND_TRANSFER_SERVERS] = "transfer list-servers",
        [KIND_APP_RUNNER_SERVICES] = "apprunner list-services",
        [KIND_MQ_BROKERS] = "mq list-brokers",
        [KIND_EMR_BLOCK] = "emr get-block-public-access-configuration",
        [KIND_DNS_RECORDS] = "route53 list-resource-record-sets",
        [KIND_VPC_PEERINGS] = "ec2 describe-vpc-peering-connections",
        [KIND_TRANSIT_GATEWAYS] = "ec2 describe-transit-gateways",
        [KIND_TRANSIT_VPC_ATTACHMENTS] = "ec2 describe-transit-gateway-vpc-attachments",
        [KIND_TRANSIT_ROUTE_TABLES] = "ec2 describe-transit-gateway-route-tables",
        [KIND_TRANSIT_ROUTES] = "ec2 search-transit-gateway-routes",
        [KIND_TRANSIT_ASSOCIATIONS] = "ec2 get-transit-gateway-route-table-associations",
        [KIND_TRANSIT_PROPAGATIONS] = "ec2 get-transit-gateway-route-table-propagations",
        [KIND_VPN_GATEWAYS] = "ec2 describe-vpn-gateways",
        [KIND_VPN_CONNECTIONS] = "ec2 describe-vpn-connections",
        [KIND_ACCOUNT_SUMMARY] = "iam get-account-summary",
        [KIND_PASSWORD_POLICY] = "iam get-account-password-policy",
        [KIND_ACCOUNT_DETAILS] = "iam get-account-authorization-details",
        [KIND_CREDENTIAL_REPORT] = "iam get-credential-report",
        [KIND_VIRTUAL_DEVICES] = "iam list-virtual-mfa-devices",
        [KIND_TRAILS] = "cloudtrail describe-trails",
        [KIND_TRAIL_STATUS] = "cloudtrail get-trail-status",
        [KIND_EVENT_SELECTORS] = "cloudtrail get-event-selectors",
    };
    return calls[kind];
}

bool unread_is_of_account(const struct unread *unread)
{
    return unread->kind >= KIND_ACCOUNT_SUMMARY;
}

const char *unread_text(struct arena *arena, const struct unread *unread)
{
    return arena_printf(arena, "%s: %s%s%s", unread->file, unread->path, unread->path[0] == '\0' ? "" : ": ",
                        unread->why);
}

const char ORIGINS_GROUP[] = "CloudFront-VPCOrigins-Service-SG", ACCELERATORS_GROUP[] = "GlobalAccelerator";

bool target_protocol_is_known(const char *protocol)
{
    static const char *const known[] = {"HTTP",    "HTTPS",  "TCP",  "TLS",      "UDP",
                                        "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC", NULL};
    return protocol != NULL && text_among(protocol, known);
}

bool listener_fits(const struct listener *listener, const struct target_group *group)
{
    static const char *const pairs[][3] = {{"HTTP", "HTTP", "HTTPS"},    {"HTTPS", "HTTP", "HTTPS"},
                                           {"TCP", "TCP", "TCP_UDP"},    {"TLS", "TCP", "TLS"},
                                           {"UDP", "UDP", "TCP_UDP"},    {"TCP_UDP", "TCP_UDP", "TCP_UDP"},
                                           {"QUIC", "QUIC", "TCP_QUIC"}, {"TCP_QUIC", "TCP_QUIC", "TCP_QUIC"}};
    if (listener == NULL || !target_protocol_is_known(group->protocol))
        return true;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (strcmp(listener->protocol, pairs[i][0]) == 0)
            return strcmp(group->protocol, pairs[i][1]) == 0 || strcmp(group->protocol, pairs[i][2]) == 0;
    return true;
}

bool place_may_be(const char *place, const char *wanted)
{
    return place == NULL || wanted == NULL || strcmp(place, "unknown") == 0 || strcmp(place, wanted) == 0;
}

int16_t device_index(int16_t index, long card)
{
    return card > 0 && index == 0 ? INT16_MAX : index;
}

bool instance_is_gone(const struct instance *instance)
{
    static const char *const states[] = {"terminated", "shutting-down", NULL};
    return instance->state != NULL && text_among(instance->state, states);
}

bool instance_is_asleep(const struct instance *instance)
{
    static const char *const states[] = {"stopping", "stopped", "shutting-down", NULL};
    return instance->state != NULL && text_among(instance->state, states);
}

bool instance_state_is_sure(const struct instance *instance)
{
    // "pending" may run already, and a state that is new may be one in which it runs.
    static const char *const sure[] = {"running", "stopping", "stopped", "shutting-down", "terminated", NULL};
    return instance->state == NULL || text_among(instance->state, sure);
}

struct vpc_home estate_home(const struct estate *estate, const struct interface_place *place)
{
    const struct vpc_home *known = map_get(&estate->vpc_homes, place->vpc_id);
    struct vpc_home home = known == NULL ? (struct vpc_home){0} : *known;
    home.owner = home.owner == NULL ? place->account_id : home.owner;
    home.region = home.region == NULL ? place->region : home.region;
    return home;
}

static void list_table(struct estate *estate, const char *vpc_id, struct route_table *table)
{
    route_table_list *list = map_get(&estate->tables_of_vpc, vpc_id);
    if (list == NULL) {
        list = arena_new_of(estate->arena, route_table_list);
        map_put(estate->arena, &estate->tables_of_vpc, vpc_id, list);
    }
    *vector_add(estate->arena, list) = table;
}

void estate_add_route_table(struct estate *estate, struct route_table *table)
{
    map_put(estate->arena, &estate->route_tables, table->id, table);
    list_table(estate, table->vpc_id == NULL ? "" : table->vpc_id, table);
}

void estate_doubt_vpc_of_table(struct estate *estate, struct route_table *table)
{
    if (table->vpc_id != NULL)
        list_table(estate, "", table); // it stays in the list of the other one, whose it may be
    table->vpc_id = NULL;
}

struct route_table *estate_table_of_vpc(const struct estate *estate, const char *vpc_id, size_t at)
{
    const route_table_list *own = map_get(&estate->tables_of_vpc, vpc_id);
    const route_table_list *homeless = map_get(&estate->tables_of_vpc, "");
    size_t count = own == NULL ? 0 : own->count;
    return at < count                                         ? own->items[at]
           : homeless != NULL && at - count < homeless->count ? homeless->items[at - count]
                                                              : NULL;
}

const struct prefix *vpc_block_of(const struct vpc *vpc, struct address address)
{
    for (size_t i = 0; vpc != NULL && i < vpc->ipv4_blocks.count; i++)
        if (prefix_holds(vpc->ipv4_blocks.items[i], address))
            return &vpc->ipv4_blocks.items[i];
    for (size_t i = 0; vpc != NULL && i < vpc->ipv6_blocks.items.count; i++)
        if (prefix_holds(vpc->ipv6_blocks.items.items[i].prefix, address))
            return &vpc->ipv6_blocks.items.items[i].prefix;
    return NULL;
}

bool security_group_is_named(const struct security_group *group, const char *name)
{
    return text_same(group->name, name) || text_same(group->other_name, name);
}

const struct completeness *completeness_of(const struct estate *estate, const char *account, const char *region)
{
    size_t low = 0, high = estate->completeness.count; // ascending by both
    if (account == NULL || region == NULL)
        return NULL;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct completeness *of = &estate->completeness.items[middle];
        int order = strcmp(of->account, account);
        order = order != 0 ? order : strcmp(of->region, region);
        if (order == 0)
            return of;
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}

const struct lack *estate_lack(const struct estate *estate, struct arena *arena, enum kind kind, const char *account,
                               const char *region)
{
    const struct completeness *of = completeness_of(estate, account, region);
    if (of != NULL)
        return of->lacks[kind];
    struct lack *lack = arena_new_of(arena, struct lack);
    *lack = (struct lack){.kind = kind_name(kind), .account = account, .region = region};
    lack->text =
        arena_printf(arena, "missing: %s of %s/%s (no such document in the snapshot)", lack->kind, account, region);
    return lack;
}

enum completeness_state estate_completeness(const struct estate *estate, enum kind kind, const char *account,
                                            const char *region)
{
    const struct completeness *of = completeness_of(estate, account, region);
    return of == NULL ? COMPLETENESS_ABSENT : (enum completeness_state)of->states[kind];
}

bool estate_has(const struct estate *estate, enum kind kind)
{
    for (size_t i = 0; i < estate->completeness.count; i++)
        if (estate->completeness.items[i].states[kind] > COMPLETENESS_DENIED)
            return true;
    return false;
}

bool estate_has_network(const struct estate *estate)
{
    for (int kind = 0; kind < KIND_ACCOUNT_SUMMARY; kind++)
        if (estate_has(estate, (enum kind)kind))
            return true;
    return false;
}

void lack_add(struct arena *arena, struct lack_list *list, const struct lack *lack)
{
    if (strncmp(lack->text, "unread: ", 8) == 0)
        return;
    if (map_get(&list->texts, lack->text) != NULL)
        return;
    map_put(arena, &list->texts, lack->text, list);
    *vector_add(arena, &list->items) = *lack;
}

// The place of an id in the order, taken or not.
static size_t place_of(const struct estate *estate, const char *id)
{
    size_t low = 0, high = estate->interfaces.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(estate->interfaces.items[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum { RECORD_KEY = 512 };

static void record_key(const struct rule_record *record, char key[RECORD_KEY])
{
    char prefix[ADDRESS_TEXT] = "";
    if (record->prefix.family != 0)
        prefix_format(record->prefix, prefix);
    snprintf(key, RECORD_KEY, "%d|%d|%u|%u|%s", record->egress, record->protocol, (unsigned)record->low,
             (unsigned)record->high, record->prefix.family != 0 ? prefix : record->peer);
}

void estate_add_rule_record(struct estate *estate, const char *group, const struct rule_record *record)
{
    char key[RECORD_KEY], old_key[RECORD_KEY];
    struct rule_records *records = map_get(&estate->rule_records, group);
    if (records == NULL) {
        records = arena_new_of(estate->arena, struct rule_records);
        map_put(estate->arena, &estate->rule_records, group, records);
    }
    record_key(record, key);
    struct rule_record *same = map_get(&records->by_id, record->id);
    if (same != NULL) { // told twice, or by two documents that differ
        record_key(same, old_key);
        same->doubtful =
            same->doubtful || strcmp(key, old_key) != 0 || !text_same(same->description, record->description);
        return;
    }
    struct rule_record *kept = arena_new_of(estate->arena, struct rule_record);
    *kept = *record;
    map_put(estate->arena, &records->by_id, kept->id, kept);
    const struct rule_record *other = map_get(&records->by_peer, key);
    if (other == NULL || strcmp(kept->id, other->id) < 0) // whatever the order of records
        map_put(estate->arena, &records->by_peer, arena_strdup(estate->arena, key), kept);
}

static struct rule_record *record_like(const struct estate *estate, const char *group,
                                       const struct security_group_rule *rule, bool egress, const struct prefix *prefix,
                                       const char *peer)
{
    const struct rule_records *records = map_get(&estate->rule_records, group);
    char key[RECORD_KEY];
    if (records == NULL)
        return NULL;
    struct rule_record like = {.egress = egress, .protocol = rule->protocol, .low = rule->low, .high = rule->high};
    like.peer = peer;
    if (prefix != NULL)
        like.prefix = *prefix;
    record_key(&like, key);
    return map_get(&records->by_peer, key);
}

bool estate_match_rule_record(const struct estate *estate, const char *group, const struct security_group_rule *rule,
                              bool egress, const struct prefix *prefix, const char *peer)
{
    struct rule_record *found = record_like(estate, group, rule, egress, prefix, peer);
    if (found != NULL)
        found->matched = true;
    return found != NULL;
}

const struct rule_record *estate_rule_record(const struct estate *estate, const char *group,
                                             const struct security_group_rule *rule, bool egress,
                                             const struct prefix *prefix, const char *peer)
{
    const struct rule_record *found = record_like(estate, group, rule, egress, prefix, peer);
    return found == NULL || found->doubtful ? NULL : found;
}

struct network_interface *estate_interface(const struct estate *estate, const char *id)
{
    size_t at = id == NULL ? estate->interfaces.count : place_of(estate, id);
    bool found = at < estate->interfaces.count && strcmp(estate->interfaces.items[at]->id, id) == 0;
    return found ? estate->interfaces.items[at] : NULL;
}

void estate_add_interface(struct estate *estate, struct network_interface *interface)
{
    size_t at = place_of(estate, interface->id), behind = estate->interfaces.count - at;
    (void)vector_add(estate->arena, &estate->interfaces);
    memmove(estate->interfaces.items + at + 1, estate->interfaces.items + at,
            behind * sizeof(*estate->interfaces.items));
    estate->interfaces.items[at] = interface;
}

const char *tags_name(const char *const *tags, size_t count)
{
    for (size_t i = 0; i + 1 < count; i += 2)
        if (strcmp(tags[i], "Name") == 0 && tags[i + 1][0] != '\0')
            return tags[i + 1];
    return NULL;
}
