// Documents of what surrounds the rules: gateways, subnets, prefix lists, Block Public Access, endpoints, firewalls.
#include <string.h>

#include "aws/documents/reader.h"

static bool read_gateway_attachment(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct internet_gateway *gateway = into;
    const char *vpc_id, *state;
    GUARD(interned_of(reader, at, "VpcId", &vpc_id));
    GUARD(optional_text(reader, at, "State", &state));
    // "available" is what EC2 prints for an attached internet gateway; "attached" is the enumeration's own word.
    if (state == NULL || strcmp(state, "available") == 0 || strcmp(state, "attached") == 0) {
        *vector_add(reader->arena, &gateway->vpc_ids) = vpc_id;
        map_put(reader->arena, &reader->estate->gateway_of_vpc, vpc_id, gateway);
    }
    return true;
}

bool read_internet_gateway(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct internet_gateway *gateway = arena_new_of(reader->arena, struct internet_gateway);
    GUARD(interned_of(reader, at, "InternetGatewayId", &gateway->id));
    GUARD(each_if_present(reader, at, "Attachments", read_gateway_attachment, gateway));
    map_put(reader->arena, &reader->estate->internet_gateways, gateway->id, gateway);
    return true;
}

bool read_subnet(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct subnet *subnet = arena_new_of(reader->arena, struct subnet);
    GUARD(interned_of(reader, at, "SubnetId", &subnet->id));
    GUARD(optional_interned(reader, at, "VpcId", &subnet->vpc_id));
    subnet->evidence = reader->name;
    GUARD(json_optional_boolean(at, "MapPublicIpOnLaunch", &subnet->public_ip_on_launch, reader->error));
    map_put(reader->arena, &reader->estate->subnets, subnet->id, subnet);
    return true;
}

struct prefix_list *prefix_list_named(struct reader *reader, const char *id)
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
bool read_prefix_list(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *id;
    GUARD(interned_of(reader, at, "PrefixListId", &id));
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

bool read_prefix_list_entry(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct prefix_list *list = into;
    return read_prefix(reader, at, "Cidr", 0, vector_add(reader->arena, &list->entries));
}

bool read_vpc_endpoint(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *id, *type;
    GUARD(text_of(reader, at, "VpcEndpointId", &id));
    GUARD(optional_text(reader, at, "VpcEndpointType", &type));
    if (type != NULL)
        map_put(reader->arena, &reader->estate->vpc_endpoint_types, id, arena_strdup(reader->arena, type));
    return true;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcBlockPublicAccessOptions.html
bool read_block_options(struct reader *reader, const struct json_cursor *at)
{
    const char *mode, *region, *account;
    GUARD(json_expect_object(at, reader->error));
    GUARD(text_of(reader, at, "InternetGatewayBlockMode", &mode));
    GUARD(optional_text(reader, at, "AwsRegion", &region));
    GUARD(optional_text(reader, at, "AwsAccountId", &account));
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
    account = account != NULL ? account : reader->place.account != NULL ? reader->place.account : "";
    map_put(reader->arena, &reader->estate->block_modes, arena_printf(reader->arena, "%s|%s", account, region), value);
    return true;
}

bool read_block_exclusion(struct reader *reader, const struct json_cursor *at, void *into)
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

// FirewallStatus of network-firewall's describe-firewall: its endpoints, one an Availability Zone.
// https://docs.aws.amazon.com/network-firewall/latest/APIReference/API_FirewallStatus.html
bool read_firewall_status(struct reader *reader, const struct json_cursor *at, const char *name)
{
    struct json_cursor states = json_member(at, "SyncStates");
    if (states.node == NULL)
        return true;
    GUARD(json_expect_object(&states, reader->error));
    const cJSON *zone;
    cJSON_ArrayForEach (zone, states.node) {
        struct json_cursor place = {.up = &states, .file = at->file, .key = zone->string, .node = zone};
        GUARD(json_expect_object(&place, reader->error));
        struct json_cursor attachment = json_member(&place, "Attachment");
        const char *id;
        if (attachment.node == NULL)
            continue;
        GUARD(json_expect_object(&attachment, reader->error));
        GUARD(optional_text(reader, &attachment, "EndpointId", &id));
        if (id != NULL)
            map_put(reader->arena, &reader->estate->firewall_endpoints, id, arena_strdup(reader->arena, name));
    }
    return true;
}

static bool read_db_subnet(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct db_instance *instance = into;
    const char *id;
    GUARD(optional_interned(reader, at, "SubnetIdentifier", &id));
    if (id != NULL)
        *vector_add(reader->arena, &instance->subnets) = id;
    return true;
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
bool read_db_instance(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct db_instance *instance = vector_add(reader->arena, &reader->estate->db_instances);
    struct json_cursor group = json_member(at, "DBSubnetGroup");
    instance->evidence = reader->name;
    GUARD(text_of(reader, at, "DBInstanceIdentifier", &instance->id));
    GUARD(json_optional_boolean(at, "PubliclyAccessible", &instance->publicly_accessible, reader->error));
    if (group.node == NULL)
        return true;
    GUARD(json_expect_object(&group, reader->error));
    return each_if_present(reader, &group, "Subnets", read_db_subnet, instance);
}

static bool read_template_interface(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct launch_template *template = into;
    bool public_ip = false;
    GUARD(json_optional_boolean(at, "AssociatePublicIpAddress", &public_ip, reader->error));
    template->public_ip = template->public_ip || public_ip;
    return true;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LaunchTemplateVersion.html
bool read_launch_template(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct launch_template *template = vector_add(reader->arena, &reader->estate->launch_templates);
    struct json_cursor data = json_member(at, "LaunchTemplateData");
    template->evidence = reader->name;
    GUARD(text_of(reader, at, "LaunchTemplateId", &template->id));
    GUARD(json_optional_boolean(at, "DefaultVersion", &template->is_default, reader->error));
    if (data.node == NULL)
        return true;
    GUARD(json_expect_object(&data, reader->error));
    return each_if_present(reader, &data, "NetworkInterfaces", read_template_interface, template);
}
