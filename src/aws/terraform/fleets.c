// Terraform resources that launch instances and tasks later: which addresses those will have is possible.
#include <string.h>

#include "aws/terraform/hosts.h"

// What launches: an instance's or a task's first interface.
struct launched {
    const char *what;
    struct id_list subnets;
    struct id_list groups;
    bool groups_told;
    bool told;       // by what the plan itself tells of it
    bool elsewhere;  // than those that it launched before, or for other groups
    bool dual_stack; // an IPv6 address wherever the subnet has a block of them
    enum { PUBLIC_BY_SUBNET, PUBLIC_NOT, PUBLIC } address;
};

static bool some_subnet_has_ipv6(const struct plan_reader *plan)
{
    for (size_t i = 0; i < plan->estate->subnets.size; i++) {
        const struct subnet *subnet = plan->estate->subnets.slots[i].value;
        if (subnet != NULL && subnet->has_ipv6)
            return true;
    }
    return false;
}

static void launch(struct plan_reader *plan, const struct resource *resource, const struct launched *launched)
{
    const char *doubt = arena_printf(plan->arena, "%s: %s that it launches", resource->address, launched->what);
    if (!launched->told)
        say(plan, "%s", doubt); // from which version of a template the plan does not tell
    for (size_t i = 0; i <= launched->subnets.items.count; i++) {
        bool last = i == launched->subnets.items.count;
        const char *id = last ? launched->subnets.doubt : launched->subnets.items.items[i];
        const struct subnet *subnet = map_get(&plan->estate->subnets, id);
        if (id == NULL)
            continue;
        bool by_subnet = subnet == NULL || subnet->public_ip_on_launch || subnet_launch_is_untold(subnet);
        bool has_ipv4 = launched->address == PUBLIC || (launched->address == PUBLIC_BY_SUBNET && by_subnet);
        bool has_ipv6 = subnet == NULL ? launched->dual_stack && some_subnet_has_ipv6(plan)
                                       : (launched->dual_stack ? subnet->has_ipv6 : subnet->ipv6_on_creation);
        if (!has_ipv4 && !has_ipv6) {
            plan->aside = true;
            if (launched->elsewhere)
                say(plan, "%s", doubt);
            plan->aside = false;
            continue;
        }
        say(plan, "%s", doubt);
        struct network_interface *interface =
            add_interface(plan, arena_printf(plan->arena, "%s interface in %s", resource->address, id));
        place_interface(plan, interface, id);
        interface->doubt = doubt;
        if (launched->groups_told)
            set_groups(plan, interface, &launched->groups);
        if (has_ipv4)
            give_address(plan, interface, pending_address(plan, FAMILY_IPV4), (struct address){.family = FAMILY_IPV4});
        if (has_ipv6) {
            struct address address = pending_address(plan, FAMILY_IPV6);
            give_address(plan, interface, address, address);
        }
    }
}

// ---- Auto Scaling groups

static const struct resource *resource_with_id(const struct plan_reader *plan, const char *id)
{
    const struct resource *made = map_get(&plan->by_address, id);
    for (size_t i = 0; made == NULL && id != NULL && i < plan->resources.count; i++)
        if (text_same(plan->resources.items[i].id, id))
            made = &plan->resources.items[i];
    return made;
}

// The template or configuration that a group launches from, where it is in the plan.
static const struct resource *template_of(struct plan_reader *plan, const struct resource *resource)
{
    struct where block = block_of(resource, "launch_template", 0);
    struct followed to = {0};
    struct id_list ids = {0};
    block.argument = "launch_template";
    if (is_unknown(block.unknown, "id") &&
        evaluated_ids_of(plan, &block, "id", "launch_template", false, &ids) == EVALUATED_TO)
        return resource_with_id(plan, ids.items.items[0]);
    if (cJSON_IsObject(block.values)) {
        const char *id = attribute(plan, block.values, "id");
        if (id != NULL)
            return resource_with_id(plan, id);
        to = follow(plan, resource, is_unknown(block.unknown, "id") ? member(block.configured, "id") : NULL,
                    "launch_template", false);
    } else if (attribute(plan, resource->after, "launch_configuration") != NULL) {
        return resource_with_id(plan, attribute(plan, resource->after, "launch_configuration"));
    } else if (is_unknown(resource->unknown, "launch_configuration")) {
        to = follow(plan, resource, member(member(resource->configured, "expressions"), "launch_configuration"),
                    "launch_template", false);
    }
    return to.ids.count == 1 && !to.opaque ? resource_with_id(plan, to.ids.items[0]) : NULL;
}

// Whether what a template launches is as it was: another image, type or disk, and the version that is the default one
// was the latest already.
static bool launches_alike(const struct resource *from)
{
    static const char *const image[] = {"image_id",
                                        "instance_type",
                                        "user_data",
                                        "latest_version",
                                        "description",
                                        "key_name",
                                        "ebs_optimized",
                                        "monitoring",
                                        "block_device_mappings",
                                        "iam_instance_profile",
                                        "metadata_options",
                                        "tag_specifications",
                                        "credit_specification",
                                        "update_default_version",
                                        NULL};
    const cJSON *const sides[] = {from->unknown, from->after, from->before}, *one;
    bool latest = number(from->before, "default_version", 0) == number(from->before, "latest_version", -1);
    if (from->creates || from->removes || strcmp(from->type, "aws_launch_template") != 0)
        return false;
    for (size_t i = 0; i < 3; i++)
        cJSON_ArrayForEach (one, sides[i])
            if (one->string == NULL ||
                (differs(from, one->string) && strncmp(one->string, "tags", 4) != 0 &&
                 !text_among(one->string, image) && !(latest && strcmp(one->string, "default_version") == 0)))
                return false;
    return true;
}

// Whether all versions that a group may launch from are what the plan tells.
static bool is_told(const struct resource *from)
{
    return from != NULL && from->after != NULL && strcmp(from->type, "aws_launch_template") == 0 &&
           (from->creates ||
            (launches_alike(from) && number(from->before, "latest_version", 0) == 1)); // no other one may be named
}

static void read_template(struct plan_reader *plan, const struct resource *from, struct launched *launched)
{
    struct where where = from == NULL ? (struct where){0} : whole(from);
    if (from == NULL || from->after == NULL)
        return; // any group, and a public address
    int count = cJSON_GetArraySize(member(from->after, "network_interfaces"));
    if (strcmp(from->type, "aws_launch_configuration") == 0) {
        launched->groups = meant_list(plan, &where, "security_groups", false);
        launched->address = is_unknown(from->unknown, "associate_public_ip_address") ? PUBLIC_BY_SUBNET
                            : member(from->after, "associate_public_ip_address") == NULL ||
                                    cJSON_IsNull(member(from->after, "associate_public_ip_address"))
                                ? PUBLIC_BY_SUBNET
                            : flag(from->after, "associate_public_ip_address", false) ? PUBLIC
                                                                                      : PUBLIC_NOT;
    } else if (count > 0) {
        struct where block = block_of(from, "network_interfaces", 0);
        const cJSON *public = member(block.values, "associate_public_ip_address");
        bool told = cJSON_IsBool(public) || (cJSON_IsString(public) && public->valuestring[0] != '\0');
        launched->groups = meant_list(plan, &block, "security_groups", false);
        launched->address = is_unknown(block.unknown, "associate_public_ip_address")   ? PUBLIC
                            : !told                                                    ? PUBLIC_BY_SUBNET
                            : flag(block.values, "associate_public_ip_address", false) ? PUBLIC
                                                                                       : PUBLIC_NOT;
    } else if (!any_unknown(from->unknown, "network_interfaces")) {
        launched->groups = meant_list(plan, &where, "vpc_security_group_ids", false);
        launched->address = PUBLIC_BY_SUBNET;
    }
    launched->groups_told = launched->groups.set && launched->groups.items.count > 0;
}

struct id_list groups_of_new_template(struct plan_reader *plan, const struct resource *resource)
{
    const struct resource *from = template_of(plan, resource);
    struct launched launched = {0};
    if (from != NULL && from->creates && cJSON_GetArraySize(member(from->after, "network_interfaces")) <= 1)
        read_template(plan, from, &launched);
    return launched.groups;
}

static bool grows(const struct resource *resource, const struct resource *from)
{
    static const char *const keys[] = {
        "launch_template", "launch_configuration", "mixed_instances_policy", "vpc_zone_identifier", "max_size",
        "min_size",        "desired_capacity",     "availability_zones"};
    bool changed = resource->creates || (from != NULL && from->changes);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !changed; i++)
        changed = differs(resource, keys[i]);
    return changed;
}

// What load balancers pass on to the instances of a group that is attached to them.
static void heed_balancers(struct plan_reader *plan, const struct resource *resource)
{
    static const char *const keys[] = {"target_group_arns", "load_balancers", "traffic_source"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct where where = whole(resource);
        bool told = cJSON_GetArraySize(member(resource->after, keys[i])) > 0 ||
                    (any_unknown(resource->unknown, keys[i]) && may_be_configured(plan, &where, keys[i]));
        if (resource->creates ? told : differs(resource, keys[i]))
            say(plan, "%s: what load balancers let through to its instances is not modelled", resource->address);
    }
}

static void put_scaling_group(struct plan_reader *plan, const struct resource *resource)
{
    const struct resource *from = template_of(plan, resource);
    struct where where = whole(resource);
    struct launched launched = {.what = "the instances", .address = PUBLIC, .told = is_told(from)};
    launched.elsewhere =
        resource->creates || differs(resource, "vpc_zone_identifier") || from == NULL || !launches_alike(from);
    heed_balancers(plan, resource);
    if (!grows(resource, from))
        return;
    launched.subnets = meant_list(plan, &where, "vpc_zone_identifier", true);
    if (!launched.subnets.set)
        launched.subnets.doubt = doubt_of(plan, resource, "its default subnets");
    read_template(plan, from, &launched);
    launch(plan, resource, &launched);
}

static void remove_scaling_group(struct plan_reader *plan, const struct resource *resource)
{
    say(plan, "%s: which instances end with it is not told", resource->address);
}

static void put_template(struct plan_reader *plan, const struct resource *resource)
{
    if (!resource->creates && !launches_alike(resource))
        say(plan, "%s: what else is launched from it is not told", resource->address);
}

// ---- ECS services

// Whether tasks begin that were not there: others, or more of them. Of a subnet with an IPv6 block they have an IPv6
// address, whatever assign_public_ip says.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html
static bool launches_tasks(const struct resource *resource)
{
    static const char *const keys[] = {
        "network_configuration",     "desired_count", "task_definition",  "force_new_deployment",
        "scheduling_strategy",       "launch_type",   "platform_version", "triggers",
        "capacity_provider_strategy"};
    bool some = resource->creates;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !some; i++)
        some = differs(resource, keys[i]);
    return some;
}

static void put_ecs_service(struct plan_reader *plan, const struct resource *resource)
{
    struct where block = block_of(resource, "network_configuration", 0);
    struct launched launched = {.what = "the tasks", .address = PUBLIC, .told = true, .dual_stack = true};
    launched.elsewhere = resource->creates || differs(resource, "network_configuration");
    bool unknown = is_unknown(resource->unknown, "network_configuration");
    if (cJSON_GetArraySize(member(resource->after, "load_balancer")) > 0 &&
        (resource->creates || differs(resource, "load_balancer")))
        say(plan, "%s: what load balancers let through to its tasks is not modelled", resource->address);
    if (!launches_tasks(resource))
        return;
    if (!cJSON_IsObject(block.values) && !unknown)
        return; // its tasks have no interfaces of their own
    if (!unknown && !flag(block.values, "assign_public_ip", false) && !is_unknown(block.unknown, "assign_public_ip"))
        launched.address = PUBLIC_NOT;
    launched.subnets = meant_list(plan, &block, "subnets", false);
    launched.groups = meant_list(plan, &block, "security_groups", false);
    launched.groups_told = launched.groups.set && launched.groups.items.count > 0;
    if (unknown || !launched.subnets.set)
        launched.subnets.doubt = doubt_of(plan, resource, "network_configuration");
    launch(plan, resource, &launched);
}

static void remove_ecs_service(struct plan_reader *plan, const struct resource *resource)
{
    const cJSON *block = cJSON_GetArrayItem(member(resource->before, "network_configuration"), 0);
    if (flag(block, "assign_public_ip", false))
        say(plan, "%s: which tasks end with it is not told", resource->address);
}

static const struct resource_type types[] = {
    {"aws_launch_template", NULL, put_template},
    {"aws_launch_configuration", NULL, NULL},
    {"aws_autoscaling_group", remove_scaling_group, put_scaling_group},
    {"aws_ecs_service", remove_ecs_service, put_ecs_service},
};

const struct resource_types terraform_fleets = {types, sizeof(types) / sizeof(types[0])};
