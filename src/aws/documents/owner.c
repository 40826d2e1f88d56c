// Documents that name the interfaces of a thing, and what of it is public.
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

// Whether it is in this state, or may be: what is not told may be so.
static bool is_told_as(struct reader *reader, const struct json_cursor *at, const char *key, const char *state)
{
    const char *told = text_beside(reader, at, key);
    return told == NULL || strcmp(told, state) == 0;
}

// Account and region may be NULL: the path's.
void note_thing(struct reader *reader, const char *service, const char *id, const char *name, const char *account,
                const char *region)
{
    struct map *things = &reader->estate->named_things;
    void *value = (void *)(uintptr_t)(name == NULL ? "" : name);
    account = account == NULL ? reader->place.account : account;
    region = region == NULL ? reader->place.region : region;
    map_put(reader->arena, things, arena_printf(reader->arena, "%s|%s", service, id), value);
    if (account != NULL && region != NULL)
        map_put(reader->arena, things, arena_printf(reader->arena, "%s|%s|%s|%s", service, id, account, region), value);
}

// uncounted.c tells of it.
void note_listed(struct reader *reader, const char *service, const char *kind, const char *id, const char *call)
{
    seen_at(reader, NULL, NULL, NULL);
    *vector_add(reader->arena, &reader->estate->listed_things) =
        (struct listed_thing){service, kind, id, call, reader->place.account, reader->place.region};
}

// That a thing in use has an interface, or a public address, which must be in the snapshot.
static void note_interface(struct reader *reader, const char *id, const char *address, const struct owner *owner,
                           const char *account, const char *region)
{
    if (id == NULL && address == NULL)
        return;
    *vector_add(reader->arena, &reader->estate->named_interfaces) = (struct named_interface){
        id, owner_text(reader->arena, owner), address, account == NULL ? reader->place.account : account,
        region == NULL ? reader->place.region : region};
}

// The Name tag of a record, or NULL.
static const char *name_of(struct reader *reader, const struct json_cursor *at)
{
    const cJSON *tag;
    cJSON_ArrayForEach (tag, cJSON_GetObjectItemCaseSensitive(at->node, "Tags")) {
        struct json_cursor place = {.up = at, .node = tag};
        const char *key = text_beside(reader, &place, "Key");
        if (key != NULL && strcmp(key, "Name") == 0)
            return text_beside(reader, &place, "Value");
    }
    return NULL;
}

// A regional one is in no subnet of the VPC, and has no interface there.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html
// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html
bool read_nat_gateway(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct owner owner = {.service = "ec2", .kind = "NAT gateway", .name = name_of(reader, at)};
    const char *vpc_id = NULL;
    (void)into;
    GUARD(interned_of(reader, at, "NatGatewayId", &owner.id));
    lenient_text(reader, at, "VpcId", &vpc_id);
    seen_at(reader, NULL, NULL, vpc_id);
    bool in_use = is_told_as(reader, at, "State", "available"); // one that is deleted is told of for an hour
    bool regional = text_same(text_beside(reader, at, "AvailabilityMode"), "regional");
    struct public_place place_of = {.service = "ec2", .kind = "regional NAT gateway, which takes nothing in"};
    place_of.id = owner.id;
    const cJSON *address;
    cJSON_ArrayForEach (address, cJSON_GetObjectItemCaseSensitive(at->node, "NatGatewayAddresses")) {
        struct json_cursor place = {.up = at, .node = address};
        const char *interface_id = text_beside(reader, &place, "NetworkInterfaceId");
        note_owner(reader, interface_id, &owner);
        const char *public_ip = text_beside(reader, &place, "PublicIp");
        if (in_use && !regional)
            note_interface(reader, interface_id, public_ip, &owner, NULL, NULL);
        if (!regional || public_ip == NULL)
            continue;
        map_put(reader->arena, &reader->estate->regional_addresses, public_ip, reader->estate);
        place_of.detail = arena_printf(reader->arena, "%s%s%s", place_of.detail == NULL ? "" : place_of.detail,
                                       place_of.detail == NULL ? "" : ", ", public_ip);
    }
    if (regional && in_use)
        note_public(reader, &place_of);
    read_nat_way(reader, at, owner.id);
    return true;
}

// A list of interface ids under a key of the record.
static void note_interfaces(struct reader *reader, const struct json_cursor *at, const char *key,
                            const struct owner *owner)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(at->node, key))
        if (cJSON_IsString(one))
            note_owner(reader, intern(reader, one->valuestring), owner);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html
void note_endpoint_interfaces(struct reader *reader, const struct json_cursor *at, const char *id)
{
    struct owner owner = {.service = "ec2", .kind = "VPC endpoint", .id = id, .name = name_of(reader, at)};
    if (owner.name == NULL)
        owner.name = text_beside(reader, at, "ServiceName");
    note_interfaces(reader, at, "NetworkInterfaceIds", &owner);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Ec2InstanceConnectEndpoint.html
bool read_connect_endpoint(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct owner owner = {.service = "ec2", .kind = "EC2 Instance Connect Endpoint", .name = name_of(reader, at)};
    (void)into;
    GUARD(interned_of(reader, at, "InstanceConnectEndpointId", &owner.id));
    seen_at(reader, text_beside(reader, at, "OwnerId"), NULL, text_beside(reader, at, "VpcId"));
    note_interfaces(reader, at, "NetworkInterfaceIds", &owner);
    // "delete-complete", "create-failed": it has none, or no more
    if (is_told_as(reader, at, "State", "create-complete")) {
        const cJSON *one;
        struct json_cursor ids = member_of(reader, at, "NetworkInterfaceIds");
        if (!cJSON_IsArray(ids.node))
            doubt_at(reader, &ids, "is missing or no array: which interface is that of %s is not told", owner.id);
        cJSON_ArrayForEach (one, ids.node)
            if (cJSON_IsString(one))
                note_interface(reader, intern(reader, one->valuestring), NULL, &owner,
                               text_beside(reader, at, "OwnerId"), NULL);
    }
    return true;
}

// The interface of a task is an attachment of it, under details that are pairs of name and value.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
bool read_ecs_task(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct owner owner = {.service = "ecs", .kind = "ECS task"};
    const char *arn, *account = NULL, *region = NULL, *group = text_beside(reader, at, "group");
    (void)into;
    GUARD(interned_of(reader, at, "taskArn", &arn));
    place_of_arn(reader, arn, &account, &region);
    seen_at(reader, account, region, NULL);
    owner.id = text_behind_slash(arn);
    if (group != NULL) // "service:web", or "family:migrate" of a task that is run by itself
        owner.name = strncmp(group, "service:", 8) == 0 ? group + 8 : group;
    const cJSON *attachment, *detail;
    bool running = is_told_as(reader, at, "lastStatus", "RUNNING"), named = false;
    bool has_own = text_same(text_beside(reader, at, "launchType"), "FARGATE");
    cJSON_ArrayForEach (attachment, cJSON_GetObjectItemCaseSensitive(at->node, "attachments")) {
        struct json_cursor of = {.up = at, .node = attachment};
        has_own = has_own || text_same(text_beside(reader, &of, "type"), "ElasticNetworkInterface");
        cJSON_ArrayForEach (detail, cJSON_GetObjectItemCaseSensitive(attachment, "details")) {
            struct json_cursor place = {.up = at, .node = detail};
            const char *value = text_beside(reader, &place, "value");
            if (value == NULL || !text_same(text_beside(reader, &place, "name"), "networkInterfaceId"))
                continue;
            note_owner(reader, value, &owner);
            named = true;
            if (running)
                note_interface(reader, value, NULL, &owner, account, region);
        }
    }
    if (!named && running && has_own)
        doubt_at(reader, at, "is a task with an interface of its own, and names no networkInterfaceId");
    return true;
}

void note_public(struct reader *reader, struct public_place *place)
{
    if (place->account == NULL)
        place->account = reader->place.account;
    if (place->region == NULL)
        place->region = reader->place.region;
    for (size_t i = 0; i < reader->estate->public_places.count; i++) {
        struct public_place *old = &reader->estate->public_places.items[i];
        if (strcmp(old->kind, place->kind) == 0 && strcmp(old->id, place->id) == 0 &&
            text_same(old->account, place->account) && text_same(old->region, place->region)) {
            old->detail = lesser_text(old->detail, place->detail);
            old->interfaces = place->interfaces > old->interfaces ? place->interfaces : old->interfaces;
            return;
        }
    }
    *vector_add(reader->arena, &reader->estate->public_places) = *place;
}

// Its interfaces are known by their descriptions, which name the attachment.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayAttachment.html
bool read_transit_attachment(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *id, *name = name_of(reader, at);
    (void)into;
    GUARD(interned_of(reader, at, "TransitGatewayAttachmentId", &id));
    seen_at(reader, text_beside(reader, at, "ResourceOwnerId"), NULL, NULL);
    note_thing(reader, "ec2", id, name != NULL ? name : text_beside(reader, at, "TransitGatewayId"),
               text_beside(reader, at, "ResourceOwnerId"), NULL);
    read_transit_way(reader, at, id);
    return true;
}

// A list of names, or of ARNs of which what is behind `mark` is the name; each has a document, by `call`.
static bool read_names(struct reader *reader, const struct json_cursor *at, const char *service, const char *kind,
                       const char *mark, enum kind call)
{
    const cJSON *name;
    cJSON_ArrayForEach (name, at->node) {
        struct json_cursor one = {.up = at, .node = name};
        const char *text = cJSON_GetStringValue(name), *marked = text == NULL ? NULL : strstr(text, mark);
        if (text != NULL)
            note_listed(reader, service, kind, intern(reader, marked == NULL ? text : marked + strlen(mark)),
                        kind_call(call));
        else
            doubt_at(reader, &one, "is no string, expected the name of an %s", kind);
    }
    return true;
}

// ["shop", ...]: https://docs.aws.amazon.com/eks/latest/APIReference/API_ListClusters.html
bool read_eks_names(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    return read_names(reader, at, "eks", "EKS cluster", ":cluster/", KIND_EKS_CLUSTERS);
}

// Of which cluster a list is, its services' ARNs say, and the file's name: a word of it, as `read` gives them.
static void note_ecs_list(struct reader *reader, const struct json_cursor *at)
{
    const cJSON *name;
    const char *word = text_behind_slash(at->file);
    for (size_t length; *word != '\0'; word += length + (word[length] != '\0')) {
        length = strcspn(word, ".");
        note_thing(reader, ECS_LISTS, arena_strndup(reader->arena, word, length), NULL, NULL, NULL);
        if (strncmp(word, "list-services-", strlen("list-services-")) == 0)
            note_thing(reader, ECS_LISTS,
                       arena_strndup(reader->arena, word + strlen("list-services-"), length - strlen("list-services-")),
                       NULL, NULL, NULL);
    }
    cJSON_ArrayForEach (name, at->node) {
        const char *text = cJSON_GetStringValue(name), *cluster = text == NULL ? NULL : strstr(text, ":service/");
        const char *end = cluster == NULL ? NULL : strrchr(cluster, '/');
        cluster = cluster == NULL ? NULL : cluster + strlen(":service/");
        if (end != NULL && end > cluster)
            note_thing(reader, ECS_LISTS, arena_strndup(reader->arena, cluster, (size_t)(end - cluster)), NULL, NULL,
                       NULL);
    }
}

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html
bool read_ecs_service_names(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    note_ecs_list(reader, at);
    return read_names(reader, at, "ecs", "ECS service", ":service/", KIND_ECS_SERVICES);
}

static const cJSON *inside(const cJSON *node, const char *const *path)
{
    for (size_t i = 0; path[i] != NULL && node != NULL; i++)
        node = cJSON_GetObjectItemCaseSensitive(node, path[i]);
    return node;
}

// One awsvpcConfiguration of a service, or of a deployment of it.
static void note_network(struct reader *reader, const char *id, const cJSON *configuration)
{
    struct ecs_service service = {.id = id};
    VECTOR(const char *) groups = {0};
    const cJSON *one;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(configuration, "subnets"))
        if (cJSON_IsString(one))
            *vector_add(reader->arena, &service.subnets) = intern(reader, one->valuestring);
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(configuration, "securityGroups"))
        if (cJSON_IsString(one))
            *vector_add(reader->scratch, &groups) = intern(reader, one->valuestring);
    const char *given = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(configuration, "assignPublicIp"));
    service.groups = groups.count == 0 ? NULL : group_set_of(reader, groups.items, groups.count);
    service.public_told = given != NULL;
    service.public_ip = text_same(given, "ENABLED");
    if (service.subnets.count > 0)
        *vector_add(reader->arena, &reader->estate->ecs_services) = service;
}

// Which interfaces its tasks have, DescribeTasks tells; without it, where and of which groups they are.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
bool read_ecs_service(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const char *const network[] = {"networkConfiguration", "awsvpcConfiguration", NULL};
    const char *arn, *account = NULL, *region = NULL;
    const cJSON *running = cJSON_GetObjectItemCaseSensitive(at->node, "runningCount"), *deployment;
    (void)into;
    GUARD(interned_of(reader, at, "serviceArn", &arn));
    place_of_arn(reader, arn, &account, &region);
    seen_at(reader, account, region, NULL);
    const char *id = text_beside(reader, at, "serviceName");
    id = id == NULL ? text_behind_slash(arn) : id;
    const char *behind = strstr(arn, ":service/"), *full = behind == NULL ? arn : behind + strlen(":service/");
    note_thing(reader, "ecs", full, NULL, account, region);
    note_ecs_settings(reader, at, full, account, region);
    if (cJSON_IsNumber(running) && running->valuedouble == 0)
        return true; // it has no task
    note_network(reader, id, inside(at->node, network));
    cJSON_ArrayForEach (deployment, cJSON_GetObjectItemCaseSensitive(at->node, "deployments"))
        note_network(reader, id, inside(deployment, network));
    return true;
}

// A public endpoint is open to its public access CIDRs, which are everywhere by default. Where it is not said whether
// there is one, there is: that is AWS's default.
// https://docs.aws.amazon.com/eks/latest/APIReference/API_VpcConfigResponse.html
bool read_eks_cluster(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const char *const open[] = {"resourcesVpcConfig", "endpointPublicAccess", NULL};
    static const char *const cidrs[] = {"resourcesVpcConfig", "publicAccessCidrs", NULL};
    struct public_place place = {.service = "eks", .kind = "EKS cluster's API"};
    (void)into;
    GUARD(json_expect_object(at, reader->error));
    GUARD(interned_of(reader, at, "name", &place.id));
    place_of_arn(reader, text_beside(reader, at, "arn"), &place.account, &place.region);
    seen_at(reader, place.account, place.region, NULL);
    note_thing(reader, "eks", place.id, NULL, place.account, place.region);
    note_setting(reader, at,
                 &(struct public_setting){.thing = "eks-cluster",
                                          .id = place.id,
                                          .account = place.account,
                                          .region = place.region,
                                          .is_public = !cJSON_IsFalse(inside(at->node, open)),
                                          .untold = !cJSON_IsBool(inside(at->node, open)),
                                          .detail = "endpointPublicAccess is on"});
    if (cJSON_IsFalse(inside(at->node, open)))
        return true;
    const cJSON *cidr;
    cJSON_ArrayForEach (cidr, inside(at->node, cidrs))
        if (cJSON_IsString(cidr))
            place.detail = arena_printf(reader->arena, "%s%s%s", place.detail == NULL ? "from " : place.detail,
                                        place.detail == NULL ? "" : ", ", cidr->valuestring);
    note_public(reader, &place);
    return true;
}

// https://docs.aws.amazon.com/redshift/latest/APIReference/API_Cluster.html
static void note_redshift_setting(struct reader *reader, const struct json_cursor *at, const struct public_place *place,
                                  const cJSON *accessible)
{
    struct public_setting setting = {.thing = "redshift-cluster",
                                     .id = place->id,
                                     .account = place->account,
                                     .region = place->region,
                                     .is_public = !cJSON_IsFalse(accessible),
                                     .untold = !cJSON_IsBool(accessible),
                                     .detail = "PubliclyAccessible is on"};
    VECTOR(const char *) groups = {0};
    const cJSON *group, *endpoint = cJSON_GetObjectItemCaseSensitive(at->node, "Endpoint");
    const cJSON *port = cJSON_GetObjectItemCaseSensitive(endpoint, "Port");
    cJSON_ArrayForEach (group, cJSON_GetObjectItemCaseSensitive(at->node, "VpcSecurityGroups")) {
        const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(group, "VpcSecurityGroupId"));
        if (id != NULL)
            *vector_add(reader->scratch, &groups) = intern(reader, id);
    }
    if (cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(at->node, "VpcSecurityGroups")))
        setting.groups = group_set_of(reader, groups.items, groups.count);
    if (cJSON_IsNumber(port) && port->valuedouble >= 1 && port->valuedouble <= 65535)
        setting.port = (int)port->valuedouble;
    note_setting(reader, at, &setting);
}

// A node's addresses tell which interface is its own.
// https://docs.aws.amazon.com/redshift/latest/APIReference/API_Cluster.html
bool read_redshift_cluster(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct owner owner = {.service = "redshift", .kind = "Redshift cluster"};
    const char *vpc_id = text_beside(reader, at, "VpcId");
    (void)into;
    GUARD(interned_of(reader, at, "ClusterIdentifier", &owner.id));
    struct public_place place = {.service = owner.service, .kind = owner.kind, .id = owner.id, .has_interface = true};
    place_of_arn(reader, text_beside(reader, at, "ClusterNamespaceArn"), &place.account, &place.region);
    seen_at(reader, place.account, place.region, vpc_id);
    const cJSON *node;
    cJSON_ArrayForEach (node, cJSON_GetObjectItemCaseSensitive(at->node, "ClusterNodes")) {
        struct json_cursor one = {.up = at, .node = node};
        const char *inner = text_beside(reader, &one, "PrivateIPAddress"),
                   *outer = text_beside(reader, &one, "PublicIPAddress");
        if (inner != NULL && vpc_id != NULL) {
            note_owner(reader, arena_printf(reader->arena, "%s|%s", vpc_id, inner), &owner);
            reader->estate->owners_by_address = true;
        }
        if (outer != NULL)
            *vector_add(reader->arena, &place.addresses) = outer;
    }
    struct json_cursor accessible = member_of(reader, at, "PubliclyAccessible");
    if (accessible.node == NULL || !cJSON_IsBool(accessible.node))
        doubt_at(reader, &accessible, "is missing or no boolean: %s is taken to be public", owner.id);
    note_redshift_setting(reader, at, &place, accessible.node);
    // "paused": its nodes are gone until it is resumed.
    // https://docs.aws.amazon.com/redshift/latest/mgmt/rs-mgmt-pause-resume-cluster.html
    bool paused = text_same(text_beside(reader, at, "ClusterStatus"), "paused") && place.addresses.count == 0;
    if (!cJSON_IsFalse(accessible.node) && !paused)
        note_public(reader, &place);
    return true;
}

// https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_ListDomainNames.html
bool read_search_domain_name(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *name;
    (void)into;
    GUARD(interned_of(reader, at, "DomainName", &name));
    note_listed(reader, "es", "OpenSearch domain", name, kind_call(KIND_OPENSEARCH_DOMAINS));
    return true;
}

// A domain outside of a VPC has a public endpoint; one inside has interfaces, none of them public.
// https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_DomainStatus.html
bool read_search_domain(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct public_place place = {.service = "es", .kind = "OpenSearch domain"};
    (void)into;
    GUARD(json_expect_object(at, reader->error));
    GUARD(interned_of(reader, at, "DomainName", &place.id));
    place_of_arn(reader, text_beside(reader, at, "ARN"), &place.account, &place.region);
    seen_at(reader, place.account, place.region, NULL);
    note_thing(reader, "es", place.id, NULL, place.account, place.region);
    place.detail = text_beside(reader, at, "Endpoint");
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(at->node, "Deleted")))
        return true;
    const cJSON *options = cJSON_GetObjectItemCaseSensitive(at->node, "VPCOptions");
    bool in_vpc = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(options, "VPCId")) ||
                  cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(options, "SubnetIds")) > 0;
    bool is_public = !in_vpc || place.detail != NULL; // Endpoint is of those in no VPC, others have Endpoints
    note_setting(reader, at,
                 &(struct public_setting){.thing = "opensearch-domain",
                                          .id = place.id,
                                          .account = place.account,
                                          .region = place.region,
                                          .is_public = is_public,
                                          .untold = is_public && options != NULL,
                                          .detail = "it is in no VPC"});
    if (is_public)
        note_public(reader, &place);
    return true;
}

// Each broker has an interface, and each subnet at least one broker.
// https://docs.aws.amazon.com/MSK/2.0/APIReference/v2-clusters.html#v2-clusters-model-provisioned
static size_t brokers_of(const cJSON *provisioned)
{
    static const char *const subnets[] = {"BrokerNodeGroupInfo", "ClientSubnets", NULL};
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(provisioned, "NumberOfBrokerNodes");
    int zones = cJSON_GetArraySize(inside(provisioned, subnets));
    if (cJSON_IsNumber(count) && count->valuedouble >= 1 && count->valuedouble <= 1000)
        return (size_t)count->valuedouble;
    return zones > 0 ? (size_t)zones : 0;
}

// https://docs.aws.amazon.com/MSK/2.0/APIReference/v2-clusters.html,
// https://docs.aws.amazon.com/msk/latest/developerguide/public-access.html
bool read_msk_cluster(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const char *const access[] = {"BrokerNodeGroupInfo", "ConnectivityInfo", "PublicAccess", "Type", NULL};
    struct public_place place = {.service = "kafka", .kind = "MSK cluster", .has_interface = true};
    (void)into;
    GUARD(interned_of(reader, at, "ClusterName", &place.id));
    place_of_arn(reader, text_beside(reader, at, "ClusterArn"), &place.account, &place.region);
    seen_at(reader, place.account, place.region, NULL);
    note_thing(reader, "kafka", place.id, NULL, place.account, place.region);
    const cJSON *provisioned = cJSON_GetObjectItemCaseSensitive(at->node, "Provisioned");
    const char *type = cJSON_GetStringValue(inside(provisioned != NULL ? provisioned : at->node, access));
    bool untold = type == NULL && !cJSON_HasObjectItem(at->node, "Serverless"); // which is never public
    if (untold) {
        struct json_cursor where = member_of(reader, at, "Provisioned");
        doubt_at(reader, &where, "does not tell PublicAccess: %s is taken to be public", place.id);
    }
    bool is_public = type == NULL ? untold : strcmp(type, "DISABLED") != 0;
    const cJSON *brokers = provisioned != NULL ? provisioned : at->node;
    place.interfaces = brokers_of(brokers);
    if (is_public && !untold && !cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(brokers, "NumberOfBrokerNodes"))) {
        struct json_cursor where = member_of(reader, at, "Provisioned");
        doubt_at(reader, &where, "does not tell NumberOfBrokerNodes: how many interfaces %s has is not known",
                 place.id);
    }
    note_setting(reader, at,
                 &(struct public_setting){.thing = "msk-cluster",
                                          .id = place.id,
                                          .account = place.account,
                                          .region = place.region,
                                          .is_public = is_public,
                                          .untold = untold,
                                          .detail = "its public access is not DISABLED"});
    if (is_public)
        note_public(reader, &place);
    return true;
}
