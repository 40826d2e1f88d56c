#include "rules/reach/reach.h"

#include <stdlib.h>

#include "rules/reach/absence.h"
#include "rules/reach/answer.h"
#include "rules/reach/bridge.h"
#include "rules/reach/indirect.h"
#include "rules/reach/owner.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/site.h"

// Everything that one computation shares between endpoints.
struct engine {
    const struct estate *estate;
    struct arena *arena; // lives as long as the result
    struct exposure_set *set;
    struct map sites_of_place[GATEWAYS]; // by gateway: struct interface_place -> struct site
    struct map sites_by_key;             // what decides, as text -> struct site
    struct answers answers;
};

static void add_missing(struct engine *engine, const struct lack_list *list)
{
    for (size_t i = 0; i < list->items.count; i++)
        lack_add(engine->arena, &engine->set->missing, &list->items.items[i]);
}

// Loopback addresses stand for the tester's own host, and pending ones for what a plan will bring.
static enum address_gateway gateway_of(const struct interface_address *address)
{
    struct address first = {address->address.family, address->address.first};
    bool routed = address_is_global(first) || address_is_loopback(first) || first.bits < PENDING_ADDRESSES;
    return address->gateway != GATEWAY_CARRIER && !routed ? GATEWAY_NONE : address->gateway;
}

static struct site *site_of(struct engine *engine, const struct network_interface *interface,
                            enum address_gateway gateway)
{
    struct site *before = map_get_pointer(&engine->sites_of_place[gateway], interface->place);
    if (before != NULL)
        return before;
    struct site *site = site_behind(engine->arena, engine->estate, interface, gateway);
    struct text key = {0};
    text_printf(&key, "%s|%s|%s|%d|%s|", site->acl != NULL ? site->acl->id : site->acl_missing->text,
                site->table != NULL ? site->table->id : site->table_missing->text, interface->place->vpc_id,
                (int)site->gate.state, site->gate.why->text);
    for (size_t i = 0; i < site->gate.doubts.count; i++)
        text_printf(&key, "|%s", site->gate.doubts.items[i]->text);
    struct site *known = map_get(&engine->sites_by_key, key.bytes);
    if (known == NULL)
        map_put(engine->arena, &engine->sites_by_key, arena_strdup(engine->arena, key.bytes), site);
    else
        site = known;
    text_free(&key);
    map_put_pointer(engine->arena, &engine->sites_of_place[gateway], interface->place, site);
    return site;
}

// What sets an interface's answer apart from others with its site and groups, or NULL: then nothing does.
static const char *variation(struct engine *engine, const struct network_interface *interface, const struct gate *gate,
                             const struct load_balancer *balancer)
{
    struct text key = {0};
    text_printf(&key, "%d|%s|%s", (int)gate->state, interface->type, balancer != NULL ? balancer->arn : "");
    for (size_t i = 0; i < gate->doubts.count; i++)
        text_printf(&key, "|%s", gate->doubts.items[i]->text);
    text_printf(&key, "|%s", security_group_is_shared(interface) ? interface->groups->key : interface->id);
    const char *kept = arena_strdup(engine->arena, key.bytes);
    text_free(&key);
    return kept;
}

// The list that will hold the answer for an endpoint; asks the question unless it is asked already.
static const struct exposure_list *ask(struct engine *engine, struct site *site,
                                       const struct network_interface *interface,
                                       const struct interface_address *address)
{
    enum family family = address->private_address.family;
    struct site_family *of = &site->families[family == FAMILY_IPV6];
    bool plain = site_decides(site, interface, address->address);
    struct exposure_list *list = plain ? map_get_pointer(&of->answers, interface->groups) : NULL;
    if (list != NULL)
        return list;
    const struct reason *missing = NULL;
    const char *key = NULL;
    const struct load_balancer *balancer = load_balancer_of(engine->arena, engine->estate, interface, &missing);
    struct gate gate =
        plain ? site->gate : site_gate(engine->arena, site, interface, address->address, address->private_address);
    if (!plain) {
        key = variation(engine, interface, &gate, balancer);
        list = map_get(&of->special_answers, key);
        if (list != NULL)
            return list;
    }
    list = arena_new_of(engine->arena, struct exposure_list);
    if (plain)
        map_put_pointer(engine->arena, &of->answers, interface->groups, list);
    else
        map_put(engine->arena, &of->special_answers, key, list);
    if (gate.state == GATE_SHUT)
        return list;
    if (missing != NULL) {
        struct lack_list lacks = {0};
        lack_add(engine->arena, &lacks,
                 &(struct lack){kind_name(KIND_LOAD_BALANCERS), interface->place->account_id, interface->place->region,
                                interface->load_balancer != NULL ? interface->load_balancer : interface->id,
                                missing->text});
        add_missing(engine, &lacks);
    }
    if (gate.lack != NULL)
        lack_add(engine->arena, &engine->set->missing, gate.lack);
    *vector_add(engine->arena, &engine->answers.questions) =
        (struct question){.site = site,
                          .interface = interface,
                          .family = family,
                          .gate = gate,
                          .balancer = missing == NULL ? balancer : NULL,
                          .list = list};
    return list;
}

static void list_lacks_of(struct exposure_set *set, const reason_list *reasons)
{
    for (size_t i = 0; i < reasons->count; i++)
        if (reasons->items[i]->lack != NULL)
            lack_add(set->arena, &set->missing, reasons->items[i]->lack);
}

// Whatever an exposure says that the snapshot lacks, it rests on.
static void list_lacks(struct exposure_set *set, const struct exposure_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        list_lacks_of(set, &list->items[i].via);
        list_lacks_of(set, &list->items[i].because);
    }
}

struct exposure_set *reach_compute(const struct estate *estate)
{
    struct arena *arena = arena_new();
    struct exposure_set *set = arena_new_of(arena, struct exposure_set);
    struct engine engine = {.estate = estate, .arena = arena, .set = set};
    engine.answers =
        (struct answers){.arena = arena, .groups = {.arena = arena, .estate = estate}, .sources = {.arena = arena}};
    struct group_cache *groups = &engine.answers.groups;
    set->arena = arena;
    set->estate = estate;
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *interface = estate->interfaces.items[i];
        if (interface->address_count == 0)
            continue;
        const struct instance *instance = map_get(&estate->instances, interface->instance_id);
        if (instance != NULL && text_same(instance->state, "terminated"))
            continue;
        const char *name = instance == NULL ? NULL : tags_name(instance->tags, instance->tag_count);
        const struct owner *owner = owner_of(arena, estate, interface);
        for (size_t a = 0; a < interface->address_count; a++) {
            const struct interface_address *address = &interface->addresses[a];
            enum address_gateway gateway = gateway_of(address);
            struct site *site = site_of(&engine, interface, gateway);
            const struct exposure_list *exposures = ask(&engine, site, interface, address);
            *vector_add(arena, &set->endpoints) =
                (struct endpoint){.interface = interface,
                                  .address = address->address,
                                  .private_address = address->private_address,
                                  .gateway = gateway,
                                  .dormant = !interface->attached || (instance != NULL && instance_is_asleep(instance)),
                                  .name = name != NULL ? name : tags_name(interface->tags, interface->tag_count),
                                  .owner = owner,
                                  .exposures = exposures};
        }
    }
    vector_trim(arena, &set->endpoints);
    answers_make(&engine.answers);
    for (size_t i = 0; i < engine.sites_by_key.size; i++) {
        const struct site *site = engine.sites_by_key.slots[i].value;
        if (site != NULL)
            add_missing(&engine, &site->missing);
    }
    if (set->endpoints.count > 1)
        qsort(set->endpoints.items, set->endpoints.count, sizeof(struct endpoint), endpoint_order);
    bridge_compute(set, estate, groups);
    indirect_compute(set, estate, groups); // puts all in order
    add_missing(&engine, &groups->missing);
    absence_list(set, estate);
    for (size_t i = 0; i < set->endpoints.count; i++)
        list_lacks(set, set->endpoints.items[i].exposures);
    for (size_t i = 0; i < set->indirect.count; i++)
        list_lacks(set, &set->indirect.items[i].exposures);
    return set;
}

void exposure_set_free(struct exposure_set *set)
{
    if (set != NULL)
        arena_free(set->arena);
}
