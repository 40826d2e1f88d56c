// CloudFormation's resource types as the walk's: properties under other names.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
#include <string.h>

#include "aws/terraform/changeset.h"
#include "aws/terraform/plan.h"

enum form { FORM_TEXT, FORM_NUMBER, FORM_FLAG, FORM_LIST };

struct field {
    const char *property;
    const char *attribute_name;
    enum form form;
};

enum { MOST_FIELDS = 14 };

// Types whose properties are put one by one.
static const struct {
    const char *type;
    const char *as;
    struct field fields[MOST_FIELDS];
} types[] = {
    {"AWS::EC2::VPC", "aws_vpc", {{"CidrBlock", "cidr_block", FORM_TEXT}}},
    {"AWS::EC2::Subnet",
     "aws_subnet",
     {{"VpcId", "vpc_id", FORM_TEXT},
      {"CidrBlock", "cidr_block", FORM_TEXT},
      {"Ipv6CidrBlock", "ipv6_cidr_block", FORM_TEXT},
      {"MapPublicIpOnLaunch", "map_public_ip_on_launch", FORM_FLAG},
      {"AssignIpv6AddressOnCreation", "assign_ipv6_address_on_creation", FORM_FLAG}}},
    {"AWS::EC2::InternetGateway", "aws_internet_gateway", {{0}}},
    {"AWS::EC2::RouteTable", "aws_route_table", {{"VpcId", "vpc_id", FORM_TEXT}}},
    {"AWS::EC2::Route",
     "aws_route",
     {{"RouteTableId", "route_table_id", FORM_TEXT},
      {"DestinationCidrBlock", "destination_cidr_block", FORM_TEXT},
      {"DestinationIpv6CidrBlock", "destination_ipv6_cidr_block", FORM_TEXT},
      {"DestinationPrefixListId", "destination_prefix_list_id", FORM_TEXT},
      {"GatewayId", "gateway_id", FORM_TEXT},
      {"NatGatewayId", "nat_gateway_id", FORM_TEXT},
      {"TransitGatewayId", "transit_gateway_id", FORM_TEXT},
      {"VpcPeeringConnectionId", "vpc_peering_connection_id", FORM_TEXT},
      {"EgressOnlyInternetGatewayId", "egress_only_gateway_id", FORM_TEXT},
      {"VpcEndpointId", "vpc_endpoint_id", FORM_TEXT},
      {"NetworkInterfaceId", "network_interface_id", FORM_TEXT},
      {"InstanceId", "instance_id", FORM_TEXT},
      {"CarrierGatewayId", "carrier_gateway_id", FORM_TEXT},
      {"LocalGatewayId", "local_gateway_id", FORM_TEXT}}},
    {"AWS::EC2::SubnetRouteTableAssociation",
     "aws_route_table_association",
     {{"SubnetId", "subnet_id", FORM_TEXT}, {"RouteTableId", "route_table_id", FORM_TEXT}}},
    {"AWS::EC2::GatewayRouteTableAssociation",
     "aws_route_table_association",
     {{"GatewayId", "gateway_id", FORM_TEXT}, {"RouteTableId", "route_table_id", FORM_TEXT}}},
    {"AWS::EC2::NetworkAcl", "aws_network_acl", {{"VpcId", "vpc_id", FORM_TEXT}}},
    {"AWS::EC2::SubnetNetworkAclAssociation",
     "aws_network_acl_association",
     {{"SubnetId", "subnet_id", FORM_TEXT}, {"NetworkAclId", "network_acl_id", FORM_TEXT}}},
    {"AWS::EC2::SecurityGroupIngress",
     "aws_security_group_rule",
     {{"GroupId", "security_group_id", FORM_TEXT},
      {"IpProtocol", "protocol", FORM_TEXT},
      {"FromPort", "from_port", FORM_NUMBER},
      {"ToPort", "to_port", FORM_NUMBER},
      {"CidrIp", "cidr_ipv4", FORM_TEXT},
      {"CidrIpv6", "cidr_ipv6", FORM_TEXT},
      {"SourcePrefixListId", "prefix_list_id", FORM_TEXT},
      {"SourceSecurityGroupId", "source_security_group_id", FORM_TEXT}}},
    {"AWS::EC2::SecurityGroupEgress",
     "aws_vpc_security_group_egress_rule",
     {{"GroupId", "security_group_id", FORM_TEXT},
      {"IpProtocol", "protocol", FORM_TEXT},
      {"FromPort", "from_port", FORM_NUMBER},
      {"ToPort", "to_port", FORM_NUMBER},
      {"CidrIp", "cidr_ipv4", FORM_TEXT},
      {"CidrIpv6", "cidr_ipv6", FORM_TEXT},
      {"DestinationPrefixListId", "prefix_list_id", FORM_TEXT},
      {"DestinationSecurityGroupId", "source_security_group_id", FORM_TEXT}}},
    {"AWS::EC2::EIPAssociation",
     "aws_eip_association",
     {{"AllocationId", "allocation_id", FORM_TEXT},
      {"EIP", "public_ip", FORM_TEXT},
      {"InstanceId", "instance_id", FORM_TEXT},
      {"NetworkInterfaceId", "network_interface_id", FORM_TEXT},
      {"PrivateIpAddress", "private_ip_address", FORM_TEXT}}},
    {"AWS::EC2::NetworkInterfaceAttachment",
     "aws_network_interface_attachment",
     {{"NetworkInterfaceId", "network_interface_id", FORM_TEXT},
      {"InstanceId", "instance_id", FORM_TEXT},
      {"DeviceIndex", "device_index", FORM_NUMBER}}},
    {"AWS::EC2::VPCEndpoint", "aws_vpc_endpoint", {{"RouteTableIds", "route_table_ids", FORM_LIST}}},
    {"AWS::EC2::NatGateway",
     "aws_nat_gateway",
     {{"SubnetId", "subnet_id", FORM_TEXT},
      {"ConnectivityType", "connectivity_type", FORM_TEXT},
      {"AvailabilityMode", "availability_mode", FORM_TEXT}}},
    {"AWS::EC2::EgressOnlyInternetGateway", "aws_egress_only_internet_gateway", {{"VpcId", "vpc_id", FORM_TEXT}}},
    {"AWS::EC2::VPCBlockPublicAccessOptions",
     "aws_vpc_block_public_access_options",
     {{"InternetGatewayBlockMode", "internet_gateway_block_mode", FORM_TEXT}}},
    {"AWS::EC2::VPCBlockPublicAccessExclusion",
     "aws_vpc_block_public_access_exclusion",
     {{"VpcId", "vpc_id", FORM_TEXT},
      {"SubnetId", "subnet_id", FORM_TEXT},
      {"InternetGatewayExclusionMode", "internet_gateway_exclusion_mode", FORM_TEXT}}},
    {"AWS::ElasticLoadBalancingV2::LoadBalancer",
     "aws_lb",
     {{"Subnets", "subnets", FORM_LIST},
      {"SecurityGroups", "security_groups", FORM_LIST},
      {"Type", "load_balancer_type", FORM_TEXT},
      {"IpAddressType", "ip_address_type", FORM_TEXT}}},
    {"AWS::ElasticLoadBalancingV2::Listener",
     "aws_lb_listener",
     {{"LoadBalancerArn", "load_balancer_arn", FORM_TEXT},
      {"Port", "port", FORM_NUMBER},
      {"Protocol", "protocol", FORM_TEXT},
      {"DefaultActions", "default_action", FORM_LIST}}},
    {"AWS::ElasticLoadBalancingV2::ListenerRule", "aws_lb_listener_rule", {{0}}},
    {"AWS::ElasticLoadBalancingV2::TargetGroup",
     "aws_lb_target_group",
     {{"Port", "port", FORM_NUMBER}, {"Protocol", "protocol", FORM_TEXT}}},
};

static void put_field(struct changeset_side *side, const struct field *field)
{
    const cJSON *value = changeset_property(side, field->property);
    if (field->form == FORM_NUMBER)
        changeset_put_number(side, value, field->attribute_name);
    else if (field->form == FORM_FLAG)
        changeset_put_flag(side, value, field->attribute_name);
    else if (field->form == FORM_LIST)
        changeset_put_list(side, value, field->attribute_name);
    else
        changeset_put_value(side, value, field->attribute_name);
}

// ---- Rules within a group

// Whether a rule is told by the other side alike, so that nothing is done to it. Very long lists are not searched: then
// it goes and comes again.
static bool stays(const cJSON *rule, const cJSON *others)
{
    enum { MOST = 2000 };
    const cJSON *one;
    int count = 0;
    cJSON_ArrayForEach (one, others)
        if (++count > MOST)
            return false;
        else if (!changeset_is_unknown(rule) && cJSON_Compare(one, rule, true))
            return true;
    return false;
}

// Of one direction of a group's rules.
struct rules_of_group {
    const char *property; // "SecurityGroupIngress"
    const char *type;
    const char *list; // how a rule names its prefix list, and its group
    const char *group;
};
static const struct rules_of_group directions[] = {
    {"SecurityGroupIngress", "ingress", "SourcePrefixListId", "SourceSecurityGroupId"},
    {"SecurityGroupEgress", "egress", "DestinationPrefixListId", "DestinationSecurityGroupId"}};

// Each is a resource of its own: what other resources add to the group stays.
static void add_rules(struct changeset_resource *resource, const struct rules_of_group *direction,
                      const struct changeset_side *side, const struct changeset_side *other, bool before,
                      const char *group)
{
    const struct field fields[] = {{"IpProtocol", "protocol", FORM_TEXT},
                                   {"FromPort", "from_port", FORM_NUMBER},
                                   {"ToPort", "to_port", FORM_NUMBER},
                                   {"CidrIp", "cidr_ipv4", FORM_TEXT},
                                   {"CidrIpv6", "cidr_ipv6", FORM_TEXT},
                                   {direction->list, "prefix_list_id", FORM_TEXT},
                                   {direction->group, "source_security_group_id", FORM_TEXT}};
    const cJSON *list = changeset_property(side, direction->property), *one;
    const cJSON *others = changeset_property(other, direction->property);
    int index = 0;
    if (list != NULL && !cJSON_IsArray(list))
        changeset_note(resource, "%s: %s is known after apply", resource->id, direction->property);
    cJSON_ArrayForEach (one, list) {
        struct changeset_side rule = {.properties = one}, none = {0};
        const char *address = arena_printf(resource->arena, "%s.%s[%d]", resource->id, direction->property, index++);
        if (stays(one, others))
            continue;
        if (!cJSON_IsObject(one)) {
            changeset_note(resource, "%s is known after apply", address);
            continue;
        }
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
            put_field(&rule, &fields[i]);
        changeset_put_text(&rule, direction->type, "type");
        changeset_put_text(&rule, group, "security_group_id");
        changeset_emit(resource, "aws_security_group_rule", address, before ? "delete" : "create",
                       before ? &rule : &none, before ? &none : &rule, NULL);
    }
}

static void add_group(struct changeset_resource *resource)
{
    bool fresh = strcmp(resource->actions, "create") == 0 || strcmp(resource->actions, "replace") == 0;
    const char *after_id = fresh ? resource->id : resource->physical;
    const struct changeset_side none = {0};
    for (int i = 0; i < 2; i++) {
        struct changeset_side *side = i == 0 ? &resource->before : &resource->after;
        changeset_put(side, "VpcId", "vpc_id");
        changeset_put(side, "GroupName", "name");
        changeset_put_list(side, changeset_property(side, "SecurityGroupEgress"), "egress");
    }
    changeset_emit(resource, "aws_security_group", resource->id, resource->actions, &resource->before, &resource->after,
                   resource->physical);
    for (size_t d = 0; d < 2; d++) {
        const struct rules_of_group *direction = &directions[d];
        const cJSON *was = changeset_property(&resource->before, direction->property);
        const cJSON *is = changeset_property(&resource->after, direction->property);
        bool same = was == NULL || is == NULL ? was == is : cJSON_Compare(was, is, true);
        if (strcmp(resource->actions, "update") == 0 && !same && resource->physical != NULL)
            add_rules(resource, direction, &resource->before, &resource->after, true, resource->physical);
        if (after_id != NULL && (fresh || (!same && resource->after.properties != NULL)))
            add_rules(resource, direction, &resource->after, fresh ? &none : &resource->before, false, after_id);
    }
}

// ---- Others

static void add_entry(struct changeset_resource *resource)
{
    for (int i = 0; i < 2; i++) {
        struct changeset_side *side = i == 0 ? &resource->before : &resource->after;
        const cJSON *ports = changeset_property(side, "PortRange"), *icmp = changeset_property(side, "Icmp");
        changeset_put(side, "NetworkAclId", "network_acl_id");
        changeset_put_number(side, changeset_property(side, "RuleNumber"), "rule_number");
        changeset_put_flag(side, changeset_property(side, "Egress"), "egress");
        changeset_put_value(side, changeset_property(side, "Protocol"), "protocol");
        changeset_put(side, "RuleAction", "rule_action");
        changeset_put(side, "CidrBlock", "cidr_block");
        changeset_put(side, "Ipv6CidrBlock", "ipv6_cidr_block");
        changeset_put_number(side, cJSON_IsString(ports) ? ports : member(ports, "From"), "from_port");
        changeset_put_number(side, cJSON_IsString(ports) ? ports : member(ports, "To"), "to_port");
        changeset_put_number(side, cJSON_IsString(icmp) ? icmp : member(icmp, "Type"), "icmp_type");
        changeset_put_number(side, cJSON_IsString(icmp) ? icmp : member(icmp, "Code"), "icmp_code");
    }
    changeset_emit(resource, "aws_network_acl_rule", resource->id, resource->actions, &resource->before,
                   &resource->after, resource->physical);
}

// Its physical id is its address.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-eip.html
static void add_address(struct changeset_resource *resource)
{
    for (int i = 0; i < 2; i++) {
        struct changeset_side *side = i == 0 ? &resource->before : &resource->after;
        bool kept = i == 0 || strcmp(resource->actions, "update") == 0;
        changeset_put(side, "InstanceId", "instance");
        if (kept && side->properties != NULL && resource->physical != NULL)
            changeset_put_text(side, resource->physical, "public_ip");
    }
    changeset_emit(resource, "aws_eip", resource->id, resource->actions, &resource->before, &resource->after,
                   resource->physical);
}

// Another block of a VPC: an IPv4 one, or else an IPv6 one, which AWS may choose.
static void add_block(struct changeset_resource *resource)
{
    bool ipv4 = false;
    for (int i = 0; i < 2; i++) {
        struct changeset_side *side = i == 0 ? &resource->before : &resource->after;
        changeset_put(side, "VpcId", "vpc_id");
        changeset_put(side, "CidrBlock", "cidr_block");
        changeset_put(side, "Ipv6CidrBlock", "ipv6_cidr_block");
        ipv4 =
            ipv4 || changeset_property(side, "CidrBlock") != NULL || changeset_property(side, "Ipv4IpamPoolId") != NULL;
    }
    changeset_emit(resource, ipv4 ? "aws_vpc_ipv4_cidr_block_association" : "aws_vpc_ipv6_cidr_block_association",
                   resource->id, resource->actions, &resource->before, &resource->after, resource->physical);
}

static void add_gateway_attachment(struct changeset_resource *resource)
{
    for (int i = 0; i < 2; i++) {
        struct changeset_side *side = i == 0 ? &resource->before : &resource->after;
        changeset_put(side, "VpcId", "vpc_id");
        changeset_put(side, "InternetGatewayId", "internet_gateway_id");
    }
    bool internet = changeset_property(&resource->before, "InternetGatewayId") != NULL ||
                    changeset_property(&resource->after, "InternetGatewayId") != NULL;
    bool vpn = changeset_property(&resource->before, "VpnGatewayId") != NULL ||
               changeset_property(&resource->after, "VpnGatewayId") != NULL;
    if (!internet && !vpn)
        changeset_note(resource, "%s: neither its InternetGatewayId nor its VpnGatewayId is told", resource->id);
    changeset_emit(resource, internet || !vpn ? "aws_internet_gateway_attachment" : "aws_vpn_gateway_attachment",
                   resource->id, resource->actions, &resource->before, &resource->after, resource->physical);
}

static void add_prefix_list(struct changeset_resource *resource)
{
    for (int i = 0; i < 2; i++) {
        struct changeset_side *side = i == 0 ? &resource->before : &resource->after;
        const cJSON *list = changeset_property(side, "Entries"), *one;
        if (changeset_is_unknown(list) || !cJSON_IsArray(list)) {
            changeset_put_list(side, list, "entry");
            continue;
        }
        cJSON *entries = cJSON_AddArrayToObject(side->values, "entry");
        cJSON_ArrayForEach (one, list) {
            const char *cidr = cJSON_GetStringValue(member(one, "Cidr"));
            cJSON *entry = cJSON_CreateObject();
            cJSON_AddStringToObject(entry, "cidr", cidr == NULL ? "" : cidr);
            cJSON_AddItemToArray(entries, entry);
        }
    }
    changeset_emit(resource, "aws_ec2_managed_prefix_list", resource->id, resource->actions, &resource->before,
                   &resource->after, resource->physical);
}

static void put_scheme(struct changeset_side *side)
{
    const cJSON *scheme = changeset_property(side, "Scheme");
    if (cJSON_IsString(scheme) && !changeset_is_unknown(scheme)) {
        bool internal = strcmp(scheme->valuestring, "internal") == 0;
        cJSON_AddBoolToObject(side->values, "internal", internal);
    } else {
        changeset_put_value(side, scheme, "internal");
    }
}

static bool add_plain(struct changeset_resource *resource)
{
    for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        if (strcmp(types[t].type, resource->type) != 0)
            continue;
        for (int i = 0; i < 2; i++) {
            struct changeset_side *side = i == 0 ? &resource->before : &resource->after;
            for (size_t f = 0; f < MOST_FIELDS && types[t].fields[f].property != NULL; f++)
                put_field(side, &types[t].fields[f]);
            if (strcmp(types[t].as, "aws_security_group_rule") == 0)
                changeset_put_text(side, "ingress", "type");
            if (strcmp(types[t].as, "aws_lb") == 0)
                put_scheme(side);
        }
        if (strcmp(types[t].as, "aws_lb") == 0 && changeset_property(&resource->after, "SubnetMappings") != NULL)
            changeset_note(resource, "%s: its SubnetMappings are not modelled", resource->id);
        changeset_emit(resource, types[t].as, resource->id, resource->actions, &resource->before, &resource->after,
                       resource->physical);
        return true;
    }
    return false;
}

bool changeset_add(struct changeset_resource *resource)
{
    static const struct {
        const char *type;
        void (*add)(struct changeset_resource *resource);
    } own[] = {{"AWS::EC2::SecurityGroup", add_group},
               {"AWS::EC2::NetworkAclEntry", add_entry},
               {"AWS::EC2::EIP", add_address},
               {"AWS::EC2::VPCCidrBlock", add_block},
               {"AWS::EC2::VPCGatewayAttachment", add_gateway_attachment},
               {"AWS::EC2::PrefixList", add_prefix_list},
               {"AWS::EC2::Instance", changeset_add_instance},
               {"AWS::EC2::NetworkInterface", changeset_add_interface},
               {"AWS::ECS::Service", changeset_add_service}};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcmp(own[i].type, resource->type) == 0) {
            own[i].add(resource);
            return true;
        }
    return add_plain(resource);
}
