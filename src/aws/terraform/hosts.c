// Terraform resources that have addresses: instances, network interfaces, Elastic IPs.
#include <stdlib.h>
#include <string.h>

#include "aws/terraform/plan.h"
#include "model/protocol.h"

static struct network_interface *interface_with(struct plan_reader *plan, const char *id)
{
    return estate_interface(plan->estate, id);
}

static struct network_interface *primary_of(struct plan_reader *plan, const char *instance_id)
{
    struct network_interface *best = NULL;
    for (size_t i = 0; instance_id != NULL && i < plan->estate->interfaces.count; i++) {
        struct network_interface *one = plan->estate->interfaces.items[i];
        if (one->instance_id != NULL && strcmp(one->instance_id, instance_id) == 0 &&
            (best == NULL || one->device_index == 0))
            best = one;
    }
    return best;
}

static void set_groups(struct plan_reader *plan, struct network_interface *interface, struct id_list ids)
{
    struct group_set *set = arena_new_of(plan->arena, struct group_set);
    struct text key = {0};
    sort_texts(ids.items.items, ids.items.count);
    text_puts(&key, "terraform");
    for (size_t i = 0; i < ids.items.count; i++)
        text_printf(&key, "|%s", ids.items.items[i]);
    *set = (struct group_set){.key = arena_strdup(plan->arena, key.bytes),
                              .ids = ids.items.items,
                              .count = ids.items.count,
                              .number = UINT32_MAX - 1};
    interface->groups = set;
    text_free(&key);
}

static struct network_interface *add_interface(struct plan_reader *plan, const char *id)
{
    struct network_interface *interface = arena_new_of(plan->arena, struct network_interface);
    struct interface_place *nowhere = arena_new_of(plan->arena, struct interface_place);
    *nowhere = plan_place(plan);
    interface->id = id;
    interface->attached = true;
    interface->place = nowhere;
    interface->type = "interface";
    interface->device_index = -1;
    estate_add_interface(plan->estate, interface);
    return interface;
}

// Where an interface lies tells its VPC; others of that VPC tell its account and region.
static void place_interface(struct plan_reader *plan, struct network_interface *interface, const char *subnet_id)
{
    const struct subnet *subnet = map_get(&plan->estate->subnets, subnet_id);
    struct interface_place *place = arena_new_of(plan->arena, struct interface_place);
    *place = *interface->place;
    place->subnet_id = subnet_id;
    interface->place = place;
    if (subnet == NULL || subnet->vpc_id == NULL)
        return;
    place->vpc_id = subnet->vpc_id;
    struct vpc_home home = estate_home(plan->estate, place);
    place->account_id = home.owner;
    place->region = home.region;
    for (size_t i = 0; i < plan->estate->interfaces.count; i++) {
        const struct network_interface *other = plan->estate->interfaces.items[i];
        if (other != interface && strcmp(other->place->vpc_id, subnet->vpc_id) == 0) {
            place->account_id = other->place->account_id;
            place->region = other->place->region;
            return;
        }
    }
}

static void give_address(struct plan_reader *plan, struct network_interface *interface, struct address address,
                         struct address private_address)
{
    size_t count = interface->address_count;
    struct interface_address *addresses = arena_array(plan->arena, struct interface_address, count + 1);
    if (count > 0)
        memcpy(addresses, interface->addresses, count * sizeof(*addresses));
    addresses[count] = (struct interface_address){.address = prefix_of(address), .private_address = private_address};
    interface->addresses = addresses;
    interface->address_count = (uint16_t)(count + 1);
}

// An address that AWS will choose: 0.0.0.0/8 is nobody's (RFC 1122), and stands for it (endpoint_address).
static struct address pending_address(struct plan_reader *plan, enum family family)
{
    return (struct address){.family = family, .bits = ++plan->pending};
}

static struct address private_of(struct plan_reader *plan, const cJSON *values, const char *key,
                                 const struct network_interface *interface)
{
    struct address address;
    const char *text = attribute(plan, values, key);
    if (text != NULL && address_parse(text, &address))
        return address;
    if (interface->private_ipv4_count > 0)
        return (struct address){.family = FAMILY_IPV4, .bits = interface->private_ipv4[0]};
    return (struct address){.family = FAMILY_IPV4};
}

static void give_ipv6(struct plan_reader *plan, const struct resource *resource, struct network_interface *interface)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(resource->after, "ipv6_addresses"), *item;
    size_t given = 0;
    cJSON_ArrayForEach (item, list) {
        struct address address;
        if (cJSON_IsString(item) && address_parse(item->valuestring, &address)) {
            give_address(plan, interface, address, address);
            given++;
        }
    }
    for (long i = 0; given == 0 && i < number(resource->after, "ipv6_address_count", 0) && i < 64; i++) {
        struct address address = pending_address(plan, FAMILY_IPV6);
        give_address(plan, interface, address, address);
    }
}

static void add_instance(struct plan_reader *plan, const struct resource *resource)
{
    struct arena *arena = plan->arena;
    struct instance *instance = arena_new_of(arena, struct instance);
    instance->id = resource->id;
    instance->state = "running";
    struct interface_place *place = arena_new_of(arena, struct interface_place);
    *place = plan_place(plan);
    instance->place = place;
    const char *name = attribute(plan, cJSON_GetObjectItemCaseSensitive(resource->after, "tags"), "Name");
    if (name != NULL) {
        const char **tags = arena_array(arena, const char *, 2);
        tags[0] = "Name";
        tags[1] = name;
        instance->tags = tags;
        instance->tag_count = 2;
    }
    map_put(arena, &plan->estate->instances, instance->id, instance);
    const char *subnet_id = reference(plan, resource, "subnet_id");
    if (subnet_id == NULL && !is_unknown(resource->unknown, "subnet_id"))
        return; // its interfaces are resources of their own
    struct network_interface *interface =
        add_interface(plan, arena_printf(arena, "%s primary interface", resource->address));
    place_interface(plan, interface, subnet_id);
    interface->instance_id = instance->id;
    interface->device_index = 0;
    interface->attached = true;
    set_groups(plan, interface, references(plan, resource, "vpc_security_group_ids"));
    const struct subnet *subnet = map_get(&plan->estate->subnets, subnet_id);
    bool by_subnet = subnet == NULL || subnet->public_ip_on_launch;
    if (flag(resource->after, "associate_public_ip_address", by_subnet))
        give_address(plan, interface, pending_address(plan, FAMILY_IPV4),
                     private_of(plan, resource->after, "private_ip", interface));
    give_ipv6(plan, resource, interface);
}

static void put_instance(struct plan_reader *plan, const struct resource *resource)
{
    if (resource->before == NULL || resource->replaced) {
        add_instance(plan, resource);
        return;
    }
    struct network_interface *interface = primary_of(plan, resource->id);
    if (interface != NULL &&
        (cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(resource->after, "vpc_security_group_ids")) ||
         is_unknown(resource->unknown, "vpc_security_group_ids")))
        set_groups(plan, interface, references(plan, resource, "vpc_security_group_ids"));
}

static void remove_instance(struct plan_reader *plan, const struct resource *resource)
{
    struct instance *instance = map_get(&plan->estate->instances, resource->id_before);
    if (instance != NULL)
        instance->state = "terminated";
}

static void put_interface(struct plan_reader *plan, const struct resource *resource)
{
    struct network_interface *interface = interface_with(plan, resource->id);
    if (interface == NULL) {
        interface = add_interface(plan, resource->id);
        place_interface(plan, interface, reference(plan, resource, "subnet_id"));
        give_ipv6(plan, resource, interface);
        const cJSON *attachment =
            cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(resource->after, "attachment"), 0);
        interface->attached = attachment != NULL;
        interface->instance_id = attribute(plan, attachment, "instance");
    }
    if (cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(resource->after, "security_groups")) ||
        is_unknown(resource->unknown, "security_groups"))
        set_groups(plan, interface, references(plan, resource, "security_groups"));
}

static void remove_interface(struct plan_reader *plan, const struct resource *resource)
{
    struct network_interface *interface = interface_with(plan, resource->id_before);
    if (interface != NULL)
        interface->attached = false;
}

static void take_address(struct plan_reader *plan, const char *text)
{
    struct address address;
    if (text == NULL || !address_parse(text, &address))
        return;
    for (size_t i = 0; i < plan->estate->interfaces.count; i++) {
        struct network_interface *interface = plan->estate->interfaces.items[i];
        struct interface_address *kept = NULL;
        uint16_t count = 0;
        for (size_t a = 0; a < interface->address_count; a++)
            if (interface->addresses[a].address.family == address.family &&
                interface->addresses[a].address.first == address.bits)
                kept = arena_array(plan->arena, struct interface_address, interface->address_count);
        for (size_t a = 0; kept != NULL && a < interface->address_count; a++)
            if (interface->addresses[a].address.first != address.bits)
                kept[count++] = interface->addresses[a];
        if (kept != NULL) {
            interface->addresses = kept;
            interface->address_count = count;
        }
    }
}

// Puts an Elastic IP on the interface or instance that `resource` names by these keys.
static void associate(struct plan_reader *plan, const struct resource *resource, const char *public_ip,
                      const char *interface_key, const char *instance_key, const char *private_key)
{
    const char *interface_id = reference(plan, resource, interface_key);
    const char *instance_id = reference(plan, resource, instance_key);
    struct network_interface *interface =
        interface_id != NULL ? interface_with(plan, interface_id) : primary_of(plan, instance_id);
    struct address address;
    if (interface_id == NULL && instance_id == NULL)
        return;
    if (interface == NULL) {
        lacking(plan, resource, interface_id != NULL ? interface_key : instance_key);
        return;
    }
    take_address(plan, public_ip);
    if (public_ip == NULL || !address_parse(public_ip, &address))
        address = pending_address(plan, FAMILY_IPV4);
    give_address(plan, interface, address, private_of(plan, resource->after, private_key, interface));
}

static void put_address(struct plan_reader *plan, const struct resource *resource)
{
    if (resource->before != NULL && !resource->replaced) {
        const char *was = attribute(plan, resource->before, "network_interface");
        const char *is = reference(plan, resource, "network_interface");
        const char *was_on = attribute(plan, resource->before, "instance");
        const char *is_on = reference(plan, resource, "instance");
        bool same = (was == is || (was != NULL && is != NULL && strcmp(was, is) == 0)) &&
                    (was_on == is_on || (was_on != NULL && is_on != NULL && strcmp(was_on, is_on) == 0));
        if (same)
            return;
        take_address(plan, attribute(plan, resource->before, "public_ip"));
    }
    associate(plan, resource, attribute(plan, resource->after, "public_ip"), "network_interface", "instance",
              "associate_with_private_ip");
}

static void remove_address(struct plan_reader *plan, const struct resource *resource)
{
    take_address(plan, attribute(plan, resource->before, "public_ip"));
}

static void put_address_association(struct plan_reader *plan, const struct resource *resource)
{
    const char *allocation = reference(plan, resource, "allocation_id");
    const char *public_ip = attribute(plan, resource->after, "public_ip");
    for (size_t i = 0; public_ip == NULL && allocation != NULL && i < plan->by_bare.size; i++) {
        const struct resource *one = plan->by_bare.slots[i].value;
        if (one != NULL && one->id != NULL && strcmp(one->id, allocation) == 0)
            public_ip = attribute(plan, one->after, "public_ip");
    }
    associate(plan, resource, public_ip, "network_interface_id", "instance_id", "private_ip_address");
}

static const struct resource_type types[] = {
    {"aws_instance", remove_instance, put_instance},
    {"aws_network_interface", remove_interface, put_interface},
    {"aws_eip", remove_address, put_address},
    {"aws_eip_association", remove_address, put_address_association},
};

const struct resource_types terraform_hosts = {types, sizeof(types) / sizeof(types[0])};
