#include <stdlib.h>

#include "model/protocol.h"
#include "rules/reach/comparison.h"
#include "rules/reach/explain.h"

// What one endpoint exposes of one protocol.
struct levels {
    struct portmap two_way;
    struct portmap arrives; // two-way or inbound-only
    struct portmap exact;   // what of two_way is certain
};

static struct levels levels_of(struct arena *arena, const struct exposure_list *list, int protocol)
{
    VECTOR(struct port_segment) two_way = {0}, arrives = {0}, exact = {0};
    for (size_t i = 0; i < list->count; i++) {
        const struct exposure *one = &list->items[i];
        if (protocol < one->protocol_low || protocol > one->protocol_high)
            continue;
        struct port_segment segment = {one->low, one->high, one->sources};
        *vector_add(arena, &arrives) = segment;
        if (one->path == PATH_TWO_WAY)
            *vector_add(arena, &two_way) = segment;
        if (one->path == PATH_TWO_WAY && one->certainty == CERTAINTY_EXACT)
            *vector_add(arena, &exact) = segment;
    }
    return (struct levels){portmap_from(arena, two_way.items, two_way.count),
                           portmap_from(arena, arrives.items, arrives.count),
                           portmap_from(arena, exact.items, exact.count)};
}

static const struct exposure_list nothing = {0};

const struct exposure_list *comparison_today(const struct endpoint *endpoint)
{
    return endpoint == NULL || endpoint->dormant ? &nothing : endpoint->exposures;
}

static bool lists_agree(const struct exposure_list *a, const struct exposure_list *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        const struct exposure *x = &a->items[i], *y = &b->items[i];
        same = x->protocol_low == y->protocol_low && x->protocol_high == y->protocol_high && x->low == y->low &&
               x->high == y->high && x->path == y->path && x->certainty == y->certainty &&
               prefixset_equal(x->sources, y->sources) && portset_equal(x->client_ports, y->client_ports);
    }
    return same;
}

// Why an address is no endpoint, or a dormant one, on the side where it is shut.
static const struct reason *whole_cause(struct arena *arena, const struct sides *sides)
{
    const struct network_interface *interface = sides->open_endpoint->interface;
    bool opened = sides->kind == CHANGE_OPENED;
    char address[ADDRESS_TEXT];
    endpoint_address(sides->open_endpoint, address);
    const struct network_interface *other = estate_interface(sides->shut->estate, interface->id);
    bool falls_asleep = sides->shut_endpoint != NULL && sides->shut_endpoint->dormant && !sides->open_endpoint->dormant;
    if (falls_asleep && (interface->instance_id == NULL || (other != NULL && !other->attached)))
        return reason_says(
            arena, REASON_HOST, interface->id,
            arena_printf(arena, "network interface %s %s", interface->id, opened ? "attached" : "detached"));
    if (falls_asleep)
        return reason_says(
            arena, REASON_HOST, interface->instance_id,
            arena_printf(arena, "instance %s %s", interface->instance_id, opened ? "started" : "stopped"));
    if (sides->shut_endpoint != NULL)
        return NULL;
    const struct instance *instance = map_get(&sides->shut->estate->instances, interface->instance_id);
    if (other == NULL)
        return reason_says(arena, REASON_HOST, interface->id,
                           arena_printf(arena, "network interface %s with %s %s", interface->id, address,
                                        opened ? "is new" : "is gone"));
    if (instance != NULL && instance->state != NULL && strcmp(instance->state, "terminated") == 0)
        return reason_says(arena, REASON_HOST, interface->instance_id,
                           arena_printf(arena, "instance %s %s", interface->instance_id,
                                        opened ? "was terminated before" : "terminated"));
    if (!other->attached)
        return reason_says(
            arena, REASON_HOST, interface->id,
            arena_printf(arena, "network interface %s %s", interface->id, opened ? "attached" : "detached"));
    return reason_says(
        arena, REASON_HOST, interface->id,
        arena_printf(arena, "address %s %s %s", address, opened ? "associated with" : "taken from", interface->id));
}

void comparison_add(struct comparison *comparison, struct change change, const struct prefixset *internet)
{
    struct arena *arena = comparison->arena;
    change.internet = prefixset_overlap(change.sources, *internet);
    change.sources = prefixset_from(arena, change.sources.ranges, change.sources.count);
    *vector_add(arena, &comparison->difference->changes) = change;
}

// The VPC's own addresses are not the internet, though a rule may admit them (semantics.md).
static struct prefixset internet_of(struct comparison *comparison, const struct sides *sides)
{
    struct arena *scratch = comparison->scratch;
    struct prefixset set = prefixset_empty;
    for (size_t i = 0; i < sides->open_endpoint->exposures->count; i++)
        if (sides->open_endpoint->exposures->items[i].internet)
            set = prefixset_union(scratch, set, sides->open_endpoint->exposures->items[i].sources);
    return prefixset_intersect(scratch, set, prefixset_internet(scratch, sides->open_endpoint->address.family));
}

// What opened or closed of one certainty.
static void report_part(struct comparison *comparison, const struct sides *sides, struct change change,
                        struct portmap map)
{
    struct arena *scratch = comparison->scratch;
    struct pieces pieces = {0};
    if (map.count == 0)
        return;
    const struct reason *whole = whole_cause(comparison->arena, sides);
    reason_list causes = {0};
    if (whole != NULL)
        *vector_add(comparison->arena, &causes) = whole;
    if (sides->shut_endpoint == NULL) {
        comparison_add_piece(comparison, &pieces, map, causes);
    } else {
        // Of a dormant endpoint, what it would expose awake waits for its instance only.
        struct levels awake = levels_of(scratch, sides->shut_endpoint->exposures, change.protocol_low);
        struct portmap waits =
            portmap_intersect(scratch, map, change.path == PATH_TWO_WAY ? awake.two_way : awake.arrives);
        if (whole != NULL && waits.count > 0) {
            comparison_add_piece(comparison, &pieces, waits, causes);
            map = portmap_subtract(scratch, map, waits);
        }
        size_t explained = pieces.items.count;
        if (map.count > 0)
            comparison_explain(comparison, sides, change.protocol_low, map, change.path, &pieces);
        for (size_t i = explained; i < pieces.items.count; i++)
            reason_add_all(comparison->arena, &pieces.items.items[i].causes, &causes);
    }
    struct prefixset internet = internet_of(comparison, sides);
    for (size_t i = 0; i < pieces.items.count; i++)
        for (size_t s = 0; s < pieces.items.items[i].map.count; s++) {
            const struct port_segment *segment = &pieces.items.items[i].map.segments[s];
            change.low = segment->low;
            change.high = segment->high;
            change.sources = segment->sources;
            change.causes = pieces.items.items[i].causes;
            comparison_add(comparison, change, &internet);
        }
}

static void report(struct comparison *comparison, const struct sides *sides, int protocol_low, int protocol_high,
                   struct portmap map, struct portmap exact, enum exposure_path path)
{
    struct change change = {.kind = sides->kind,
                            .endpoint = sides->open_endpoint,
                            .protocol_low = protocol_low,
                            .protocol_high = protocol_high,
                            .path = path,
                            .certainty = CERTAINTY_EXACT};
    report_part(comparison, sides, change, portmap_intersect(comparison->scratch, map, exact));
    change.certainty = CERTAINTY_POSSIBLE;
    report_part(comparison, sides, change, portmap_subtract(comparison->scratch, map, exact));
}

// Certainty of what arrives at all.
static struct portmap certain(struct arena *arena, const struct exposure_list *list, int protocol)
{
    VECTOR(struct port_segment) exact = {0};
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].protocol_low <= protocol && protocol <= list->items[i].protocol_high &&
            list->items[i].certainty == CERTAINTY_EXACT)
            *vector_add(arena, &exact) =
                (struct port_segment){list->items[i].low, list->items[i].high, list->items[i].sources};
    return portmap_from(arena, exact.items, exact.count);
}

// The endpoint of the other side that one is compared with: of its own interface, else one that is awake.
static const struct endpoint *partner(const endpoint_list *others, const struct endpoint *endpoint)
{
    const struct endpoint *best = NULL;
    for (size_t i = 0; i < others->count; i++) {
        if (strcmp(others->items[i]->interface->id, endpoint->interface->id) == 0)
            return others->items[i];
        if (best == NULL || (best->dormant && !others->items[i]->dormant))
            best = others->items[i];
    }
    return best;
}

// What all of them let in.
static struct exposure_list joined(struct arena *arena, const endpoint_list *endpoints)
{
    size_t count = 0;
    for (size_t i = 0; i < endpoints->count; i++)
        count += comparison_today(endpoints->items[i])->count;
    struct exposure_list all = {.items = arena_array(arena, struct exposure, count + 1)};
    if (endpoints->count == 1)
        return *comparison_today(endpoints->items[0]);
    for (size_t i = 0; i < endpoints->count; i++) {
        const struct exposure_list *own = comparison_today(endpoints->items[i]);
        for (size_t e = 0; e < own->count; e++)
            all.items[all.count++] = own->items[e];
    }
    return all;
}

// What opened or closed: what some endpoint of the open side lets in and none of the shut one does, each packet once.
static void report_moved(struct comparison *comparison, struct sides sides, const endpoint_list *open,
                         const endpoint_list *shut, int low, int high)
{
    struct arena *scratch = comparison->scratch;
    struct exposure_list opens = joined(scratch, open), shuts = joined(scratch, shut);
    struct levels all = levels_of(scratch, &opens, low), closed = levels_of(scratch, &shuts, low);
    struct portmap surely_arrives = certain(scratch, &opens, low);
    struct portmap left = portmap_subtract(scratch, all.two_way, closed.two_way);
    struct portmap left_in =
        portmap_subtract(scratch, portmap_subtract(scratch, all.arrives, all.two_way), closed.arrives);
    for (size_t i = 0; i < open->count; i++) {
        struct levels own = levels_of(scratch, comparison_today(open->items[i]), low);
        sides.open_endpoint = open->items[i];
        sides.shut_endpoint = partner(shut, open->items[i]);
        report(comparison, &sides, low, high, portmap_intersect(scratch, left, own.two_way), all.exact, PATH_TWO_WAY);
        report(comparison, &sides, low, high, portmap_intersect(scratch, left_in, own.arrives), surely_arrives,
               PATH_INBOUND_ONLY);
        left = portmap_subtract(scratch, left, own.two_way);
        left_in = portmap_subtract(scratch, left_in, own.arrives);
    }
}

static void compare_protocols(struct comparison *comparison, const endpoint_list *befores, const endpoint_list *afters,
                              int low, int high)
{
    report_moved(comparison, (struct sides){CHANGE_OPENED, comparison->after, comparison->before, NULL, NULL}, afters,
                 befores, low, high);
    report_moved(comparison, (struct sides){CHANGE_CLOSED, comparison->before, comparison->after, NULL, NULL}, befores,
                 afters, low, high);
    comparison_of_altered(comparison, befores, afters, low, high);
}

struct uint_list {
    VECTOR(uint32_t) items;
};

static void cut_protocols(struct arena *arena, const struct exposure_list *list, struct uint_list *cuts)
{
    for (size_t i = 0; i < list->count; i++) {
        *vector_add(arena, &cuts->items) = (uint32_t)list->items[i].protocol_low;
        *vector_add(arena, &cuts->items) = (uint32_t)list->items[i].protocol_high + 1;
    }
}

void comparison_not_known(struct comparison *comparison, const struct side *shut, const struct interface_place *place,
                          enum kind kind)
{
    const struct lack *lack = estate_lack(shut->estate, comparison->scratch, kind, place->account_id, place->region);
    bool before = shut == comparison->before;
    text_list_add(comparison->arena, &comparison->difference->unknown,
                  arena_printf(comparison->arena, "not known %s, of %s/%s: %s", before ? "before" : "after",
                               place->account_id, place->region, lack == NULL ? kind_name(kind) : lack->text));
}

bool comparison_knows_interfaces(const struct estate *estate, const struct interface_place *place)
{
    enum completeness_state own =
        estate_completeness(estate, KIND_NETWORK_INTERFACES, place->account_id, place->region);
    return own == COMPLETENESS_WHOLE ||
           (own <= COMPLETENESS_DENIED &&
            estate_completeness(estate, KIND_RESERVATIONS, place->account_id, place->region) == COMPLETENESS_WHOLE);
}

bool comparison_is_planned(const struct comparison *comparison)
{
    return comparison->before->planned || comparison->after->planned;
}

// Whether one that the other side does not have on its interface is new or gone: where that side does not know of the
// interfaces there, it may have been.
static bool is_new(struct comparison *comparison, const endpoint_list *others, const struct side *other_side,
                   const struct endpoint *endpoint, bool shared)
{
    const struct endpoint *other = partner(others, endpoint);
    bool same = other != NULL && (!shared || strcmp(other->interface->id, endpoint->interface->id) == 0);
    if (same || comparison_is_planned(comparison) ||
        comparison_knows_interfaces(other_side->estate, endpoint->interface->place))
        return true;
    if (comparison_today(endpoint)->count > 0)
        comparison_not_known(comparison, other_side, endpoint->interface->place, KIND_NETWORK_INTERFACES);
    return false;
}

static void keep_known(struct comparison *comparison, const endpoint_list *others, const struct side *other_side,
                       endpoint_list *list, bool shared)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (is_new(comparison, others, other_side, list->items[i], shared))
            list->items[kept++] = list->items[i];
    list->count = (uint32_t)kept;
}

static void compare_endpoints(struct comparison *comparison, endpoint_list befores, endpoint_list afters)
{
    bool single = befores.count <= 1 && afters.count <= 1;
    const struct exposure_list *olds = comparison_today(befores.count == 0 ? NULL : befores.items[0]);
    const struct exposure_list *news = comparison_today(afters.count == 0 ? NULL : afters.items[0]);
    char key[64];
    snprintf(key, sizeof(key), "%p|%p", (const void *)olds, (const void *)news);
    if (single && ((olds->count == 0 && news->count == 0) || map_get(&comparison->equal, key) != NULL))
        return;
    const endpoint_list all_befores = befores;
    keep_known(comparison, &afters, comparison->after, &befores, !single);
    keep_known(comparison, &all_befores, comparison->before, &afters, !single);
    if (befores.count == 0 && afters.count == 0)
        return;
    if (single && lists_agree(olds, news)) {
        map_put(comparison->arena, &comparison->equal, arena_strdup(comparison->arena, key), comparison);
        return;
    }
    struct uint_list cuts = {0};
    for (size_t i = 0; i < befores.count; i++)
        cut_protocols(comparison->scratch, comparison_today(befores.items[i]), &cuts);
    for (size_t i = 0; i < afters.count; i++)
        cut_protocols(comparison->scratch, comparison_today(afters.items[i]), &cuts);
    sort_numbers(cuts.items.items, cuts.items.count);
    for (size_t i = 0; i + 1 < cuts.items.count; i++)
        if (cuts.items.items[i] < cuts.items.items[i + 1])
            compare_protocols(comparison, &befores, &afters, (int)cuts.items.items[i],
                              (int)cuts.items.items[i + 1] - 1);
}

// The endpoints of a side that have an address.
static endpoint_list endpoints_at(struct arena *arena, const struct exposure_set *set, struct prefix address)
{
    endpoint_list found = {0};
    const struct endpoint *end = set->endpoints.items + set->endpoints.count;
    for (const struct endpoint *one = exposure_endpoint_at(set, address);
         one != NULL && one < end && one->address.family == address.family && one->address.first == address.first;
         one++)
        if (one->address.length == address.length)
            *vector_add(arena, &found) = one;
    return found;
}

static endpoint_list only_one(struct arena *arena, const struct endpoint *endpoint)
{
    endpoint_list one = {0};
    if (endpoint != NULL)
        *vector_add(arena, &one) = endpoint;
    return one;
}

static const struct endpoint *on_interface(const endpoint_list *list, const struct endpoint *like)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i]->interface->id, like->interface->id) == 0)
            return list->items[i];
    return NULL;
}

// By a plan, whose sides have the same ids, an address that moves to another interface closes on the one and opens on
// the other.
static void compare_address(struct comparison *comparison, struct prefix address)
{
    struct arena *scratch = comparison->scratch;
    endpoint_list befores = endpoints_at(scratch, comparison->before->exposures, address);
    endpoint_list afters = endpoints_at(scratch, comparison->after->exposures, address);
    if (!comparison_is_planned(comparison)) {
        compare_endpoints(comparison, befores, afters);
        return;
    }
    for (size_t i = 0; i < afters.count; i++)
        compare_endpoints(comparison, only_one(scratch, on_interface(&befores, afters.items[i])),
                          only_one(scratch, afters.items[i]));
    for (size_t i = 0; i < befores.count; i++)
        if (on_interface(&afters, befores.items[i]) == NULL)
            compare_endpoints(comparison, only_one(scratch, befores.items[i]), (endpoint_list){0});
}

// Each address of a side once; `but` are those of another side that were compared.
static void compare_addresses(struct comparison *comparison, const struct exposure_set *set,
                              const struct exposure_set *but)
{
    for (size_t i = 0; i < set->endpoints.count; i++) {
        const struct endpoint *one = &set->endpoints.items[i];
        if (exposure_endpoint_at(set, one->address) != one ||
            (but != NULL && exposure_endpoint_at(but, one->address) != NULL))
            continue;
        compare_address(comparison, one->address);
        arena_reset(comparison->scratch);
    }
}

static int by_place(const void *left, const void *right)
{
    const struct change *a = left, *b = right;
    int orders[4] = {(int)a->kind - (int)b->kind, (a->endpoint == NULL) - (b->endpoint == NULL)};
    if (a->endpoint != NULL && b->endpoint != NULL) {
        struct prefix x = a->endpoint->address, y = b->endpoint->address;
        orders[2] = address_compare((struct address){x.family, x.first}, (struct address){y.family, y.first});
    } else if (a->endpoint == NULL && b->endpoint == NULL) {
        orders[2] = address_compare(a->indirect->private_address, b->indirect->private_address);
    }
    orders[3] = protocol_compare(a->protocol_low, b->protocol_low);
    for (size_t i = 0; i < 4; i++)
        if (orders[i] != 0)
            return orders[i];
    if (a->low != b->low)
        return (int)a->low - (int)b->low;
    if (a->path != b->path)
        return (int)a->path - (int)b->path;
    int sources = prefixset_compare(a->sources, b->sources);
    return sources != 0 || a->endpoint == NULL ? sources
                                               : strcmp(a->endpoint->interface->id, b->endpoint->interface->id);
}

struct difference *diff_compute(const struct side *before, const struct side *after)
{
    struct arena *arena = arena_new();
    struct difference *difference = arena_new_of(arena, struct difference);
    struct comparison comparison = {
        .arena = arena, .scratch = arena_new(), .before = before, .after = after, .difference = difference};
    comparison.explaining = arena_new();
    comparison.packet = arena_new();
    comparison.explainers[0] = explainer_of(comparison.explaining, before->estate);
    comparison.explainers[1] = explainer_of(comparison.explaining, after->estate);
    difference->arena = arena;
    compare_addresses(&comparison, after->exposures, NULL);
    compare_addresses(&comparison, before->exposures, after->exposures);
    comparison_of_indirect(&comparison, CHANGE_OPENED, after, before);
    comparison_of_indirect(&comparison, CHANGE_CLOSED, before, after);
    comparison_of_altered_indirect(&comparison);
    if (difference->changes.count > 1)
        qsort(difference->changes.items, difference->changes.count, sizeof(struct change), by_place);
    arena_free(comparison.scratch);
    arena_free(comparison.explaining);
    arena_free(comparison.packet);
    return difference;
}

void diff_free(struct difference *difference)
{
    if (difference != NULL)
        arena_free(difference->arena);
}
