#include "aws/documents/is_ours.h"

#include <string.h>

static bool has_any(const cJSON *record, const char *const *keys)
{
    for (size_t i = 0; keys[i] != NULL; i++)
        if (cJSON_HasObjectItem(record, keys[i]))
            return true;
    return false;
}

static bool has_only(const cJSON *record, const char *const *keys)
{
    const cJSON *member;
    cJSON_ArrayForEach (member, record) {
        bool known = false;
        for (size_t i = 0; keys[i] != NULL && !known; i++)
            known = strcmp(keys[i], member->string) == 0;
        if (!known)
            return false;
    }
    return true;
}

static bool text_holds(const cJSON *record, const char *key, const char *part)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(record, key));
    return text != NULL && strstr(text, part) != NULL;
}

// medialive and mediaconnect list reservations of capacity.
bool ours_reservation(const cJSON *record)
{
    static const char *const ours[] = {"Instances", "OwnerId", "RequesterId", "Groups", NULL};
    return has_any(record, ours);
}

// autoscaling lists names and states alone.
bool ours_load_balancer(const cJSON *record)
{
    const cJSON *member;
    cJSON_ArrayForEach (member, record)
        if (strcmp(member->string, "LoadBalancerName") != 0 &&
            (strcmp(member->string, "State") != 0 || cJSON_IsObject(member)))
            return true;
    return false;
}

// Accelerators have listeners too, which the same row reads: their ARNs tell them apart.
bool ours_listener(const cJSON *record)
{
    static const char *const ours[] = {"LoadBalancerArn", "Port",       "DefaultActions",       "SslPolicy",
                                       "Certificates",    "AlpnPolicy", "MutualAuthentication", NULL};
    return has_any(record, ours) || text_holds(record, "ListenerArn", ":elasticloadbalancing:") ||
           text_holds(record, "ListenerArn", ":globalaccelerator:");
}

// CloudWatch Events, S3, WAF and others have rules too.
bool ours_listener_rule(const cJSON *record)
{
    return text_holds(record, "RuleArn", ":elasticloadbalancing:") ||
           (cJSON_HasObjectItem(record, "Actions") && cJSON_HasObjectItem(record, "IsDefault"));
}

// Proxies of RDS have target groups too.
bool ours_target_group(const cJSON *record)
{
    static const char *const ours[] = {
        "Protocol",         "Port",    "VpcId",           "HealthCheckProtocol", "TargetType",
        "LoadBalancerArns", "Matcher", "HealthCheckPort", "HealthCheckEnabled",  "ProtocolVersion",
        "IpAddressType",    NULL};
    return has_any(record, ours) || text_holds(record, "TargetGroupArn", ":elasticloadbalancing:");
}

// OpenSearch's have a domain and a status.
bool ours_vpc_endpoint(const cJSON *record)
{
    static const char *const theirs[] = {"VpcEndpointOwner", "DomainArn", "VpcOptions", "Status", "Endpoint", NULL};
    return !has_any(record, theirs) &&
           (cJSON_GetArraySize(record) != 1 || text_holds(record, "VpcEndpointId", "vpce-"));
}

// dlm, mpa and ssm have policies of other kinds; iam's list-policies has no versions. Those of organizations are read
// by the same row.
bool ours_managed_policy(const cJSON *record)
{
    return cJSON_HasObjectItem(record, "PolicyVersionList") || text_holds(record, "Arn", ":iam:") ||
           text_holds(record, "Arn", ":organizations:");
}

// s3control's is a string.
bool ours_organization(const cJSON *record)
{
    return cJSON_HasObjectItem(record, "MasterAccountId") || text_holds(record, "Arn", ":organizations:");
}

// clouddirectory's are a map.
bool ours_parent(const cJSON *record)
{
    return cJSON_HasObjectItem(record, "Id") || cJSON_HasObjectItem(record, "Type");
}

// Most services have a policy, of iam, dlm, fms and others an object too.
bool ours_control_policy(const cJSON *policy)
{
    return cJSON_HasObjectItem(policy, "PolicySummary");
}

// Many services list regions.
bool ours_region(const cJSON *record)
{
    return cJSON_HasObjectItem(record, "RegionName") && cJSON_HasObjectItem(record, "OptInStatus");
}

bool ours_sign_in_instance(const cJSON *record) // and no machine
{
    return text_holds(record, "InstanceArn", ":sso:::instance/");
}

bool ours_prefix_list_entry(const cJSON *record)
{
    return cJSON_HasObjectItem(record, "Cidr");
}

// clouddirectory's keys are objects, sdb and connect have other members.
bool ours_attribute(const cJSON *record)
{
    return cJSON_IsString(cJSON_GetObjectItemCaseSensitive(record, "Key"));
}

bool ours_prefix_list(const cJSON *record)
{
    return cJSON_HasObjectItem(record, "PrefixListId") || cJSON_HasObjectItem(record, "Cidrs");
}

bool ours_vpc(const cJSON *record) // and no answer of DescribeVpcClassicLink
{
    static const char *const theirs[] = {"ClassicLinkEnabled", "ClassicLinkDnsSupported", NULL};
    return !has_any(record, theirs);
}

// Snow Family's are postal, SES's are of mail.
bool ours_elastic_address(const cJSON *record)
{
    static const char *const ours[] = {
        "PublicIp",   "AllocationId",       "AssociationId",      "Domain", "PublicIpv4Pool", "CarrierIp",
        "InstanceId", "NetworkBorderGroup", "NetworkInterfaceId", NULL};
    return has_any(record, ours);
}

// Global Accelerator lists ranges too, of its own addresses: with events, and states in capitals.
bool ours_byoip_range(const cJSON *record)
{
    const char *state = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(record, "State"));
    return !cJSON_HasObjectItem(record, "Events") && (state == NULL || state[0] < 'A' || state[0] > 'Z');
}

// dax, docdb-elastic, emr, memorydb and others have clusters too.
bool ours_redshift_cluster(const cJSON *record)
{
    static const char *const ours[] = {"ClusterNodes", "ClusterNamespaceArn", "NodeType", NULL};
    return cJSON_HasObjectItem(record, "ClusterIdentifier") && has_any(record, ours);
}

// AWS User Experience Customization's are strings.
bool ours_ecs_service(const cJSON *record)
{
    return text_holds(record, "serviceArn", ":ecs:");
}

bool ours_eks_cluster(const cJSON *record)
{
    return text_holds(record, "arn", ":eks:") || cJSON_HasObjectItem(record, "resourcesVpcConfig");
}

bool ours_ecs_task(const cJSON *record)
{
    static const char *const ours[] = {"taskDefinitionArn", "attachments", "launchType", NULL};
    return text_holds(record, "taskArn", ":ecs:") || (!cJSON_HasObjectItem(record, "taskArn") && has_any(record, ours));
}

// A record without its ARN is ours all the same, where it has what no other service's has: else taking the ARN away
// would take the domain away. CloudSearch has domains too.
bool ours_search_domain(const cJSON *record)
{
    static const char *const ours[] = {"DomainName", "EngineVersion", "ClusterConfig", "VPCOptions", NULL};
    static const char *const theirs[] = {"SearchService", "DocService", "SearchInstanceCount", "Created", NULL};
    return text_holds(record, "ARN", ":es:") ||
           (!cJSON_HasObjectItem(record, "ARN") && has_any(record, ours) &&
            (cJSON_HasObjectItem(record, "VPCOptions") || !has_any(record, theirs)));
}

// sdb's are strings, cloudsearch's one object.
bool ours_search_domain_name(const cJSON *record)
{
    return cJSON_HasObjectItem(record, "DomainName");
}

// ECS's describe-clusters lists objects.
bool ours_list_of_names(const cJSON *list)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, list)
        if (cJSON_IsObject(one))
            return false;
    return cJSON_IsArray(list);
}

bool ours_msk_cluster(const cJSON *record)
{
    static const char *const ours[] = {"Provisioned", "Serverless", "BrokerNodeGroupInfo", NULL};
    return text_holds(record, "ClusterArn", ":kafka:") ||
           (!cJSON_HasObjectItem(record, "ClusterArn") && has_any(record, ours));
}

bool ours_accelerator(const cJSON *record) // and no elastic-inference one
{
    static const char *const ours[] = {"DnsName", "IpSets", "DualStackDnsName", NULL};
    return text_holds(record, "AcceleratorArn", ":globalaccelerator:") ||
           (!cJSON_HasObjectItem(record, "AcceleratorArn") && has_any(record, ours));
}

// API Gateway's other lists, and those of other services, have items too.
bool ours_rest_vpc_link(const cJSON *record) // or an API
{
    static const char *const api[] = {"endpointConfiguration", "apiKeySource", "disableExecuteApiEndpoint", NULL};
    static const char *const all[] = {"id", "name", "description", "status", "statusMessage", "tags", NULL};
    return cJSON_HasObjectItem(record, "targetArns") || has_any(record, api) ||
           (cJSON_HasObjectItem(record, "id") && cJSON_HasObjectItem(record, "status") && has_only(record, all));
}

bool ours_vpc_link(const cJSON *record)
{
    static const char *const ours[] = {"VpcLinkId",   "VpcLinkStatus", "VpcLinkVersion",
                                       "ApiEndpoint", "ProtocolType",  NULL};
    return has_any(record, ours);
}

bool ours_endpoint_service(const cJSON *record)
{
    return text_holds(record, "ServiceId", "vpce-svc-") || text_holds(record, "ServiceName", "vpce-svc-");
}

// Those of a region, or of CloudFront. Those of AWS WAF Classic have their id and ARN by other keys, and none of these;
// of one that is told by its name alone, whose it is is not known.
bool ours_web_acl(const cJSON *record)
{
    static const char *const ours[] = {"ARN", "Id", "LockToken", "VisibilityConfig", "Capacity", "LabelNamespace",
                                       NULL};
    static const char *const theirs[] = {"WebACLId", "WebACLArn", NULL};
    return has_any(record, ours) || (cJSON_HasObjectItem(record, "Name") && !has_any(record, theirs));
}

// Of load balancers, or empty: the other services that list ARNs by this key list others.
bool ours_list_of_balancers(const cJSON *list)
{
    const cJSON *one;
    bool found = cJSON_GetArraySize(list) == 0;
    cJSON_ArrayForEach (one, list) {
        if (!cJSON_IsString(one) || strncmp(one->valuestring, "arn:", 4) != 0)
            return false;
        found = found || strstr(one->valuestring, ":loadbalancer/") != NULL;
    }
    return cJSON_IsArray(list) && found;
}

bool ours_transfer_server(const cJSON *record) // opsworks' have other ARNs
{
    return text_holds(record, "Arn", ":transfer:");
}

bool ours_app_runner(const cJSON *record) // other services have services too
{
    return text_holds(record, "ServiceArn", ":apprunner:");
}

// GameLift's are between a fleet and a VPC.
bool ours_peering_connection(const cJSON *record)
{
    static const char *const theirs[] = {"FleetId", "FleetArn", "GameLiftVpcId", "PeerVpcId", "IpV4CidrBlock", NULL};
    return !has_any(record, theirs);
}

// Routes of Client VPN endpoints have a DestinationCidr; those of a VPC's table, saved without it, an Origin.
bool ours_transit_route(const cJSON *record)
{
    static const char *const ours[] = {"TransitGatewayAttachments", "TransitGatewayRouteTableAnnouncementId", NULL},
                             *const theirs[] = {"Origin", "ClientVpnEndpointId", NULL},
                             *const to[] = {"DestinationCidrBlock", "PrefixListId", NULL};
    return has_any(record, ours) || (has_any(record, to) && !has_any(record, theirs));
}

// Those of a policy table have its id, those of Systems Manager and others no attachment.
bool ours_transit_association(const cJSON *record)
{
    static const char *const theirs[] = {"TransitGatewayPolicyTableId", "Name", "AssociationId", NULL};
    return cJSON_HasObjectItem(record, "TransitGatewayAttachmentId")
               ? !cJSON_HasObjectItem(record, "TransitGatewayPolicyTableId")
               : cJSON_HasObjectItem(record, "ResourceId") && cJSON_HasObjectItem(record, "ResourceType") &&
                     !has_any(record, theirs);
}

bool ours_object(const cJSON *record) // efs, mq, sagemaker... list ids alone
{
    return cJSON_IsObject(record);
}

// IAM's have an ARN and a path; those of an identity store, Cognito, ElastiCache, Transfer and others have not both. A
// record without one of them is ours all the same where it tells when it was made, or nothing else, and is no other
// service's.
bool ours_listed_user(const cJSON *record)
{
    static const char *const theirs[] = {"IdentityStoreId", "UserStatus", "Engine", "Status", "Username", NULL};
    static const char *const any[] = {"UserName", "UserId", NULL}; // what whoever looks for names keeps
    return json_find(record, "UserName") != NULL &&
           (json_find(record, "Path") != NULL || text_holds(record, "Arn", ":iam:") ||
            (json_find(record, "CreateDate") != NULL && !has_any(record, theirs)) || has_only(record, any));
}
