#include "rules/reach/told_bridge.h"

#include <stdlib.h>

#include "model/bridge.h"
#include "model/interface_kind.h"
#include "model/protocol.h"
#include "rules/reach/accelerator_ports.h"
#include "rules/reach/claim.h"
#include "rules/reach/custom_routing.h"
#include "rules/reach/told_bridge_parts.h"

bool told_is_broken(const struct estate *estate, enum kind kind)
{
    for (size_t i = 0; i < estate->completeness.count; i++) {
        enum completeness_state state = (enum completeness_state)estate->completeness.items[i].states[kind];
        if (state == COMPLETENESS_DENIED || state == COMPLETENESS_PARTIAL || state == COMPLETENESS_DAMAGED)
            return true;
    }
    return false;
}

typedef VECTOR(struct address) addresses;

// The Elastic IP addresses with the id of an allocation: one, where documents do not differ.
static addresses allocated(struct arena *arena, const struct estate *estate, const char *allocation)
{
    addresses found = {0};
    struct address address;
    for (size_t i = 0; i < estate->elastic_addresses.count; i++)
        if (text_same(estate->elastic_addresses.items[i].id, allocation) &&
            address_parse(estate->elastic_addresses.items[i].address, &address))
            *vector_add(arena, &found) = address;
    return found;
}

static bool has_one(const addresses *own, const struct network_interface *interface)
{
    for (size_t i = 0; i < own->count; i++)
        for (size_t a = 0; a < interface->address_count; a++)
            if (interface->addresses[a].address.family == own->items[i].family &&
                interface->addresses[a].address.first == own->items[i].bits)
                return true;
    return false;
}

static struct targets found_by(const struct teller *teller, const char *id)
{
    const struct estate *estate = teller->estate;
    const char *balancer = strstr(id, ":loadbalancer/");
    struct targets found = {0};
    if (balancer == NULL && strncmp(id, "eipalloc-", 9) != 0) {
        const char *instance = text_behind_slash(id);
        const struct instance_home *home = map_get(&teller->homes, instance);
        size_t count = 0;
        bool sure = true;
        const struct network_interface *const *items =
            home == NULL ? NULL : instance_home_interfaces(home, &count, &sure);
        for (size_t i = 0; i < count; i++)
            *vector_add(teller->arena, &found.items) = items[i];
        found.unsure = sure ? NULL : instance_home_doubt(teller->arena, instance);
        return found;
    }
    addresses own = balancer == NULL ? allocated(teller->arena, estate, id) : (addresses){0};
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        if (balancer != NULL ? text_same(one->load_balancer, balancer + strlen(":loadbalancer/")) : has_one(&own, one))
            *vector_add(teller->arena, &found.items) = one;
    }
    return found;
}

const char *told_arn_field(struct arena *arena, const char *arn, int index)
{
    if (strncmp(arn, "arn:", 4) != 0)
        return NULL;
    for (; index > 0 && arn != NULL; index--)
        arn = strchr(arn, ':') == NULL ? NULL : strchr(arn, ':') + 1;
    return arn == NULL || strcspn(arn, ":") == 0 ? NULL : arena_strndup(arena, arn, strcspn(arn, ":"));
}

struct targets told_targets_of(const struct teller *teller, const char *id, const char *region)
{
    struct targets found = found_by(teller, id);
    const char *own_region = told_arn_field(teller->arena, id, 3), *account = told_arn_field(teller->arena, id, 4);
    for (size_t i = 0; i < found.items.count && found.unsure == NULL; i++) {
        const struct interface_place *place = found.items.items[i]->place;
        if (!place_may_be(place->region, own_region) || !place_may_be(place->region, region) ||
            !place_may_be(place->account_id, account))
            found.unsure = arena_printf(teller->arena, "%s is named as of another account or region than %s is", id,
                                        found.items.items[i]->id);
    }
    return found;
}

// ---- Accelerators

// By its type; where that is not told, by the group that the service makes.
// https://docs.aws.amazon.com/global-accelerator/latest/dg/best-practices-aga.html
bool is_accelerators(const struct estate *estate, const struct network_interface *interface)
{
    const struct group_set *groups = interface->groups;
    if (strcmp(interface->type, "global_accelerator_managed") == 0)
        return true;
    for (size_t i = 0; interface->requester_managed && groups != NULL && i < groups->count; i++) {
        const struct security_group *group = map_get(&estate->security_groups, groups->ids[i]);
        if (group != NULL && security_group_is_named(group, ACCELERATORS_GROUP) &&
            strcmp(interface->type, "interface") == 0)
            return true;
    }
    return interface->requester_managed && interface->in_accelerator_group && strcmp(interface->type, "interface") == 0;
}

// Accelerators that keep the client's address have one interface in each subnet with an endpoint.
// https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoints.sipp-caveats.html
static const struct network_interface *accelerators_in(const struct estate *estate, const char *subnet_id)
{
    for (size_t i = 0; i < estate->interfaces.count; i++)
        if (is_accelerators(estate, estate->interfaces.items[i]) && subnet_id != NULL &&
            text_same(estate->interfaces.items[i]->place->subnet_id, subnet_id))
            return estate->interfaces.items[i];
    return NULL;
}

static void tell_endpoint(struct teller *teller, const struct accelerator *accelerator,
                          const struct accelerator_listener *listener, const struct accelerator_group *group,
                          const struct accelerator_endpoint *endpoint, const struct targets *targets)
{
    struct arena *arena = teller->arena;
    port_ways ways = accelerator_ports(arena, listener, group);
    for (size_t i = 0; i < targets->items.count; i++) {
        const struct network_interface *target = targets->items.items[i];
        const struct network_interface *own = accelerators_in(teller->estate, target->place->subnet_id);
        const char *unsure = accelerator->unsure != NULL ? accelerator->unsure
                             : endpoint->unsure != NULL  ? endpoint->unsure
                                                         : targets->unsure;
        const char *settle = accelerator->unsure != NULL ? settle_by_call(arena, KIND_ACCELERATORS, accelerator->name)
                             : endpoint->by_answer ? settle_by_call(arena, KIND_ENDPOINT_GROUPS, accelerator->name)
                             : endpoint->unsure == NULL && targets->unsure != NULL
                                 ? settle_by_call(arena, KIND_NETWORK_INTERFACES, text_behind_slash(endpoint->id))
                                 : settle_by_probe;
        if (unsure == NULL && !endpoint->keeps_client) {
            unsure = "its clients come from AWS's own addresses, which are not told";
        } else if (unsure == NULL && accelerator_has_others(listener, group)) {
            // "based on the location of the client and the health of the endpoint group":
            // https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoint-groups.html
            unsure = arena_printf(arena, "clients nearer to another endpoint group of accelerator %s are sent there",
                                  accelerator->name);
            settle = settle_by_probe;
        } else if (unsure == NULL && own == NULL) {
            unsure = arena_printf(arena, "no interface of Global Accelerator is in %s",
                                  target->place->subnet_id == NULL ? "its subnet" : target->place->subnet_id);
            bool whole = estate_completeness(teller->estate, KIND_NETWORK_INTERFACES, target->place->account_id,
                                             target->place->region) == COMPLETENESS_WHOLE;
            settle = whole ? settle_by_probe : settle_by_call(arena, KIND_NETWORK_INTERFACES, target->place->subnet_id);
        }
        for (size_t n = 0; n < ways.count; n++)
            *vector_add(arena, &teller->told->items) = (struct told_bridge){
                .service = "AWS Global Accelerator",
                .what = arena_printf(arena, "accelerator %s, %s", accelerator->name,
                                     port_way_text(arena, &ways.items[n], listener->protocol)),
                .id = own != NULL ? own->id : text_behind_slash(accelerator->arn),
                .interface = own,
                .target = target,
                .ports = ways.items[n].ports,
                .protocol = listener->protocol,
                .keeps_client = endpoint->keeps_client,
                .from_edge = !endpoint->keeps_client,
                .takes_ipv6 = accelerator->takes_ipv6,
                .unsure = unsure,
                .settle = settle,
            };
    }
}

// Whether all that a document can say of an accelerator is said. One that is off brings nothing, whatever it has.
static bool is_whole(const struct accelerator *accelerator)
{
    bool whole =
        accelerator->told && accelerator->doubt == NULL && (accelerator->listeners_known || !accelerator->enabled);
    for (size_t i = 0; i < accelerator->listeners.count && accelerator->enabled; i++)
        whole = whole && accelerator->listeners.items[i].told && accelerator->listeners.items[i].groups_known &&
                (accelerator->listeners.items[i].protocol >= 0 || accelerator->custom_routing);
    return whole;
}

bool told_in_doubt(const struct estate *estate, const struct network_interface *own)
{
    const char *name = own->in_origin_group ? ORIGINS_GROUP : ACCELERATORS_GROUP;
    bool called = own->in_origin_group || own->in_accelerator_group, borne = false;
    if (own->differs)
        return true;
    for (size_t i = 0; own->groups != NULL && i < own->groups->count; i++) {
        const struct security_group *group = map_get(&estate->security_groups, own->groups->ids[i]);
        if (group != NULL && group->other_name != NULL)
            return true;
        borne = borne || group == NULL || security_group_is_named(group, name);
    }
    return called && !borne;
}

static void decide(struct teller *teller, const struct network_interface *own)
{
    if (own == NULL || told_in_doubt(teller->estate, own) || map_get(&teller->told->decided, own->id) != NULL)
        return;
    map_put(teller->arena, &teller->told->decided, own->id, teller);
    text_list_add(teller->arena, &teller->told->assumptions,
                  arena_printf(teller->arena,
                               "%s (AWS Global Accelerator) is taken to serve the accelerators of the snapshot alone",
                               own->id));
}

// The interface of a subnet serves what the endpoints there are of that keep their clients' addresses: only these have
// one. It is known where some accelerator, be it disabled, has such an endpoint there; else it is another's.
// https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoints.sipp-caveats.html
static void decide_subnets(struct teller *teller, const struct accelerator_endpoint *endpoint,
                           const struct targets *targets)
{
    bool keeps = endpoint->keeps_client && endpoint->keeps_told;
    for (size_t i = 0; keeps && i < targets->items.count; i++)
        decide(teller, accelerators_in(teller->estate, targets->items.items[i]->place->subnet_id));
}

bool told_covers(const struct estate *estate, const char *account, const char *region)
{
    for (size_t i = 0; i < estate->completeness.count; i++) {
        const struct completeness *one = &estate->completeness.items[i];
        if (one->demanded && place_may_be(one->region, region) && place_may_be(one->account, account))
            return true;
    }
    return false;
}

// An endpoint that is no interface of the snapshot: in a region that it tells of, one is missing.
static void note_endpoint(struct teller *teller, const struct accelerator *accelerator,
                          const struct accelerator_group *group, const struct accelerator_endpoint *endpoint)
{
    struct arena *arena = teller->arena;
    const struct instance *instance = map_get(&teller->estate->instances, text_behind_slash(endpoint->id));
    if (instance != NULL && instance_is_gone(instance))
        return;
    const char *region = group->region != NULL ? group->region : told_arn_field(arena, endpoint->id, 3);
    if (!told_covers(teller->estate, told_arn_field(arena, endpoint->id, 4), region)) {
        text_list_add(arena, &teller->told->not_covered,
                      arena_printf(arena, "endpoint %s of accelerator %s is no interface of this snapshot",
                                   endpoint->id, accelerator->name));
        return;
    }
    lack_add(arena, &teller->told->missing,
             &(struct lack){.kind = kind_name(KIND_NETWORK_INTERFACES),
                            .region = region,
                            .id = endpoint->id,
                            .text = arena_printf(arena, "missing: the interface of endpoint %s of accelerator %s",
                                                 endpoint->id, accelerator->name)});
}

// An accelerator of which the documents do not tell all, and no interface shows that anything is reached by it.
static void note_accelerator(struct teller *teller, const struct accelerator *one)
{
    for (size_t i = 0; i < teller->estate->interfaces.count; i++)
        if (is_accelerators(teller->estate, teller->estate->interfaces.items[i])) {
            text_list_add(teller->arena, &teller->told->assumptions,
                          arena_printf(teller->arena,
                                       "listeners or endpoint groups of accelerator %s absent: all that the interfaces "
                                       "of Global Accelerator here could reach is possible",
                                       one->arn));
            return;
        }
    lack_add(teller->arena, &teller->told->missing,
             &(struct lack){.kind = kind_name(KIND_ENDPOINT_GROUPS),
                            .id = one->name,
                            .text = arena_printf(teller->arena,
                                                 "missing: what accelerator %s brings clients to: its listeners and "
                                                 "endpoint groups are not all told",
                                                 one->name)});
}

// An endpoint of a custom routing accelerator is a subnet.
static void tell_subnet(struct teller *teller, const struct accelerator *accelerator,
                        const struct accelerator_group *group, const struct accelerator_endpoint *endpoint)
{
    const struct network_interface *own = accelerators_in(teller->estate, endpoint->id);
    decide(teller, own);
    if (!accelerator->enabled)
        return;
    custom_routing_tell(teller->arena, teller->estate, accelerator, group, endpoint->id, own, teller->told);
    if (map_get(&teller->estate->subnets, endpoint->id) == NULL)
        note_endpoint(teller, accelerator, group, endpoint);
}

static void tell_accelerators(struct teller *teller)
{
    const struct estate *estate = teller->estate;
    map_slots all = map_sorted(teller->arena, &estate->accelerators);
    bool whole = estate_has(estate, KIND_ACCELERATORS) && !told_is_broken(estate, KIND_ACCELERATORS) &&
                 !told_is_broken(estate, KIND_ENDPOINT_GROUPS);
    for (size_t i = 0; i < all.count; i++) {
        const struct accelerator *one = all.items[i]->value;
        whole = whole && is_whole(one);
        if (one->told && one->enabled && !is_whole(one))
            note_accelerator(teller, one);
    }
    teller->told->accelerators_whole = whole;
    for (size_t i = 0; i < all.count && whole; i++) {
        const struct accelerator *one = all.items[i]->value;
        for (size_t l = 0; l < one->listeners.count; l++)
            for (size_t g = 0; g < one->listeners.items[l].groups.count; g++) {
                const struct accelerator_listener *listener = &one->listeners.items[l];
                const struct accelerator_group *group = &listener->groups.items[g];
                for (size_t e = 0; e < group->endpoints.count; e++) {
                    if (one->custom_routing) {
                        tell_subnet(teller, one, group, &group->endpoints.items[e]);
                        continue;
                    }
                    struct targets targets = told_targets_of(teller, group->endpoints.items[e].id, group->region);
                    decide_subnets(teller, &group->endpoints.items[e], &targets);
                    if (!group->endpoints.items[e].keeps_told)
                        teller->told->accelerators_whole = false;
                    if (one->enabled && targets.items.count == 0)
                        note_endpoint(teller, one, group, &group->endpoints.items[e]);
                    if (one->enabled)
                        tell_endpoint(teller, one, listener, group, &group->endpoints.items[e], &targets);
                }
            }
    }
}

struct told_bridges told_bridges_of(struct arena *arena, const struct estate *estate,
                                    bool (*is_origin)(const void *context, const struct network_interface *interface),
                                    const void *context)
{
    struct told_bridges told = {0};
    struct teller teller = {.arena = arena, .estate = estate, .told = &told};
    if (estate->accelerators.count + estate->vpc_origins.count > 0)
        instance_homes(arena, estate, &teller.homes);
    tell_accelerators(&teller);
    for (size_t i = 0; i < estate->interfaces.count && estate->vpc_origins.count > 0; i++)
        if (is_origin(context, estate->interfaces.items[i]))
            told_origins_of(&teller, estate->interfaces.items[i]);
    map_slots origins = map_sorted(arena, &estate->vpc_origins);
    for (size_t i = 0; i < origins.count; i++)
        told_origin_note(&teller, origins.items[i]->value, is_origin, context);
    return told;
}
