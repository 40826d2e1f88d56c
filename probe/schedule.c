#include "probe/schedule.h"

#include <stdlib.h>

#include "model/protocol.h"

static int by_place(const void *left, const void *right)
{
    const struct plan_target *a = left, *b = right;
    int order = place_compare(a->address, a->protocol, b->address, b->protocol);
    return order != 0 ? order : portset_compare(a->ports, b->ports);
}

static bool same_lane(const struct plan_target *a, const struct plan_target *b)
{
    return place_compare(a->address, a->protocol, b->address, b->protocol) == 0;
}

static int by_port(const void *left, const void *right)
{
    const struct span *a = left, *b = right;
    return a->low < b->low ? -1 : a->low > b->low;
}

// The spans of one lane, whose targets are those from `from` to `to`: each port once, with the first target that names
// it.
static void add_lane(struct arena *arena, struct schedule *schedule, size_t from, size_t to, uint32_t *capacity)
{
    struct lane *lane = &schedule->lanes[schedule->lane_count];
    *lane = (struct lane){.address = schedule->targets[from].address,
                          .protocol = schedule->targets[from].protocol,
                          .first_span = (uint32_t)schedule->span_count,
                          .first = schedule->count};
    struct portset asked = portset_empty;
    for (size_t n = 0; n < 2 * (to - from); n++) { // what is asked, then what is spare and not asked
        size_t i = from + n % (to - from);
        if (schedule->targets[i].spare != (n >= to - from))
            continue;
        struct portset ports =
            protocol_has_ports(lane->protocol) ? schedule->targets[i].ports : portset_of(arena, 0, 0);
        struct portset fresh = portset_subtract(arena, ports, asked);
        asked = portset_union(arena, asked, ports);
        for (size_t r = 0; r < fresh.count; r++) {
            schedule->spans =
                vector_reserve(arena, schedule->spans, schedule->span_count, capacity, sizeof(*schedule->spans));
            schedule->spans[schedule->span_count++] = (struct span){.lane = (uint32_t)schedule->lane_count,
                                                                    .target = (uint32_t)i,
                                                                    .low = fresh.ranges[r].low,
                                                                    .high = fresh.ranges[r].high,
                                                                    .spare = schedule->targets[i].spare};
        }
    }
    lane->span_count = (uint32_t)schedule->span_count - lane->first_span;
    qsort(schedule->spans + lane->first_span, lane->span_count, sizeof(*schedule->spans), by_port);
    for (size_t i = lane->first_span; i < schedule->span_count; i++) {
        uint64_t size = (uint64_t)(schedule->spans[i].high - schedule->spans[i].low) + 1;
        schedule->spans[i].first = schedule->count;
        schedule->count += size;
        lane->spare += schedule->spans[i].spare ? size : 0;
    }
    lane->count = schedule->count - lane->first;
    schedule->lane_count++;
}

struct schedule schedule_of(struct arena *arena, const struct plan *plan, uint64_t seed)
{
    struct schedule schedule = {.seed = seed};
    size_t count = plan->targets.count;
    uint32_t capacity = 0;
    schedule.targets = arena_array(arena, struct plan_target, count + 1);
    schedule.lanes = arena_array(arena, struct lane, count + 1);
    for (size_t i = 0; i < count; i++)
        schedule.targets[i] = plan->targets.items[i];
    qsort(schedule.targets, count, sizeof(*schedule.targets), by_place);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && same_lane(&schedule.targets[from], &schedule.targets[to]);)
            to++;
        add_lane(arena, &schedule, from, to, &capacity);
    }
    return schedule;
}

const struct span *schedule_span(const struct schedule *schedule, uint64_t question)
{
    size_t low = 0, high = schedule->span_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (schedule->spans[middle].first <= question)
            low = middle;
        else
            high = middle;
    }
    return &schedule->spans[low];
}

uint16_t schedule_port(const struct span *span, uint64_t question)
{
    return (uint16_t)(span->low + (question - span->first));
}

const struct lane *schedule_lane(const struct schedule *schedule, struct address address, int protocol)
{
    size_t low = 0, high = schedule->lane_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct lane *lane = &schedule->lanes[middle];
        int order = place_compare(address, protocol, lane->address, lane->protocol);
        if (order == 0)
            return lane;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

bool schedule_find(const struct schedule *schedule, struct address address, int protocol, uint16_t port,
                   uint64_t *question)
{
    const struct lane *lane = schedule_lane(schedule, address, protocol);
    if (lane == NULL)
        return false;
    size_t low = lane->first_span, high = low + lane->span_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (schedule->spans[middle].low <= port)
            low = middle;
        else
            high = middle;
    }
    const struct span *span = &schedule->spans[low];
    *question = span->first + (uint64_t)(port - span->low);
    return span->low <= port && port <= span->high;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

__extension__ typedef __int128 wide;

static uint64_t inverse(uint64_t number, uint64_t modulus) // Euclid's algorithm, extended; number is prime to modulus
{
    wide r0 = modulus, r1 = number, t0 = 0, t1 = 1;
    while (r1 != 0) {
        wide quotient = r0 / r1, r2 = r0 - quotient * r1, t2 = t0 - quotient * t1;
        r0 = r1;
        r1 = r2;
        t0 = t1;
        t1 = t2;
    }
    return (uint64_t)(t0 < 0 ? t0 + (wide)modulus : t0);
}

static uint64_t scramble(uint64_t number) // splitmix64 (Steele, Lea, Flood 2014)
{
    number += 0x9e3779b97f4a7c15u;
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9u;
    number = (number ^ number >> 27) * 0x94d049bb133111ebu;
    return number ^ number >> 31;
}

struct order schedule_order(const struct schedule *schedule, unsigned try)
{
    uint64_t count = schedule->count, drawn = scramble(schedule->seed + try);
    if (count < 2)
        return (struct order){.count = count};
    // 1 / (k + golden section), k from 1 to 4, one way or the other: each of them spreads as evenly in the long run.
    uint64_t stride = (uint64_t)((double)count / ((double)(1 + drawn % 4) + 0.6180339887498949));
    stride = drawn >> 2 & 1 ? count - stride : stride;
    stride = stride == 0 ? 1 : stride;
    while (common_divisor(stride, count) != 1)
        stride = stride + 1 < count ? stride + 1 : 1;
    return (struct order){
        .count = count, .stride = stride, .offset = (drawn >> 8) % count, .back = inverse(stride, count)};
}

uint64_t order_position(const struct order *order, uint64_t question)
{
    if (order->count < 2)
        return 0;
    uint64_t distance = (question + order->count - order->offset) % order->count;
    return (uint64_t)((wide)distance * (wide)order->back % (wide)order->count);
}
