#include "rules/reach/owner.h"

#include <stdlib.h>

#include "model/bridge.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/vpc_link.h"

static const struct owner *made(struct arena *arena, struct owner owner)
{
    struct owner *kept = arena_new_of(arena, struct owner);
    *kept = owner;
    return kept;
}

// ---- By documents

static const struct owner *load_balancer(struct arena *arena, const struct estate *estate,
                                         const struct network_interface *interface)
{
    if (interface->load_balancer == NULL)
        return NULL;
    const struct load_balancer *one = map_get(&estate->load_balancers, load_balancer_key(arena, interface));
    return one == NULL || one->name == NULL
               ? NULL
               : made(arena, (struct owner){"elasticloadbalancing", "load balancer", interface->load_balancer,
                                            one->name, OWNER_BY_DOCUMENT});
}

// The cluster that an instance's tags name: EKS's own, else that of whoever joined it.
// https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html
static const char *cluster_of(const struct instance *instance)
{
    static const char owned[] = "kubernetes.io/cluster/";
    for (size_t i = 0; i + 1 < instance->tag_count; i += 2)
        if (strcmp(instance->tags[i], "aws:eks:cluster-name") == 0 ||
            strcmp(instance->tags[i], "eks:cluster-name") == 0)
            return instance->tags[i + 1];
    for (size_t i = 0; i + 1 < instance->tag_count; i += 2)
        if (strncmp(instance->tags[i], owned, sizeof(owned) - 1) == 0)
            return instance->tags[i] + sizeof(owned) - 1;
    return NULL;
}

static const struct owner *instance(struct arena *arena, const struct estate *estate,
                                    const struct network_interface *interface)
{
    if (interface->instance_id == NULL)
        return NULL;
    const struct instance *one = map_get(&estate->instances, interface->instance_id);
    const char *cluster = one == NULL ? NULL : cluster_of(one);
    struct owner owner = {.service = "ec2", .kind = "instance", .id = interface->instance_id};
    bool is_node = interface->description != NULL && strncmp(interface->description, "aws-K8S-", 8) == 0;
    if (cluster != NULL || is_node) // or by what EKS's own network plugin writes
        owner = (struct owner){.service = "eks",
                               .kind = "EKS node",
                               .id = interface->instance_id,
                               .name = cluster,
                               .by = cluster != NULL ? OWNER_BY_DOCUMENT : OWNER_BY_DESCRIPTION};
    else if (one != NULL)
        owner.name = tags_name(one->tags, one->tag_count);
    return made(arena, owner);
}

static bool lies_in(const struct db_instance *database, const struct network_interface *interface)
{
    for (size_t i = 0; i < database->subnets.count; i++)
        if (text_same(database->subnets.items[i], interface->place->subnet_id))
            return true;
    return false;
}

bool owner_may_be_database(const struct estate *estate, const struct db_instance *database,
                           const struct network_interface *interface)
{
    const char *subnet = interface->place->subnet_id;
    const struct zone_claims *zones = subnet == NULL ? NULL : map_get(&estate->zones_of_subnets, subnet);
    bool zone_fits =
        zones == NULL || database->zone == NULL ||
        zone_is(zones, &(struct zone_claim){.account = database->account, .name = database->zone}) ||
        (database->second_zone != NULL &&
         zone_is(zones, &(struct zone_claim){.account = database->account, .name = database->second_zone}));
    bool groups_fit = interface->groups == NULL || database->groups == NULL || interface->groups == database->groups;
    bool is_public = false; // an address by a gateway; IPv6 ones say nothing of it
    for (size_t i = 0; i < interface->address_count; i++)
        is_public = is_public || interface->addresses[i].address.family == FAMILY_IPV4;
    return lies_in(database, interface) && zone_fits && groups_fit && is_public == database->publicly_accessible;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

// One of these, whatever the order of documents; many say no more than the service.
static const struct owner *one_of(struct arena *arena, const char *service, const char *kind, text_list *names)
{
    enum { MOST_NAMES = 3 };
    if (names->count == 0 || names->count > MOST_NAMES)
        return NULL;
    qsort(names->items, names->count, sizeof(*names->items), by_name);
    const char *either = names->items[0];
    for (size_t i = 1; i < names->count; i++)
        either = arena_printf(arena, "%s or %s", either, names->items[i]);
    return made(arena, (struct owner){service, kind, names->count == 1 ? either : NULL,
                                      names->count == 1 ? NULL : either, OWNER_BY_DOCUMENT});
}

static const struct owner *database(struct arena *arena, const struct estate *estate,
                                    const struct network_interface *interface)
{
    text_list names = {0};
    for (size_t i = 0; interface->is_database && i < estate->db_instances.count; i++)
        if (owner_may_be_database(estate, &estate->db_instances.items[i], interface))
            *vector_add(arena, &names) = estate->db_instances.items[i].id;
    return one_of(arena, "rds", "RDS database", &names);
}

// Whether there may be services of ECS of which no document tells: one of those that fit an interface is then not its
// own for sure.
static bool lacks_services(const struct estate *estate, const struct interface_place *place)
{
    static const enum kind kinds[] = {KIND_ECS_CLUSTER_NAMES, KIND_ECS_SERVICE_NAMES, KIND_ECS_SERVICES};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        enum completeness_state state = estate_completeness(estate, kinds[i], place->account_id, place->region);
        if (state == COMPLETENESS_DENIED || state == COMPLETENESS_PARTIAL || state == COMPLETENESS_DAMAGED)
            return true;
    }
    return false;
}

// A task's interface says that it is one. What the record of its service says must be so of it, as of databases.
static const struct owner *ecs_service(struct arena *arena, const struct estate *estate,
                                       const struct network_interface *interface)
{
    text_list names = {0};
    bool is_public = false;
    for (size_t i = 0; i < interface->address_count; i++)
        is_public = is_public || interface->addresses[i].address.family == FAMILY_IPV4;
    if (lacks_services(estate, interface->place))
        return NULL;
    for (size_t i = 0; i < estate->ecs_services.count; i++) {
        const struct ecs_service *one = &estate->ecs_services.items[i];
        bool fits = (one->groups == NULL || interface->groups == NULL || one->groups == interface->groups) &&
                    (!one->public_told || one->public_ip == is_public);
        bool there = false;
        for (size_t s = 0; s < one->subnets.count; s++)
            there = there || text_same(one->subnets.items[s], interface->place->subnet_id);
        if (fits && there)
            text_list_add(arena, &names, one->id);
    }
    return one_of(arena, "ecs", "ECS service", &names);
}

// By its id, or by its private address where that is all that the document tells.
static const struct owner *named(struct arena *arena, const struct estate *estate,
                                 const struct network_interface *interface)
{
    const struct owner *owner = map_get(&estate->owner_of_interface, interface->id);
    if (owner != NULL || interface->private_ipv4_count == 0 || !estate->owners_by_address)
        return owner;
    char text[ADDRESS_TEXT];
    address_format((struct address){FAMILY_IPV4, interface->private_ipv4[0]}, text);
    return map_get(&estate->owner_of_interface, arena_printf(arena, "%s|%s", interface->place->vpc_id, text));
}

// ---- By what the interface itself says

static const struct requester {
    const char *requester; // RequesterId
    const char *service;
    const char *kind;
} requesters[] = {
    {"amazon-elb", "elasticloadbalancing", "load balancer"}, {"amazon-rds", "rds", "RDS database"},
    {"amazon-redshift", "redshift", "Redshift cluster"},     {"amazon-elasticache", "elasticache", "ElastiCache node"},
    {"amazon-elasticsearch", "es", "OpenSearch domain"},
};

// What the services write; what follows up to a blank is the id, where `tells_id`.
static const struct description {
    const char *begins;
    const char *service;
    const char *kind;
    bool tells_id;
} descriptions[] = {
    {"ELB ", "elasticloadbalancing", "load balancer", true},
    {"Interface for NAT Gateway ", "ec2", "NAT gateway", true},
    {"VPC Endpoint Interface ", "ec2", "VPC endpoint", true},
    {"Network Interface for Transit Gateway Attachment ", "ec2", "transit gateway attachment", true},
    {"EFS mount target for ", "elasticfilesystem", "EFS file system", true},
    {"RDSNetworkInterface", "rds", "RDS database", false},
    {"Network interface for DBProxy", "rds", "RDS proxy", false},
    {"RedshiftNetworkInterface", "redshift", "Redshift cluster", false},
    {"ElastiCache ", "elasticache", "ElastiCache node", true},
    {"ElastiCache+", "elasticache", "ElastiCache node", true},
    {"Amazon EKS ", "eks", "EKS cluster", true},
    {"ES ", "es", "OpenSearch domain", true},
    {"DMSNetworkInterface", "dms", "DMS replication instance", false},
    {"AWS created network interface for directory ", "ds", "directory", true},
};

static const struct type {
    const char *type; // InterfaceType
    const char *service;
    const char *kind;
} types[] = {
    {"nat_gateway", "ec2", "NAT gateway"},
    {"natGateway", "ec2", "NAT gateway"},
    {"lambda", "lambda", "Lambda function"},
    {"vpc_endpoint", "ec2", "VPC endpoint"},
    {"gateway_load_balancer_endpoint", "ec2", "Gateway Load Balancer endpoint"},
    {"transit_gateway", "ec2", "transit gateway attachment"},
    {"ec2_instance_connect_endpoint", "ec2", "EC2 Instance Connect Endpoint"},
    {"load_balancer", "elasticloadbalancing", "load balancer"},
    {"network_load_balancer", "elasticloadbalancing", "load balancer"},
    {"gateway_load_balancer", "elasticloadbalancing", "load balancer"},
    {"global_accelerator_managed", "globalaccelerator", "accelerator"},
    {"api_gateway_managed", "apigateway", "API Gateway VPC link"},
    {"quicksight", "quicksight", "QuickSight"},
    {"iot_rules_managed", "iot", "AWS IoT rule"},
    {"aws_codestar_connections_managed", "codeconnections", "AWS CodeConnections host"},
    {"evs", "evs", "Amazon EVS VLAN subnet"},
};

// "app/web/0123456789abcdef" -> "web"
static const char *balancer_name(struct arena *arena, const char *id)
{
    const char *slash = strchr(id, '/');
    return slash == NULL ? NULL : arena_strndup(arena, slash + 1, strcspn(slash + 1, "/"));
}

// "AWS Lambda VPC ENI-checkout-0a1b2c3d-....": a function's name, and a UUID where AWS made the interface for several.
static const struct owner *function(struct arena *arena, const char *description)
{
    static const char begins[] = "AWS Lambda VPC ENI";
    enum { UUID = 36 };
    if (strncmp(description, begins, sizeof(begins) - 1) != 0)
        return NULL;
    struct owner owner = {.service = "lambda", .kind = "Lambda function", .by = OWNER_BY_DESCRIPTION};
    const char *rest = description + sizeof(begins) - 1;
    size_t length = rest[0] == '-' ? strlen(++rest) : 0;
    bool has_uuid = length > UUID + 1 && rest[length - UUID - 1] == '-' &&
                    strspn(rest + length - UUID, "0123456789abcdef-") == UUID;
    if (length > 0)
        owner.id = arena_strndup(arena, rest, has_uuid ? length - UUID - 1 : length);
    return made(arena, owner);
}

// "arn:aws:ecs:REGION:ACCOUNT:attachment/ID", "...Amazon MSK network interface for cluster arn:aws:kafka:..."
static const struct owner *by_arn(struct arena *arena, const char *description)
{
    const char *cluster = strstr(description, ":cluster/");
    if (strncmp(description, "arn:aws", 7) == 0 && strstr(description, ":ecs:") != NULL)
        return made(arena, (struct owner){.service = "ecs", .kind = "ECS task", .by = OWNER_BY_DESCRIPTION});
    if (strstr(description, "Amazon MSK network interface for cluster") == NULL)
        return NULL;
    struct owner owner = {.service = "kafka", .kind = "MSK cluster", .by = OWNER_BY_DESCRIPTION};
    if (cluster != NULL)
        owner.id = arena_strndup(arena, cluster + 9, strcspn(cluster + 9, "/"));
    return made(arena, owner);
}

static const struct owner *by_description(struct arena *arena, const char *description)
{
    if (description == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof(descriptions) / sizeof(descriptions[0]); i++) {
        const struct description *one = &descriptions[i];
        size_t length = strlen(one->begins);
        if (strncmp(description, one->begins, length) != 0)
            continue;
        struct owner owner = {.service = one->service, .kind = one->kind, .by = OWNER_BY_DESCRIPTION};
        if (one->tells_id)
            owner.id = arena_strndup(arena, description + length, strcspn(description + length, " "));
        if (i == 0)
            owner.name = balancer_name(arena, owner.id);
        return made(arena, owner);
    }
    const struct owner *owner = function(arena, description);
    return owner != NULL ? owner : by_arn(arena, description);
}

static const struct owner *by_requester(struct arena *arena, const char *requester)
{
    for (size_t i = 0; requester != NULL && i < sizeof(requesters) / sizeof(requesters[0]); i++)
        if (strcmp(requester, requesters[i].requester) == 0)
            return made(
                arena,
                (struct owner){.service = requesters[i].service, .kind = requesters[i].kind, .by = OWNER_BY_REQUESTER});
    return NULL;
}

static const struct owner *by_type(struct arena *arena, const char *type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(type, types[i].type) == 0)
            return made(arena, (struct owner){.service = types[i].service, .kind = types[i].kind, .by = OWNER_BY_TYPE});
    return NULL;
}

// What is known of an interface that AWS made, where nothing names its service.
static const struct owner *by_making(struct arena *arena, const struct network_interface *interface)
{
    static const char amazon[] = "amazon-";
    const char *requester = interface->requester_id, *description = interface->description, *said = NULL;
    if (!interface->requester_managed)
        return NULL;
    bool is_service = requester != NULL && strncmp(requester, amazon, sizeof(amazon) - 1) == 0;
    if (requester != NULL)
        said = arena_printf(arena, "requested by %s", requester);
    if (strcmp(interface->type, "interface") != 0)
        said =
            arena_printf(arena, "%s%sof type %s", said == NULL ? "" : said, said == NULL ? "" : ", ", interface->type);
    if (description != NULL && description[0] != '\0')
        said = arena_printf(arena, "%s%s\"%s\"", said == NULL ? "" : said, said == NULL ? "" : ", ", description);
    return made(arena, (struct owner){.service = is_service ? requester + sizeof(amazon) - 1 : "unknown",
                                      .kind = "requester-managed interface",
                                      .name = said,
                                      .by = requester != NULL ? OWNER_BY_REQUESTER : OWNER_BY_TYPE});
}

const struct owner *owner_of(struct arena *arena, const struct estate *estate,
                             const struct network_interface *interface)
{
    const struct owner *owner = named(arena, estate, interface);
    if (owner == NULL)
        owner = load_balancer(arena, estate, interface);
    if (owner == NULL)
        owner = instance(arena, estate, interface);
    if (owner == NULL)
        owner = database(arena, estate, interface);
    const struct vpc_link *link = owner == NULL ? vpc_link_of(estate, interface) : NULL;
    if (link != NULL)
        owner =
            made(arena, (struct owner){"apigateway", "API Gateway VPC link", link->id, link->name, OWNER_BY_DOCUMENT});
    if (owner != NULL)
        return owner;
    const struct owner *described = by_description(arena, interface->description);
    if (described != NULL && described->id != NULL) {
        const char *key = arena_printf(arena, "%s|%s", described->service, described->id);
        const char *name = map_get(&estate->named_things, key);
        return name == NULL ? described
                            : made(arena, (struct owner){described->service, described->kind, described->id,
                                                         name[0] == '\0' ? described->name : name, OWNER_BY_DOCUMENT});
    }
    if (described != NULL && strcmp(described->service, "ecs") == 0)
        owner = ecs_service(arena, estate, interface);
    if (owner == NULL)
        owner = by_requester(arena, interface->requester_id);
    if (owner == NULL)
        owner = described;
    if (owner == NULL)
        owner = by_type(arena, interface->type);
    return owner != NULL ? owner : by_making(arena, interface);
}
