#include "rules/reach/reach.h"

#include <stdlib.h>

#include "model/protocol.h"
#include "net/prefix_table.h"
#include "rules/reach/absence.h"
#include "rules/reach/bridge.h"
#include "rules/reach/indirect.h"
#include "rules/reach/owner.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/security_group.h"
#include "rules/reach/site.h"

// Everything that one computation shares between endpoints.
struct engine {
    const struct estate *estate;
    struct arena *arena;   // lives as long as the result
    struct arena *scratch; // for one answer
    struct exposure_set *set;
    struct group_cache groups;
    struct map sites_of_place[GATEWAYS]; // by gateway: struct interface_place -> struct site
    struct map sites_by_key;             // what decides, as text -> struct site
    VECTOR(struct question) questions;
    VECTOR(struct admitted) admitted; // of the question in hand, in scratch memory
    struct prefix_table sources;      // equal ones are held once
};

// One answer to make: the exposures of one kind of endpoint.
struct question {
    struct engine *engine;
    struct site *site;
    const struct network_interface *interface;
    enum family family;
    struct gate gate;
    const struct load_balancer *balancer; // whose listeners are the only ports, or NULL
    struct exposure_list *list;           // where the answer goes
};

// What a set of groups admits of one protocol: the same in every site.
struct admitted {
    int protocol;
    struct group_rules rules;
    struct claim claim;
};

typedef VECTOR(struct exposure) exposure_vector;

static void add_missing(struct engine *engine, const struct lack_list *list)
{
    for (size_t i = 0; i < list->items.count; i++)
        lack_add(engine->arena, &engine->set->missing, &list->items.items[i]);
}

static void give_reasons(const struct question *question, const struct passage *passage, struct group_rules *rules,
                         const reason_list *group_doubts, struct exposure *exposure)
{
    struct arena *arena = question->engine->scratch;
    struct site *site = question->site;
    const struct site_family *of = site_family(site, question->family);
    int protocol = exposure->protocol_low;
    if (question->balancer != NULL)
        load_balancer_because(question->engine->arena, question->balancer, protocol, exposure->low, exposure->high,
                              &exposure->because);
    security_group_because(arena, rules, exposure, &exposure->because);
    network_acl_because(arena, &passage->in, portset_of(arena, exposure->low, exposure->high), exposure->sources,
                        &exposure->because);
    if (exposure->path == PATH_TWO_WAY) {
        for (size_t i = 0; i < of->replies.shares.count; i++) {
            const struct route_share *share = &of->replies.shares.items[i];
            if (share->reply == REPLY_NONE || !prefixset_overlap(share->sources, exposure->sources))
                continue;
            *vector_add(arena, &exposure->because) = share->reason;
            if (share->reply == REPLY_POSSIBLE)
                reason_add(arena, &exposure->via, share->doubt);
        }
        struct portset back = site_reply_numbers(arena, protocol, exposure->low, exposure->client_ports);
        network_acl_because(arena, &passage->out, back, exposure->sources, &exposure->because);
    }
    if (question->gate.gateway_id != NULL)
        *vector_add(arena, &exposure->because) = question->gate.why;
    if (exposure->certainty == CERTAINTY_EXACT) {
        exposure->via = (reason_list){0};
        return;
    }
    reason_add_all(arena, &exposure->via, &question->gate.doubts);
    reason_add_all(arena, &exposure->via, group_doubts);
    reason_add_all(arena, &exposure->via, &of->replies.doubts);
    if (site->acl == NULL)
        reason_add(arena, &exposure->via, site->acl_missing);
    if (site->table == NULL)
        reason_add(arena, &exposure->via, site->table_missing);
}

// Rectangles found so far of one protocol, kept apart by everything but ports and sources.
struct layer {
    enum exposure_path path;
    enum certainty certainty;
    struct portset client_ports;
    struct portmap map;
};

struct layers {
    VECTOR(struct layer) items;
};

static void add_layer(struct arena *arena, struct layers *layers, struct layer layer)
{
    if (layer.map.count == 0)
        return;
    for (size_t i = 0; i < layers->items.count; i++) {
        struct layer *old = &layers->items.items[i];
        if (old->path == layer.path && old->certainty == layer.certainty &&
            portset_equal(old->client_ports, layer.client_ports)) {
            old->map = portmap_union(arena, old->map, layer.map);
            return;
        }
    }
    *vector_add(arena, &layers->items) = layer;
}

// What the groups admit, met with what the site lets in and back.
static struct layers meet(struct arena *arena, const struct claim *groups, const struct passage *passage)
{
    struct layers layers = {0};
    for (size_t i = 0; i < passage->piece_count; i++) {
        const struct passage_piece *piece = &passage->pieces[i];
        enum exposure_path path = piece->reply == REPLY_NONE ? PATH_INBOUND_ONLY : PATH_TWO_WAY;
        enum certainty certainty = piece->reply == REPLY_POSSIBLE ? CERTAINTY_POSSIBLE : CERTAINTY_EXACT;
        struct portset ports = piece->reply == REPLY_NONE ? portset_empty : piece->client_ports;
        add_layer(arena, &layers,
                  (struct layer){path, certainty, ports, portmap_intersect(arena, groups->must, piece->map)});
        add_layer(arena, &layers,
                  (struct layer){path, CERTAINTY_POSSIBLE, ports, portmap_intersect(arena, groups->extra, piece->map)});
    }
    return layers;
}

static struct admitted *admitted_of(const struct question *question, int protocol)
{
    struct engine *engine = question->engine;
    struct arena *arena = engine->scratch;
    for (size_t i = 0; i < engine->admitted.count; i++)
        if (engine->admitted.items[i].protocol == protocol)
            return &engine->admitted.items[i];
    struct admitted *fresh = vector_add(arena, &engine->admitted);
    fresh->protocol = protocol;
    fresh->rules = security_group_rules(arena, &engine->groups, question->interface, question->family, protocol);
    fresh->claim = security_group_admits(arena, &engine->groups, question->interface, question->family, &fresh->rules);
    return fresh;
}

// What the groups admit, on what the load balancer takes.
static struct claim on_listeners(const struct question *question, int protocol, const struct claim *groups)
{
    struct arena *arena = question->engine->scratch;
    struct balancer_ports ports = load_balancer_ports(question->engine->arena, question->balancer, protocol);
    struct claim claim = {0};
    reason_add_all(arena, &claim.doubts, &groups->doubts);
    if (ports.doubt != NULL)
        reason_add(arena, &claim.doubts, ports.doubt);
    claim.must = portmap_on_ports(arena, groups->must, ports.must);
    claim.extra =
        portmap_union(arena, portmap_on_ports(arena, groups->extra, portset_union(arena, ports.must, ports.may)),
                      portmap_on_ports(arena, groups->must, ports.may));
    return claim;
}

static void compute_protocol(const struct question *question, int protocol, exposure_vector *exposures)
{
    struct engine *engine = question->engine;
    struct arena *arena = engine->scratch;
    struct admitted *admitted = admitted_of(question, protocol);
    struct claim groups = admitted->claim;
    if (question->balancer != NULL) {
        groups = on_listeners(question, protocol, &groups);
    }
    if (question->site->acl == NULL || question->gate.state == GATE_POSSIBLE) {
        groups.extra = portmap_union(arena, groups.extra, groups.must);
        groups.must = portmap_empty;
    }
    if (groups.must.count == 0 && groups.extra.count == 0)
        return;
    const struct passage *passage = site_passage(question->site, question->family, protocol);
    struct prefixset internet = site_family(question->site, question->family)->internet;
    struct layers layers = meet(arena, &groups, passage);
    for (size_t l = 0; l < layers.items.count; l++) {
        const struct layer *layer = &layers.items.items[l];
        for (size_t s = 0; s < layer->map.count; s++) {
            const struct port_segment *segment = &layer->map.segments[s];
            struct exposure *exposure = vector_add(arena, exposures);
            *exposure = (struct exposure){.protocol_low = protocol,
                                          .protocol_high = protocol,
                                          .low = segment->low,
                                          .high = segment->high,
                                          .sources = segment->sources,
                                          .internet = prefixset_overlap(segment->sources, internet),
                                          .path = layer->path,
                                          .certainty = layer->certainty,
                                          .client_ports = layer->client_ports};
            give_reasons(question, passage, &admitted->rules, &groups.doubts, exposure);
        }
    }
}

static int by_contract_order(const void *left, const void *right)
{
    const struct exposure *a = left, *b = right;
    int orders[] = {protocol_compare(a->protocol_low, b->protocol_low),
                    (int)a->low - (int)b->low,
                    (int)a->high - (int)b->high,
                    (int)a->path - (int)b->path,
                    (int)a->certainty - (int)b->certainty,
                    prefixset_compare(a->sources, b->sources)};
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (orders[i] != 0)
            return orders[i];
    return 0;
}

// Marks protocols that a rule or entry names by number; the others all share one answer.
static void mark_named(const struct question *question, bool named[256])
{
    static const int always[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMP, PROTOCOL_ICMPV6};
    const struct group_set *groups = question->interface->groups;
    const struct network_acl *acl = question->site->acl;
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        named[always[i]] = true;
    for (size_t g = 0; groups != NULL && g < groups->count; g++) {
        const struct group_admissions *group =
            security_group_resolve(&question->engine->groups, groups->ids[g], question->family);
        for (size_t r = 0; r < group->count; r++)
            if (group->items[r].protocol >= 0)
                named[group->items[r].protocol] = true;
    }
    for (size_t e = 0; acl != NULL && e < acl->entries.count; e++)
        if (acl->entries.items[e].protocol >= 0)
            named[acl->entries.items[e].protocol] = true;
}

// The exposures of neighbouring protocols that agree in everything.
struct run {
    int low;
    int high;
    size_t first;
    size_t count;
};

static bool runs_agree(const exposure_vector *all, const struct run *a, const struct run *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count && a->first != b->first; i++)
        same = exposure_same_answer(&all->items[a->first + i], &all->items[b->first + i]);
    return same;
}

static void put_run(struct arena *arena, const exposure_vector *all, const struct run *run, exposure_vector *out)
{
    for (size_t i = 0; i < run->count; i++) {
        struct exposure *copy = vector_add(arena, out);
        *copy = all->items[run->first + i];
        copy->protocol_low = run->low;
        copy->protocol_high = run->high;
    }
}

static exposure_vector compute_all(const struct question *question)
{
    struct arena *arena = question->engine->scratch;
    exposure_vector all = {0}, out = {0};
    bool named[256] = {0}, rest_known = false;
    struct run rest = {0}, last = {.low = -1};
    question->engine->groups.place = question->interface->place;
    mark_named(question, named);
    for (int protocol = 0; protocol < 256; protocol++) {
        if (protocol_has_ports(protocol) || protocol_is_icmp(protocol)) {
            compute_protocol(question, protocol, &out);
            continue;
        }
        struct run next = {.low = protocol, .high = protocol, .first = all.count};
        if (named[protocol]) {
            compute_protocol(question, protocol, &all);
            next.count = all.count - next.first;
        } else {
            if (!rest_known) {
                rest.first = all.count;
                compute_protocol(question, PROTOCOL_UNNAMED, &all);
                rest.count = all.count - rest.first;
                rest_known = true;
            }
            next.first = rest.first;
            next.count = rest.count;
        }
        if (last.low >= 0 && last.high == protocol - 1 && runs_agree(&all, &last, &next)) {
            last.high = protocol;
        } else {
            if (last.low >= 0)
                put_run(arena, &all, &last, &out);
            last = next;
        }
    }
    put_run(arena, &all, &last, &out);
    if (out.count > 1)
        qsort(out.items, out.count, sizeof(struct exposure), by_contract_order);
    return out;
}

static reason_list kept_reasons(struct arena *arena, const reason_list *list)
{
    reason_list kept = {0};
    if (list->count > 0) {
        kept.items = memcpy(arena_array(arena, const struct reason *, list->count), list->items,
                            list->count * sizeof(*list->items));
        kept.count = kept.capacity = list->count;
    }
    return kept;
}

// Copies an answer out of scratch memory. Reasons and client ports live long already.
static void keep_exposures(struct engine *engine, const exposure_vector *exposures, struct exposure_list *list)
{
    struct arena *arena = engine->arena;
    list->count = exposures->count;
    list->items = arena_buffer(arena, struct exposure, exposures->count);
    for (size_t i = 0; i < exposures->count; i++) {
        const struct exposure *one = &exposures->items[i];
        list->items[i] = *one;
        list->items[i].sources = prefix_table_keep(&engine->sources, one->sources);
        list->items[i].via = kept_reasons(arena, &one->via);
        list->items[i].because = kept_reasons(arena, &one->because);
    }
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
    text_printf(&key, "|%s", interface->groups != NULL ? interface->groups->key : interface->id);
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
    *vector_add(engine->arena, &engine->questions) = (struct question){.engine = engine,
                                                                       .site = site,
                                                                       .interface = interface,
                                                                       .family = family,
                                                                       .gate = gate,
                                                                       .balancer = missing == NULL ? balancer : NULL,
                                                                       .list = list};
    return list;
}

static int by_groups(const void *left, const void *right)
{
    const struct question *a = left, *b = right;
    uint32_t x = a->interface->groups == NULL ? 0 : a->interface->groups->number + 1;
    uint32_t y = b->interface->groups == NULL ? 0 : b->interface->groups->number + 1;
    return x != y ? (x < y ? -1 : 1) : (int)a->family - (int)b->family;
}

// Questions about the same groups come one after the other, and share what those admit.
static void answer_all(struct engine *engine)
{
    if (engine->questions.count > 1)
        qsort(engine->questions.items, engine->questions.count, sizeof(struct question), by_groups);
    const struct question *before = NULL;
    for (size_t i = 0; i < engine->questions.count; i++) {
        const struct question *question = &engine->questions.items[i];
        if (before == NULL || question->interface->groups == NULL ||
            before->interface->groups != question->interface->groups || before->family != question->family ||
            before->interface->groups_unsure || question->interface->groups_unsure) {
            memset(&engine->admitted, 0, sizeof(engine->admitted));
            arena_reset(engine->scratch);
        }
        exposure_vector exposures = compute_all(question);
        keep_exposures(engine, &exposures, question->list);
        before = question;
    }
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
    struct engine engine = {.estate = estate, .arena = arena, .scratch = arena_new(), .set = set};
    engine.groups = (struct group_cache){.arena = arena, .estate = estate};
    engine.sources = (struct prefix_table){.arena = arena};
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
    answer_all(&engine);
    for (size_t i = 0; i < engine.sites_by_key.size; i++) {
        const struct site *site = engine.sites_by_key.slots[i].value;
        if (site != NULL)
            add_missing(&engine, &site->missing);
    }
    if (set->endpoints.count > 1)
        qsort(set->endpoints.items, set->endpoints.count, sizeof(struct endpoint), endpoint_order);
    bridge_compute(set, estate, &engine.groups);
    indirect_compute(set, estate, &engine.groups); // puts all in order
    add_missing(&engine, &engine.groups.missing);
    absence_list(set, estate);
    for (size_t i = 0; i < set->endpoints.count; i++)
        list_lacks(set, set->endpoints.items[i].exposures);
    for (size_t i = 0; i < set->indirect.count; i++)
        list_lacks(set, &set->indirect.items[i].exposures);
    arena_free(engine.scratch);
    return set;
}

void exposure_set_free(struct exposure_set *set)
{
    if (set != NULL)
        arena_free(set->arena);
}
