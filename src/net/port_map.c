#include "net/port_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/vector.h"

const struct portmap portmap_empty = {0};

struct builder {
    struct arena *arena;
    VECTOR(struct port_segment) segments;
};

static void append(struct builder *builder, uint16_t low, uint16_t high, struct prefixset sources)
{
    if (prefixset_is_empty(sources))
        return;
    struct port_segment *last =
        builder->segments.count > 0 ? &builder->segments.items[builder->segments.count - 1] : NULL;
    if (last != NULL && (uint32_t)last->high + 1 == low && prefixset_equal(last->sources, sources)) {
        last->high = high;
        return;
    }
    *vector_add(builder->arena, &builder->segments) = (struct port_segment){low, high, sources};
}

static struct portmap built(const struct builder *builder)
{
    return (struct portmap){.count = builder->segments.count, .segments = builder->segments.items};
}

struct portmap portmap_of(struct arena *arena, struct portset ports, struct prefixset sources)
{
    struct builder builder = {.arena = arena};
    for (size_t i = 0; i < ports.count; i++)
        append(&builder, ports.ranges[i].low, ports.ranges[i].high, sources);
    return built(&builder);
}

// The rectangles that cover the ports in hand: the source ranges of most as one list that ascends by low end, those of
// the few that have very many (prefix lists) apart.
enum { MANY_RANGES = 64 };

struct active {
    struct arena *arena;
    struct active_range {
        const struct address_range *range;
        const struct port_segment *of;
    } * ranges;
    size_t range_count;
    const struct port_segment **many;
    size_t many_count;
};

static void enter(struct active *active, const struct port_segment *rectangle)
{
    if (rectangle->sources.count > MANY_RANGES) {
        active->many[active->many_count++] = rectangle;
        return;
    }
    for (size_t r = 0; r < rectangle->sources.count; r++) {
        const struct address_range *range = &rectangle->sources.ranges[r];
        size_t low = 0, high = active->range_count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (active->ranges[middle].range->low <= range->low)
                low = middle + 1;
            else
                high = middle;
        }
        memmove(active->ranges + low + 1, active->ranges + low, (active->range_count - low) * sizeof(*active->ranges));
        active->ranges[low] = (struct active_range){range, rectangle};
        active->range_count++;
    }
}

// Lets go of the rectangles that end before `port`; gives the last port that all the others cover.
static uint32_t leave(struct active *active, uint32_t port)
{
    size_t kept = 0;
    uint32_t last = PORT_LAST;
    for (size_t i = 0; i < active->range_count; i++) {
        if (active->ranges[i].of->high < port)
            continue;
        last = active->ranges[i].of->high < last ? active->ranges[i].of->high : last;
        active->ranges[kept++] = active->ranges[i];
    }
    active->range_count = kept;
    kept = 0;
    for (size_t i = 0; i < active->many_count; i++) {
        if (active->many[i]->high < port)
            continue;
        last = active->many[i]->high < last ? active->many[i]->high : last;
        active->many[kept++] = active->many[i];
    }
    active->many_count = kept;
    return last;
}

static struct prefixset active_sources(const struct active *active)
{
    struct prefixset set = prefixset_empty;
    if (active->range_count > 0 && active->ranges[0].of->sources.count == active->range_count) {
        set = active->ranges[0].of->sources; // of one rectangle only
    } else if (active->range_count > 0) {
        struct address_range *ranges = arena_buffer(active->arena, struct address_range, active->range_count);
        for (size_t i = 0; i < active->range_count; i++)
            set.count = prefixset_append(ranges, set.count, *active->ranges[i].range);
        set.ranges =
            arena_trim(active->arena, ranges, active->range_count * sizeof(*ranges), set.count * sizeof(*ranges));
    }
    for (size_t i = 0; i < active->many_count; i++)
        set = prefixset_union(active->arena, set, active->many[i]->sources);
    return set;
}

static int by_low_port(const void *left, const void *right)
{
    const struct port_segment *const *a = left, *const *b = right;
    return (int)(*a)->low - (int)(*b)->low;
}

struct portmap portmap_from(struct arena *arena, const struct port_segment *rectangles, size_t count)
{
    struct builder builder = {.arena = arena};
    if (count <= 1)
        return count == 0
                   ? portmap_empty
                   : portmap_of(arena, portset_of(arena, rectangles->low, rectangles->high), rectangles->sources);
    // A sweep over the ports: rectangles come in at their low end and leave after their high end.
    const struct port_segment **coming = arena_buffer(arena, const struct port_segment *, count);
    size_t ranges = 0, came = 0;
    bool sorted = true;
    for (size_t i = 0; i < count; i++) {
        coming[i] = &rectangles[i];
        ranges += rectangles[i].sources.count;
        sorted = sorted && (i == 0 || rectangles[i - 1].low <= rectangles[i].low);
    }
    if (!sorted)
        qsort(coming, count, sizeof(*coming), by_low_port);
    struct active active = {.arena = arena};
    active.ranges = arena_buffer(arena, struct active_range, ranges);
    active.many = arena_buffer(arena, const struct port_segment *, count);
    for (uint32_t port = coming[0]->low; port <= PORT_LAST;) {
        leave(&active, port);
        if (active.range_count + active.many_count == 0) {
            if (came == count)
                break;
            port = coming[came]->low;
        }
        while (came < count && coming[came]->low == port)
            enter(&active, coming[came++]);
        uint32_t last = leave(&active, port);
        if (came < count && coming[came]->low <= last)
            last = coming[came]->low - 1u;
        append(&builder, (uint16_t)port, (uint16_t)last, active_sources(&active));
        port = last + 1;
    }
    return built(&builder);
}

typedef struct prefixset (*set_operation)(struct arena *, struct prefixset, struct prefixset);

static struct portmap combine(struct arena *arena, struct portmap a, struct portmap b, set_operation operation)
{
    struct builder builder = {.arena = arena};
    size_t i = 0, j = 0;
    for (uint32_t port = 0; port <= PORT_LAST && (i < a.count || j < b.count);) {
        const struct port_segment *x = i < a.count ? &a.segments[i] : NULL;
        const struct port_segment *y = j < b.count ? &b.segments[j] : NULL;
        bool in_x = x != NULL && x->low <= port, in_y = y != NULL && y->low <= port;
        uint32_t end = PORT_LAST; // last port up to which neither map changes
        if (x != NULL)
            end = in_x ? x->high : x->low - 1u;
        if (y != NULL) {
            uint32_t change = in_y ? y->high : y->low - 1u;
            end = change < end ? change : end;
        }
        append(&builder, (uint16_t)port, (uint16_t)end,
               operation(arena, in_x ? x->sources : prefixset_empty, in_y ? y->sources : prefixset_empty));
        if (in_x && x->high == end)
            i++;
        if (in_y && y->high == end)
            j++;
        port = end + 1;
    }
    return built(&builder);
}

struct portmap portmap_copy(struct arena *arena, struct portmap map)
{
    struct port_segment *segments = map.count == 0 ? NULL : arena_buffer(arena, struct port_segment, map.count);
    for (size_t i = 0; i < map.count; i++) {
        segments[i] = map.segments[i];
        bool again = i > 0 && map.segments[i].sources.ranges == map.segments[i - 1].sources.ranges;
        segments[i].sources = again ? segments[i - 1].sources : prefixset_copy(arena, map.segments[i].sources);
    }
    return (struct portmap){.count = map.count, .segments = segments};
}

struct portmap portmap_union(struct arena *arena, struct portmap a, struct portmap b)
{
    return a.count == 0 ? b : b.count == 0 ? a : combine(arena, a, b, prefixset_union);
}

struct portmap portmap_intersect(struct arena *arena, struct portmap a, struct portmap b)
{
    return a.count == 0 || b.count == 0 ? portmap_empty : combine(arena, a, b, prefixset_intersect);
}

struct portmap portmap_subtract(struct arena *arena, struct portmap a, struct portmap b)
{
    return a.count == 0 || b.count == 0 ? a : combine(arena, a, b, prefixset_subtract);
}

struct portmap portmap_from_sources(struct arena *arena, struct portmap map, struct prefixset sources)
{
    struct builder builder = {.arena = arena};
    for (size_t i = 0; i < map.count; i++)
        append(&builder, map.segments[i].low, map.segments[i].high,
               prefixset_intersect(arena, map.segments[i].sources, sources));
    return built(&builder);
}

struct portmap portmap_on_ports(struct arena *arena, struct portmap map, struct portset ports)
{
    struct builder builder = {.arena = arena};
    for (size_t i = 0, j = 0; i < map.count && j < ports.count;) {
        const struct port_segment *segment = &map.segments[i];
        uint16_t low = segment->low > ports.ranges[j].low ? segment->low : ports.ranges[j].low;
        uint16_t high = segment->high < ports.ranges[j].high ? segment->high : ports.ranges[j].high;
        if (low <= high)
            append(&builder, low, high, segment->sources);
        if (segment->high < ports.ranges[j].high)
            i++;
        else
            j++;
    }
    return built(&builder);
}

bool portmap_equal(struct portmap a, struct portmap b)
{
    if (a.count != b.count)
        return false;
    for (size_t i = 0; i < a.count; i++)
        if (a.segments[i].low != b.segments[i].low || a.segments[i].high != b.segments[i].high ||
            !prefixset_equal(a.segments[i].sources, b.segments[i].sources))
            return false;
    return true;
}

struct prefixset portmap_sources(struct portmap map, uint16_t port)
{
    size_t low = 0, high = map.count; // the first segment that ends at or behind the port
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map.segments[middle].high < port)
            low = middle + 1;
        else
            high = middle;
    }
    return low < map.count && map.segments[low].low <= port ? map.segments[low].sources : prefixset_empty;
}

struct portset portmap_ports(struct arena *arena, struct portmap map, address_bits source)
{
    VECTOR(struct port_range) ranges = {0};
    for (size_t i = 0; i < map.count; i++)
        if (prefixset_holds(map.segments[i].sources, source))
            *vector_add(arena, &ranges) = (struct port_range){map.segments[i].low, map.segments[i].high};
    return portset_from(arena, ranges.items, ranges.count);
}

bool portmap_meets(struct portmap map, struct portset ports, struct prefixset sources)
{
    for (size_t n = 0; n < ports.count; n++)
        for (size_t i = 0; i < map.count; i++)
            if (map.segments[i].low <= ports.ranges[n].high && map.segments[i].high >= ports.ranges[n].low &&
                prefixset_overlap(map.segments[i].sources, sources))
                return true;
    return false;
}
