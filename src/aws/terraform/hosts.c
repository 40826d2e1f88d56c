// Terraform resources that have interfaces: instances and network interfaces.
#include <stdlib.h>
#include <string.h>

#include "aws/terraform/hosts.h"
#include "model/protocol.h"

struct tag_list {
    VECTOR(const char *) items; // key, value, key, value...
};

// With those that its provider gives to all (default_tags), where the plan knows them.
static struct tag_list tags_of(struct plan_reader *plan, const struct resource *resource)
{
    const cJSON *all = member(resource->after, "tags_all"), *one;
    struct tag_list tags = {0};
    if (cJSON_GetArraySize(all) == 0)
        all = member(resource->after, "tags");
    cJSON_ArrayForEach (one, all) {
        if (one->string == NULL || !cJSON_IsString(one) || tags.items.count > UINT16_MAX - 2)
            continue;
        *vector_add(plan->arena, &tags.items) = arena_strdup(plan->arena, one->string);
        *vector_add(plan->arena, &tags.items) = arena_strdup(plan->arena, one->valuestring);
    }
    return tags;
}

static bool tags_differ(const struct resource *resource)
{
    return differs(resource, "tags") || differs(resource, "tags_all");
}

// ---- Instances

static struct instance *new_instance(struct plan_reader *plan, const struct resource *resource)
{
    struct arena *arena = plan->arena;
    struct instance *instance = arena_new_of(arena, struct instance);
    instance->id = resource->id;
    instance->state = "running";
    struct interface_place *place = arena_new_of(arena, struct interface_place);
    *place = plan_place(plan);
    instance->place = place;
    struct tag_list tags = tags_of(plan, resource);
    instance->tags = tags.items.items;
    instance->tag_count = tags.items.count;
    map_put(arena, &plan->estate->instances, instance->id, instance);
    return instance;
}

// `values` tell of the attachment; a device index that they do not tell is `otherwise`.
static void attach(struct network_interface *interface, const char *instance_id, const cJSON *values, long otherwise)
{
    long index = number(values, "device_index", otherwise), card = number(values, "network_card_index", 0);
    interface->attached = true;
    interface->instance_id = instance_id;
    interface->device_index = index >= 0 && index < 1000 ? device_index((int16_t)index, card) : -1;
}

// Which interface is attached only apply tells: any that is new.
static void attach_any_new(struct plan_reader *plan, const char *doubt)
{
    for (size_t i = 0; i < plan->estate->interfaces.count; i++) {
        struct network_interface *one = plan->estate->interfaces.items[i];
        if (one->attached || !is_made(plan, "aws_network_interface", one->id))
            continue;
        one->attached = true;
        one->doubt = doubt;
    }
}

static void attach_by(struct plan_reader *plan, const struct where *where, const char *instance_id)
{
    struct meant of = meant_at(plan, where, "network_interface_id", false);
    struct network_interface *interface = of.id == NULL ? NULL : estate_interface(plan->estate, of.id);
    if (interface != NULL)
        attach(interface, instance_id, where->values, 0);
    else if (of.doubt != NULL)
        attach_any_new(plan, of.doubt);
    else
        say_not_held(plan, where->resource, "network interface", of.id);
}

// Interfaces that are resources of their own and stand in a block of the instance. False where it has none.
static bool attach_blocks(struct plan_reader *plan, const struct resource *resource)
{
    static const char *const keys[] = {"network_interface", "primary_network_interface"};
    struct where where = whole(resource);
    bool some = false;
    for (size_t k = 0; k < 2; k++) {
        int count = cJSON_GetArraySize(member(resource->after, keys[k]));
        for (int i = 0; cJSON_IsArray(member(resource->after, keys[k])) && i < count; i++) {
            struct where block = block_of(resource, keys[k], i);
            attach_by(plan, &block, resource->id);
            some = true;
        }
        bool excluded = attribute(plan, resource->after, "subnet_id") != NULL; // the provider refuses both
        if (is_unknown(resource->unknown, keys[k]) && where.told && may_be_configured(plan, &where, keys[k]) &&
            !excluded) {
            attach_any_new(plan, doubt_of(plan, resource, keys[k]));
            some = true;
        }
    }
    return some;
}

// Of an empty list AWS chooses as of none.
static bool is_filled(struct id_list list)
{
    return list.items.count > 0 || list.doubt != NULL;
}

static void give_groups_by_name(struct plan_reader *plan, const struct resource *resource,
                                struct network_interface *interface)
{
    struct where where = whole(resource);
    struct id_list names = meant_list(plan, &where, "security_groups", true), ids = {.doubt = names.doubt};
    for (size_t n = 0; n < names.items.count; n++) {
        const char *found =
            map_get(&plan->estate->security_groups, names.items.items[n]) != NULL ? names.items.items[n] : NULL;
        for (size_t i = 0; i < plan->estate->security_groups.size; i++) {
            const struct security_group *group = plan->estate->security_groups.slots[i].value;
            bool here = group != NULL &&
                        (interface->place->subnet_id == NULL || strcmp(interface->place->vpc_id, VPC_UNKNOWN) == 0 ||
                         text_same(group->vpc_id, interface->place->vpc_id));
            if (here && text_same(group->name, names.items.items[n])) {
                found = group->id;
                *vector_add(plan->arena, &ids.items) = found; // in a VPC that is not known, each of that name
            }
        }
        if (found == NULL)
            *vector_add(plan->arena, &ids.items) = names.items.items[n];
        else if (map_get(&plan->estate->security_groups, names.items.items[n]) != NULL)
            *vector_add(plan->arena, &ids.items) = found;
    }
    if (is_filled(ids))
        set_groups(plan, interface, &ids);
    else
        set_default_group(plan, resource, interface);
}

// Where the plan makes the template its groups are told: of one that was there, which version counts may not be.
static void give_groups_of_template(struct plan_reader *plan, const struct resource *resource,
                                    struct network_interface *interface)
{
    struct id_list groups = groups_of_new_template(plan, resource);
    if (groups.items.count > 0)
        set_groups(plan, interface, &groups);
    interface->doubt = doubt_of(plan, resource, "launch_template");
}

// The interface that comes with an instance.
static void add_primary(struct plan_reader *plan, const struct resource *resource, struct instance *instance)
{
    struct where where = whole(resource);
    bool by_template =
        cJSON_GetArraySize(member(resource->after, "launch_template")) > 0 ||
        (is_unknown(resource->unknown, "launch_template") && may_be_configured(plan, &where, "launch_template"));
    struct meant subnet = meant_or_default(plan, resource, "subnet_id");
    if (id_of(subnet) == NULL)
        subnet.doubt =
            doubt_of(plan, resource, by_template ? "the subnet of its launch template" : "its default subnet");
    struct network_interface *interface =
        add_interface(plan, arena_printf(plan->arena, "%s primary interface", resource->address));
    place_interface(plan, interface, id_of(subnet));
    attach(interface, instance->id, NULL, 0);
    give_private_ipv4(plan, resource, interface);
    struct id_list groups = meant_list(plan, &where, "vpc_security_group_ids", true);
    if (is_filled(groups))
        set_groups(plan, interface, &groups);
    else if (by_template && !is_filled(meant_list(plan, &where, "security_groups", true)))
        give_groups_of_template(plan, resource, interface);
    else
        give_groups_by_name(plan, resource, interface);
    const struct subnet *held = map_get(&plan->estate->subnets, id_of(subnet));
    bool by_subnet = held == NULL || held->public_ip_on_launch || by_template;
    bool unsure = is_unknown(resource->unknown, "associate_public_ip_address") &&
                  may_be_configured(plan, &where, "associate_public_ip_address");
    bool untold = !by_template && subnet_launch_is_untold(held) &&
                  !cJSON_IsBool(member(resource->after, "associate_public_ip_address"));
    if (untold)
        interface->doubt = doubt_of_launch(plan, resource, held);
    if (unsure || (by_template && !(held != NULL && held->public_ip_on_launch)))
        interface->doubt = doubt_of(plan, resource, unsure ? "associate_public_ip_address" : "launch_template");
    if (unsure || untold || flag(resource->after, "associate_public_ip_address", by_subnet))
        give_address(plan, interface, pending_address(plan, FAMILY_IPV4),
                     private_address_of(plan, resource->after, "private_ip", interface));
    give_ipv6(plan, resource, interface);
}

// Whether an address is an Elastic IP address, by the documents or by the plan: one that is there before and after.
static bool is_elastic(const struct plan_reader *plan, const char *address)
{
    for (size_t i = 0; i < plan->estate->elastic_addresses.count; i++)
        if (strcmp(plan->estate->elastic_addresses.items[i].address, address) == 0)
            return true;
    for (size_t i = 0; i < plan->resources.count; i++) {
        const struct resource *one = &plan->resources.items[i];
        if (strcmp(one->type, "aws_eip") == 0 &&
            text_same(cJSON_GetStringValue(member(one->before, "public_ip")), address))
            return true;
    }
    return false;
}

// One that is stopped and started is given another public address, unless it is an Elastic IP address, which stays: the
// provider marks either unknown.
static void change_automatic_address(struct plan_reader *plan, const struct resource *resource,
                                     struct network_interface *interface)
{
    const char *was = attribute(plan, resource->before, "public_ip"); // a change set does not tell it
    struct address address = {0};
    if ((was == NULL && !plan->by_changeset) || !is_unknown(resource->unknown, "public_ip") ||
        (was != NULL && !address_parse(was, &address)))
        return;
    for (size_t i = 0; i < interface->address_count; i++) {
        const struct interface_address *one = &interface->addresses[i];
        char text[ADDRESS_TEXT];
        address_format((struct address){.family = one->address.family, .bits = one->address.first}, text);
        if (one->address.family == FAMILY_IPV4 && one->gateway == GATEWAY_INTERNET && !one->elastic &&
            !is_elastic(plan, text) && (was == NULL || one->address.first == address.bits))
            give_address(plan, interface, pending_address(plan, FAMILY_IPV4), one->private_address);
    }
}

// Other groups for an interface that is there. AWS leaves none without a group: what takes the last one away fails. Of
// a list that a change set no longer holds nobody knows what takes its place.
static void change_groups(struct plan_reader *plan, const struct resource *resource,
                          struct network_interface *interface, const struct id_list *groups, const char *key)
{
    struct id_list kept = {0};
    if (!differs(resource, key))
        return;
    if (is_filled(*groups)) {
        set_groups(plan, interface, groups);
    } else if (groups->set) {
        say(plan, "%s: AWS leaves no interface without a security group, so that its %s are empty fails",
            resource->address, key);
    } else if (plan->by_changeset) {
        for (size_t i = 0; interface->groups != NULL && i < interface->groups->count; i++)
            *vector_add(plan->arena, &kept.items) = interface->groups->ids[i];
        kept.doubt = doubt_of(plan, resource, "which groups it has without its own");
        set_groups(plan, interface, &kept);
    }
}

static void put_instance(struct plan_reader *plan, const struct resource *resource)
{
    if (resource->creates) {
        struct instance *instance = new_instance(plan, resource);
        if (!attach_blocks(plan, resource))
            add_primary(plan, resource, instance);
        return;
    }
    struct network_interface *interface = primary_interface_of(plan, resource->id);
    struct where where = whole(resource);
    if (interface == NULL) {
        say_not_held(plan, resource, "instance", resource->id);
        return;
    }
    struct instance *instance = map_get(&plan->estate->instances, resource->id);
    if (instance != NULL && tags_differ(resource)) {
        struct tag_list tags = tags_of(plan, resource);
        instance->tags = tags.items.items;
        instance->tag_count = tags.items.count;
    }
    struct id_list groups = meant_list(plan, &where, "vpc_security_group_ids", false);
    change_groups(plan, resource, interface, &groups, "vpc_security_group_ids");
    change_ipv6(plan, resource, interface);
    give_private_ipv4(plan, resource, interface);
    change_automatic_address(plan, resource, interface);
}

// Of what is on no instance any more: its Elastic IP addresses are on nothing that packets reach, whatever documents
// say.
static void addresses_go(struct plan_reader *plan, const struct network_interface *interface)
{
    for (size_t a = 0; a < interface->address_count; a++)
        address_goes(plan, &interface->addresses[a]);
}

static void detach(struct plan_reader *plan, struct network_interface *interface)
{
    interface->attached = false;
    addresses_go(plan, interface);
}

// Interfaces that are resources of their own outlive their instance, detached.
static void keep_interfaces(struct plan_reader *plan, const char *instance_id)
{
    for (size_t i = 0; instance_id != NULL && i < plan->resources.count; i++) {
        const struct resource *one = &plan->resources.items[i];
        bool is_interface = one->managed && !one->removes && strcmp(one->type, "aws_network_interface") == 0;
        struct network_interface *interface =
            is_interface && one->id_before != NULL ? estate_interface(plan->estate, one->id_before) : NULL;
        if (interface != NULL && text_same(interface->instance_id, instance_id))
            interface->stays = true;
    }
}

static void remove_instance(struct plan_reader *plan, const struct resource *resource)
{
    struct instance *instance = map_get(&plan->estate->instances, resource->id_before);
    keep_interfaces(plan, resource->id_before);
    if (instance != NULL)
        instance->state = "terminated";
    else if (primary_interface_of(plan, resource->id_before) == NULL)
        say_not_held(plan, resource, "instance", resource->id_before);
    for (size_t i = 0; resource->id_before != NULL && i < plan->estate->interfaces.count; i++) {
        struct network_interface *one = plan->estate->interfaces.items[i];
        if (!text_same(one->instance_id, resource->id_before))
            continue;
        addresses_go(plan, one);
        one->attached = one->attached && instance != NULL; // else its state tells
    }
}

// One that starts is given another public address, if it was launched with one.
static void change_state(struct plan_reader *plan, const struct resource *resource, struct instance *instance,
                         const char *state)
{
    struct network_interface *primary = primary_interface_of(plan, instance->id);
    bool starts = strcmp(state, "running") == 0 && !text_same(instance->state, "running"), has_ipv4 = false;
    const struct subnet *subnet = primary == NULL ? NULL : map_get(&plan->estate->subnets, primary->place->subnet_id);
    instance->state = state;
    for (size_t i = 0; primary != NULL && i < primary->address_count; i++)
        has_ipv4 = has_ipv4 || primary->addresses[i].address.family == FAMILY_IPV4;
    if (!starts || primary == NULL || has_ipv4 || (subnet != NULL && !subnet->public_ip_on_launch))
        return;
    primary->doubt = doubt_of(plan, resource, "the public address that AWS may give it");
    give_address(plan, primary, pending_address(plan, FAMILY_IPV4),
                 private_address_of(plan, resource->after, "private_ip", primary));
}

static void put_state(struct plan_reader *plan, const struct resource *resource)
{
    struct meant of = meant(plan, resource, "instance_id");
    struct instance *instance = map_get(&plan->estate->instances, of.id);
    const char *state = attribute(plan, resource->after, "state");
    if (instance == NULL && of.doubt == NULL)
        say_not_held(plan, resource, "instance", of.id);
    else if (state == NULL)
        doubt_of(plan, resource, "state");
    else if (instance != NULL)
        change_state(plan, resource, instance, state);
}

// ---- Interfaces

// What an interface's `attachment` block says.
static void attach_own(struct plan_reader *plan, const struct resource *resource, struct network_interface *interface)
{
    int count = cJSON_GetArraySize(member(resource->after, "attachment"));
    struct where where = whole(resource);
    bool unknown = is_unknown(resource->unknown, "attachment") && may_be_configured(plan, &where, "attachment");
    if (!resource->creates && !differs(resource, "attachment"))
        return;
    detach(plan, interface);
    interface->instance_id = NULL;
    if (unknown) {
        interface->attached = true;
        interface->doubt = doubt_of(plan, resource, "attachment");
    }
    for (int i = 0; i < count && i < 1; i++) {
        struct where block = block_of(resource, "attachment", i);
        struct meant instance = meant_at(plan, &block, "instance", false);
        attach(interface, id_of(instance), block.values, -1);
        if (instance.doubt != NULL)
            interface->doubt = instance.doubt;
    }
}

static void put_interface(struct plan_reader *plan, const struct resource *resource)
{
    struct network_interface *interface = estate_interface(plan->estate, resource->id);
    struct where where = whole(resource);
    if (interface == NULL && !resource->creates) {
        say_not_held(plan, resource, "network interface", resource->id);
        return;
    }
    struct id_list groups = meant_list(plan, &where, "security_groups", resource->creates);
    if (interface == NULL) {
        interface = add_interface(plan, resource->id);
        place_interface(plan, interface, id_of(meant(plan, resource, "subnet_id")));
        give_ipv6(plan, resource, interface);
    } else {
        change_ipv6(plan, resource, interface);
    }
    if (resource->creates || tags_differ(resource)) {
        struct tag_list tags = tags_of(plan, resource);
        interface->tags = tags.items.items;
        interface->tag_count = (uint16_t)tags.items.count;
    }
    give_private_ipv4(plan, resource, interface);
    give_prefixes(plan, resource, interface);
    attach_own(plan, resource, interface);
    if (!resource->creates)
        change_groups(plan, resource, interface, &groups, "security_groups");
    else if (is_filled(groups))
        set_groups(plan, interface, &groups);
    else
        set_default_group(plan, resource, interface);
}

static void remove_interface(struct plan_reader *plan, const struct resource *resource)
{
    struct network_interface *interface =
        resource->id_before == NULL ? NULL : estate_interface(plan->estate, resource->id_before);
    if (interface == NULL) {
        say_not_held(plan, resource, "network interface", resource->id_before);
        return;
    }
    detach(plan, interface);
    interface->goes = true;
}

static void put_attachment(struct plan_reader *plan, const struct resource *resource)
{
    struct where where = whole(resource);
    attach_by(plan, &where, id_of(meant(plan, resource, "instance_id")));
}

static void remove_attachment(struct plan_reader *plan, const struct resource *resource)
{
    const char *id = attribute(plan, resource->before, "network_interface_id");
    struct network_interface *interface = id == NULL ? NULL : estate_interface(plan->estate, id);
    if (interface == NULL) {
        say_not_held(plan, resource, "network interface", id);
        return;
    }
    detach(plan, interface);
    interface->instance_id = NULL;
}

// ---- Groups that are given to interfaces

static void change_group(struct plan_reader *plan, const char *interface_id, const char *group_id, bool gives)
{
    struct network_interface *interface = interface_id == NULL ? NULL : estate_interface(plan->estate, interface_id);
    struct id_list ids = {0};
    if (interface == NULL)
        return;
    for (size_t i = 0; interface->groups != NULL && i < interface->groups->count; i++)
        if (!text_same(interface->groups->ids[i], group_id))
            *vector_add(plan->arena, &ids.items) = interface->groups->ids[i];
    if (gives)
        *vector_add(plan->arena, &ids.items) = group_id;
    if (ids.items.count == 0 && plan->current != NULL) {
        say(plan, "%s: AWS leaves no interface without a security group, so taking %s away from %s fails",
            plan->current->address, group_id, interface_id);
        return;
    }
    set_groups(plan, interface, &ids);
}

static void put_group_attachment(struct plan_reader *plan, const struct resource *resource)
{
    struct meant of = meant_surely(plan, resource, "network_interface_id");
    const char *group = id_of(meant_surely(plan, resource, "security_group_id"));
    if (of.id != NULL && estate_interface(plan->estate, of.id) == NULL)
        say_not_held(plan, resource, "network interface", of.id);
    if (group != NULL && of.id != NULL)
        change_group(plan, of.id, group, true);
    for (size_t i = 0; of.doubt != NULL && group != NULL && i < plan->estate->interfaces.count;
         i++) { // any that is new
        const char *id = plan->estate->interfaces.items[i]->id;
        if (is_made(plan, "aws_network_interface", id) || strstr(id, " primary interface") != NULL)
            change_group(plan, id, of.doubt, true);
    }
}

static void remove_group_attachment(struct plan_reader *plan, const struct resource *resource)
{
    const char *id = attribute(plan, resource->before, "network_interface_id");
    const char *group = attribute(plan, resource->before, "security_group_id");
    if (id == NULL || estate_interface(plan->estate, id) == NULL || group == NULL)
        say_not_held(plan, resource, "network interface", id);
    else
        change_group(plan, id, group, false);
}

static const struct resource_type types[] = {
    {"aws_network_interface", remove_interface, put_interface},
    {"aws_instance", remove_instance, put_instance},
    {"aws_spot_instance_request", remove_instance, put_instance},
    {"aws_network_interface_attachment", remove_attachment, put_attachment},
    {"aws_network_interface_sg_attachment", remove_group_attachment, put_group_attachment},
    {"aws_ec2_instance_state", NULL, put_state},
};

const struct resource_types terraform_hosts = {types, sizeof(types) / sizeof(types[0])};
