#include "verdicts/declared.h"

#include <stdlib.h>

#include "model/protocol.h"

enum { STATES = DECLARED_UNREACHABLE }; // those that an exposure can declare

// The exposures of one state that hold the port in hand: a binary heap whose top is the first of them in the list.
struct held {
    const struct exposure **items;
    size_t count;
};

static enum declared_state state_of(const struct exposure *exposure)
{
    if (exposure->path == PATH_INBOUND_ONLY)
        return DECLARED_INBOUND_ONLY;
    return exposure->certainty == CERTAINTY_EXACT ? DECLARED_REACHABLE : DECLARED_POSSIBLE;
}

static void hold(struct held *held, const struct exposure *exposure)
{
    size_t at = held->count++;
    for (; at > 0 && held->items[(at - 1) / 2] > exposure; at = (at - 1) / 2)
        held->items[at] = held->items[(at - 1) / 2];
    held->items[at] = exposure;
}

static void let_go_of_first(struct held *held)
{
    const struct exposure *last = held->items[--held->count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < held->count; at = child) {
        child += child + 1 < held->count && held->items[child + 1] < held->items[child];
        if (held->items[child] > last)
            break;
        held->items[at] = held->items[child];
    }
    held->items[at] = last;
}

static int by_low(const void *left, const void *right)
{
    const struct exposure *const *a = left, *const *b = right;
    return (*a)->low != (*b)->low ? (int)(*a)->low - (int)(*b)->low : *a < *b ? -1 : *a > *b;
}

// The exposures of a protocol, ascending by low end.
struct ascending {
    const struct exposure **items;
    size_t count;
};

static struct ascending ascending_of(struct arena *scratch, const struct exposure_list *list, int protocol)
{
    struct ascending found = {.items = arena_buffer(scratch, const struct exposure *, list->count + 1)};
    bool sorted = true;
    for (size_t i = 0; i < list->count; i++) {
        const struct exposure *one = &list->items[i];
        if (protocol < one->protocol_low || protocol > one->protocol_high)
            continue;
        sorted = sorted && (found.count == 0 || found.items[found.count - 1]->low <= one->low);
        found.items[found.count++] = one;
    }
    if (!sorted)
        qsort(found.items, found.count, sizeof(*found.items), by_low);
    return found;
}

// Where exposures begin or end: ascending, 0 and 65536 among them, each once.
static uint32_t *boundaries_of(struct arena *scratch, const struct ascending *exposures, size_t *count)
{
    uint32_t *starts = arena_buffer(scratch, uint32_t, 2 * exposures->count + 2);
    size_t found = 0, kept = 0;
    starts[found++] = 0;
    starts[found++] = PORT_LAST + 1;
    for (size_t i = 0; i < exposures->count; i++) {
        starts[found++] = exposures->items[i]->low;
        starts[found++] = (uint32_t)exposures->items[i]->high + 1;
    }
    sort_numbers(starts, found);
    for (size_t i = 0; i < found; i++)
        if (kept == 0 || starts[kept - 1] != starts[i])
            starts[kept++] = starts[i];
    *count = kept;
    return starts;
}

// A sweep over the ports. Where several exposures hold a port (of clients that differ), the best state counts, and of
// that the first exposure.
static struct declared_map map_of(struct arena *arena, const struct exposure_list *list, int protocol, bool dormant)
{
    struct arena *scratch = arena_new();
    struct ascending exposures = ascending_of(scratch, list, protocol);
    struct held held[STATES];
    size_t boundary_count, came = 0;
    const uint32_t *starts = boundaries_of(scratch, &exposures, &boundary_count);
    struct declared_segment *segments = arena_buffer(arena, struct declared_segment, boundary_count - 1);
    for (int state = 0; state < STATES; state++)
        held[state] = (struct held){.items = arena_buffer(scratch, const struct exposure *, exposures.count + 1)};
    for (size_t b = 0; b + 1 < boundary_count; b++) {
        struct declared_segment *segment = &segments[b];
        *segment =
            (struct declared_segment){(uint16_t)starts[b], (uint16_t)(starts[b + 1] - 1), DECLARED_UNREACHABLE, NULL};
        for (; came < exposures.count && exposures.items[came]->low == segment->low; came++)
            hold(&held[state_of(exposures.items[came])], exposures.items[came]);
        for (int state = 0; state < STATES && segment->exposure == NULL && !dormant; state++) {
            while (held[state].count > 0 && held[state].items[0]->high < segment->low)
                let_go_of_first(&held[state]);
            if (held[state].count > 0) {
                segment->state = (enum declared_state)state;
                segment->exposure = held[state].items[0];
            }
        }
    }
    arena_free(scratch);
    return (struct declared_map){.count = boundary_count - 1, .segments = segments};
}

const struct declared_segment *declared_segment_at(struct declared_map map, uint16_t port)
{
    size_t low = 0, high = map.count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (map.segments[middle].low <= port)
            low = middle;
        else
            high = middle;
    }
    return &map.segments[low];
}

// What is declared of one number of a protocol that has no ports.
static struct declared_map one_number(struct arena *arena, const struct endpoint *endpoint, int protocol)
{
    unsigned number = protocol == PROTOCOL_ICMP ? 8 << 8 : protocol == PROTOCOL_ICMPV6 ? 128 << 8 : 0;
    struct declared_segment *segment = arena_new_of(arena, struct declared_segment);
    segment->state = DECLARED_UNREACHABLE;
    for (size_t i = 0; i < endpoint->exposures->count && !endpoint->dormant; i++) {
        const struct exposure *one = &endpoint->exposures->items[i];
        if (one->protocol_low <= protocol && protocol <= one->protocol_high && one->low <= number &&
            number <= one->high && state_of(one) < segment->state) {
            segment->state = state_of(one);
            segment->exposure = one;
        }
    }
    return (struct declared_map){.count = 1, .segments = segment};
}

// The maps of one answer; those not asked for yet have no segment.
struct answer {
    struct declared_map tcp;
    struct declared_map udp;
    struct declared_map icmp; // of its own family
};

struct declared_map declared_of(struct declared_cache *cache, const struct endpoint *endpoint, int protocol)
{
    bool six = endpoint->address.family == FAMILY_IPV6;
    struct map *known = &cache->answers[six][endpoint->dormant];
    struct answer *answer = map_get_pointer(known, endpoint->exposures);
    if (answer == NULL) {
        answer = arena_new_of(cache->arena, struct answer);
        map_put_pointer(cache->arena, known, endpoint->exposures, answer);
    }
    struct declared_map *map = protocol == PROTOCOL_TCP                              ? &answer->tcp
                               : protocol == PROTOCOL_UDP                            ? &answer->udp
                               : protocol == (six ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP) ? &answer->icmp
                                                                                     : NULL;
    if (map == NULL)
        return one_number(cache->arena, endpoint, protocol);
    if (map->count == 0)
        *map = protocol_has_ports(protocol) ? map_of(cache->arena, endpoint->exposures, protocol, endpoint->dormant)
                                            : one_number(cache->arena, endpoint, protocol);
    return *map;
}
