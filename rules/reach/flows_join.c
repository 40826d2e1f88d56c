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

static bool holds(const reason_list *list, const struct reason *reason)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] == reason)
            return true;
    return false;
}

// Lists that flows have in common stay as they are.
static void join_reasons(struct arena *arena, reason_list *into, const reason_list *from)
{
    size_t known = 0;
    while (known < from->count && holds(into, from->items[known]))
        known++;
    if (known == from->count)
        return;
    reason_list both = {0};
    reason_add_all(arena, &both, into);
    reason_add_all(arena, &both, from);
    *into = both;
}

static void join_seen(struct arena *arena, struct flow *into, const struct flow *from)
{
    struct seen_address *both = arena_buffer(arena, struct seen_address, into->seen.count + from->seen.count + 1);
    if (into->seen.count > 0)
        memcpy(both, into->seen.items, into->seen.count * sizeof(*both));
    if (from->seen.count > 0)
        memcpy(both + into->seen.count, from->seen.items, from->seen.count * sizeof(*both));
    into->seen.items = both;
    into->seen.count = into->seen.capacity = into->seen.count + from->seen.count;
}

static void take(struct arena *arena, struct flow *into, const struct flow *from, enum part part)
{
    if (part == PART_PORTS)
        into->ports = portset_union(arena, into->ports, from->ports);
    else if (part == PART_SOURCES)
        into->sources = prefixset_union(arena, into->sources, from->sources);
    else
        into->destinations = prefixset_union(arena, into->destinations, from->destinations);
    join_reasons(arena, &into->via, &from->via);
    join_reasons(arena, &into->because, &from->because);
    if (from->seen.count > 0)
        join_seen(arena, into, from);
}

static bool join_by(struct arena *arena, flow_list *flows, enum part part)
{
    static int (*const orders[PARTS])(const void *, const void *) = {by_ports_last, by_sources_last, flow_order};
    size_t kept = 0, before = flows->count;
    if (flows->count > 1)
        qsort(flows->items, flows->count, sizeof(*flows->items), orders[part]);
    for (size_t i = 0; i < flows->count; i++)
        if (kept > 0 && compare(&flows->items[kept - 1], &flows->items[i], part, true) == 0)
            take(arena, &flows->items[kept - 1], &flows->items[i], part);
        else
            flows->items[kept++] = flows->items[i];
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
static void keep_reasons(struct arena *arena, reason_list *list, const reason_list *made)
{
    memset(list, 0, sizeof(*list));
    for (size_t i = 0; i < made->count; i++)
        reason_add(arena, list, made->items[i]);
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
    bool joined = true;
    while (joined) {
        joined = join_by(scratch, flows, PART_PORTS);
        joined = join_by(scratch, flows, PART_DESTINATIONS) || joined;
        joined = join_by(scratch, flows, PART_SOURCES) || joined;
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
        keep_reasons(arena, &flow.via, &made->via);
        keep_reasons(arena, &flow.because, &made->because);
        keep_seen(arena, &flow, made);
        *vector_add(arena, into) = flow;
    }
    arena_free(scratch);
}
