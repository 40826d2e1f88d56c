#include "rules/reach.h"

#include <stdlib.h>

#include "model/protocol.h"
#include "rules/context.h"

// Sources that share one set of client ports from which the outbound ACL lets replies back; the set may be empty.
struct reply_class {
    struct prefixset sources;
    struct portset client_ports;
};

typedef VECTOR(struct reply_class) reply_classes;

// Turns (client port → destinations) around into (sources → client ports).
static reply_classes by_client_ports(struct context *context, int protocol)
{
    struct arena *arena = context->arena;
    reply_classes classes = {0};
    struct prefixset everyone = prefixset_all(arena, context->family);
    *vector_add(arena, &classes) = (struct reply_class){everyone, portset_empty};
    if (context->acl == NULL) {
        classes.items[0].client_ports = portset_all;
        return classes;
    }
    struct portmap out = network_acl_allows(arena, context->acl, true, context->family, protocol);
    for (size_t s = 0; s < out.count; s++) {
        const struct port_segment *segment = &out.segments[s];
        struct portset ports = portset_of(arena, segment->low, segment->high);
        reply_classes next = {0};
        for (size_t c = 0; c < classes.count; c++) {
            struct reply_class *old = &classes.items[c];
            struct prefixset in = prefixset_intersect(arena, old->sources, segment->sources);
            struct prefixset out_of = prefixset_subtract(arena, old->sources, segment->sources);
            if (!prefixset_is_empty(in))
                *vector_add(arena, &next) = (struct reply_class){in, portset_union(arena, old->client_ports, ports)};
            if (!prefixset_is_empty(out_of))
                *vector_add(arena, &next) = (struct reply_class){out_of, old->client_ports};
        }
        classes = next;
        for (size_t a = 0; a < classes.count; a++) // sources with the same ports belong together
            for (size_t b = a + 1; b < classes.count;)
                if (portset_equal(classes.items[a].client_ports, classes.items[b].client_ports)) {
                    classes.items[a].sources =
                        prefixset_union(arena, classes.items[a].sources, classes.items[b].sources);
                    classes.items[b] = classes.items[--classes.count];
                } else {
                    b++;
                }
    }
    return classes;
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

// What arrives from `sources`, split by whether a reply gets back: surely, possibly (both only where replies_possible /
// replies_sure say so), or not.
static void split(struct context *context, struct layers *layers, const struct claim *arrives, bool acl_sure,
                  struct portset on, struct prefixset sources, struct portset client_ports)
{
    struct arena *arena = context->arena;
    bool any_port = !portset_is_empty(client_ports);
    struct prefixset sure =
        any_port && acl_sure ? prefixset_intersect(arena, sources, context->replies.must) : prefixset_empty;
    struct prefixset possible = any_port ? prefixset_intersect(arena, sources, context->replies.may) : prefixset_empty;
    struct prefixset none = prefixset_subtract(arena, sources, possible);
    struct portmap must = portmap_on_ports(arena, arrives->must, on), may = portmap_on_ports(arena, arrives->may, on);
    struct portmap two_way = portmap_from_sources(arena, must, sure);
    struct portmap in_only = portmap_from_sources(arena, must, none);
    add_layer(arena, layers, (struct layer){PATH_TWO_WAY, CERTAINTY_EXACT, client_ports, two_way});
    add_layer(arena, layers,
              (struct layer){PATH_TWO_WAY, CERTAINTY_POSSIBLE, client_ports,
                             portmap_subtract(arena, portmap_from_sources(arena, may, possible), two_way)});
    add_layer(arena, layers, (struct layer){PATH_INBOUND_ONLY, CERTAINTY_EXACT, portset_empty, in_only});
    add_layer(arena, layers,
              (struct layer){PATH_INBOUND_ONLY, CERTAINTY_POSSIBLE, portset_empty,
                             portmap_subtract(arena, portmap_from_sources(arena, may, none), in_only)});
}

static void split_icmp(struct context *context, struct layers *layers, const struct claim *arrives, bool acl_sure,
                       int protocol)
{
    struct arena *arena = context->arena;
    struct prefixset everyone = prefixset_all(arena, context->family);
    struct portset left = portset_all;
    static const uint16_t asking[] = {8, 13, 128};
    struct portmap out = context->acl == NULL
                             ? portmap_of(arena, portset_all, everyone)
                             : network_acl_allows(arena, context->acl, true, context->family, protocol);
    for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++) {
        uint16_t first = (uint16_t)(asking[i] << 8);
        int reply = context_icmp_reply(protocol, first);
        if (reply < 0)
            continue;
        struct portset on = portset_of(arena, first, first | 255);
        struct prefixset back = portmap_sources(out, (uint16_t)reply);
        split(context, layers, arrives, acl_sure, on, back, portset_all);
        split(context, layers, arrives, acl_sure, on, prefixset_subtract(arena, everyone, back), portset_empty);
        left = portset_subtract(arena, left, on);
    }
    split(context, layers, arrives, true, left, everyone, portset_empty);
}

static void add_texts(struct arena *arena, text_list *to, const text_list *from)
{
    for (size_t i = 0; i < from->count; i++)
        text_list_add(arena, to, from->items[i]);
}

static void give_reasons(struct context *context, const struct claim *groups, struct exposure *exposure)
{
    struct arena *arena = context->arena;
    int protocol = exposure->protocol_low;
    security_group_because(arena, context->estate, context->interface, context->family, exposure, &exposure->because);
    struct portset numbers = portset_of(arena, exposure->low, exposure->high);
    if (context->acl != NULL)
        network_acl_because(arena, context->acl, false, context->family, protocol, numbers, exposure->sources,
                            &exposure->because);
    if (exposure->path == PATH_TWO_WAY) {
        for (size_t i = 0; i < context->replies.shares.count; i++) {
            const struct route_share *share = &context->replies.shares.items[i];
            if (share->reply == REPLY_NONE || !prefixset_overlap(share->sources, exposure->sources))
                continue;
            text_list_add(arena, &exposure->because, route_share_name(arena, context->table, share));
            if (share->reply == REPLY_POSSIBLE)
                text_list_add(arena, &exposure->via, share->doubt);
        }
        struct portset back = exposure->client_ports;
        if (protocol_is_icmp(protocol)) {
            int reply = context_icmp_reply(protocol, exposure->low);
            back = reply < 0 ? portset_empty : portset_of(arena, (uint16_t)reply, (uint16_t)reply);
        }
        if (context->acl != NULL)
            network_acl_because(arena, context->acl, true, context->family, protocol, back, exposure->sources,
                                &exposure->because);
    }
    if (context->gate.gateway_id != NULL)
        text_list_add(arena, &exposure->because, context->gate.gateway_id);
    if (exposure->certainty == CERTAINTY_EXACT) {
        exposure->via = (text_list){0};
        return;
    }
    add_texts(arena, &exposure->via, &context->gate.doubts);
    add_texts(arena, &exposure->via, &groups->doubts);
    add_texts(arena, &exposure->via, &context->replies.doubts);
    if (context->acl == NULL)
        text_list_add(arena, &exposure->via, context->acl_missing);
    if (context->table == NULL)
        text_list_add(arena, &exposure->via, context->table_missing);
}

typedef VECTOR(struct exposure) exposure_vector;

static void compute_protocol(struct context *context, int protocol, exposure_vector *exposures)
{
    struct arena *arena = context->arena;
    struct claim groups =
        security_group_admits(arena, context->estate, context->interface, context->family, protocol, context->missing);
    struct claim arrives = groups;
    bool acl_sure = context->acl != NULL;
    if (acl_sure) {
        struct portmap in = network_acl_allows(arena, context->acl, false, context->family, protocol);
        arrives.must = portmap_intersect(arena, groups.must, in);
        arrives.may = portmap_intersect(arena, groups.may, in);
    }
    if (!acl_sure || context->gate.state == GATE_POSSIBLE)
        arrives.must = portmap_empty;

    struct layers layers = {0};
    if (protocol_is_icmp(protocol)) {
        split_icmp(context, &layers, &arrives, acl_sure, protocol);
    } else {
        reply_classes classes = by_client_ports(context, protocol);
        for (size_t i = 0; i < classes.count; i++)
            split(context, &layers, &arrives, acl_sure, portset_all, classes.items[i].sources,
                  classes.items[i].client_ports);
    }
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
                                          .internet = prefixset_overlap(segment->sources, context->internet),
                                          .path = layer->path,
                                          .certainty = layer->certainty,
                                          .client_ports = layer->client_ports};
            give_reasons(context, &groups, exposure);
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
static void mark_named(const struct context *context, bool named[256])
{
    static const int always[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMP, PROTOCOL_ICMPV6};
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        named[always[i]] = true;
    for (size_t g = 0; g < context->interface->group_ids.count; g++) {
        const struct security_group *group =
            map_get(&context->estate->security_groups, context->interface->group_ids.items[g]);
        for (size_t r = 0; group != NULL && r < group->ingress.count; r++)
            if (group->ingress.items[r].protocol >= 0)
                named[group->ingress.items[r].protocol] = true;
    }
    for (size_t e = 0; context->acl != NULL && e < context->acl->entries.count; e++)
        if (context->acl->entries.items[e].protocol >= 0)
            named[context->acl->entries.items[e].protocol] = true;
}

static const struct exposure_list *compute(struct context *context)
{
    struct arena *arena = context->arena;
    exposure_vector exposures = {0}, rest = {0};
    struct exposure_list *list = arena_new_of(arena, struct exposure_list);
    if (context->gate.state == GATE_SHUT)
        return list;
    bool named[256] = {0}, rest_known = false;
    context->internet = prefixset_internet(arena, context->family);
    for (size_t i = 0; i < context->replies.shares.count; i++) // the VPC's own address space is not the internet
        if (context->replies.shares.items[i].route->target == ROUTE_LOCAL)
            context->internet = prefixset_subtract(arena, context->internet, context->replies.shares.items[i].sources);
    mark_named(context, named);
    size_t before_previous = 0, previous_count = 0; // the last protocol's exposures, for joining runs
    int previous = -2;
    for (int protocol = 0; protocol < 256; protocol++) {
        size_t before = exposures.count;
        if (named[protocol]) {
            compute_protocol(context, protocol, &exposures);
        } else {
            if (!rest_known)
                compute_protocol(context, protocol, &rest);
            rest_known = true;
            for (size_t i = 0; i < rest.count; i++) {
                struct exposure *copy = vector_add(arena, &exposures);
                *copy = rest.items[i];
                copy->protocol_low = copy->protocol_high = protocol;
            }
        }
        bool numbered = !protocol_has_ports(protocol) && !protocol_is_icmp(protocol);
        size_t count = exposures.count - before;
        bool same = numbered && previous == protocol - 1 && count == previous_count;
        for (size_t i = 0; same && i < count; i++)
            same = exposure_same_answer(&exposures.items[before_previous + i], &exposures.items[before + i]);
        if (same) {
            for (size_t i = 0; i < count; i++)
                exposures.items[before_previous + i].protocol_high = protocol;
            exposures.count = before;
        } else {
            before_previous = before;
            previous_count = count;
        }
        previous = numbered ? protocol : -2;
    }
    if (exposures.count > 1)
        qsort(exposures.items, exposures.count, sizeof(struct exposure), by_contract_order);
    list->count = exposures.count;
    list->items = exposures.items;
    return list;
}

static void append_texts(struct text *key, const text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        text_printf(key, "|%s", list->items[i]);
}

static const char *key_of(const struct context *context)
{
    const struct network_interface *interface = context->interface;
    struct text key = {0};
    text_printf(&key, "%d|%d|%s|%s|%s|", (int)context->family, (int)context->gate.state,
                context->acl != NULL ? context->acl->id : context->acl_missing,
                context->table != NULL ? context->table->id : context->table_missing, interface->vpc_id);
    append_texts(&key, &context->gate.doubts);
    if (!interface->groups_known)
        text_printf(&key, "|groups of %s", interface->id);
    for (size_t i = 0; i < interface->group_ids.count; i++)
        text_printf(&key, "|%s", interface->group_ids.items[i]);
    const char *kept = arena_strdup(context->arena, key.bytes);
    text_free(&key);
    return kept;
}

static int by_endpoint(const void *left, const void *right)
{
    const struct endpoint *a = left, *b = right;
    if (a->address.family != b->address.family)
        return (int)a->address.family - (int)b->address.family;
    if (a->address.first != b->address.first)
        return a->address.first < b->address.first ? -1 : 1;
    return strcmp(a->interface->id, b->interface->id);
}

static void list_assumptions(struct exposure_set *set, const struct estate *estate)
{
    static const struct {
        enum kind kind;
        const char *text;
    } defaults[] = {
        {KIND_RESERVATIONS, "Reservations absent: every instance is taken as running"},
        {KIND_BLOCK_PUBLIC_ACCESS, "VpcBlockPublicAccessOptions absent: VPC Block Public Access is taken as off"},
        {KIND_VPC_ENDPOINTS, "VpcEndpoints absent: no endpoint is taken as a gateway endpoint"},
    };
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
        if (!estate->present[defaults[i].kind])
            text_list_add(set->arena, &set->assumptions, defaults[i].text);
}

static void list_missing_kinds(struct exposure_set *set, const struct estate *estate)
{
    static const struct {
        enum kind kind;
        const char *text;
    } rests_on[] = {
        {KIND_SUBNETS, "missing: Subnets (no such document in the snapshot)"},
        {KIND_ROUTE_TABLES, "missing: RouteTables (no such document in the snapshot)"},
        {KIND_NETWORK_ACLS, "missing: NetworkAcls (no such document in the snapshot)"},
        {KIND_INTERNET_GATEWAYS, "missing: InternetGateways (no such document in the snapshot)"},
        {KIND_SECURITY_GROUPS, "missing: SecurityGroups (no such document in the snapshot)"},
    };
    if (!estate->present[KIND_NETWORK_INTERFACES] && !estate->present[KIND_RESERVATIONS])
        text_list_add(set->arena, &set->missing,
                      "missing: NetworkInterfaces and Reservations (no such document in the snapshot)");
    for (size_t i = 0; i < sizeof(rests_on) / sizeof(rests_on[0]); i++)
        if (!estate->present[rests_on[i].kind])
            text_list_add(set->arena, &set->missing, rests_on[i].text);
}

struct exposure_set *reach_compute(const struct estate *estate)
{
    struct arena *arena = arena_new();
    struct exposure_set *set = arena_new_of(arena, struct exposure_set);
    struct map known = {0};
    set->arena = arena;
    list_missing_kinds(set, estate);
    list_assumptions(set, estate);
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *interface = estate->interfaces.items[i];
        const struct instance *instance = map_get(&estate->instances, interface->instance_id);
        const char *state = instance == NULL || instance->state == NULL ? "running" : instance->state;
        if (!interface->attached || strcmp(state, "terminated") == 0)
            continue;
        for (size_t a = 0; a < interface->addresses.count; a++) {
            const struct interface_address *address = &interface->addresses.items[a];
            struct context context = context_of(arena, estate, interface, address->private_address, &set->missing);
            const char *key = key_of(&context);
            const struct exposure_list *exposures = map_get(&known, key);
            if (exposures == NULL) {
                context_find_replies(&context);
                exposures = compute(&context);
                map_put(arena, &known, key, (void *)(uintptr_t)exposures);
            }
            *vector_add(arena, &set->endpoints) =
                (struct endpoint){.interface = interface,
                                  .address = address->address,
                                  .private_address = address->private_address,
                                  .dormant = strcmp(state, "running") != 0,
                                  .name = instance != NULL && instance->name != NULL ? instance->name : interface->name,
                                  .exposures = exposures};
        }
    }
    if (set->endpoints.count > 1)
        qsort(set->endpoints.items, set->endpoints.count, sizeof(struct endpoint), by_endpoint);
    sort_texts(set->missing.items, set->missing.count);
    return set;
}

void exposure_set_free(struct exposure_set *set)
{
    if (set != NULL)
        arena_free(set->arena);
}
