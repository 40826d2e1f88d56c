#include "rules/reach/absence.h"

#include <stdlib.h>

#include "rules/reach/absent_databases.h"
#include "rules/reach/claimed.h"
#include "rules/reach/load_balancer.h"

struct finder {
    struct exposure_set *set;
    const struct estate *estate;
    struct arena *arena;
    struct arena *scratch;
    struct map instances; // that have some interface
    bool instances_known;
    struct map
        balancers;    // keys of load balancers that have some interface with a public address; and, with |SUBNET, there
    struct map nodes; // of load balancers that have any interface; with |SUBNET, there
};

static void lacks(struct finder *finder, enum kind kind, const char *account, const char *region, const char *id,
                  const char *text)
{
    lack_add(finder->arena, &finder->set->missing,
             &(struct lack){kind_name(kind), account == NULL ? "unknown" : account, region == NULL ? "unknown" : region,
                            id, text});
}

// ---- Public things without an interface

static void index_interfaces(struct finder *finder)
{
    for (size_t i = 0; i < finder->estate->interfaces.count; i++) {
        const struct network_interface *one = finder->estate->interfaces.items[i];
        if (one->load_balancer == NULL)
            continue;
        const char *key = load_balancer_key(finder->scratch, one), *subnet = one->place->subnet_id;
        map_put(finder->scratch, &finder->nodes, key, finder);
        map_put(finder->scratch, &finder->nodes, arena_printf(finder->scratch, "%s|%s", key, subnet), finder);
        if (one->address_count == 0)
            continue;
        map_put(finder->scratch, &finder->balancers, key, finder);
        if (subnet != NULL)
            map_put(finder->scratch, &finder->balancers, arena_printf(finder->scratch, "%s|%s", key, subnet), finder);
        if (subnet != NULL && one->addresses[one->address_count - 1].address.family == FAMILY_IPV6) // ascending
            map_put(finder->scratch, &finder->balancers, arena_printf(finder->scratch, "%s|%s|6", key, subnet), finder);
    }
}

// Whether an address is where it is to be: on an interface, or a plan took it from one.
static bool has_address(const struct finder *finder, const char *text)
{
    struct address address;
    char form[ADDRESS_TEXT];
    if (!address_parse(text, &address))
        return false;
    address_format(address, form);
    return exposure_endpoint_at(finder->set, prefix_of(address)) != NULL ||
           map_get(&finder->estate->moved_addresses, form) != NULL;
}

// Whether an address is on an interface that `is_own` says to be the thing's. Where it is not, *elsewhere says on which
// one it is, behind a comma, or nothing.
static bool has_own_address(struct finder *finder, const char *text,
                            bool (*is_own)(struct finder *finder, const struct endpoint *endpoint, const void *thing),
                            const void *thing, const char **elsewhere)
{
    struct address address;
    const struct endpoint *end = vector_end(&finder->set->endpoints);
    const struct endpoint *one =
        address_parse(text, &address) ? exposure_endpoint_at(finder->set, prefix_of(address)) : NULL;
    *elsewhere = one == NULL ? "" : arena_printf(finder->arena, ", which is on %s", one->interface->id);
    for (;
         one != NULL && one < end && address_equal((struct address){one->address.family, one->address.first}, address);
         one++)
        if (is_own(finder, one, thing))
            return true;
    return false;
}

static bool is_on_interface(struct finder *finder, const struct endpoint *endpoint, const void *thing)
{
    (void)finder;
    return text_same(endpoint->interface->id, thing);
}

static bool on_balancers(struct finder *finder, const struct endpoint *endpoint, const void *thing)
{
    return is_of_balancer(finder->scratch, endpoint->interface, thing);
}

static bool on_places(struct finder *finder, const struct endpoint *endpoint, const void *thing)
{
    (void)finder;
    return is_of_place(endpoint->interface, endpoint->owner, thing);
}

static bool has_interface(struct finder *finder, const struct instance *instance)
{
    if (instance->has_interface)
        return true;
    const struct estate *estate = finder->estate;
    for (size_t i = 0; i < estate->interfaces.count && !finder->instances_known; i++)
        if (estate->interfaces.items[i]->instance_id != NULL)
            map_put(finder->scratch, &finder->instances, estate->interfaces.items[i]->instance_id, finder);
    finder->instances_known = true;
    return map_get(&finder->instances, instance->id) != NULL;
}

static void find_instances(struct finder *finder)
{
    for (size_t i = 0; i < finder->estate->telling.count; i++) {
        const struct instance *one = finder->estate->telling.items[i];
        const struct instance *kept = map_get(&finder->estate->instances, one->id); // none, where a plan ends it
        bool named = false;
        if (kept == NULL || instance_is_gone(kept))
            continue;
        for (size_t a = 0; a < one->public_address_count; a++)
            if (!has_address(finder, one->public_addresses[a])) {
                named = true;
                lacks(finder, KIND_NETWORK_INTERFACES, one->place->account_id, one->place->region, one->id,
                      arena_printf(finder->arena, "missing: the interface of %s with its public address %s", one->id,
                                   one->public_addresses[a]));
            }
        if (!named && !one->between && !has_interface(finder, one) &&
            estate_completeness(finder->estate, KIND_NETWORK_INTERFACES, one->place->account_id, one->place->region) >=
                COMPLETENESS_PARTIAL) // else one line says it of all
            lacks(finder, KIND_NETWORK_INTERFACES, one->place->account_id, one->place->region, one->id,
                  arena_printf(finder->arena, "missing: the interfaces of %s", one->id));
    }
}

static void find_elastic_addresses(struct finder *finder)
{
    for (size_t i = 0; i < finder->estate->elastic_addresses.count; i++) {
        const struct elastic_address *one = &finder->estate->elastic_addresses.items[i];
        if (!has_address(finder, one->address) && map_get(&finder->estate->regional_addresses, one->address) == NULL)
            lacks(finder, KIND_NETWORK_INTERFACES, one->account, one->region, one->id,
                  arena_printf(finder->arena, "missing: the interface that Elastic IP address %s is associated with",
                               one->address));
    }
}

// Without its subnets it is not known in how many it has a node.
static void assume_nodes(struct finder *finder, const struct load_balancer *one)
{
    if (one->subnets.count == 0)
        text_list_add(finder->arena, &finder->set->assumptions,
                      arena_printf(finder->arena,
                                   "subnets of load balancer %s are not told: its nodes in the snapshot are taken to "
                                   "be all",
                                   one->name));
}

// One that is known to be internet-facing has a node with a public address in each of its subnets.
static void find_nodes(struct finder *finder, const struct load_balancer *one, const char *key)
{
    assume_nodes(finder, one);
    for (size_t i = 0; i < one->subnets.count && one->scheme == SCHEME_INTERNET_FACING; i++) {
        const char *node = arena_printf(finder->scratch, "%s|%s", key, one->subnets.items[i]);
        if (map_get(&finder->balancers, node) == NULL)
            lacks(finder, KIND_NETWORK_INTERFACES, one->account, one->region, one->arn,
                  arena_printf(finder->arena, "missing: the interface of internet-facing load balancer %s in %s",
                               one->name, one->subnets.items[i]));
        else if (one->has_ipv6 && map_get(&finder->balancers, arena_printf(finder->scratch, "%s|6", node)) == NULL)
            lacks(finder, KIND_NETWORK_INTERFACES, one->account, one->region, one->arn,
                  arena_printf(finder->arena, "missing: the IPv6 address of dualstack load balancer %s in %s",
                               one->name, one->subnets.items[i]));
    }
}

// An internal one takes clients of the internet over IPv6 alone, where its attribute does not deny them: then each of
// its nodes, and each IPv6 address that its record tells, must be there.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
static void find_internal(struct finder *finder, const struct load_balancer *one, const char *key)
{
    struct balancer_gate gate;
    struct address address;
    const char *elsewhere;
    bool lacking = false;
    load_balancer_gate(finder->arena, finder->estate, one, FAMILY_IPV6, false, &gate);
    if (gate.shut != NULL || one->name == NULL ||
        (one->type != LOAD_BALANCER_APPLICATION && one->type != LOAD_BALANCER_NETWORK))
        return;
    for (size_t i = 0; i < one->subnets.count; i++) {
        const char *subnet = one->subnets.items[i], *node = arena_printf(finder->scratch, "%s|%s", key, subnet);
        bool there = map_get(&finder->nodes, node) != NULL;
        if (!one->has_ipv6 && (one->family_told || there))
            continue;
        if (there && map_get(&finder->balancers, arena_printf(finder->scratch, "%s|6", node)) != NULL)
            continue;
        lacking = true;
        lacks(finder, KIND_NETWORK_INTERFACES, one->account, one->region, one->arn,
              arena_printf(finder->arena,
                           there ? "missing: the IPv6 address of dualstack load balancer %s in %s"
                                 : "missing: the interface of internal load balancer %s, which may take IPv6, in %s",
                           one->name, subnet));
    }
    for (size_t a = 0; a < one->addresses.count; a++)
        if (address_parse(one->addresses.items[a], &address) && address.family == FAMILY_IPV6 &&
            !has_own_address(finder, one->addresses.items[a], on_balancers, key, &elsewhere)) {
            lacking = true;
            lacks(finder, KIND_NETWORK_INTERFACES, one->account, one->region, one->arn,
                  arena_printf(finder->arena, "missing: the interface of load balancer %s with its address %s%s",
                               one->name, one->addresses.items[a], elsewhere));
        }
    bool none = one->has_ipv6 ? map_get(&finder->balancers, key) == NULL
                              : !one->family_told && map_get(&finder->nodes, key) == NULL;
    if (!none && map_get(&finder->nodes, key) != NULL && (one->has_ipv6 || !one->family_told))
        assume_nodes(finder, one);
    if (one->subnets.count == 0 && none) {
        lacking = true;
        lacks(finder, KIND_NETWORK_INTERFACES, one->account, one->region, one->arn,
              arena_printf(finder->arena, "missing: the interfaces of internal load balancer %s, which may take IPv6",
                           one->name));
    }
    if (lacking && gate.lack != NULL)
        lack_add(finder->arena, &finder->set->missing, gate.lack);
}

static void find_outward(struct finder *finder, const struct load_balancer *one, const char *key)
{
    const char *elsewhere;
    for (size_t a = 0; a < one->addresses.count; a++)
        if (!has_own_address(finder, one->addresses.items[a], on_balancers, key, &elsewhere))
            lacks(finder, KIND_NETWORK_INTERFACES, one->account, one->region, one->arn,
                  arena_printf(finder->arena, "missing: the interface of load balancer %s with its address %s%s",
                               one->name, one->addresses.items[a], elsewhere));
    if (one->name == NULL || one->type == LOAD_BALANCER_GATEWAY)
        return;
    if (map_get(&finder->balancers, key) != NULL) {
        find_nodes(finder, one, key);
        return;
    }
    lacks(finder, KIND_NETWORK_INTERFACES, one->account, one->region, one->arn,
          arena_printf(finder->arena, "missing: the interfaces of %s load balancer %s",
                       one->scheme == SCHEME_INTERNET_FACING ? "internet-facing" : "(scheme not told)", one->name));
}

static void find_load_balancers(struct finder *finder)
{
    map_slots slots = map_sorted(finder->scratch, &finder->estate->load_balancers);
    for (size_t i = 0; i < slots.count; i++) {
        const struct load_balancer *one = slots.items[i]->value;
        if (one->name == NULL && one->type != LOAD_BALANCER_CLASSIC) // its listeners or target groups name it
            lacks(finder, KIND_LOAD_BALANCERS, one->account, one->region, one->arn,
                  arena_printf(finder->arena, "missing: load balancer %s", slots.items[i]->key));
        if (one->scheme == SCHEME_INTERNAL)
            find_internal(finder, one, slots.items[i]->key);
        else
            find_outward(finder, one, slots.items[i]->key);
    }
}

// Of target groups behind network load balancers, the attribute that decides whose address a target sees.
static void find_attributes(struct finder *finder)
{
    static const char *const types[] = {"instance", "ip", NULL};
    map_slots slots = map_sorted(finder->scratch, &finder->estate->target_groups);
    for (size_t i = 0; i < slots.count; i++) {
        const struct target_group *one = slots.items[i]->value;
        if (one->preserve_client == SETTING_NOT_TOLD && one->name != NULL && one->type != NULL &&
            one->protocol != NULL && text_among(one->type, types) && preservation_is_optional(one))
            text_list_add(
                finder->arena, &finder->set->assumptions,
                arena_printf(finder->arena,
                             one->attributes_told
                                 ? "preserve_client_ip.enabled of target group %s is not told: its targets see %s, "
                                   "as is AWS's default"
                                 : "attributes of target group %s absent: its targets see %s, as is AWS's default",
                             one->name,
                             preserves_by_default(one) ? "the client's address" : "the load balancer's address"));
    }
}

// Whether a reply leaves by the interface that the request came by, the instance's own routing decides.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/scenarios-enis.html
static void find_secondary_interfaces(struct finder *finder)
{
    const struct network_interface *before = NULL;
    for (size_t i = 0; i < finder->set->endpoints.count; i++) {
        const struct network_interface *one = finder->set->endpoints.items[i].interface;
        if (one->device_index <= 0 || one->instance_id == NULL || one == before || one->requester_managed)
            continue;
        before = one;
        text_list_add(finder->arena, &finder->set->assumptions,
                      arena_printf(finder->arena,
                                   "%s is a secondary interface of %s: what it is asked is taken to be answered by it",
                                   one->id, one->instance_id));
    }
}

// Of what a document says to be in use: its interface and, where it tells of one, its public address. Where interfaces
// are not told of at all, one line says it of all.
static void find_named_interfaces(struct finder *finder)
{
    for (size_t i = 0; i < finder->estate->named_interfaces.count; i++) {
        const struct named_interface *one = &finder->estate->named_interfaces.items[i];
        const char *elsewhere = "";
        bool placed = one->account != NULL && one->region != NULL;
        if (placed ? estate_completeness(finder->estate, KIND_NETWORK_INTERFACES, one->account, one->region) <
                         COMPLETENESS_PARTIAL
                   : !estate_has(finder->estate, KIND_NETWORK_INTERFACES))
            continue;
        if (one->id != NULL && estate_interface(finder->estate, one->id) == NULL)
            lacks(finder, KIND_NETWORK_INTERFACES, one->account, one->region, one->id,
                  arena_printf(finder->arena, "missing: interface %s of %s", one->id, one->what));
        else if (one->address != NULL &&
                 !(one->id == NULL ? has_address(finder, one->address)
                                   : has_own_address(finder, one->address, is_on_interface, one->id, &elsewhere)))
            lacks(finder, KIND_NETWORK_INTERFACES, one->account, one->region, one->id,
                  arena_printf(finder->arena, "missing: the interface of %s with its public address %s%s", one->what,
                               one->address, elsewhere));
    }
}

// ---- Public places

static int by_kind(const void *left, const void *right)
{
    const struct public_place *const *a = left, *const *b = right;
    int order = strcmp((*a)->kind, (*b)->kind);
    return order != 0 ? order : strcmp((*a)->id, (*b)->id);
}

// How many interfaces with a public address are known to be a thing's own.
static size_t own_interfaces(struct finder *finder, const struct public_place *one)
{
    struct map found = {0};
    for (size_t i = 0; i < finder->set->endpoints.count; i++) {
        const struct endpoint *endpoint = &finder->set->endpoints.items[i];
        const struct interface_place *place = endpoint->interface->place;
        const struct owner *owner = endpoint->owner;
        if (owner != NULL && text_same(owner->id, one->id) && strcmp(owner->service, one->service) == 0 &&
            place_may_be(place->account_id, one->account) && place_may_be(place->region, one->region))
            map_put(finder->scratch, &found, endpoint->interface->id, finder);
    }
    return found.count;
}

// One whose interfaces must be in the snapshot: each of the addresses that its document tells or, where it tells none,
// so many interfaces with a public address as it has.
static void find_public_interfaces(struct finder *finder, const struct public_place *one)
{
    const char *elsewhere;
    for (size_t i = 0; i < one->addresses.count; i++)
        if (!has_own_address(finder, one->addresses.items[i], on_places, one, &elsewhere))
            lacks(finder, KIND_NETWORK_INTERFACES, one->account, one->region, one->id,
                  arena_printf(finder->arena, "missing: the interface of %s %s with its public address %s%s", one->kind,
                               one->id, one->addresses.items[i], elsewhere));
    size_t wanted = one->interfaces > 1 ? one->interfaces : 1;
    size_t found = one->addresses.count > 0 ? wanted : own_interfaces(finder, one);
    if (found == 0)
        lacks(finder, KIND_NETWORK_INTERFACES, one->account, one->region, one->id,
              arena_printf(finder->arena, "missing: the interface of publicly accessible %s %s", one->kind, one->id));
    else if (found < wanted)
        lacks(finder, KIND_NETWORK_INTERFACES, one->account, one->region, one->id,
              arena_printf(finder->arena, "missing: %zu of the %zu interfaces of publicly accessible %s %s",
                           wanted - found, wanted, one->kind, one->id));
}

// Places of AWS's own are counted by kind: who may come to them, no interface of the snapshot decides.
static void find_public_places(struct finder *finder)
{
    enum { MOST_NAMES = 10 };
    const struct estate *estate = finder->estate;
    VECTOR(const struct public_place *) places = {0};
    for (size_t i = 0; i < estate->public_places.count; i++) {
        if (estate->public_places.items[i].has_interface)
            find_public_interfaces(finder, &estate->public_places.items[i]);
        else
            *vector_add(finder->scratch, &places) = &estate->public_places.items[i];
    }
    if (places.count > 1)
        qsort(places.items, places.count, sizeof(*places.items), by_kind);
    for (size_t i = 0, end; i < places.count; i = end) {
        struct text names = {0};
        for (end = i; end < places.count && strcmp(places.items[end]->kind, places.items[i]->kind) == 0; end++) {
            const struct public_place *one = places.items[end];
            if (end - i < MOST_NAMES)
                text_printf(&names, "%s%s%s%s%s", end == i ? "" : ", ", one->id, one->detail == NULL ? "" : " (",
                            one->detail == NULL ? "" : one->detail, one->detail == NULL ? "" : ")");
        }
        if (end - i > MOST_NAMES)
            text_printf(&names, " and %zu more", end - i - MOST_NAMES);
        text_list_add(finder->arena, &finder->set->public_places,
                      arena_printf(finder->arena, "%zu × %s (public, no interface): %s", end - i, places.items[i]->kind,
                                   names.bytes));
        text_free(&names);
    }
    for (size_t i = 0; i < estate->not_covered.count; i++) // which documents would name more
        text_list_add(finder->arena, &finder->set->public_places, estate->not_covered.items[i]);
    for (size_t i = 0; i < finder->set->public_places.count; i++)
        text_list_add(finder->arena, &finder->set->not_covered, finder->set->public_places.items[i]);
}

static int by_text(const void *left, const void *right)
{
    const struct lack *a = left, *b = right;
    return strcmp(a->text, b->text);
}

void absence_list(struct exposure_set *set, const struct estate *estate)
{
    struct finder finder = {.set = set, .estate = estate, .arena = set->arena, .scratch = arena_new()};
    for (size_t i = 0; i < estate->lacks.items.count; i++)
        lack_add(set->arena, &set->missing, &estate->lacks.items.items[i]);
    for (size_t i = 0; i < estate->assumptions.count; i++)
        text_list_add(set->arena, &set->assumptions, estate->assumptions.items[i]);
    index_interfaces(&finder);
    find_instances(&finder);
    find_elastic_addresses(&finder);
    find_load_balancers(&finder);
    absent_databases(set, estate, finder.scratch);
    find_named_interfaces(&finder);
    find_attributes(&finder);
    find_secondary_interfaces(&finder);
    find_public_places(&finder);
    if (set->missing.items.count > 1)
        qsort(set->missing.items.items, set->missing.items.count, sizeof(struct lack), by_text);
    arena_free(finder.scratch);
}

// The addresses of the snapshot as endpoints that nothing is computed of.
static void add_addresses(struct finder *finder)
{
    struct exposure_set *set = finder->set;
    for (size_t i = 0; i < finder->estate->interfaces.count; i++) {
        const struct network_interface *one = finder->estate->interfaces.items[i];
        for (size_t a = 0; a < one->address_count; a++)
            *vector_add(finder->scratch, &set->endpoints) =
                (struct endpoint){.interface = one, .address = one->addresses[a].address};
    }
    if (set->endpoints.count > 1)
        qsort(set->endpoints.items, set->endpoints.count, sizeof(struct endpoint), endpoint_order);
}

void absence_interfaces(struct arena *arena, const struct estate *estate, struct lack_list *missing)
{
    struct exposure_set set = {.arena = arena, .estate = estate};
    struct finder finder = {.set = &set, .estate = estate, .arena = arena, .scratch = arena_new()};
    add_addresses(&finder);
    index_interfaces(&finder);
    find_instances(&finder);
    find_elastic_addresses(&finder);
    find_load_balancers(&finder);
    for (size_t i = 0; i < set.missing.items.count; i++)
        lack_add(arena, missing, &set.missing.items.items[i]);
    arena_free(finder.scratch);
}
