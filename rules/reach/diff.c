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

static const struct exposure_list *exposed_today(const struct endpoint *endpoint)
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
    if (sides->shut_endpoint != NULL && sides->shut_endpoint->dormant && !sides->open_endpoint->dormant)
        return reason_says(
            arena, REASON_HOST, interface->instance_id,
            arena_printf(arena, "instance %s %s", interface->instance_id, opened ? "started" : "stopped"));
    if (sides->shut_endpoint != NULL)
        return NULL;
    const struct network_interface *other = estate_interface(sides->shut->estate, interface->id);
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

// What stays two-way but not alike: more or less certain, or from other client ports.
static void report_altered(struct comparison *comparison, const struct endpoint *before, const struct endpoint *after,
                           int low, int high)
{
    struct arena *scratch = comparison->scratch;
    const struct exposure_list *olds = exposed_today(before), *news = exposed_today(after);
    for (size_t o = 0; o < olds->count; o++)
        for (size_t n = 0; n < news->count; n++) {
            const struct exposure *old = &olds->items[o], *new = &news->items[n];
            if (old->protocol_low > low || old->protocol_high < low || new->protocol_low > low ||
                new->protocol_high < low || old->path != PATH_TWO_WAY || new->path != PATH_TWO_WAY ||
                old->low > new->high || new->low > old->high ||
                (old->certainty == new->certainty &&portset_equal(old->client_ports, new->client_ports)))
                continue;
            struct prefixset sources = prefixset_intersect(scratch, old->sources, new->sources);
            if (prefixset_is_empty(sources))
                continue;
            static const char *const words[] = {"certain", "possible"};
            reason_list causes = {0};
            if (old->certainty != new->certainty)
                *vector_add(comparison->arena, &causes) = reason_says(
                    comparison->arena, REASON_UNTOLD, NULL,
                    arena_printf(comparison->arena, "%s (before: %s)", words[new->certainty], words[old->certainty]));
            if (!portset_equal(old->client_ports, new->client_ports))
                *vector_add(comparison->arena, &causes) =
                    reason_says(comparison->arena, REASON_ACL_OUT, NULL,
                                arena_printf(comparison->arena, "client ports %s (before: %s)",
                                             portset_format(scratch, new->client_ports),
                                             portset_format(scratch, old->client_ports)));
            for (size_t v = 0; v < new->via.count; v++)
                *vector_add(comparison->arena, &causes) = new->via.items[v];
            struct prefixset internet = prefixset_internet(scratch, after->address.family);
            comparison_add(comparison,
                           (struct change){.kind = CHANGE_ALTERED,
                                           .endpoint = after,
                                           .protocol_low = low,
                                           .protocol_high = high,
                                           .low = old->low > new->low ? old->low : new->low,
                                           .high = old->high < new->high ? old->high : new->high,
                                           .sources = sources,
                                           .path = PATH_TWO_WAY,
                                           .certainty = new->certainty,
                                           .causes = causes},
                           &internet);
        }
}

static void compare_protocols(struct comparison *comparison, const struct endpoint *before,
                              const struct endpoint *after, int low, int high)
{
    struct arena *scratch = comparison->scratch;
    const struct exposure_list *olds = exposed_today(before), *news = exposed_today(after);
    struct levels old = levels_of(scratch, olds, low), new = levels_of(scratch, news, low);
    struct sides opened = {CHANGE_OPENED, comparison->after, comparison->before, after, before};
    struct sides closed = {CHANGE_CLOSED, comparison->before, comparison->after, before, after};
    if (after != NULL) {
        report(comparison, &opened, low, high, portmap_subtract(scratch, new.two_way, old.two_way), new.exact,
               PATH_TWO_WAY);
        report(comparison, &opened, low, high,
               portmap_subtract(scratch, portmap_subtract(scratch, new.arrives, new.two_way), old.arrives),
               certain(scratch, news, low), PATH_INBOUND_ONLY);
    }
    if (before != NULL) {
        report(comparison, &closed, low, high, portmap_subtract(scratch, old.two_way, new.two_way), old.exact,
               PATH_TWO_WAY);
        report(comparison, &closed, low, high,
               portmap_subtract(scratch, portmap_subtract(scratch, old.arrives, old.two_way), new.arrives),
               certain(scratch, olds, low), PATH_INBOUND_ONLY);
    }
    if (before != NULL && after != NULL)
        report_altered(comparison, before, after, low, high);
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

static void compare_endpoint(struct comparison *comparison, const struct endpoint *before, const struct endpoint *after)
{
    const struct exposure_list *olds = exposed_today(before), *news = exposed_today(after);
    char key[64];
    snprintf(key, sizeof(key), "%p|%p", (const void *)olds, (const void *)news);
    if ((olds->count == 0 && news->count == 0) || map_get(&comparison->equal, key) != NULL)
        return;
    const struct endpoint *only = before == NULL ? after : after == NULL ? before : NULL;
    const struct side *shut = before == NULL ? comparison->before : comparison->after;
    if (only != NULL && !comparison_is_planned(comparison) &&
        !comparison_knows_interfaces(shut->estate, only->interface->place)) {
        comparison_not_known(comparison, shut, only->interface->place, KIND_NETWORK_INTERFACES);
        return;
    }
    if (lists_agree(olds, news)) {
        map_put(comparison->arena, &comparison->equal, arena_strdup(comparison->arena, key), comparison);
        return;
    }
    struct uint_list cuts = {0};
    cut_protocols(comparison->scratch, olds, &cuts);
    cut_protocols(comparison->scratch, news, &cuts);
    sort_numbers(cuts.items.items, cuts.items.count);
    for (size_t i = 0; i + 1 < cuts.items.count; i++)
        if (cuts.items.items[i] < cuts.items.items[i + 1])
            compare_protocols(comparison, before, after, (int)cuts.items.items[i], (int)cuts.items.items[i + 1] - 1);
    arena_reset(comparison->scratch);
}

// Whether a plan moves an address to another interface: ids are the same on both of its sides.
static bool moves(const struct comparison *comparison, const struct endpoint *before, const struct endpoint *after)
{
    return before != NULL && comparison_is_planned(comparison) &&
           strcmp(before->interface->id, after->interface->id) != 0;
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
    return prefixset_compare(a->sources, b->sources);
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
    for (size_t i = 0; i < after->exposures->endpoints.count; i++) {
        const struct endpoint *new = &after->exposures->endpoints.items[i];
        const struct endpoint *old = exposure_endpoint_at(before->exposures, new->address);
        compare_endpoint(&comparison, moves(&comparison, old, new) ? NULL : old, new);
    }
    for (size_t i = 0; i < before->exposures->endpoints.count; i++) {
        const struct endpoint *old = &before->exposures->endpoints.items[i];
        const struct endpoint *new = exposure_endpoint_at(after->exposures, old->address);
        if (new == NULL || moves(&comparison, old, new))
            compare_endpoint(&comparison, old, NULL);
    }
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
