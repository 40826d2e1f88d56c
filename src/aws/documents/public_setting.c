// What documents say of whether a thing is public by its own settings; names of things that lists tell; DNS records.
#include <stdio.h>
#include <string.h>

#include "aws/documents/readers.h"

void note_setting(struct reader *reader, const struct json_cursor *at, const struct public_setting *setting)
{
    struct public_setting *kept = vector_add(reader->arena, &reader->estate->public_settings);
    *kept = *setting;
    kept->evidence = evidence_of(reader, at);
    kept->account = kept->account == NULL ? reader->place.account : kept->account;
    kept->region = kept->region == NULL ? reader->place.region : kept->region;
}

// Where it is not said, it is taken to be public, and that is told.
static void public_unless_false(struct reader *reader, const struct json_cursor *at, const char *key,
                                struct public_setting *setting)
{
    struct json_cursor flag = member_of(reader, at, key);
    setting->untold = flag.node == NULL || !cJSON_IsBool(flag.node);
    setting->is_public = !cJSON_IsFalse(flag.node);
    if (setting->untold)
        doubt_at(reader, &flag, "is missing or no boolean: %s is taken to be public", setting->id);
}

static void add_address(struct reader *reader, struct public_place *place, const cJSON *text)
{
    if (cJSON_IsString(text) && text->valuestring[0] != '\0')
        *vector_add(reader->arena, &place->addresses) = intern(reader, text->valuestring);
}

static struct public_place place_of(const struct owner *owner, const struct public_setting *setting)
{
    return (struct public_place){.service = owner->service,
                                 .kind = owner->kind,
                                 .id = owner->id,
                                 .account = setting->account,
                                 .region = setting->region,
                                 .has_interface = true};
}

// Its interface is known by its private address; each public one must be in the snapshot.
static void note_replication_interfaces(struct reader *reader, const struct json_cursor *at,
                                        const struct public_setting *setting)
{
    struct owner owner = {.service = "dms", .kind = "DMS replication instance", .id = setting->id};
    struct public_place place = place_of(&owner, setting);
    const char *inner = text_beside(reader, at, "ReplicationInstancePrivateIpAddress");
    const cJSON *vpc_id =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(at->node, "ReplicationSubnetGroup"), "VpcId");
    const cJSON *one, *all = cJSON_GetObjectItemCaseSensitive(at->node, "ReplicationInstancePublicIpAddresses");
    if (inner != NULL && cJSON_IsString(vpc_id)) {
        note_owner(reader, arena_printf(reader->arena, "%s|%s", vpc_id->valuestring, inner), &owner);
        reader->estate->owners_by_address = true;
    }
    cJSON_ArrayForEach (one, all)
        add_address(reader, &place, one);
    if (place.addresses.count == 0)
        add_address(reader, &place, cJSON_GetObjectItemCaseSensitive(at->node, "ReplicationInstancePublicIpAddress"));
    if (setting->is_public && !text_same(text_beside(reader, at, "ReplicationInstanceStatus"), "deleted"))
        note_public(reader, &place);
}

// https://docs.aws.amazon.com/dms/latest/APIReference/API_ReplicationInstance.html
bool read_replication_instance(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct public_setting setting = {.thing = "dms-instance", .detail = "PubliclyAccessible is on"};
    (void)into;
    GUARD(interned_of(reader, at, "ReplicationInstanceIdentifier", &setting.id));
    place_of_arn(reader, text_beside(reader, at, "ReplicationInstanceArn"), &setting.account, &setting.region);
    seen_at(reader, setting.account, setting.region, NULL);
    public_unless_false(reader, at, "PubliclyAccessible", &setting);
    note_setting(reader, at, &setting);
    note_replication_interfaces(reader, at, &setting);
    return true;
}

// Where AssociatePublicIpAddress is not set, the subnet decides.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchConfiguration.html
bool read_launch_configuration(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct public_setting setting = {.thing = "launch-configuration", .detail = "AssociatePublicIpAddress is on"};
    (void)into;
    GUARD(interned_of(reader, at, "LaunchConfigurationName", &setting.id));
    place_of_arn(reader, text_beside(reader, at, "LaunchConfigurationARN"), &setting.account, &setting.region);
    seen_at(reader, setting.account, setting.region, NULL);
    lenient_boolean(reader, at, "AssociatePublicIpAddress", &setting.is_public);
    note_setting(reader, at, &setting);
    return true;
}

// Its endpoint names its interfaces.
// https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_NetworkInterface.html
static void note_workgroup_interfaces(struct reader *reader, const struct json_cursor *at,
                                      const struct public_setting *setting)
{
    struct owner owner = {.service = "redshift-serverless", .kind = "Redshift Serverless workgroup", .id = setting->id};
    struct public_place place = place_of(&owner, setting);
    const cJSON *endpoint = cJSON_GetObjectItemCaseSensitive(at->node, "endpoint"), *one, *interface;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(endpoint, "vpcEndpoints"))
        cJSON_ArrayForEach (interface, cJSON_GetObjectItemCaseSensitive(one, "networkInterfaces")) {
            struct json_cursor of = {.up = at, .node = interface};
            note_owner(reader, text_beside(reader, &of, "networkInterfaceId"), &owner);
        }
    if (setting->is_public && !text_same(text_beside(reader, at, "status"), "DELETING"))
        note_public(reader, &place);
}

// https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_Workgroup.html
bool read_redshift_workgroup(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct public_setting setting = {.thing = "redshift-workgroup", .detail = "publiclyAccessible is on"};
    (void)into;
    GUARD(interned_of(reader, at, "workgroupName", &setting.id));
    place_of_arn(reader, text_beside(reader, at, "workgroupArn"), &setting.account, &setting.region);
    seen_at(reader, setting.account, setting.region, NULL);
    public_unless_false(reader, at, "publiclyAccessible", &setting);
    note_setting(reader, at, &setting);
    note_workgroup_interfaces(reader, at, &setting);
    return true;
}

// It must be on, and let through no port but 22.
// https://docs.aws.amazon.com/emr/latest/APIReference/API_BlockPublicAccessConfiguration.html
bool read_emr_block(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct public_setting setting = {.thing = "emr-block-public-access", .id = "block public access of EMR"};
    const cJSON *range;
    (void)into;
    GUARD(json_expect_object(at, reader->error));
    seen_at(reader, NULL, NULL, NULL);
    struct json_cursor on = member_of(reader, at, "BlockPublicSecurityGroupRules");
    if (on.node == NULL || !cJSON_IsBool(on.node))
        doubt_at(reader, &on, "is missing or no boolean: it is taken to be off");
    if (!cJSON_IsTrue(on.node)) {
        setting.untold = !cJSON_IsFalse(on.node);
        setting.is_public = true;
        setting.detail = "BlockPublicSecurityGroupRules is off";
    }
    cJSON_ArrayForEach (range, cJSON_GetObjectItemCaseSensitive(at->node, "PermittedPublicSecurityGroupRuleRanges")) {
        const cJSON *low = cJSON_GetObjectItemCaseSensitive(range, "MinRange"),
                    *high = cJSON_GetObjectItemCaseSensitive(range, "MaxRange");
        bool only_22 = cJSON_IsNumber(low) && low->valuedouble == 22 &&
                       (high == NULL || (cJSON_IsNumber(high) && high->valuedouble == 22));
        if (!only_22 && !setting.is_public) {
            setting.is_public = true;
            setting.detail = "PermittedPublicSecurityGroupRuleRanges holds other ports than 22";
        }
    }
    note_setting(reader, at, &setting);
    return true;
}

// That some is there: what of it is public, its services tell, of which there is a list for each cluster.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListClusters.html
bool read_ecs_cluster_names(struct reader *reader, const struct json_cursor *at, void *into)
{
    const cJSON *name;
    (void)into;
    seen_at(reader, NULL, NULL, NULL);
    reader->estate->has_ecs_clusters = reader->estate->has_ecs_clusters || cJSON_GetArraySize(at->node) > 0;
    cJSON_ArrayForEach (name, at->node)
        if (cJSON_IsString(name))
            note_listed(reader, ECS_LISTS, "ECS cluster", intern(reader, text_behind_slash(name->valuestring)),
                        kind_call(KIND_ECS_SERVICE_NAMES));
    return true;
}

// One awsvpcConfiguration, under networkConfiguration of a service, a deployment of it or a task set; where it says
// nothing, AWS's default is DISABLED.
static void read_assigned_address(const cJSON *of, struct public_setting *setting)
{
    const cJSON *network = cJSON_GetObjectItemCaseSensitive(of, "networkConfiguration");
    const cJSON *vpc = cJSON_GetObjectItemCaseSensitive(network, "awsvpcConfiguration");
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(vpc, "assignPublicIp");
    const char *word = given == NULL ? "DISABLED" : cJSON_GetStringValue(given);
    bool enabled = text_same(word, "ENABLED");
    if (!enabled && (setting->is_public || text_same(word, "DISABLED")))
        return;
    setting->is_public = true;
    setting->untold = !enabled;
}

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html
void note_ecs_settings(struct reader *reader, const struct json_cursor *at, const char *id, const char *account,
                       const char *region)
{
    struct public_setting setting = {
        .thing = "ecs-service", .id = id, .account = account, .region = region, .detail = "assignPublicIp is ENABLED"};
    const cJSON *set;
    read_assigned_address(at->node, &setting);
    cJSON_ArrayForEach (set, cJSON_GetObjectItemCaseSensitive(at->node, "deployments"))
        read_assigned_address(set, &setting);
    note_setting(reader, at, &setting);
    struct json_cursor sets = json_member(at, "taskSets");
    size_t index = 0;
    setting.thing = "ecs-task-set";
    cJSON_ArrayForEach (set, sets.node) {
        struct json_cursor one = json_element(&sets, index++, set);
        const char *name = text_beside(reader, &one, "id");
        setting.id = arena_printf(reader->arena, "%s of %s", name == NULL ? "a task set" : name, id);
        setting.is_public = setting.untold = false;
        read_assigned_address(set, &setting);
        note_setting(reader, &one, &setting);
    }
}

// ---- DNS. https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html

// The address in AWS's own name for a public one, "ec2-198-51-100-7.eu-west-3.compute.amazonaws.com"; NULL where it is
// another name.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html
static const char *address_in_name(struct reader *reader, const char *name)
{
    unsigned parts[4];
    int end = 0;
    if (sscanf(name, "ec2-%3u-%3u-%3u-%3u.%n", &parts[0], &parts[1], &parts[2], &parts[3], &end) != 4 || end == 0 ||
        strstr(name + end, ".amazonaws.com") == NULL)
        return NULL;
    return arena_printf(reader->arena, "%u.%u.%u.%u", parts[0], parts[1], parts[2], parts[3]);
}

static bool read_resource_record(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct dns_record record = *(const struct dns_record *)into;
    GUARD(text_of(reader, at, "Value", &record.address));
    if (strcmp(record.type, "CNAME") == 0)
        record.address = address_in_name(reader, record.address);
    if (record.address == NULL)
        return true;
    record.evidence = evidence_of(reader, at);
    *vector_add(reader->arena, &reader->estate->dns_records) = record;
    return true;
}

// Those of addresses, and of names that hold one; aliases name things of AWS's own.
bool read_record_set(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct dns_record record = {0};
    (void)into;
    GUARD(text_of(reader, at, "Name", &record.name) && interned_of(reader, at, "Type", &record.type));
    seen_at(reader, NULL, "global", NULL);
    if (strcmp(record.type, "A") != 0 && strcmp(record.type, "AAAA") != 0 && strcmp(record.type, "CNAME") != 0)
        return true;
    return each_if_present(reader, at, "ResourceRecords", read_resource_record, &record);
}
