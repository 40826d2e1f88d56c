// Terraform resources that launch instances and tasks later: which addresses those will have is possible.
#include <string.h>

#include "aws/terraform/hosts.h"

// What launches: an instance's or a task's first interface.
struct launched {
    const char *what;
    struct id_list subnets;
    struct id_list groups;
    bool groups_told;
    enum { PUBLIC_BY_SUBNET, PUBLIC_NOT, PUBLIC } address;
};

static void launch(struct plan_reader *plan, const struct resource *resource, const struct launched *launched)
{
    const char *doubt = arena_printf(plan->arena, "%s: %s that it launches", resource->address, launched->what);
    say(plan, "%s", doubt);
    for (size_t i = 0; i <= launched->subnets.items.count; i++) {
        bool last = i == launched->subnets.items.count;
        const char *id = last ? launched->subnets.doubt : launched->subnets.items.items[i];
        const struct subnet *subnet = map_get(&plan->estate->subnets, id);
        if (id == NULL || launched->address == PUBLIC_NOT)
            continue;
        if (launched->address == PUBLIC_BY_SUBNET && subnet != NULL && !subnet->public_ip_on_launch &&
            !subnet->ipv6_on_creation)
            continue;
        struct network_interface *interface =
            add_interface(plan, arena_printf(plan->arena, "%s interface in %s", resource->address, id));
        place_interface(plan, interface, id);
        interface->doubt = doubt;
        if (launched->groups_told)
            set_groups(plan, interface, &launched->groups);
        if (launched->address == PUBLIC || subnet == NULL || subnet->public_ip_on_launch)
            give_address(plan, interface, pending_address(plan, FAMILY_IPV4), (struct address){.family = FAMILY_IPV4});
        if (subnet != NULL && subnet->ipv6_on_creation) {
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

static void put_scaling_group(struct plan_reader *plan, const struct resource *resource)
{
    const struct resource *from = template_of(plan, resource);
    struct where where = whole(resource);
    struct launched launched = {.what = "the instances", .address = PUBLIC};
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
    if (!resource->creates)
        say(plan, "%s: what else is launched from it is not told", resource->address);
}

// ---- ECS services

static void put_ecs_service(struct plan_reader *plan, const struct resource *resource)
{
    struct where block = block_of(resource, "network_configuration", 0);
    struct launched launched = {.what = "the tasks", .address = PUBLIC};
    bool unknown = is_unknown(resource->unknown, "network_configuration");
    if (cJSON_GetArraySize(member(resource->after, "load_balancer")) > 0 &&
        (resource->creates || differs(resource, "load_balancer")))
        say(plan, "%s: what load balancers let through to its tasks is not modelled", resource->address);
    if (!resource->creates && !differs(resource, "network_configuration"))
        return;
    if (!cJSON_IsObject(block.values) && !unknown)
        return; // its tasks have no interfaces of their own
    if (!unknown && !flag(block.values, "assign_public_ip", false) && !is_unknown(block.unknown, "assign_public_ip"))
        return;
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
