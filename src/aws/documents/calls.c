#include "aws/documents/calls.h"

#include <string.h>
#include <strings.h>

#include "aws/documents/is_ours.h"
#include "aws/documents/readers.h"

// A search must name a filter: this one leaves nothing out.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SearchTransitGatewayRoutes.html
static const char *const every_route[] = {"Filter.1.Name", "type", "Filter.1.Value.1", "static", "Filter.1.Value.2",
                                          "propagated",    NULL};

#define LIST(key_, kind_, read_) .key = key_, .kind = kind_, .form = FORM_LIST, .read = read_
#define WHOLE(key_, kind_, read_) .key = key_, .kind = kind_, .form = FORM_WHOLE, .read = read_
#define UNUSED(key_) .key = key_, .kind = KIND_COUNT, .form = FORM_UNUSED
#define OWNERS(kind_scope) .purpose = FOR_OWNERS, .optional = true, .scope = kind_scope
#define BRIDGES(kind_scope) .purpose = FOR_BRIDGES, .optional = true, .scope = kind_scope
#define SEGMENTS(kind_scope) .purpose = FOR_SEGMENTS, .optional = true, .scope = kind_scope
#define SEGMENTS_ABOUT(...) .purpose = FOR_SEGMENTS, .optional = true, ABOUT(__VA_ARGS__)
#define TRANSIT_TABLES                                                                                                 \
    "DescribeTransitGatewayRouteTables", "TransitGatewayRouteTables", "TransitGatewayRouteTableId",                    \
        "TransitGatewayRouteTableId"
#define BRIDGES_ABOUT(...) .purpose = FOR_BRIDGES, .optional = true, ABOUT(__VA_ARGS__)
#define OWNERS_ABOUT(...) .purpose = FOR_OWNERS, .optional = true, ABOUT(__VA_ARGS__)
#define ORGANIZATION .optional = true, .spare = true, .scope = CALL_ORGANIZATION
#define ABOUT(...) .scope = CALL_ABOUT, .about = {__VA_ARGS__}

const struct aws_call aws_calls[] = {
    {"sts", "GetCallerIdentity", NULL, .kind = KIND_COUNT, .scope = CALL_IDENTITY},
    {"ec2", "DescribeRegions", NULL, .kind = KIND_COUNT, .scope = CALL_IDENTITY},
    {"organizations", "ListAccounts", NULL, .kind = KIND_COUNT, .scope = CALL_IDENTITY},
    {"organizations", "ListAccountsForParent", NULL, .kind = KIND_COUNT, .scope = CALL_IDENTITY},
    {"organizations", "ListOrganizationalUnitsForParent", NULL, .kind = KIND_COUNT, .scope = CALL_IDENTITY},
    {"sts", "AssumeRole", NULL, .kind = KIND_COUNT, .scope = CALL_IDENTITY},
    {"sts", "AssumeRoleWithWebIdentity", NULL, .kind = KIND_COUNT, .scope = CALL_NEVER}, // the token is the permission

    // What interfaces refer to.
    {"ec2", "DescribeVpcs", "describe-vpcs", LIST("Vpcs", KIND_VPCS, read_vpc), .is_ours = ours_vpc,
     .scope = CALL_REGION},
    {"ec2", "DescribeSubnets", "describe-subnets", LIST("Subnets", KIND_SUBNETS, read_subnet), .is_ours = ours_object,
     .strings_elsewhere = true, .reliance = RELIES_ALL, .scope = CALL_REGION},
    {"ec2", "DescribeRouteTables", "describe-route-tables", LIST("RouteTables", KIND_ROUTE_TABLES, read_route_table),
     .reliance = RELIES_ALL, .scope = CALL_REGION},
    {"ec2", "DescribeInternetGateways", "describe-internet-gateways",
     LIST("InternetGateways", KIND_INTERNET_GATEWAYS, read_internet_gateway), .reliance = RELIES_ALL,
     .scope = CALL_REGION},
    {"ec2", "DescribeEgressOnlyInternetGateways", "describe-egress-only-internet-gateways",
     LIST("EgressOnlyInternetGateways", KIND_EGRESS_ONLY_INTERNET_GATEWAYS, read_egress_gateway), .scope = CALL_REGION},
    {"ec2", "DescribeNatGateways", "describe-nat-gateways", LIST("NatGateways", KIND_NAT_GATEWAYS, read_nat_gateway),
     .scope = CALL_REGION},
    {"ec2", "DescribeNetworkAcls", "describe-network-acls", LIST("NetworkAcls", KIND_NETWORK_ACLS, read_network_acl),
     .reliance = RELIES_ALL, .scope = CALL_REGION},
    {"ec2", "DescribeSecurityGroups", "describe-security-groups",
     LIST("SecurityGroups", KIND_SECURITY_GROUPS, read_security_group), .is_ours = ours_object,
     .strings_elsewhere = true, .reliance = RELIES_ALL, .scope = CALL_REGION},
    {"ec2", "DescribeSecurityGroupRules", "describe-security-group-rules",
     LIST("SecurityGroupRules", KIND_SECURITY_GROUP_RULES, read_security_group_rule), .scope = CALL_REGION},
    // An interface may hold a group of another VPC: groups are found by id, whatever VPC they are of.
    {"ec2", "DescribeSecurityGroupVpcAssociations", "describe-security-group-vpc-associations",
     LIST("SecurityGroupVpcAssociations", KIND_SECURITY_GROUP_VPC_ASSOCIATIONS, read_group_association),
     .scope = CALL_REGION, .optional = true},
    {"ec2", "DescribeManagedPrefixLists", "describe-managed-prefix-lists",
     LIST("PrefixLists", KIND_PREFIX_LISTS, read_prefix_list), .is_ours = ours_prefix_list, .scope = CALL_REGION},
    // Its PrefixLists, AWS's own, are read by the row above.
    {"ec2", "DescribePrefixLists", "describe-prefix-lists", .key = NULL, .kind = KIND_COUNT,
     .key_is = KEY_SHARED_TELLING, .scope = CALL_NEVER},
    {"ec2", "GetManagedPrefixListEntries", "get-managed-prefix-list-entries",
     LIST("Entries", KIND_COUNT, read_prefix_list_entry), .is_ours = ours_prefix_list_entry,
     ABOUT("DescribeManagedPrefixLists", "PrefixLists", "PrefixListId", "PrefixListId")},
    {"ec2", "DescribeVpcEndpoints", "describe-vpc-endpoints",
     LIST("VpcEndpoints", KIND_VPC_ENDPOINTS, read_vpc_endpoint), .is_ours = ours_vpc_endpoint,
     .reliance = RELIES_DEFAULT, .assumption = "no endpoint is taken as a gateway endpoint", .scope = CALL_REGION},
    {"ec2", "DescribeVpcBlockPublicAccessOptions", "describe-vpc-block-public-access-options",
     WHOLE("VpcBlockPublicAccessOptions", KIND_BLOCK_PUBLIC_ACCESS, read_block_options), .reliance = RELIES_DEFAULT,
     .assumption = "VPC Block Public Access is taken as off", .scope = CALL_REGION, .optional = true},
    {"ec2", "DescribeVpcBlockPublicAccessExclusions", "describe-vpc-block-public-access-exclusions",
     LIST("VpcBlockPublicAccessExclusions", KIND_BLOCK_PUBLIC_ACCESS_EXCLUSIONS, read_block_exclusion),
     .scope = CALL_REGION, .optional = true},
    {"elbv2", "DescribeLoadBalancers", "describe-load-balancers",
     LIST("LoadBalancers", KIND_LOAD_BALANCERS, read_load_balancer), .is_ours = ours_load_balancer,
     .reliance = RELIES_DEFAULT, .assumption = "none is taken to be there, and interfaces of any as plain ones",
     .scope = CALL_REGION},
    {"elbv2", "DescribeListeners", "describe-listeners", LIST("Listeners", KIND_LISTENERS, read_listener),
     .is_ours = ours_listener, ABOUT("DescribeLoadBalancers", "LoadBalancers", "LoadBalancerArn", "LoadBalancerArn")},
    // Its Attributes are read by the row of those of target groups: the file's name tells whose they are (document.c).
    {"elbv2", "DescribeLoadBalancerAttributes", "describe-load-balancer-attributes", .key = NULL, .kind = KIND_COUNT,
     ABOUT("DescribeLoadBalancers", "LoadBalancers", "LoadBalancerArn", "LoadBalancerArn")},
    {"elbv2", "DescribeRules", "describe-rules", LIST("Rules", KIND_LISTENER_RULES, read_listener_rule),
     .is_ours = ours_listener_rule, .late = true,
     ABOUT("DescribeListeners", "Listeners", "ListenerArn", "ListenerArn")},
    {"elbv2", "DescribeTargetGroups", "describe-target-groups",
     LIST("TargetGroups", KIND_TARGET_GROUPS, read_target_group), .is_ours = ours_target_group, .scope = CALL_REGION},
    {"elbv2", "DescribeTargetHealth", "describe-target-health",
     LIST("TargetHealthDescriptions", KIND_TARGET_HEALTH, read_target_health), .late = true,
     ABOUT("DescribeTargetGroups", "TargetGroups", "TargetGroupArn", "TargetGroupArn")},
    {"elbv2", "DescribeTargetGroupAttributes", "describe-target-group-attributes",
     LIST("Attributes", KIND_COUNT, read_attribute), .is_ours = ours_attribute, .late = true,
     ABOUT("DescribeTargetGroups", "TargetGroups", "TargetGroupArn", "TargetGroupArn")},
    {"elb", "DescribeLoadBalancers", "describe-load-balancers.classic",
     LIST("LoadBalancerDescriptions", KIND_CLASSIC_LOAD_BALANCERS, read_classic_load_balancer),
     .reliance = RELIES_DEFAULT,
     .assumption = "no classic load balancer is taken to be there, and interfaces of any as plain ones",
     .scope = CALL_REGION},
    {"elb", "DescribeLoadBalancerAttributes", "describe-load-balancer-attributes.classic",
     WHOLE("LoadBalancerAttributes", KIND_COUNT, read_classic_attributes), .late = true,
     ABOUT("DescribeLoadBalancers", "LoadBalancerDescriptions", "LoadBalancerName", "LoadBalancerName")},
    {"network-firewall", "ListFirewalls", "list-firewalls", UNUSED("Firewalls"), .scope = CALL_REGION,
     .optional = true},
    {"network-firewall", "DescribeFirewall", "describe-firewall", WHOLE("Firewall", KIND_FIREWALLS, read_firewall),
     ABOUT("ListFirewalls", "Firewalls", "FirewallArn", "FirewallArn", "FirewallName")},
    {"network-firewall", "DescribeFirewall", NULL, WHOLE("FirewallStatus", KIND_FIREWALLS, read_firewall_status)},
    {"rds", "DescribeDBInstances", "describe-db-instances", LIST("DBInstances", KIND_DB_INSTANCES, read_db_instance),
     .reliance = RELIES_DEFAULT, .assumption = "no database is taken to be public", .scope = CALL_REGION},

    {"ec2", "DescribeByoipCidrs", "describe-byoip-cidrs", LIST("ByoipCidrs", KIND_BYOIP_RANGES, read_byoip_cidr),
     .is_ours = ours_byoip_range, .scope = CALL_REGION, .optional = true},

    // What services bring the internet to.
    {"globalaccelerator", "ListAccelerators", "list-accelerators",
     LIST("Accelerators", KIND_ACCELERATORS, read_accelerator), .is_ours = ours_accelerator, .counts = true,
     BRIDGES(CALL_ONCE)},
    // Its Accelerators are read by the row above.
    {"globalaccelerator", "ListCustomRoutingAccelerators", "list-custom-routing-accelerators", .key = NULL,
     .kind = KIND_COUNT, .key_is = KEY_SHARED, BRIDGES(CALL_ONCE)},
    // Its Listeners are read by the row of load balancers'.
    {"globalaccelerator", "ListListeners", "list-listeners", .key = NULL, .kind = KIND_COUNT,
     BRIDGES_ABOUT("ListAccelerators", "Accelerators", "AcceleratorArn", "AcceleratorArn")},
    {"globalaccelerator", "ListEndpointGroups", "list-endpoint-groups",
     LIST("EndpointGroups", KIND_ENDPOINT_GROUPS, read_endpoint_group),
     BRIDGES_ABOUT("ListListeners", "Listeners", "ListenerArn", "ListenerArn")},
    // Listeners and EndpointGroups of these are read by the rows of the others'.
    {"globalaccelerator", "ListCustomRoutingListeners", "list-custom-routing-listeners", .key = NULL,
     .kind = KIND_COUNT,
     BRIDGES_ABOUT("ListCustomRoutingAccelerators", "Accelerators", "AcceleratorArn", "AcceleratorArn")},
    {"globalaccelerator", "ListCustomRoutingEndpointGroups", "list-custom-routing-endpoint-groups", .key = NULL,
     .kind = KIND_COUNT, .key_is = KEY_SHARED_TELLING,
     BRIDGES_ABOUT("ListCustomRoutingListeners", "Listeners", "ListenerArn", "ListenerArn")},
    {"cloudfront", "ListVpcOrigins", "list-vpc-origins", WHOLE("VpcOriginList", KIND_VPC_ORIGINS, read_origin_list),
     BRIDGES(CALL_ONCE)},
    {"cloudfront", "GetVpcOrigin", "get-vpc-origin", WHOLE("VpcOrigin", KIND_VPC_ORIGINS, read_vpc_origin),
     BRIDGES_ABOUT("ListVpcOrigins", "VpcOriginList", "Id", "Id")},
    {"apigateway", "GetVpcLinks", "get-vpc-links.rest", LIST("items", KIND_REST_VPC_LINKS, read_rest_vpc_link),
     .is_ours = ours_rest_vpc_link, .named_where_empty = true, BRIDGES(CALL_REGION)},
    {"apigatewayv2", "GetVpcLinks", "get-vpc-links.http", LIST("Items", KIND_VPC_LINKS, read_vpc_link),
     .is_ours = ours_vpc_link, .named_where_empty = true, BRIDGES(CALL_REGION)},

    // APIs: the lists have the keys of the links of theirs, whose rows read them too; only what others saved is read.
    {"apigateway", "GetRestApis", "get-rest-apis", .key = NULL, .kind = KIND_COUNT, .key_is = KEY_SHARED,
     .scope = CALL_NEVER},
    {"apigatewayv2", "GetApis", "get-apis", .key = NULL, .kind = KIND_COUNT, .key_is = KEY_SHARED, .scope = CALL_NEVER},
    {"ec2", "DescribeVpcEndpointServiceConfigurations", "describe-vpc-endpoint-service-configurations",
     LIST("ServiceConfigurations", KIND_ENDPOINT_SERVICES, read_endpoint_service), .is_ours = ours_endpoint_service,
     BRIDGES(CALL_REGION)},
    // What stands before load balancers: only what others saved is read.
    {"wafv2", "ListWebACLs", "list-web-acls", LIST("WebACLs", KIND_WEB_ACLS, read_web_acl), .is_ours = ours_web_acl,
     .named_where_empty = true, .scope = CALL_NEVER, .purpose = FOR_BRIDGES},
    {"wafv2", "GetWebACLForResource", NULL, WHOLE("WebACL", KIND_WEB_ACLS, read_web_acl), .is_ours = ours_web_acl,
     .scope = CALL_NEVER, .purpose = FOR_BRIDGES},
    {"wafv2", "ListResourcesForWebACL", "list-resources-for-web-acl",
     WHOLE("ResourceArns", KIND_WEB_ACL_RESOURCES, read_web_acl_resources), .is_ours = ours_list_of_balancers,
     .scope = CALL_NEVER, .purpose = FOR_BRIDGES},

    // Which ways packets take out of a VPC and into another one.
    {"ec2", "DescribeVpcPeeringConnections", "describe-vpc-peering-connections",
     LIST("VpcPeeringConnections", KIND_VPC_PEERINGS, read_peering_connection), .is_ours = ours_peering_connection,
     SEGMENTS(CALL_REGION)},
    {"ec2", "DescribeTransitGateways", "describe-transit-gateways",
     LIST("TransitGateways", KIND_TRANSIT_GATEWAYS, read_transit_gateway), SEGMENTS(CALL_REGION)},
    // It tells of owners of interfaces too.
    {"ec2", "DescribeTransitGatewayAttachments", "describe-transit-gateway-attachments",
     LIST("TransitGatewayAttachments", KIND_TRANSIT_ATTACHMENTS, read_transit_attachment), SEGMENTS(CALL_REGION)},
    {"ec2", "DescribeTransitGatewayVpcAttachments", "describe-transit-gateway-vpc-attachments",
     LIST("TransitGatewayVpcAttachments", KIND_TRANSIT_VPC_ATTACHMENTS, read_transit_vpc_attachment),
     SEGMENTS(CALL_REGION)},
    {"ec2", "DescribeTransitGatewayRouteTables", "describe-transit-gateway-route-tables",
     LIST("TransitGatewayRouteTables", KIND_TRANSIT_ROUTE_TABLES, read_transit_route_table), SEGMENTS(CALL_REGION)},
    {"ec2", "SearchTransitGatewayRoutes", "search-transit-gateway-routes",
     LIST("Routes", KIND_TRANSIT_ROUTES, read_transit_route), .is_ours = ours_transit_route,
     SEGMENTS_ABOUT(TRANSIT_TABLES, .also = every_route)},
    {"ec2", "GetTransitGatewayRouteTableAssociations", "get-transit-gateway-route-table-associations",
     LIST("Associations", KIND_TRANSIT_ASSOCIATIONS, read_transit_association), .is_ours = ours_transit_association,
     SEGMENTS_ABOUT(TRANSIT_TABLES)},
    {"ec2", "GetTransitGatewayRouteTablePropagations", "get-transit-gateway-route-table-propagations",
     LIST("TransitGatewayRouteTablePropagations", KIND_TRANSIT_PROPAGATIONS, read_transit_propagation),
     SEGMENTS_ABOUT(TRANSIT_TABLES)},
    {"ec2", "DescribeVpnGateways", "describe-vpn-gateways", LIST("VpnGateways", KIND_VPN_GATEWAYS, read_vpn_gateway),
     SEGMENTS(CALL_REGION)},
    {"ec2", "DescribeVpnConnections", "describe-vpn-connections",
     LIST("VpnConnections", KIND_VPN_CONNECTIONS, read_vpn_connection), SEGMENTS(CALL_REGION)},

    // Who stands behind interfaces, and what is public without one.
    {"ec2", "DescribeInstanceConnectEndpoints", "describe-instance-connect-endpoints",
     LIST("InstanceConnectEndpoints", KIND_CONNECT_ENDPOINTS, read_connect_endpoint), OWNERS(CALL_REGION)},
    {"lambda", "ListFunctionUrlConfigs", NULL, LIST("FunctionUrlConfigs", KIND_FUNCTION_URLS, read_function_url),
     .purpose = FOR_OWNERS}, // of one function: only what others saved is read
    {"ec2", "DescribeVerifiedAccessEndpoints", NULL,
     LIST("VerifiedAccessEndpoints", KIND_VERIFIED_ACCESS, read_verified_access), .purpose = FOR_OWNERS}, // the same
    {"ec2", "DescribeClientVpnEndpoints", NULL, LIST("ClientVpnEndpoints", KIND_CLIENT_VPNS, read_client_vpn),
     .purpose = FOR_OWNERS}, // the same
    {"redshift", "DescribeClusters", "describe-clusters",
     LIST("Clusters", KIND_REDSHIFT_CLUSTERS, read_redshift_cluster), .is_ours = ours_redshift_cluster, .counts = true,
     OWNERS(CALL_REGION)},
    {"ecs", "ListClusters", "list-clusters.ecs", WHOLE("clusterArns", KIND_ECS_CLUSTER_NAMES, read_ecs_cluster_names),
     .is_ours = ours_list_of_names, OWNERS(CALL_REGION)},
    {"ecs", "ListTasks", "list-tasks", UNUSED("taskArns"),
     OWNERS_ABOUT("ListClusters", "clusterArns", NULL, "cluster")},
    {"ecs", "DescribeTasks", "describe-tasks", LIST("tasks", KIND_ECS_TASKS, read_ecs_task), .is_ours = ours_ecs_task,
     OWNERS_ABOUT("ListTasks", "taskArns", NULL, "tasks", NULL, CALL_IN_BATCHES, 100)},
    {"ecs", "ListServices", "list-services", WHOLE("serviceArns", KIND_ECS_SERVICE_NAMES, read_ecs_service_names),
     .is_ours = ours_list_of_names, OWNERS_ABOUT("ListClusters", "clusterArns", NULL, "cluster")},
    {"ecs", "DescribeServices", "describe-services", LIST("services", KIND_ECS_SERVICES, read_ecs_service),
     .is_ours = ours_ecs_service, .strings_elsewhere = true,
     OWNERS_ABOUT("ListServices", "serviceArns", NULL, "services", NULL, CALL_IN_BATCHES, 10)},
    {"eks", "ListClusters", "list-clusters.eks", WHOLE("clusters", KIND_EKS_CLUSTER_NAMES, read_eks_names),
     .is_ours = ours_list_of_names, .counts = true, OWNERS(CALL_REGION)},
    {"eks", "DescribeCluster", "describe-cluster", WHOLE("cluster", KIND_EKS_CLUSTERS, read_eks_cluster),
     .is_ours = ours_eks_cluster, OWNERS_ABOUT("ListClusters", "clusters", NULL, "name")},
    {"opensearch", "ListDomainNames", "list-domain-names",
     LIST("DomainNames", KIND_OPENSEARCH_DOMAIN_NAMES, read_search_domain_name), .is_ours = ours_search_domain_name,
     .strings_elsewhere = true, .counts = true, OWNERS(CALL_REGION)},
    {"opensearch", "DescribeDomain", "describe-domain",
     WHOLE("DomainStatus", KIND_OPENSEARCH_DOMAINS, read_search_domain), .is_ours = ours_search_domain,
     OWNERS_ABOUT("ListDomainNames", "DomainNames", "DomainName", "DomainName")},
    {"opensearch", "DescribeDomains", NULL, LIST("DomainStatusList", KIND_OPENSEARCH_DOMAINS, read_search_domain),
     .is_ours = ours_search_domain, .purpose = FOR_OWNERS},
    {"kafka", "ListClustersV2", "list-clusters-v2", LIST("ClusterInfoList", KIND_MSK_CLUSTERS, read_msk_cluster),
     .is_ours = ours_msk_cluster, .counts = true, OWNERS(CALL_REGION)},
    {"cloudfront", "ListDistributions", "list-distributions",
     WHOLE("DistributionList", KIND_DISTRIBUTIONS, read_distributions), .counts = true, OWNERS(CALL_ONCE)},

    // What else tells whether things are public, and which names lead to them: only what others saved is read.
    {"dms", "DescribeReplicationInstances", NULL,
     LIST("ReplicationInstances", KIND_DMS_INSTANCES, read_replication_instance), .purpose = FOR_OWNERS},
    {"autoscaling", "DescribeLaunchConfigurations", NULL,
     LIST("LaunchConfigurations", KIND_LAUNCH_CONFIGURATIONS, read_launch_configuration), .purpose = FOR_OWNERS},
    {"redshift-serverless", "ListWorkgroups", NULL,
     LIST("workgroups", KIND_REDSHIFT_WORKGROUPS, read_redshift_workgroup), .purpose = FOR_OWNERS},
    {"transfer", "ListServers", NULL, LIST("Servers", KIND_TRANSFER_SERVERS, read_transfer_server),
     .is_ours = ours_transfer_server, .purpose = FOR_OWNERS},
    {"transfer", "DescribeServer", NULL, WHOLE("Server", KIND_TRANSFER_SERVERS, read_transfer_server),
     .is_ours = ours_transfer_server, .purpose = FOR_OWNERS},
    {"apprunner", "ListServices", NULL, LIST("ServiceSummaryList", KIND_APP_RUNNER_SERVICES, read_listed_app_runner),
     .is_ours = ours_app_runner, .purpose = FOR_OWNERS},
    {"apprunner", "DescribeService", NULL, WHOLE("Service", KIND_APP_RUNNER_SERVICES, read_app_runner),
     .is_ours = ours_app_runner, .purpose = FOR_OWNERS},
    {"mq", "ListBrokers", NULL, LIST("BrokerSummaries", KIND_MQ_BROKERS, read_listed_broker), .purpose = FOR_OWNERS},
    {"emr", "GetBlockPublicAccessConfiguration", NULL,
     WHOLE("BlockPublicAccessConfiguration", KIND_EMR_BLOCK, read_emr_block), .purpose = FOR_OWNERS},
    {"route53", "ListResourceRecordSets", NULL, LIST("ResourceRecordSets", KIND_DNS_RECORDS, read_record_set),
     .purpose = FOR_OWNERS},

    // Interfaces last: so what they refer to is there already.
    {"ec2", "DescribeInstances", "describe-instances", LIST("Reservations", KIND_RESERVATIONS, read_reservation),
     .is_ours = ours_reservation, .reliance = RELIES_DEFAULT, .assumption = "every instance is taken as running",
     .scope = CALL_LAST},
    {"ec2", "DescribeAddresses", "describe-addresses", LIST("Addresses", KIND_ADDRESSES, read_elastic_address),
     .is_ours = ours_elastic_address, .reliance = RELIES_DEFAULT,
     .assumption = "no Elastic IP address is taken to be in use but by the interfaces here", .scope = CALL_LAST},
    {"ec2", "DescribeNetworkInterfaces", "describe-network-interfaces",
     LIST("NetworkInterfaces", KIND_NETWORK_INTERFACES, read_interface), .reliance = RELIES_ALL,
     .assumption = "the interfaces that instances tell of are taken to be all", .scope = CALL_LAST},

    // How the account is guarded.
    {"ec2", "DescribeRegions", "describe-regions", LIST("Regions", KIND_COUNT, read_region), .is_ours = ours_region,
     .late = true, .strings_elsewhere = true, .optional = true, .spare = true, .scope = CALL_ACCOUNT},
    {"iam", "GetAccountSummary", "get-account-summary", WHOLE("SummaryMap", KIND_ACCOUNT_SUMMARY, read_account_summary),
     .late = true, .scope = CALL_ACCOUNT},
    {"iam", "GetAccountPasswordPolicy", "get-account-password-policy",
     WHOLE("PasswordPolicy", KIND_PASSWORD_POLICY, read_password_policy), .late = true, .scope = CALL_ACCOUNT},
    {"iam", "GetAccountAuthorizationDetails", "get-account-authorization-details",
     LIST("UserDetailList", KIND_ACCOUNT_DETAILS, read_user), .scope = CALL_ACCOUNT},
    {"iam", "GetAccountAuthorizationDetails", NULL, LIST("GroupDetailList", KIND_COUNT, read_group)},
    {"iam", "GetAccountAuthorizationDetails", NULL, LIST("RoleDetailList", KIND_COUNT, read_role)},
    {"iam", "GetAccountAuthorizationDetails", NULL, LIST("Policies", KIND_COUNT, read_managed_policy),
     .is_ours = ours_managed_policy},
    {"iam", "GenerateCredentialReport", NULL, .kind = KIND_COUNT, .scope = CALL_ACCOUNT},
    {"iam", "GetCredentialReport", "get-credential-report",
     WHOLE("Content", KIND_CREDENTIAL_REPORT, read_credential_report), .is_ours = is_credential_report, .late = true,
     ABOUT("GenerateCredentialReport")},
    {"iam", "ListUsers", "list-users", LIST("Users", KIND_COUNT, read_listed_user), .is_ours = ours_listed_user,
     ABOUT("GetAccountAuthorizationDetails")}, // once
    {"iam", "ListMFADevices", "list-mfa-devices", UNUSED("MFADevices"),
     ABOUT("ListUsers", "Users", "UserName", "UserName")},
    {"iam", "ListGroupsForUser", "list-groups-for-user", UNUSED("Groups"),
     ABOUT("ListUsers", "Users", "UserName", "UserName", NULL, CALL_WITHOUT_DETAILS)},
    {"iam", "ListAttachedUserPolicies", "list-attached-user-policies", UNUSED("AttachedPolicies"),
     ABOUT("ListUsers", "Users", "UserName", "UserName", NULL, CALL_WITHOUT_DETAILS)},
    {"iam", "ListAttachedGroupPolicies", "list-attached-group-policies", UNUSED("AttachedPolicies"),
     ABOUT("ListGroupsForUser", "Groups", "GroupName", "GroupName", NULL, CALL_WITHOUT_DETAILS)},
    {"iam", "ListVirtualMFADevices", "list-virtual-mfa-devices",
     LIST("VirtualMFADevices", KIND_VIRTUAL_DEVICES, read_virtual_device), .scope = CALL_ACCOUNT},
    {"ec2", "DescribeLaunchTemplateVersions", "describe-launch-template-versions",
     LIST("LaunchTemplateVersions", KIND_LAUNCH_TEMPLATES, read_launch_template), .scope = CALL_GUARDRAIL},
    {"cloudtrail", "DescribeTrails", "describe-trails", LIST("trailList", KIND_TRAILS, read_trail),
     .scope = CALL_GUARDRAIL},
    {"cloudtrail", "GetTrailStatus", "get-trail-status", WHOLE("IsLogging", KIND_TRAIL_STATUS, read_logging),
     .late = true, ABOUT("DescribeTrails", "trailList", "TrailARN", "Name", "Name", CALL_AT_HOME)},
    {"cloudtrail", "GetTrailStatus", NULL, WHOLE("LatestDeliveryError", KIND_TRAIL_STATUS, read_delivery_error),
     .late = true},
    {"cloudtrail", "GetTrailStatus", NULL, WHOLE("LatestDigestDeliveryError", KIND_TRAIL_STATUS, read_digest_error),
     .late = true},
    {"cloudtrail", "GetTrailStatus", NULL, WHOLE("LatestDeliveryTime", KIND_TRAIL_STATUS, read_delivery_time),
     .late = true},
    {"cloudtrail", "GetTrailStatus", NULL, WHOLE("LatestDigestDeliveryTime", KIND_TRAIL_STATUS, read_digest_time),
     .late = true},
    {"cloudtrail", "GetTrailStatus", NULL, WHOLE("StartLoggingTime", KIND_TRAIL_STATUS, read_logging_start),
     .late = true},
    {"cloudtrail", "GetTrailStatus", NULL, WHOLE("StopLoggingTime", KIND_TRAIL_STATUS, read_logging_stop),
     .late = true},
    {"cloudtrail", "ListEventDataStores", "list-event-data-stores",
     LIST("EventDataStores", KIND_COUNT, read_event_store)},
    {"cloudtrail", "GetEventSelectors", "get-event-selectors",
     LIST("EventSelectors", KIND_EVENT_SELECTORS, read_event_selector), .late = true,
     ABOUT("DescribeTrails", "trailList", "TrailARN", "TrailName", "Name", CALL_AT_HOME)},
    {"cloudtrail", "GetEventSelectors", NULL,
     LIST("AdvancedEventSelectors", KIND_EVENT_SELECTORS, read_advanced_event_selector), .late = true},

    // What the organization lets the account do, and who signs in by IAM Identity Center.
    {"organizations", "DescribeOrganization", "describe-organization",
     WHOLE("Organization", KIND_COUNT, read_organization), .is_ours = ours_organization, .spare = true,
     .optional = true, .scope = CALL_ACCOUNT},
    {"organizations", "ListParents", "list-parents", LIST("Parents", KIND_COUNT, read_parent), .is_ours = ours_parent,
     ORGANIZATION},
    // Its Policies are read by the row of IAM's.
    {"organizations", "ListPoliciesForTarget", "list-policies-for-target", .key = NULL, .kind = KIND_COUNT,
     ORGANIZATION},
    {"organizations", "DescribePolicy", "describe-policy", WHOLE("Policy", KIND_COUNT, read_control_policy),
     .is_ours = ours_control_policy, ORGANIZATION},
    {"sso-admin", "ListInstances", "list-instances", LIST("Instances", KIND_COUNT, read_sign_in_instance),
     .is_ours = ours_sign_in_instance, .counts_elsewhere = true, ORGANIZATION},
    {"sso-admin", "ListPermissionSets", "list-permission-sets", UNUSED("PermissionSets"), ORGANIZATION},
    {"sso-admin", "DescribePermissionSet", "describe-permission-set",
     WHOLE("PermissionSet", KIND_COUNT, read_permission_set), ORGANIZATION},
    {"sso-admin", "ListManagedPoliciesInPermissionSet", "list-managed-policies-in-permission-set",
     UNUSED("AttachedManagedPolicies"), ORGANIZATION},
    {"sso-admin", "GetInlinePolicyForPermissionSet", "get-inline-policy-for-permission-set", UNUSED("InlinePolicy"),
     ORGANIZATION},
    {"sso-admin", "ListAccountAssignments", "list-account-assignments",
     LIST("AccountAssignments", KIND_COUNT, read_assignment), ORGANIZATION},

    // As Batfish's collector saves them: what the AWS CLI prints one at a time, with the ARN it was asked for.
    {"elbv2", "DescribeListeners", NULL, LIST("LoadBalancerListeners", KIND_LISTENERS, read_listeners_of)},
    {"elbv2", "DescribeTargetHealth", NULL,
     LIST("LoadBalancerTargetHealth", KIND_TARGET_HEALTH, read_target_health_of)},
};
const size_t aws_call_count = sizeof(aws_calls) / sizeof(aws_calls[0]);

const struct aws_call *call_of_key(const char *key)
{
    for (size_t i = 0; i < aws_call_count; i++)
        if (aws_calls[i].key != NULL && strcmp(aws_calls[i].key, key) == 0)
            return &aws_calls[i];
    return NULL;
}

const struct aws_call *call_of_operation(const char *service, const char *operation)
{
    for (size_t i = 0; i < aws_call_count; i++)
        if (strcmp(aws_calls[i].operation, operation) == 0 &&
            (service == NULL || strcmp(aws_calls[i].service, service) == 0))
            return &aws_calls[i];
    return NULL;
}

// Whether a file's name names the call: as the AWS CLI spells it, or as recorders do, with its service before a dot.
static bool names_call(const char *base, const struct aws_call *call, const char *word)
{
    const char *at = strcasestr(base, word), *service = call->service;
    if (strncmp(service, "elb", 3) == 0)
        service = "elasticloadbalancing";
    size_t length = strlen(service);
    if (at == NULL || at == base || at[-1] != '.')
        return at != NULL;
    return (size_t)(at - base) > length && strncasecmp(at - 1 - length, service, length) == 0;
}

// The longest name that fits is it, so that no name within another one is mistaken for it.
const struct aws_call *call_of_file(const char *name)
{
    const char *base = text_behind_slash(name);
    const struct aws_call *best = NULL;
    size_t longest = 0;
    for (size_t i = 0; i < aws_call_count; i++) {
        const char *words[] = {aws_calls[i].file, aws_calls[i].operation};
        for (int w = 0; w < 2 && aws_calls[i].file != NULL; w++)
            if (strlen(words[w]) > longest && names_call(base, &aws_calls[i], words[w])) {
                best = &aws_calls[i];
                longest = strlen(words[w]);
            }
    }
    return best;
}

const char *call_action(struct arena *arena, const char *service, const char *operation)
{
    if (strncmp(service, "apigateway", strlen("apigateway")) == 0)
        return "apigateway:GET";
    const char *prefix = strncmp(service, "elb", 3) == 0     ? "elasticloadbalancing"
                         : strcmp(service, "sso-admin") == 0 ? "sso"
                                                             : service;
    return arena_printf(arena, "%s:%s", strcmp(service, "opensearch") == 0 ? "es" : prefix, operation);
}
