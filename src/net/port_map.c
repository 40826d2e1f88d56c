#include "net/port_map.h"

#include <stdlib.h>

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

// Sorts the starts of elementary intervals and drops repeats; returns how many are left.
static size_t settle(uint32_t *starts, size_t count)
{
    sort_numbers(starts, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || starts[kept - 1] != starts[i])
            starts[kept++] = starts[i];
    return kept;
}

struct portmap portmap_from(struct arena *arena, const struct port_segment *rectangles, size_t count)
{
    struct builder builder = {.arena = arena};
    struct arena *scratch = arena_new();
    uint32_t *starts = arena_array(scratch, uint32_t, count * 2 + 1);
    size_t ranges = 0;
    for (size_t i = 0; i < count; i++) {
        starts[i * 2] = rectangles[i].low;
        starts[i * 2 + 1] = (uint32_t)rectangles[i].high + 1;
        ranges += rectangles[i].sources.count;
    }
    size_t start_count = settle(starts, count * 2);
    struct address_range *gathered = arena_array(scratch, struct address_range, ranges + 1);
    for (size_t s = 0; s + 1 < start_count; s++) {
        size_t used = 0;
        for (size_t i = 0; i < count; i++)
            if (rectangles[i].low <= starts[s] && rectangles[i].high >= starts[s])
                for (size_t r = 0; r < rectangles[i].sources.count; r++)
                    gathered[used++] = rectangles[i].sources.ranges[r];
        append(&builder, (uint16_t)starts[s], (uint16_t)(starts[s + 1] - 1), prefixset_from(arena, gathered, used));
    }
    arena_free(scratch);
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
    for (size_t i = 0; i < map.count; i++)
        if (map.segments[i].low <= port && port <= map.segments[i].high)
            return map.segments[i].sources;
    return prefixset_empty;
}

struct portset portmap_ports(struct arena *arena, struct portmap map, address_bits source)
{
    VECTOR(struct port_range) ranges = {0};
    for (size_t i = 0; i < map.count; i++)
        if (prefixset_holds(map.segments[i].sources, source))
            *vector_add(arena, &ranges) = (struct port_range){map.segments[i].low, map.segments[i].high};
    return portset_from(arena, ranges.items, ranges.count);
}
