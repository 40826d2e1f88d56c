// CloudFormation's instances and network interfaces as the walk's.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-instance.html
#include <string.h>

#include "aws/terraform/changeset.h"
#include "aws/terraform/plan.h"

// A list of objects of which one member counts, as a list of texts.
static void put_members(struct changeset_side *side, const cJSON *list, const char *key, const char *attribute_name)
{
    const cJSON *one;
    cJSON *texts = NULL;
    if (list == NULL || changeset_is_unknown(list) || !cJSON_IsArray(list)) {
        changeset_put_list(side, list, attribute_name);
        return;
    }
    texts = cJSON_AddArrayToObject(side->values, attribute_name);
    cJSON_ArrayForEach (one, list) {
        const char *text = cJSON_GetStringValue(member(one, key));
        cJSON_AddItemToArray(texts, cJSON_CreateString(text == NULL ? "" : text));
    }
}

static void put_ipv6(struct changeset_side *side, const cJSON *list, const cJSON *count)
{
    changeset_put_number(side, count, "ipv6_address_count");
    put_members(side, list, "Ipv6Address", "ipv6_addresses");
}

// Its further addresses, and delegated prefixes.
static void put_private(struct changeset_side *side)
{
    put_members(side, changeset_property(side, "PrivateIpAddresses"), "PrivateIpAddress", "private_ips");
    put_members(side, changeset_property(side, "Ipv4Prefixes"), "Ipv4Prefix", "ipv4_prefixes");
    put_members(side, changeset_property(side, "Ipv6Prefixes"), "Ipv6Prefix", "ipv6_prefixes");
    changeset_put_number(side, changeset_property(side, "Ipv4PrefixCount"), "ipv4_prefix_count");
    changeset_put_number(side, changeset_property(side, "Ipv6PrefixCount"), "ipv6_prefix_count");
}

static void put_tags(struct changeset_side *side)
{
    const cJSON *one;
    cJSON *tags = side->values == NULL ? NULL : cJSON_AddObjectToObject(side->values, "tags");
    const cJSON *list = changeset_property(side, "Tags");
    cJSON_ArrayForEach (one, list) {
        const char *key = cJSON_GetStringValue(member(one, "Key")), *value = cJSON_GetStringValue(member(one, "Value"));
        if (tags != NULL && key != NULL && value != NULL && !changeset_is_unknown(member(one, "Value")))
            cJSON_AddStringToObject(tags, key, value);
    }
}

static bool is_device(const cJSON *interface, const char *index)
{
    const cJSON *value = member(interface, "DeviceIndex");
    return text_same(cJSON_GetStringValue(value), index) ||
           (cJSON_IsNumber(value) && index[1] == '\0' && (long)value->valuedouble == index[0] - '0');
}

// The interface of device 0 among an instance's own: its properties are the instance's. Others are named, but for those
// that are resources of their own, which are attached.
static void put_interfaces(struct changeset_resource *resource, struct changeset_side *side, bool after)
{
    const cJSON *list = changeset_property(side, "NetworkInterfaces"), *one;
    int index = 0;
    if (list != NULL && !cJSON_IsArray(list)) {
        changeset_put_value(side, list, "network_interface");
        return;
    }
    cJSON_ArrayForEach (one, list) {
        const cJSON *own = member(one, "NetworkInterfaceId");
        bool primary = is_device(one, "0");
        const char *address = arena_printf(resource->arena, "%s.NetworkInterfaces[%d]", resource->id, index++);
        if (own != NULL && primary) {
            cJSON *block = cJSON_CreateObject(), *blocks = cJSON_AddArrayToObject(side->values, "network_interface");
            cJSON *mark = cJSON_CreateObject(), *marks = cJSON_AddArrayToObject(side->unknown, "network_interface");
            cJSON_AddNumberToObject(block, "device_index", 0);
            if (changeset_is_unknown(own))
                cJSON_AddBoolToObject(mark, "network_interface_id", true);
            else if (cJSON_IsString(own))
                cJSON_AddStringToObject(block, "network_interface_id", own->valuestring);
            cJSON_AddItemToArray(blocks, block);
            cJSON_AddItemToArray(marks, mark);
        } else if (primary) {
            changeset_put_value(side, member(one, "SubnetId"), "subnet_id");
            changeset_put_list(side, member(one, "GroupSet"), "vpc_security_group_ids");
            changeset_put_flag(side, member(one, "AssociatePublicIpAddress"), "associate_public_ip_address");
            changeset_put_value(side, member(one, "PrivateIpAddress"), "private_ip");
            put_ipv6(side, member(one, "Ipv6Addresses"), member(one, "Ipv6AddressCount"));
        } else if (after) {
            changeset_note(resource, "%s: a further network interface of an instance is not modelled", address);
        }
    }
}

// Whether an instance is stopped for a change in place.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-instance.html ("Some interruptions")
static bool is_stopped(const struct changeset_resource *resource)
{
    static const char *const properties[] = {"InstanceType", "UserData", "EbsOptimized", "KernelId",      "RamdiskId",
                                             "HostId",       "Affinity", "Tenancy",      "LaunchTemplate"};
    bool stopped = false;
    for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]) && strcmp(resource->actions, "update") == 0;
         i++) {
        const cJSON *was = changeset_property(&resource->before, properties[i]);
        const cJSON *is = changeset_property(&resource->after, properties[i]);
        stopped = stopped || changeset_is_unknown(is) ||
                  (was == NULL || is == NULL ? was != is : !cJSON_Compare(was, is, true));
    }
    return stopped;
}

void changeset_add_instance(struct changeset_resource *resource)
{
    bool stopped = is_stopped(resource);
    for (int i = 0; i < 2; i++) {
        struct changeset_side *side = i == 0 ? &resource->before : &resource->after;
        if (side->properties == NULL)
            continue;
        changeset_put(side, "SubnetId", "subnet_id");
        changeset_put_list(side, changeset_property(side, "SecurityGroupIds"), "vpc_security_group_ids");
        changeset_put_list(side, changeset_property(side, "SecurityGroups"), "security_groups");
        changeset_put(side, "PrivateIpAddress", "private_ip");
        put_ipv6(side, changeset_property(side, "Ipv6Addresses"), changeset_property(side, "Ipv6AddressCount"));
        put_interfaces(resource, side, i == 1);
        put_tags(side);
        if (changeset_property(side, "LaunchTemplate") != NULL) {
            cJSON *templates = cJSON_AddArrayToObject(side->values, "launch_template");
            cJSON_AddItemToArray(templates, cJSON_CreateObject());
        }
    }
    if (stopped)
        cJSON_AddBoolToObject(resource->after.unknown, "public_ip", true);
    changeset_emit(resource, "aws_instance", resource->id, resource->actions, &resource->before, &resource->after,
                   resource->physical);
}

void changeset_add_interface(struct changeset_resource *resource)
{
    for (int i = 0; i < 2; i++) {
        struct changeset_side *side = i == 0 ? &resource->before : &resource->after;
        if (side->properties == NULL)
            continue;
        changeset_put(side, "SubnetId", "subnet_id");
        changeset_put(side, "PrivateIpAddress", "private_ip");
        changeset_put_list(side, changeset_property(side, "GroupSet"), "security_groups");
        put_ipv6(side, changeset_property(side, "Ipv6Addresses"), changeset_property(side, "Ipv6AddressCount"));
        put_private(side);
        put_tags(side);
    }
    changeset_emit(resource, "aws_network_interface", resource->id, resource->actions, &resource->before,
                   &resource->after, resource->physical);
}

// ---- ECS services: their tasks' interfaces, where they have some of their own
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ecs-service.html

static void put_network(struct changeset_side *side)
{
    const cJSON *network = changeset_property(side, "NetworkConfiguration");
    const cJSON *told = member(network, "AwsvpcConfiguration"), *public = member(told, "AssignPublicIp");
    struct changeset_side block = {.properties = told};
    if (network != NULL && !cJSON_IsObject(told)) {
        cJSON_AddBoolToObject(side->unknown, "network_configuration", true);
        return;
    }
    if (told == NULL)
        return;
    changeset_put_text(&block, "awsvpc", "network_mode");
    changeset_put_list(&block, member(told, "Subnets"), "subnets");
    changeset_put_list(&block, member(told, "SecurityGroups"), "security_groups");
    if (changeset_is_unknown(public))
        cJSON_AddBoolToObject(block.unknown, "assign_public_ip", true);
    else
        cJSON_AddBoolToObject(block.values, "assign_public_ip", text_same(cJSON_GetStringValue(public), "ENABLED"));
    cJSON_AddItemToArray(cJSON_AddArrayToObject(side->values, "network_configuration"), block.values);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(side->unknown, "network_configuration"), block.unknown);
}

void changeset_add_service(struct changeset_resource *resource)
{
    for (int i = 0; i < 2; i++) {
        struct changeset_side *side = i == 0 ? &resource->before : &resource->after;
        if (side->properties == NULL)
            continue;
        put_network(side);
        changeset_put(side, "TaskDefinition", "task_definition");
        changeset_put(side, "LaunchType", "launch_type");
        changeset_put_number(side, changeset_property(side, "DesiredCount"), "desired_count");
        changeset_put_list(side, changeset_property(side, "LoadBalancers"), "load_balancer");
        changeset_put_list(side, changeset_property(side, "CapacityProviderStrategy"), "capacity_provider_strategy");
    }
    changeset_emit(resource, "aws_ecs_service", resource->id, resource->actions, &resource->before, &resource->after,
                   resource->physical);
}
