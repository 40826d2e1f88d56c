// Terraform resources of Elastic IP addresses.
#include <string.h>

#include "aws/terraform/hosts.h"

static bool take_address(struct plan_reader *plan, const char *text)
{
    struct address address;
    bool taken = false;
    if (text == NULL || !address_parse(text, &address))
        return false;
    for (size_t i = 0; i < plan->estate->interfaces.count; i++) {
        struct network_interface *interface = plan->estate->interfaces.items[i];
        struct interface_address *kept = NULL;
        uint16_t count = 0;
        for (size_t a = 0; a < interface->address_count; a++)
            if (interface->addresses[a].address.family == address.family &&
                interface->addresses[a].address.first == address.bits) {
                kept = arena_array(plan->arena, struct interface_address, interface->address_count);
                address_goes(plan, &interface->addresses[a]);
            }
        for (size_t a = 0; kept != NULL && a < interface->address_count; a++)
            if (interface->addresses[a].address.first != address.bits ||
                interface->addresses[a].address.family != address.family)
                kept[count++] = interface->addresses[a];
        if (kept != NULL) {
            interface->addresses = kept;
            interface->address_count = count;
            *vector_add(plan->arena, &plan->bereft) = interface;
            if (plan->current != NULL)
                touches(plan, plan->current, interface->id);
            taken = true;
        }
    }
    taken = taken || map_get(&plan->taken, text) != NULL; // by another resource of the plan
    if (taken)
        map_put(plan->arena, &plan->taken, arena_strdup(plan->arena, text), plan);
    uint32_t left = 0; // it is no longer on what documents say it is
    for (uint32_t i = 0; i < plan->estate->elastic_addresses.count; i++)
        if (strcmp(plan->estate->elastic_addresses.items[i].address, text) != 0)
            plan->estate->elastic_addresses.items[left++] = plan->estate->elastic_addresses.items[i];
    plan->estate->elastic_addresses.count = left;
    return taken;
}

// "When you disassociate the Elastic IP address from your instance, it receives a new public IP address", if it was
// launched with one: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html
void heed_bereft(struct plan_reader *plan)
{
    for (size_t i = 0; i < plan->bereft.count; i++) {
        const struct network_interface *one = plan->bereft.items[i];
        const struct instance *instance = map_get(&plan->estate->instances, one->instance_id);
        const struct subnet *subnet = map_get(&plan->estate->subnets, one->place->subnet_id);
        bool has_ipv4 = false;
        for (size_t a = 0; a < one->address_count; a++)
            has_ipv4 = has_ipv4 || one->addresses[a].address.family == FAMILY_IPV4;
        if (one->attached && one->device_index <= 0 && !has_ipv4 && instance != NULL && !instance_is_gone(instance) &&
            (subnet == NULL || subnet->public_ip_on_launch))
            say(plan, "instance %s: AWS may give it a public address again, as its Elastic IP address goes",
                instance->id);
    }
}

// What it is on only apply tells: an interface of which nothing else is known.
static struct network_interface *unplaced(struct plan_reader *plan, const struct resource *resource, const char *doubt)
{
    struct network_interface *interface =
        add_interface(plan, arena_printf(plan->arena, "the interface of %s", resource->address));
    interface->doubt = doubt;
    return interface;
}

// Puts an address, NULL where AWS will choose it, on an interface or instance. Neither set: on nothing.
static void associate(struct plan_reader *plan, const struct resource *resource, const char *public_ip,
                      struct meant interface_meant, struct meant instance_meant, const char *private_key)
{
    const char *interface_id = interface_meant.id, *instance_id = instance_meant.id;
    const char *doubt = interface_meant.doubt != NULL ? interface_meant.doubt : instance_meant.doubt;
    struct network_interface *interface = NULL;
    struct address address;
    if (interface_id != NULL)
        interface = estate_interface(plan->estate, interface_id);
    else if (instance_id != NULL)
        interface = primary_interface_of(plan, instance_id);
    else if (doubt != NULL)
        interface = unplaced(plan, resource, doubt);
    if (interface == NULL && interface_id == NULL && instance_id == NULL)
        return;
    if (public_ip != NULL)
        take_address(plan, public_ip);
    if (interface == NULL) {
        say_not_held(plan, resource, interface_id != NULL ? "network interface" : "instance",
                     interface_id != NULL ? interface_id : instance_id);
        return;
    }
    if (public_ip == NULL || !address_parse(public_ip, &address))
        address = pending_address(plan, FAMILY_IPV4);
    give_address(plan, interface, address, private_address_of(plan, resource->after, private_key, interface));
}

// Of `instance` and `network_interface` the one that is not set was left over from before, as AWS tells both: what
// differs decides.
static void put_address(struct plan_reader *plan, const struct resource *resource)
{
    static const struct meant unset;
    const char *public_ip = attribute(plan, resource->after, "public_ip");
    if (resource->creates) {
        associate(plan, resource, public_ip, meant_or_default(plan, resource, "network_interface"),
                  meant_or_default(plan, resource, "instance"), "associate_with_private_ip");
        return;
    }
    bool by_interface = differs(resource, "network_interface"), by_instance = differs(resource, "instance");
    bool private_moves = differs(resource, "associate_with_private_ip");
    if (!by_interface && !by_instance && !private_moves)
        return;
    const char *was = attribute(plan, resource->before, "public_ip");
    if (!take_address(plan, was) && (attribute(plan, resource->before, "instance") != NULL ||
                                     attribute(plan, resource->before, "network_interface") != NULL))
        say_not_held(plan, resource, "Elastic IP address", was);
    struct meant interface =
        by_interface || !by_instance ? meant_or_default(plan, resource, "network_interface") : unset;
    struct meant instance = by_instance || !by_interface ? meant_or_default(plan, resource, "instance") : unset;
    if (by_instance && instance.id != NULL)
        interface = unset;
    associate(plan, resource, was, interface, instance, "associate_with_private_ip");
}

static void remove_address(struct plan_reader *plan, const struct resource *resource)
{
    const char *was = attribute(plan, resource->before, "public_ip");
    bool on_something = attribute(plan, resource->before, "instance") != NULL ||
                        attribute(plan, resource->before, "network_interface") != NULL;
    if (!take_address(plan, was) && on_something)
        say_not_held(plan, resource, "Elastic IP address", was);
}

// The public address of an allocation, as the plan or the snapshot tells it; NULL where AWS will choose it.
static const char *address_of_allocation(struct plan_reader *plan, const char *allocation)
{
    const struct resource *made = map_get(&plan->by_address, allocation);
    if (made != NULL)
        return attribute(plan, made->after, "public_ip");
    for (size_t i = 0; allocation != NULL && i < plan->resources.count; i++) {
        const struct resource *one = &plan->resources.items[i];
        if (one->id != NULL && strcmp(one->id, allocation) == 0 && strcmp(one->type, "aws_eip") == 0)
            return attribute(plan, one->after, "public_ip");
    }
    for (size_t i = 0; allocation != NULL && i < plan->estate->elastic_addresses.count; i++)
        if (text_same(plan->estate->elastic_addresses.items[i].id, allocation))
            return plan->estate->elastic_addresses.items[i].address;
    for (size_t i = 0; allocation != NULL && i < plan->estate->idle_addresses.count; i++)
        if (text_same(plan->estate->idle_addresses.items[i].id, allocation))
            return plan->estate->idle_addresses.items[i].address;
    return map_get(&plan->estate->allocations, allocation);
}

static void put_address_association(struct plan_reader *plan, const struct resource *resource)
{
    const char *public_ip = attribute(plan, resource->after, "public_ip"), *allocation = NULL;
    if (public_ip == NULL) {
        allocation = meant_or_default(plan, resource, "allocation_id").id;
        public_ip = address_of_allocation(plan, allocation);
    }
    if (public_ip == NULL && allocation != NULL &&
        text_same(attribute(plan, resource->before, "allocation_id"), allocation))
        public_ip = attribute(plan, resource->before, "public_ip");
    struct meant interface = meant_or_default(plan, resource, "network_interface_id");
    struct meant instance = meant_or_default(plan, resource, "instance_id");
    if (instance.id != NULL && interface.doubt != NULL)
        interface = (struct meant){0};
    if (id_of(interface) == NULL && id_of(instance) == NULL)
        not_told(plan, resource, "its instance or network interface");
    if (public_ip == NULL && allocation != NULL && map_get(&plan->by_address, allocation) == NULL &&
        estate_has(plan->estate, KIND_ADDRESSES))
        say_not_held(plan, resource, "Elastic IP address", allocation); // which may be on something that loses it
    associate(plan, resource, public_ip, interface, instance, "private_ip_address");
}

static void remove_association(struct plan_reader *plan, const struct resource *resource)
{
    const char *was = attribute(plan, resource->before, "public_ip");
    if (was == NULL)
        was = address_of_allocation(plan, attribute(plan, resource->before, "allocation_id"));
    if (!take_address(plan, was))
        say_not_held(plan, resource, "Elastic IP address", was);
}

static const struct resource_type types[] = {
    {"aws_eip", remove_address, put_address},
    {"aws_eip_association", remove_association, put_address_association},
};

const struct resource_types terraform_addresses = {types, sizeof(types) / sizeof(types[0])};
