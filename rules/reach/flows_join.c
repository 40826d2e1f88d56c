// Flows that differ in one thing only are one: neighbouring ports, sources, destinations.
#include <stdlib.h>

#include "model/protocol.h"
#include "rules/reach/half.h"

enum part { PART_PORTS, PART_SOURCES, PART_DESTINATIONS, PARTS };

static int by_text(const char *a, const char *b)
{
    return a == b ? 0 : a == NULL || b == NULL ? (b == NULL) - (a == NULL) : strcmp(a, b);
}

static int by_number(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_place_and_way(const struct flow *a, const struct flow *b)
{
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    if (a->to != b->to)
        return a->to < b->to ? -1 : 1;
    int order = by_text(a->from_vpc, b->from_vpc);
    order = order != 0 ? order : by_text(a->to_vpc, b->to_vpc);
    order = order != 0 ? order : by_number(a->family, b->family);
    order = order != 0 ? order : protocol_compare(a->protocol, b->protocol);
    order = order != 0 ? order : by_number(a->certainty, b->certainty);
    order = order != 0 ? order : by_number(a->way, b->way);
    return order != 0 ? order : by_text(a->by, b->by);
}

static int by_part(const struct flow *a, const struct flow *b, enum part part)
{
    return part == PART_PORTS     ? portset_compare(a->ports, b->ports)
           : part == PART_SOURCES ? prefixset_compare(a->sources, b->sources)
                                  : prefixset_compare(a->destinations, b->destinations);
}

// All but what may be joined, `but`; that comes last.
static int compare(const struct flow *a, const struct flow *b, enum part but, bool alike)
{
    int order = by_place_and_way(a, b);
    order = order != 0 ? order : portset_compare(a->client_ports, b->client_ports);
    for (enum part part = PART_PORTS; part < PARTS && order == 0; part++)
        if (part != but)
            order = by_part(a, b, part);
    return order != 0 || alike ? order : by_part(a, b, but);
}

static int by_ports_last(const void *a, const void *b)
{
    return compare(a, b, PART_PORTS, false);
}

static int by_sources_last(const void *a, const void *b)
{
    return compare(a, b, PART_SOURCES, false);
}

int flow_order(const void *a, const void *b)
{
    return compare(a, b, PART_DESTINATIONS, false);
}

// The union of a part of `count` flows: halves first, so that none is copied more often than there are halvings.
static struct portset ports_of(struct arena *arena, const struct flow *flows, size_t count)
{
    return count == 1 ? flows->ports
                      : portset_union(arena, ports_of(arena, flows, count / 2),
                                      ports_of(arena, flows + count / 2, count - count / 2));
}

static struct prefixset addresses_of(struct arena *arena, const struct flow *flows, size_t count, enum part part)
{
    if (count == 1)
        return part == PART_SOURCES ? flows->sources : flows->destinations;
    return prefixset_union(arena, addresses_of(arena, flows, count / 2, part),
                           addresses_of(arena, flows + count / 2, count - count / 2, part));
}

// Flows that differ in one part only, as one. A list of reasons that all have in common stays as it is.
static struct flow joined(struct arena *arena, const struct flow *flows, size_t count, enum part part)
{
    struct flow made = *flows;
    struct reason_gathering via = {0}, because = {0};
    size_t seen = 0;
    if (part == PART_PORTS)
        made.ports = ports_of(arena, flows, count);
    else if (part == PART_SOURCES)
        made.sources = addresses_of(arena, flows, count, part);
    else
        made.destinations = addresses_of(arena, flows, count, part);
    for (size_t i = 0; i < count; i++) {
        reason_gather(arena, &via, &flows[i].via);
        reason_gather(arena, &because, &flows[i].because);
        seen += flows[i].seen.count;
    }
    made.via = via.list;
    made.because = because.list;
    if (seen == made.seen.count)
        return made;
    made.seen.items = arena_buffer(arena, struct seen_address, seen);
    made.seen.count = made.seen.capacity = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t n = 0; n < flows[i].seen.count; n++)
            made.seen.items[made.seen.count++] = flows[i].seen.items[n];
    made.seen.capacity = made.seen.count;
    return made;
}

static bool join_by(struct arena *arena, flow_list *flows, enum part part)
{
    static int (*const orders[PARTS])(const void *, const void *) = {by_ports_last, by_sources_last, flow_order};
    size_t kept = 0, before = flows->count;
    if (flows->count > 1)
        qsort(flows->items, flows->count, sizeof(*flows->items), orders[part]);
    for (size_t i = 0, count; i < before; i += count) {
        for (count = 1; i + count < before && compare(&flows->items[i], &flows->items[i + count], part, true) == 0;)
            count++;
        flows->items[kept++] = count == 1 ? flows->items[i] : joined(arena, &flows->items[i], count, part);
    }
    flows->count = (uint32_t)kept;
    return kept < before;
}

static int by_seen(const void *left, const void *right)
{
    const struct seen_address *a = left, *b = right;
    int order = address_compare(a->private_address, b->private_address);
    if (order != 0)
        return order;
    return by_number((uint64_t)(a->public_address.first >> 64), (uint64_t)(b->public_address.first >> 64)) != 0
               ? by_number((uint64_t)(a->public_address.first >> 64), (uint64_t)(b->public_address.first >> 64))
               : by_number((uint64_t)a->public_address.first, (uint64_t)b->public_address.first);
}

static void keep_seen(struct arena *arena, struct flow *flow, const struct flow *made)
{
    if (made->seen.count > 1)
        qsort(made->seen.items, made->seen.count, sizeof(*made->seen.items), by_seen);
    memset(&flow->seen, 0, sizeof(flow->seen));
    for (size_t i = 0; i < made->seen.count; i++)
        if (i == 0 || by_seen(&made->seen.items[i - 1], &made->seen.items[i]) != 0)
            *vector_add(arena, &flow->seen) = made->seen.items[i];
}

static uint64_t place_of(const struct reason *reason)
{
    return reason->form == REASON_RULE    ? reason->rule->index
           : reason->form == REASON_ENTRY ? (uint64_t)reason->entry->number
                                          : 0;
}

static int by_place(const void *left, const void *right)
{
    const struct reason *a = *(const struct reason *const *)left, *b = *(const struct reason *const *)right;
    int orders[] = {by_number(a->stage, b->stage), by_text(a->id, b->id), by_number(a->egress, b->egress),
                    by_number(place_of(a), place_of(b)),
                    a->form == REASON_SAYS && b->form == REASON_SAYS ? by_text(a->text, b->text) : 0};
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (orders[i] != 0)
            return orders[i];
    return 0;
}

// In an order of their own, whichever was joined to which.
static void keep_reasons(struct arena *arena, struct arena *scratch, reason_list *list, const reason_list *made)
{
    enum { FEW = 32 }; // are sooner compared with each other
    struct reason_gathering all = {0};
    if (made->count > FEW)
        reason_gather(scratch, &all, made);
    for (size_t i = 0; i < made->count && made->count <= FEW; i++)
        reason_add(scratch, &all.list, made->items[i]);
    memset(list, 0, sizeof(*list));
    for (size_t i = 0; i < all.list.count; i++)
        *vector_add(arena, list) = all.list.items[i];
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(*list->items), by_place);
}

static bool is_itself(struct prefixset a, struct prefixset b)
{
    return a.count == 1 && b.count == 1 && a.ranges[0].low == a.ranges[0].high && b.ranges[0].low == b.ranges[0].high &&
           a.ranges[0].low == b.ranges[0].low;
}

void flows_join(struct arena *arena, struct prefix_table *sets, flow_list *flows, flow_list *into)
{
    struct arena *scratch = arena_new();
    bool fewer = true;
    while (fewer) {
        fewer = join_by(scratch, flows, PART_PORTS);
        fewer = join_by(scratch, flows, PART_DESTINATIONS) || fewer;
        fewer = join_by(scratch, flows, PART_SOURCES) || fewer;
    }
    if (flows->count > 1)
        qsort(flows->items, flows->count, sizeof(*flows->items), flow_order);
    for (size_t i = 0; i < flows->count; i++) {
        const struct flow *made = &flows->items[i];
        struct flow flow = *made;
        if (made->to_vpc != NULL && text_same(made->from_vpc, made->to_vpc) &&
            is_itself(made->sources, made->destinations))
            continue;
        flow.sources = prefix_table_keep(sets, made->sources);
        flow.destinations = prefix_table_keep(sets, made->destinations);
        flow.ports = portset_copy(arena, made->ports);
        flow.client_ports = portset_copy(arena, made->client_ports);
        keep_reasons(arena, scratch, &flow.via, &made->via);
        keep_reasons(arena, scratch, &flow.because, &made->because);
        keep_seen(arena, &flow, made);
        *vector_add(arena, into) = flow;
    }
    arena_free(scratch);
}
