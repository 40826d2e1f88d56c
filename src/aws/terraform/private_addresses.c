// The private IPv4 addresses and the delegated prefixes of interfaces that a plan makes or changes: by them targets of
// load balancers are found. A delegated IPv6 prefix is of the internet too.
#include <string.h>

#include "aws/terraform/hosts.h"

static bool tells(const struct resource *resource, const char *key)
{
    return resource->creates || differs(resource, key);
}

typedef VECTOR(uint32_t) ipv4_list;

static void add_ipv4(struct plan_reader *plan, ipv4_list *list, const char *text)
{
    struct address address;
    if (text == NULL || !address_parse(text, &address) || address.family != FAMILY_IPV4)
        return;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] == (uint32_t)address.bits)
            return;
    *vector_add(plan->arena, list) = (uint32_t)address.bits;
}

static bool is_taken(const struct plan_reader *plan, const char *vpc_id, uint32_t address)
{
    for (size_t i = 0; i < plan->estate->interfaces.count; i++) {
        const struct network_interface *one = plan->estate->interfaces.items[i];
        for (size_t a = 0; strcmp(one->place->vpc_id, vpc_id) == 0 && a < one->private_ipv4_count; a++)
            if (one->private_ipv4[a] == address)
                return true;
    }
    return false;
}

static bool cuts(struct prefix prefix, struct prefix subnet)
{
    return prefix.family == subnet.family && prefix.length > subnet.length && prefix.first >= subnet.first &&
           prefix.first <= prefix_last(subnet);
}

static bool rules_cut(const struct estate *estate, const security_group_rule_list *rules, struct prefix subnet)
{
    bool some = false;
    for (size_t i = 0; i < rules->count && !some; i++) {
        const struct security_group_rule *rule = &rules->items[i];
        for (size_t p = 0; p < rule->prefixes.count && !some; p++)
            some = cuts(rule->prefixes.items[p], subnet);
        for (size_t l = 0; l < rule->prefix_lists.count && !some; l++) {
            const struct prefix_list *list = map_get(&estate->prefix_lists, rule->prefix_lists.items[l]);
            for (size_t e = 0; list != NULL && e < list->entries.count && !some; e++)
                some = cuts(list->entries.items[e], subnet);
        }
    }
    return some;
}

// Whether some rule or entry of an ACL means a part of a subnet alone: then it matters which of its addresses one has.
static bool is_told_apart(const struct estate *estate, struct prefix subnet)
{
    bool some = false;
    for (size_t i = 0; i < estate->security_groups.size && !some; i++) {
        const struct security_group *group = estate->security_groups.slots[i].value;
        some =
            group != NULL && (rules_cut(estate, &group->ingress, subnet) || rules_cut(estate, &group->egress, subnet));
    }
    for (size_t i = 0; i < estate->network_acls.size && !some; i++) {
        const struct network_acl *acl = estate->network_acls.slots[i].value;
        for (size_t e = 0; acl != NULL && e < acl->entries.count && !some; e++)
            some = cuts(acl->entries.items[e].prefix, subnet);
    }
    return some;
}

// An address that only apply tells is one of the subnet: the highest that nobody has stands for it, for what it reaches
// inside and who reaches it there, unless some rule tells them apart.
static void stand_in(struct plan_reader *plan, const struct resource *resource, struct network_interface *interface,
                     ipv4_list *told)
{
    const struct subnet *subnet = map_get(&plan->estate->subnets, interface->place->subnet_id);
    if (subnet != NULL && subnet->cidr.family == FAMILY_IPV4 && subnet->cidr.length <= 28 &&
        !is_told_apart(plan->estate, subnet->cidr))
        for (uint32_t at = (uint32_t)prefix_last(subnet->cidr) - 1; at > (uint32_t)subnet->cidr.first + 3; at--)
            if (!is_taken(plan, interface->place->vpc_id, at)) {
                *vector_add(plan->arena, told) = at;
                return;
            }
    *vector_add(plan->arena, &plan->report->carriers) = arena_printf(
        plan->arena, "%s: its private address is known after apply, so what it reaches inside is not known",
        resource->address);
}

void give_private_ipv4(struct plan_reader *plan, const struct resource *resource, struct network_interface *interface)
{
    static const char *const keys[] = {"private_ip_list", "private_ips", "secondary_private_ips"};
    const cJSON *item;
    bool moves = resource->creates;
    ipv4_list told = {0};
    for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
        moves = moves || (cJSON_IsArray(member(resource->after, keys[k])) && differs(resource, keys[k]));
    if (!moves)
        return;
    add_ipv4(plan, &told, attribute(plan, resource->after, "private_ip")); // the primary one
    for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
        cJSON_ArrayForEach (item, member(resource->after, keys[k]))
            add_ipv4(plan, &told, cJSON_GetStringValue(item));
    if (told.count == 0 && resource->creates && interface->private_ipv4_count == 0)
        stand_in(plan, resource, interface, &told);
    if (told.count == 0)
        return;
    interface->private_ipv4 = told.items;
    interface->private_ipv4_count = (uint16_t)told.count;
}

typedef VECTOR(struct prefix) prefix_list_told;

static prefix_list_told told_prefixes(struct plan_reader *plan, const cJSON *list, enum family family)
{
    prefix_list_told told = {0};
    const cJSON *item;
    cJSON_ArrayForEach (item, list) {
        struct prefix prefix;
        if (cJSON_IsString(item) && prefix_parse(item->valuestring, false, &prefix) == PREFIX_OK &&
            prefix.family == family)
            *vector_add(plan->arena, &told) = prefix;
    }
    return told;
}

// In place of those that it had.
static void set_ipv6_prefixes(struct plan_reader *plan, struct network_interface *interface,
                              const prefix_list_told *prefixes)
{
    struct interface_address *all =
        arena_array(plan->arena, struct interface_address, interface->address_count + prefixes->count + 1);
    uint16_t count = 0;
    for (size_t i = 0; i < interface->address_count; i++)
        if (interface->addresses[i].address.family == FAMILY_IPV4 || interface->addresses[i].address.length == 128)
            all[count++] = interface->addresses[i];
    for (size_t i = 0; i < prefixes->count; i++)
        all[count++] = (struct interface_address){.address = prefixes->items[i],
                                                  .private_address = {FAMILY_IPV6, prefixes->items[i].first}};
    if (prefixes->count > 0)
        bring_ipv6(plan, interface->place->vpc_id);
    interface->addresses = all;
    interface->address_count = count;
}

// Prefixes that are counted alone only apply tells: until then no target is known to be in one, and an IPv6 one is
// named.
static void give_prefixes_of(struct plan_reader *plan, const struct resource *resource,
                             struct network_interface *interface, enum family family)
{
    const char *key = family == FAMILY_IPV4 ? "ipv4_prefixes" : "ipv6_prefixes";
    const char *counted = family == FAMILY_IPV4 ? "ipv4_prefix_count" : "ipv6_prefix_count";
    if (!tells(resource, key) && !tells(resource, counted))
        return;
    const cJSON *list = member(resource->after, key);
    prefix_list_told told = told_prefixes(plan, list, family);
    bool unknown = any_unknown(resource->unknown, key) || !cJSON_IsArray(list);
    long count = number(resource->after, counted, 0);
    if (unknown && !resource->creates) { // which of them go, and which come
        interface->doubt = doubt_of(plan, resource, key);
        return;
    }
    if (family == FAMILY_IPV6) {
        if (count > (long)told.count)
            say(plan, "%s: which IPv6 prefixes are delegated to it only apply tells", resource->address);
        if (told.count > 0 || !resource->creates)
            set_ipv6_prefixes(plan, interface, &told);
        return;
    }
    interface->ipv4_prefixes = told.items;
    interface->ipv4_prefix_count = (uint16_t)told.count;
}

void give_prefixes(struct plan_reader *plan, const struct resource *resource, struct network_interface *interface)
{
    give_prefixes_of(plan, resource, interface, FAMILY_IPV4);
    give_prefixes_of(plan, resource, interface, FAMILY_IPV6);
}
