// Documents of what surrounds the rules: gateways, subnets, prefix lists, endpoints, firewalls.
#include <stddef.h>
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

// Private address space is not advertised on the internet, and cannot be: where Ipv6AddressAttribute says so. That
// IpSource is none "indicates private space", which alone is not enough, and next to a public attribute a
// contradiction. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SubnetIpv6CidrBlockAssociation.html
static bool read_ipv6_block(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const char *const gone[] = {"disassociated", "failed", NULL}, *const advertised[] = {"amazon", "byoip",
                                                                                                NULL};
    struct ipv6_block block = {.reach = IPV6_PUBLIC};
    const char *attribute = NULL, *source = NULL, *word = NULL;
    struct json_cursor state;
    GUARD(read_prefix(reader, at, "Ipv6CidrBlock", FAMILY_IPV6, &block.prefix));
    lenient_text(reader, at, "Ipv6AddressAttribute", &attribute);
    lenient_text(reader, at, "IpSource", &source);
    if (lenient_object(reader, at, "Ipv6CidrBlockState", &state))
        lenient_text(reader, &state, "State", &word);
    if (word != NULL && text_among(word, gone))
        return true;
    bool is_private = text_same(attribute, "private"),
         is_public = attribute == NULL || strcmp(attribute, "public") == 0;
    bool hints = source != NULL && !text_among(source, advertised);
    bool between = is_private && word != NULL && strcmp(word, "associated") != 0;
    block.reach = between || (!is_private && (!is_public || hints)) ? IPV6_UNSURE
                  : is_private                                      ? IPV6_PRIVATE
                                                                    : IPV6_PUBLIC;
    if (text_same(source, "byoip") && block.reach == IPV6_PUBLIC) {
        const cJSON *told = cJSON_GetObjectItemCaseSensitive(at->node, "Ipv6CidrBlock");
        note_brought(reader, arena_strdup(reader->arena, told->valuestring), block.prefix);
    }
    reader->estate->has_private_ipv6 = reader->estate->has_private_ipv6 || block.reach != IPV6_PUBLIC;
    struct ipv6_blocks *blocks = into;
    *vector_add(reader->arena, &blocks->items) = block;
    return true;
}

// A VPC or subnet that is "pending", "unavailable" or "failed", or of a word that is new: what it does is not sure.
static void doubt_state(struct reader *reader, const struct json_cursor *at, const char *id)
{
    const char *state = NULL;
    lenient_text(reader, at, "State", &state);
    if (state != NULL && strcmp(state, "available") != 0 && *reader->doubt == NULL)
        *reader->doubt = arena_printf(reader->arena, "%s is %s", id, state);
}

// The block alone, whatever its state: what lies in it may be the VPC's.
static bool read_ipv4_block(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct vpc *vpc = into;
    struct prefix prefix;
    GUARD(read_prefix(reader, at, "CidrBlock", FAMILY_IPV4, &prefix));
    *vector_add(reader->arena, &vpc->ipv4_blocks) = prefix;
    return true;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Vpc.html
bool read_vpc(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *id, *owner = NULL;
    (void)into;
    GUARD(interned_of(reader, at, "VpcId", &id));
    struct record_known *vpc = map_get(&reader->documents->vpcs, id);
    if (vpc != NULL && record_agrees(reader, at, vpc->record, id, &vpc->doubt))
        return true;
    struct vpc *old = map_get(&reader->estate->vpcs, id);
    if (vpc == NULL) {
        vpc = arena_new_of(reader->arena, struct record_known);
        vpc->record = reader->record;
        map_put(reader->arena, &reader->documents->vpcs, id, vpc);
    }
    lenient_text(reader, at, "OwnerId", &owner);
    seen_at(reader, owner, NULL, id);
    struct vpc *kept = arena_new_of(reader->arena, struct vpc);
    kept->id = id;
    reader->doubt = &vpc->doubt;
    doubt_state(reader, at, id);
    kept->says_block = read_block_states(reader, at, &kept->block);
    kept->encryption = read_vpc_encryption(reader, at, id);
    read_vpc_firewalls(reader, at, kept);
    each_if_present(reader, at, "Ipv6CidrBlockAssociationSet", read_ipv6_block, &kept->ipv6_blocks);
    each_if_present(reader, at, "CidrBlockAssociationSet", read_ipv4_block, kept);
    if (member_of(reader, at, "CidrBlock").node != NULL && !read_ipv4_block(reader, at, kept))
        doubt_failure(reader);
    reader->doubt = NULL;
    if (old == NULL)
        map_put(reader->arena, &reader->estate->vpcs, id, kept);
    else
        unite_vpcs(reader->arena, old, kept);
    return true;
}

// Attached is "available"; "attaching" and "detaching" are neither yet. "attached" is the enumeration's own word.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InternetGatewayAttachment.html
static bool read_gateway_attachment(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct internet_gateway *gateway = into;
    const char *vpc_id, *state = NULL;
    GUARD(interned_of(reader, at, "VpcId", &vpc_id));
    if (vpc_id[0] == '\0')
        return json_fail(at, reader->error, "has an empty VpcId");
    lenient_text(reader, at, "State", &state);
    if (state != NULL && strcmp(state, "detached") == 0)
        return true;
    if (state != NULL && strcmp(state, "available") != 0 && strcmp(state, "attached") != 0 && gateway->doubt == NULL)
        gateway->doubt = arena_printf(reader->arena, "%s is %s %s %s", gateway->id, state,
                                      strcmp(state, "detaching") == 0 ? "from" : "to", vpc_id);
    seen_at(reader, gateway->account_id, NULL, vpc_id);
    if (gateway->vpc_ids.count > 0 && gateway->vpc_ids.items[0] != vpc_id) // one at a time
        doubt_at(reader, at, "is an attachment of %s to a second VPC: neither is believed alone", gateway->id);
    *vector_add(reader->arena, &gateway->vpc_ids) = vpc_id;
    put_alone(reader, &reader->estate->gateway_of_vpc, vpc_id, gateway, &gateway->doubt,
              offsetof(struct internet_gateway, doubt), "an internet gateway of");
    return true;
}

bool read_internet_gateway(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct internet_gateway *gateway = arena_new_of(reader->arena, struct internet_gateway);
    GUARD(interned_of(reader, at, "InternetGatewayId", &gateway->id));
    struct internet_gateway *old = map_get(&reader->estate->internet_gateways, gateway->id);
    if (old != NULL && record_agrees(reader, at, old->record, gateway->id, &old->doubt))
        return true;
    gateway = old != NULL ? old : gateway;
    reader->doubt = &gateway->doubt;
    if (old == NULL) {
        gateway->record = reader->record;
        lenient_text(reader, at, "OwnerId", &gateway->account_id);
        map_put(reader->arena, &reader->estate->internet_gateways, gateway->id, gateway);
    }
    struct json_cursor attachments = json_member(at, "Attachments");
    gateway->attachments_known = cJSON_IsArray(attachments.node) && (old == NULL || old->attachments_known);
    const cJSON *attachment;
    cJSON_ArrayForEach (attachment, attachments.node) {
        const char *vpc_id = cJSON_GetStringValue(json_find(attachment, "VpcId"));
        if (vpc_id == NULL || vpc_id[0] == '\0')
            gateway->attachments_known = false;
    }
    if (gateway->account_id != NULL && cJSON_GetArraySize(attachments.node) == 0) // else the VPC tells the region too
        seen_at(reader, gateway->account_id, NULL, NULL);
    return each_of(reader, at, "Attachments", read_gateway_attachment, gateway);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html
bool read_subnet(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct subnet *subnet = arena_new_of(reader->arena, struct subnet);
    const char *owner = NULL, *zone = NULL, *arn = NULL, *region = NULL;
    GUARD(interned_of(reader, at, "SubnetId", &subnet->id));
    note_zone(reader, at, subnet->id);
    struct subnet *old = map_get(&reader->estate->subnets, subnet->id);
    if (old != NULL && record_agrees(reader, at, old->record, subnet->id, &old->doubt))
        return true;
    reader->doubt = &subnet->doubt;
    subnet->record = reader->record;
    subnet->evidence = reader->name;
    subnet->reference = evidence_of(reader, at);
    lenient_text(reader, at, "VpcId", &subnet->vpc_id);
    lenient_text(reader, at, "OwnerId", &owner);
    lenient_text(reader, at, "AvailabilityZone", &zone);
    lenient_text(reader, at, "SubnetArn", &arn);
    region = region_of_zone(reader, zone);
    doubt_arn(reader, at, "SubnetArn", subnet->id, owner, region);
    place_of_arn(reader, arn, &owner, &region);
    subnet->region = region;
    seen_at(reader, owner, region, subnet->vpc_id);
    doubt_state(reader, at, subnet->id);
    subnet->launch_told = member_of(reader, at, "MapPublicIpOnLaunch").node != NULL;
    subnet->ipv6_told = member_of(reader, at, "AssignIpv6AddressOnCreation").node != NULL;
    lenient_boolean(reader, at, "MapPublicIpOnLaunch", &subnet->public_ip_on_launch);
    lenient_boolean(reader, at, "AssignIpv6AddressOnCreation", &subnet->ipv6_on_creation);
    if (member_of(reader, at, "CidrBlock").node != NULL &&
        !read_prefix(reader, at, "CidrBlock", FAMILY_IPV4, &subnet->cidr))
        doubt_failure(reader);
    subnet->says_block = read_block_states(reader, at, &subnet->block);
    read_subnet_firewall(reader, at, subnet);
    struct json_cursor blocks = member_of(reader, at, "Ipv6CidrBlockAssociationSet");
    subnet->has_ipv6 = cJSON_GetArraySize(blocks.node) > 0;
    each_if_present(reader, at, "Ipv6CidrBlockAssociationSet", read_ipv6_block, &subnet->ipv6_blocks);
    if (old == NULL)
        map_put(reader->arena, &reader->estate->subnets, subnet->id, subnet);
    else
        unite_subnets(reader->arena, old, subnet);
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

void prefix_list_answer(struct reader *reader, struct prefix_list *list)
{
    list->has_entries = true;
    *vector_add(reader->arena, &reader->documents->entries_answers) =
        (struct entries_answer){.list = list, .name = reader->name, .first = list->entries.count};
}

// AWS's own lists are known by their names: of two that differ neither is believed.
static void read_list_name(struct reader *reader, const struct json_cursor *at, struct prefix_list *list)
{
    const char *name = NULL;
    lenient_text(reader, at, "PrefixListName", &name);
    if (name != NULL && list->name != NULL && name != list->name)
        doubt_at(reader, at, "has another name than in another document: neither is believed alone");
    list->name = lesser_text(list->name, name);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ManagedPrefixList.html
// describe-managed-prefix-lists (no entries) and describe-prefix-lists (Cidrs) share the key.
bool read_prefix_list(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    static const char *const settled[] = {"create-complete", "modify-complete", "restore-complete", NULL};
    const char *id, *owner = NULL, *arn = NULL, *region = NULL, *state = NULL;
    GUARD(interned_of(reader, at, "PrefixListId", &id));
    struct prefix_list *list = prefix_list_named(reader, id);
    reader->doubt = &list->doubt;
    read_list_name(reader, at, list);
    lenient_text(reader, at, "PrefixListArn", &arn);
    lenient_text(reader, at, "State", &state);
    // In transition, failed, or a word that is new: whether its entries are those in force is not sure.
    if (state != NULL && !text_among(state, settled) && list->doubt == NULL)
        list->doubt = arena_printf(reader->arena, "prefix list %s is %s", id, state);
    place_of_arn(reader, arn, &owner, &region);
    seen_at(reader, owner, region, NULL);
    struct json_cursor cidrs = member_of(reader, at, "Cidrs");
    if (cidrs.node == NULL)
        return true;
    GUARD(json_expect_array(&cidrs, reader->error));
    prefix_list_answer(reader, list);
    size_t index = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, cidrs.node) {
        struct json_cursor item = json_element(&cidrs, index++, node);
        struct prefix prefix;
        if (!cJSON_IsString(node))
            doubt_at(reader, &item, "is no string, expected a CIDR");
        else if (!read_prefix_text(reader, &item, node->valuestring, 0, &prefix))
            doubt_failure(reader);
        else
            *vector_add(reader->arena, &list->entries) = prefix;
    }
    return true;
}

bool read_prefix_list_entry(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct prefix_list *list = into;
    struct prefix prefix;
    if (list == NULL)
        return true;
    GUARD(read_prefix(reader, at, "Cidr", 0, &prefix));
    *vector_add(reader->arena, &list->entries) = prefix;
    return true;
}

bool read_vpc_endpoint(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *id, *type = NULL, *vpc_id = NULL, *owner = NULL;
    (void)into;
    GUARD(interned_of(reader, at, "VpcEndpointId", &id));
    lenient_text(reader, at, "VpcEndpointType", &type);
    lenient_text(reader, at, "VpcId", &vpc_id);
    lenient_text(reader, at, "OwnerId", &owner);
    seen_at(reader, owner, NULL, vpc_id);
    const char *before = map_get(&reader->estate->vpc_endpoint_types, id);
    if (type != NULL && before != NULL && strcmp(type, before) != 0)
        type = "of a type that is not sure";
    if (type != NULL)
        map_put(reader->arena, &reader->estate->vpc_endpoint_types, id, (void *)(uintptr_t)type);
    note_endpoint_interfaces(reader, at, id);
    read_endpoint_way(reader, at, id);
    return true;
}

bool read_firewall(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char **name = into, *arn = NULL, *account = NULL, *region = NULL, *vpc_id = NULL;
    GUARD(json_expect_object(at, reader->error));
    lenient_text(reader, at, "FirewallArn", &arn);
    lenient_text(reader, at, "VpcId", &vpc_id);
    place_of_arn(reader, arn, &account, &region);
    seen_at(reader, account, region, vpc_id);
    return interned_of(reader, at, "FirewallName", name);
}

// FirewallStatus of network-firewall's describe-firewall: its endpoints, one an Availability Zone.
// https://docs.aws.amazon.com/network-firewall/latest/APIReference/API_FirewallStatus.html
bool read_firewall_status(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *const *name = into;
    struct json_cursor states;
    GUARD(json_expect_object(at, reader->error));
    if (!lenient_object(reader, at, "SyncStates", &states))
        return true;
    const cJSON *zone;
    cJSON_ArrayForEach (zone, states.node) {
        struct json_cursor place = {.up = &states, .file = at->file, .key = zone->string, .node = zone}, attachment;
        const char *id = NULL;
        if (!cJSON_IsObject(zone)) {
            doubt_at(reader, &place, "is no object, expected one");
            continue;
        }
        if (lenient_object(reader, &place, "Attachment", &attachment))
            lenient_text(reader, &attachment, "EndpointId", &id);
        if (id != NULL)
            map_put(reader->arena, &reader->estate->firewall_endpoints, id, (void *)(uintptr_t)*name);
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

// Which groups a database has tells its interfaces apart, and decides no packet: where they are not told, or odd, NULL.
static const struct group_set *groups_of_database(struct reader *reader, const struct json_cursor *at)
{
    VECTOR(const char *) ids = {0};
    const cJSON *group;
    cJSON_ArrayForEach (group, cJSON_GetObjectItemCaseSensitive(at->node, "VpcSecurityGroups")) {
        const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(group, "VpcSecurityGroupId"));
        if (id == NULL)
            return NULL;
        *vector_add(reader->scratch, &ids) = intern(reader, id);
    }
    return ids.count == 0 ? NULL : group_set_of(reader, ids.items, ids.count);
}

// What tells a database's interface from others': without it any of RDS's there counts as its own. One that is being
// created has no zone yet.
static void doubt_likeness(struct reader *reader, const struct json_cursor *at, const struct db_instance *instance)
{
    struct json_cursor groups = member_of(reader, at, "VpcSecurityGroups"),
                       zone = member_of(reader, at, "AvailabilityZone");
    if (instance->groups == NULL)
        doubt_at(reader, &groups, "tells no security group: which interface is that of %s is not known", instance->id);
    if (instance->zone == NULL && !text_same(text_beside(reader, at, "DBInstanceStatus"), "creating"))
        doubt_at(reader, &zone, "is missing or no text: which interface is that of %s is not known", instance->id);
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
bool read_db_instance(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *id, *arn = NULL, *account = NULL, *region = NULL, *vpc_id = NULL;
    struct json_cursor group;
    GUARD(text_of(reader, at, "DBInstanceIdentifier", &id));
    lenient_text(reader, at, "DBInstanceArn", &arn);
    place_of_arn(reader, arn, &account, &region);
    struct db_instance *instance = vector_add(reader->arena, &reader->estate->db_instances);
    *instance =
        (struct db_instance){.id = id, .evidence = evidence_of(reader, at), .account = account, .region = region};
    struct json_cursor public = member_of(reader, at, "PubliclyAccessible");
    instance->publicly_accessible = public.node == NULL || !cJSON_IsFalse(public.node);
    instance->public_untold = public.node == NULL || !cJSON_IsBool(public.node);
    if (public.node == NULL || !cJSON_IsBool(public.node))
        doubt_at(reader, &public, "is missing or no boolean: %s is taken to be public", id);
    if (lenient_object(reader, at, "DBSubnetGroup", &group)) {
        lenient_text(reader, &group, "VpcId", &vpc_id);
        each_if_present(reader, &group, "Subnets", read_db_subnet, instance);
    }
    instance->zone = text_beside(reader, at, "AvailabilityZone");
    instance->second_zone = text_beside(reader, at, "SecondaryAvailabilityZone");
    instance->groups = groups_of_database(reader, at);
    if (note_outside_vpc(reader, at, instance))
        return true;
    if (instance->publicly_accessible)
        doubt_likeness(reader, at, instance);
    seen_at(reader, account, region, vpc_id);
    return true;
}

static bool read_template_interface(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct launch_template *template = into;
    bool public_ip = false;
    lenient_boolean(reader, at, "AssociatePublicIpAddress", &public_ip);
    template->public_ip = template->public_ip || public_ip;
    return true;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LaunchTemplateVersion.html
bool read_launch_template(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct launch_template template = {.evidence = evidence_of(reader, at)};
    struct json_cursor data;
    GUARD(text_of(reader, at, "LaunchTemplateId", &template.id));
    lenient_boolean(reader, at, "DefaultVersion", &template.is_default);
    if (lenient_object(reader, at, "LaunchTemplateData", &data))
        each_if_present(reader, &data, "NetworkInterfaces", read_template_interface, &template);
    else if (data.node == NULL)
        doubt_at(reader, &data, "is missing: what %s gives is not known", template.id);
    *vector_add(reader->arena, &reader->estate->launch_templates) = template;
    return true;
}
