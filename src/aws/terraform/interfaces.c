// Interfaces that a plan makes or changes: where they lie, their groups and their addresses.
#include <string.h>

#include "aws/terraform/hosts.h"
#include "model/protocol.h"

struct network_interface *primary_interface_of(struct plan_reader *plan, const char *instance_id)
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

void set_groups(struct plan_reader *plan, struct network_interface *interface, const struct id_list *ids)
{
    struct group_set *set = arena_new_of(plan->arena, struct group_set);
    struct id_list all = {0};
    struct text key = {0};
    for (size_t i = 0; i < ids->items.count; i++)
        *vector_add(plan->arena, &all.items) = ids->items.items[i];
    if (ids->doubt != NULL)
        *vector_add(plan->arena, &all.items) = ids->doubt; // a group that nothing tells of may admit anything
    sort_texts(all.items.items, all.items.count);
    text_puts(&key, "terraform");
    for (size_t i = 0; i < all.items.count; i++)
        text_printf(&key, "|%s", all.items.items[i]);
    *set = (struct group_set){.key = arena_strdup(plan->arena, key.bytes),
                              .ids = all.items.items,
                              .count = all.items.count,
                              .number = UINT32_MAX - 1};
    interface->groups = set;
    text_free(&key);
}

// The group that an interface without one is given.
// https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
void set_default_group(struct plan_reader *plan, const struct resource *resource, struct network_interface *interface)
{
    const struct security_group *group = default_group_of(plan, interface->place->vpc_id);
    struct id_list ids = {0};
    if (group != NULL)
        *vector_add(plan->arena, &ids.items) = group->id;
    else
        ids.doubt = doubt_of(plan, resource, "its VPC's default security group");
    set_groups(plan, interface, &ids);
}

struct network_interface *add_interface(struct plan_reader *plan, const char *id)
{
    struct network_interface *interface = arena_new_of(plan->arena, struct network_interface);
    struct interface_place *nowhere = arena_new_of(plan->arena, struct interface_place);
    *nowhere = plan_place(plan);
    interface->id = id;
    interface->attached = true;
    interface->place = nowhere;
    interface->type = "interface";
    interface->type_told = true;
    interface->device_index = -1;
    makes(plan, "%s", id);
    estate_add_interface(plan->estate, interface);
    return interface;
}

// Where an interface lies tells its VPC; others of that VPC tell its account and region.
void place_interface(struct plan_reader *plan, struct network_interface *interface, const char *subnet_id)
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

void address_goes(struct plan_reader *plan, const struct interface_address *address)
{
    char text[ADDRESS_TEXT];
    address_format((struct address){.family = address->address.family, .bits = address->address.first}, text);
    map_put(plan->arena, &plan->estate->moved_addresses, arena_strdup(plan->arena, text), plan);
    struct elastic_address *all = plan->estate->elastic_addresses.items;
    uint32_t left = 0;
    for (uint32_t i = 0; i < plan->estate->elastic_addresses.count; i++)
        if (strcmp(all[i].address, text) != 0)
            all[left++] = all[i];
        else
            *vector_add(plan->arena, &plan->estate->idle_addresses) =
                (struct idle_address){all[i].address, all[i].id, all[i].evidence, all[i].account, all[i].region};
    plan->estate->elastic_addresses.count = left;
}

void give_address(struct plan_reader *plan, struct network_interface *interface, struct address address,
                  struct address private_address)
{
    struct interface_address *addresses =
        arena_array(plan->arena, struct interface_address, (size_t)interface->address_count + 1);
    uint16_t count = 0;
    if (address.family == FAMILY_IPV6)
        bring_ipv6(plan, interface->place->vpc_id);
    for (size_t i = 0; i < interface->address_count; i++) {
        const struct interface_address *old = &interface->addresses[i];
        bool replaced = address.family == FAMILY_IPV4 && old->address.family == FAMILY_IPV4 &&
                        address_equal(old->private_address, private_address);
        if (replaced) // a private address has one public one: AWS takes the automatic one back
            address_goes(plan, old);
        else
            addresses[count++] = *old;
    }
    addresses[count++] = (struct interface_address){.address = prefix_of(address), .private_address = private_address};
    interface->addresses = addresses;
    interface->address_count = count;
}

struct address pending_address(struct plan_reader *plan, enum family family)
{
    return (struct address){.family = family, .bits = ++plan->report->pending};
}

struct address private_address_of(struct plan_reader *plan, const cJSON *values, const char *key,
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

bool subnet_launch_is_untold(const struct subnet *subnet)
{
    return subnet != NULL && !subnet->launch_told && !subnet->public_ip_on_launch;
}

const char *doubt_of_launch(struct plan_reader *plan, const struct resource *resource, const struct subnet *subnet)
{
    const char *text = arena_printf(plan->arena, "%s: the snapshot does not tell MapPublicIpOnLaunch of subnet %s",
                                    resource->address, subnet->id);
    say(plan, "%s", text);
    return text;
}

// Whether an interface in a subnet may have IPv6 addresses.
static bool subnet_may_have_ipv6(struct plan_reader *plan, const char *subnet_id)
{
    const struct subnet *subnet = map_get(&plan->estate->subnets, subnet_id);
    return subnet != NULL && (subnet->has_ipv6 || subnet->doubt != NULL);
}

// The same where its subnet is not known: whether some subnet gives them.
static const char *may_be_given_ipv6(struct plan_reader *plan, const struct resource *resource)
{
    for (size_t i = 0; i < plan->estate->subnets.size; i++) {
        const struct subnet *subnet = plan->estate->subnets.slots[i].value;
        if (subnet != NULL && subnet->ipv6_on_creation)
            return arena_printf(plan->arena, "%s: whether its subnet gives it an IPv6 address is not known",
                                resource->address);
    }
    return NULL;
}

// The IPv6 addresses that a resource gives its interface: told, counted, or by its subnet's default.
void give_ipv6(struct plan_reader *plan, const struct resource *resource, struct network_interface *interface)
{
    static const char *const keys[] = {"ipv6_addresses", "ipv6_address_count", "ipv6_address_list", "ipv6_prefixes",
                                       "ipv6_prefix_count"};
    const struct subnet *subnet = map_get(&plan->estate->subnets, interface->place->subnet_id);
    const cJSON *item;
    struct where where = whole(resource);
    long told = 0, count = number(resource->after, "ipv6_address_count", 0);
    cJSON_ArrayForEach (item, member(resource->after, "ipv6_addresses")) {
        struct address address;
        if (cJSON_IsString(item) && address_parse(item->valuestring, &address)) {
            give_address(plan, interface, address, address);
            told++;
        }
    }
    for (long i = told; i < count && i < 64; i++) {
        struct address address = pending_address(plan, FAMILY_IPV6);
        give_address(plan, interface, address, address);
    }
    if (told > 0 || count > 0)
        return;
    const char *doubt = NULL;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && doubt == NULL; i++)
        if (any_unknown(resource->unknown, keys[i]) && may_be_configured(plan, &where, keys[i]) &&
            subnet_may_have_ipv6(plan, interface->place->subnet_id))
            doubt = doubt_of(plan, resource, keys[i]);
    if (doubt == NULL && subnet == NULL && interface->place->subnet_id != NULL)
        doubt = may_be_given_ipv6(plan, resource);
    if (doubt != NULL && (subnet == NULL || !subnet->ipv6_on_creation))
        interface->doubt = doubt;
    if (doubt != NULL || (subnet != NULL && subnet->ipv6_on_creation)) {
        struct address address = pending_address(plan, FAMILY_IPV6);
        give_address(plan, interface, address, address);
    }
}

static bool has(const struct network_interface *interface, const struct prefix *address)
{
    for (size_t i = 0; i < interface->address_count; i++)
        if (prefix_equal(interface->addresses[i].address, *address))
            return true;
    return false;
}

// In place: addresses that are told anew, and as many others as are counted.
void change_ipv6(struct plan_reader *plan, const struct resource *resource, struct network_interface *interface)
{
    if (!differs(resource, "ipv6_addresses") && !differs(resource, "ipv6_address_count"))
        return;
    struct interface_address *kept =
        arena_array(plan->arena, struct interface_address, (size_t)interface->address_count + 1);
    uint16_t count = 0;
    for (size_t i = 0; i < interface->address_count; i++)
        if (interface->addresses[i].address.family == FAMILY_IPV4 || interface->addresses[i].address.length < 128)
            kept[count++] = interface->addresses[i];
    const struct interface_address *old = interface->addresses;
    uint16_t old_count = interface->address_count;
    interface->addresses = kept;
    interface->address_count = count;
    bool told = cJSON_IsArray(member(resource->after, "ipv6_addresses"));
    long wanted = number(resource->after, "ipv6_address_count", told ? 0 : -1);
    for (size_t i = 0; i < old_count && !told; i++) // which of them go is not told: the first stay
        if (old[i].address.family == FAMILY_IPV6 && old[i].address.length == 128 && (wanted < 0 || wanted-- > 0))
            give_address(plan, interface, (struct address){FAMILY_IPV6, old[i].address.first}, old[i].private_address);
    if (told || wanted > 0) {
        const cJSON *item;
        long given = 0;
        cJSON_ArrayForEach (item, member(resource->after, "ipv6_addresses")) {
            struct address address;
            if (cJSON_IsString(item) && address_parse(item->valuestring, &address)) {
                give_address(plan, interface, address, address);
                given++;
            }
        }
        for (long i = told ? given : 0; i < wanted && i < 64; i++) {
            struct address address = pending_address(plan, FAMILY_IPV6);
            give_address(plan, interface, address, address);
        }
    }
    if (!told && wanted < 0) {
        struct address address = pending_address(plan, FAMILY_IPV6);
        give_address(plan, interface, address, address);
        interface->doubt = doubt_of(plan, resource, "ipv6_addresses");
    }
    for (size_t i = 0; i < old_count; i++)
        if (!has(interface, &old[i].address))
            address_goes(plan, &old[i]);
}
