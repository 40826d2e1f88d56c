#include "aws/documents/document.h"

#include <string.h>

// A document's top-level key tells what its elements are.
static const struct document_kind {
    const char *key;
    enum kind kind;
    element_reader read;
} kinds[] = {
    {"NetworkInterfaces", KIND_NETWORK_INTERFACES, read_interface},
    {"Reservations", KIND_RESERVATIONS, read_reservation},
    {"Subnets", KIND_SUBNETS, read_subnet},
    {"RouteTables", KIND_ROUTE_TABLES, read_route_table},
    {"NetworkAcls", KIND_NETWORK_ACLS, read_network_acl},
    {"InternetGateways", KIND_INTERNET_GATEWAYS, read_internet_gateway},
    {"SecurityGroups", KIND_SECURITY_GROUPS, read_security_group},
    {"PrefixLists", KIND_PREFIX_LISTS, read_prefix_list},
    {"Vpcs", KIND_VPCS, NULL},
    // An interface may hold a group of another VPC: groups are found by id, whatever VPC they are of.
    {"SecurityGroupVpcAssociations", KIND_SECURITY_GROUP_VPC_ASSOCIATIONS, NULL},
    {"VpcEndpoints", KIND_VPC_ENDPOINTS, read_vpc_endpoint},
    {"VpcBlockPublicAccessExclusions", KIND_BLOCK_PUBLIC_ACCESS_EXCLUSIONS, read_block_exclusion},
    {"LoadBalancers", KIND_LOAD_BALANCERS, read_load_balancer},
    {"LoadBalancerDescriptions", KIND_CLASSIC_LOAD_BALANCERS, read_classic_load_balancer},
    {"Listeners", KIND_LISTENERS, read_listener},
    {"TargetGroups", KIND_TARGET_GROUPS, read_target_group},
    // As Batfish's collector saves them: what the AWS CLI prints one at a time, with the ARN it was asked for.
    {"LoadBalancerListeners", KIND_LISTENERS, read_listeners_of},
    {"LoadBalancerTargetHealth", KIND_TARGET_HEALTH, read_target_health_of},
    {"DBInstances", KIND_DB_INSTANCES, read_db_instance},
    {"LaunchTemplateVersions", KIND_LAUNCH_TEMPLATES, read_launch_template},
};

// Lists that tell of the account rather than of its network.
static const struct account_list {
    const char *key;
    element_reader read;
} account_lists[] = {
    {"UserDetailList", read_user},
    {"GroupDetailList", read_group},
    {"RoleDetailList", read_role},
    {"Policies", read_managed_policy},
    {"trailList", read_trail},
    {"VirtualMFADevices", read_virtual_device},
    {"EventSelectors", read_event_selector},
    {"AdvancedEventSelectors", read_advanced_event_selector},
};

struct document {
    struct reader reader;
    const char *file;
    const struct document_kind *kind; // of the member being read, or NULL
    element_reader read;
    void *into;
    bool last;
    bool *later;
    const char *firewall;
};

// get-managed-prefix-list-entries prints no list id: it is in the name of the file (contract.md).
static bool begin_entries(struct document *document, const struct json_cursor *at, struct error *error)
{
    const char *name = strrchr(document->file, '/'), *start = strstr(name == NULL ? document->file : name, "pl-");
    if (start == NULL)
        return json_fail(at, error, "prefix list entries, but the file's name holds no pl-...");
    char *id =
        arena_strndup(document->reader.scratch, start, 3 + strspn(start + 3, "0123456789abcdefghijklmnopqrstuvwxyz"));
    struct prefix_list *list = prefix_list_named(&document->reader, intern(&document->reader, id));
    list->has_entries = true;
    document->read = read_prefix_list_entry;
    document->into = list;
    return true;
}

// describe-target-health and describe-target-group-attributes print no ARN either.
static bool begin_of_target_group(struct document *document, const struct json_cursor *at, element_reader read)
{
    struct reader *reader = &document->reader;
    struct target_group *group = document->last ? target_group_of_file(reader, document->file) : NULL;
    if (!document->last) {
        *document->later = true;
        return true;
    }
    if (group == NULL) {
        *vector_add(reader->arena, &reader->estate->notes) =
            arena_printf(reader->arena, "%s: %s is not used: the file's name holds no target group's name or id",
                         document->file, at->key);
        return true;
    }
    document->read = read;
    document->into = group;
    if (read == read_target_health) {
        reader->estate->present[KIND_TARGET_HEALTH] = true;
        group->targets_known = true;
    }
    return true;
}

// What has no part in exposure: what pages leave behind, and what read brings for other ends.
static bool is_known(const char *key)
{
    static const char *const names[] = {"NextToken",
                                        "NextMarker",
                                        "Marker",
                                        "ResponseMetadata",
                                        "UpdateToken",
                                        "SummaryMap",
                                        "PasswordPolicy",
                                        "Content",
                                        "ReportFormat",
                                        "GeneratedTime",
                                        "Users",
                                        "Groups",
                                        "AttachedPolicies",
                                        "MFADevices",
                                        "TrailARN",
                                        "IsLogging",
                                        "StartLoggingTime",
                                        "StopLoggingTime",
                                        "TimeLoggingStarted",
                                        "TimeLoggingStopped",
                                        "Firewalls",
                                        "Addresses",
                                        "NatGateways",
                                        "EgressOnlyInternetGateways",
                                        "SecurityGroupRules",
                                        NULL};
    return text_among(key, names) || strncmp(key, "Latest", 6) == 0; // of a trail's status
}

// Of a trail, the document's path tells which: when all trails are known.
static bool begin_account_list(struct document *document, const struct json_cursor *at)
{
    for (size_t i = 0; i < sizeof(account_lists) / sizeof(account_lists[0]); i++) {
        if (strcmp(account_lists[i].key, at->key) != 0)
            continue;
        bool of_trail = strstr(at->key, "EventSelectors") != NULL;
        if (of_trail && !document->last)
            *document->later = true;
        else
            document->read = account_lists[i].read;
        document->into = of_trail ? trail_of_file(&document->reader) : NULL;
        if (of_trail && document->into == NULL)
            document->read = NULL;
        note_account_list(&document->reader, at->key);
        return true;
    }
    return false;
}

static bool on_member(void *context, const struct json_cursor *at, struct error *error)
{
    static const char *const whole[] = {"VpcBlockPublicAccessOptions", "Firewall", "FirewallStatus", NULL};
    struct document *document = context;
    struct estate *estate = document->reader.estate;
    document->kind = NULL;
    document->read = NULL;
    document->into = NULL;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].key, at->key) == 0)
            document->kind = &kinds[i];
    if (document->kind != NULL) {
        estate->present[document->kind->kind] = true;
        document->read = document->kind->read;
        return true;
    }
    if (begin_account_list(document, at))
        return true;
    if (strcmp(at->key, "IsLogging") == 0 && !document->last)
        *document->later = true;
    if (strcmp(at->key, "Entries") == 0)
        return begin_entries(document, at, error);
    if (strcmp(at->key, "TargetHealthDescriptions") == 0)
        return begin_of_target_group(document, at, read_target_health);
    if (strcmp(at->key, "Attributes") == 0 && strstr(document->file, "describe-load-balancer-attributes") != NULL)
        return true; // not a target group's
    if (strcmp(at->key, "Attributes") == 0)
        return begin_of_target_group(document, at, read_target_group_attribute);
    if (!document->last && !text_among(at->key, whole) && !is_known(at->key))
        *vector_add(estate->arena, &estate->notes) =
            arena_printf(estate->arena, "%s: %s is not used", document->file, at->key);
    return true;
}

static bool on_whole_value(struct document *document, const struct json_cursor *at, struct error *error)
{
    struct reader *reader = &document->reader;
    if (strcmp(at->key, "VpcBlockPublicAccessOptions") == 0) {
        reader->estate->present[KIND_BLOCK_PUBLIC_ACCESS] = true;
        return read_block_options(reader, at);
    }
    if (strcmp(at->key, "Firewall") == 0) {
        reader->estate->present[KIND_FIREWALLS] = true;
        GUARD(json_expect_object(at, error));
        return text_of(reader, at, "FirewallName", &document->firewall);
    }
    if (strcmp(at->key, "FirewallStatus") == 0) {
        GUARD(json_expect_object(at, error));
        return read_firewall_status(reader, at, document->firewall);
    }
    if (document->kind != NULL || document->read != NULL)
        return json_expect_array(at, error);
    return strcmp(at->key, "IsLogging") == 0 && !document->last ? true : read_account_member(reader, at);
}

static bool on_value(void *context, const struct json_cursor *at, bool is_element, struct error *error)
{
    struct document *document = context;
    if (!is_element)
        return on_whole_value(document, at, error);
    if (document->kind != NULL || document->read != NULL)
        GUARD(json_expect_object(at, error));
    bool good = document->read == NULL || document->read(&document->reader, at, document->into);
    arena_reset(document->reader.scratch);
    return good;
}

bool document_read(struct estate *estate, const char *file, const char *name, struct document_place place, bool last,
                   bool *later, struct error *error)
{
    static const struct json_visitor visitor = {.member = on_member, .value = on_value};
    struct arena *scratch = arena_new();
    struct document document = {
        .reader = {.estate = estate, .arena = estate->arena, .place = place, .error = error, .scratch = scratch},
        .file = file,
        .last = last,
        .later = later,
        .firewall = "AWS Network Firewall",
    };
    *later = false;
    document.reader.name = intern(&document.reader, name);
    bool good = json_stream(file, &visitor, &document, error);
    arena_free(scratch);
    return good;
}
