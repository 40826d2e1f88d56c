#include "net/port_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/vector.h"

static const struct port_range every_port = {.low = 0, .high = PORT_LAST};

const struct portset portset_empty = {0};
const struct portset portset_all = {.count = 1, .ranges = &every_port};

struct portset portset_of(struct arena *arena, uint16_t low, uint16_t high)
{
    struct port_range range = {.low = low, .high = high};
    return portset_from(arena, &range, 1);
}

static int by_low(const void *left, const void *right)
{
    const struct port_range *a = left, *b = right;
    return (int)a->low - (int)b->low;
}

struct portset portset_from(struct arena *arena, const struct port_range *ranges, size_t count)
{
    if (count == 0)
        return portset_empty;
    struct port_range *sorted = arena_array(arena, struct port_range, count);
    for (size_t i = 0; i < count; i++)
        sorted[i] = ranges[i];
    qsort(sorted, count, sizeof(*sorted), by_low);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && sorted[i].low <= (uint32_t)sorted[kept - 1].high + 1) {
            if (sorted[i].high > sorted[kept - 1].high)
                sorted[kept - 1].high = sorted[i].high;
        } else {
            sorted[kept++] = sorted[i];
        }
    }
    return (struct portset){.count = kept, .ranges = sorted};
}

struct portset portset_copy(struct arena *arena, struct portset set)
{
    if (set.count == 0 || set.ranges == portset_all.ranges)
        return set;
    struct port_range *ranges = arena_buffer(arena, struct port_range, set.count);
    memcpy(ranges, set.ranges, set.count * sizeof(*ranges));
    return (struct portset){.count = set.count, .ranges = ranges};
}

struct portset portset_union(struct arena *arena, struct portset a, struct portset b)
{
    struct port_range *both = arena_array(arena, struct port_range, a.count + b.count + 1);
    for (size_t i = 0; i < a.count + b.count; i++)
        both[i] = i < a.count ? a.ranges[i] : b.ranges[i - a.count];
    return portset_from(arena, both, a.count + b.count);
}

struct portset portset_intersect(struct arena *arena, struct portset a, struct portset b)
{
    struct port_range *ranges = arena_array(arena, struct port_range, a.count + b.count + 1);
    size_t count = 0;
    for (size_t i = 0, j = 0; i < a.count && j < b.count;) {
        uint16_t low = a.ranges[i].low > b.ranges[j].low ? a.ranges[i].low : b.ranges[j].low;
        uint16_t high = a.ranges[i].high < b.ranges[j].high ? a.ranges[i].high : b.ranges[j].high;
        if (low <= high)
            ranges[count++] = (struct port_range){.low = low, .high = high};
        if (a.ranges[i].high < b.ranges[j].high)
            i++;
        else
            j++;
    }
    return (struct portset){.count = count, .ranges = ranges};
}

static struct portset complement(struct arena *arena, struct portset set)
{
    struct port_range *ranges = arena_array(arena, struct port_range, set.count + 1);
    size_t count = 0;
    uint32_t next = 0;
    for (size_t i = 0; i < set.count; i++) {
        if (set.ranges[i].low > next)
            ranges[count++] = (struct port_range){.low = (uint16_t)next, .high = (uint16_t)(set.ranges[i].low - 1)};
        next = (uint32_t)set.ranges[i].high + 1;
    }
    if (next <= PORT_LAST)
        ranges[count++] = (struct port_range){.low = (uint16_t)next, .high = PORT_LAST};
    return (struct portset){.count = count, .ranges = ranges};
}

struct portset portset_subtract(struct arena *arena, struct portset a, struct portset b)
{
    return portset_intersect(arena, a, complement(arena, b));
}

bool portset_is_empty(struct portset set)
{
    return set.count == 0;
}

int portset_compare(struct portset a, struct portset b)
{
    for (size_t i = 0; i < a.count && i < b.count; i++) {
        int order = (int)a.ranges[i].low - (int)b.ranges[i].low;
        if (order == 0)
            order = (int)a.ranges[i].high - (int)b.ranges[i].high;
        if (order != 0)
            return order;
    }
    return a.count < b.count ? -1 : a.count > b.count ? 1 : 0;
}

bool portset_equal(struct portset a, struct portset b)
{
    return portset_compare(a, b) == 0;
}

bool portset_holds(struct portset set, uint16_t port)
{
    size_t low = 0, high = set.count; // the first range that ends at or behind the port
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set.ranges[middle].high < port)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set.count && set.ranges[low].low <= port;
}

size_t portset_size(struct portset set)
{
    size_t size = 0;
    for (size_t i = 0; i < set.count; i++)
        size += (size_t)set.ranges[i].high - set.ranges[i].low + 1;
    return size;
}

const char *portset_format(struct arena *arena, struct portset set)
{
    struct text text = {0};
    text_puts(&text, "");
    for (size_t i = 0; i < set.count; i++) {
        const struct port_range *range = &set.ranges[i];
        text_printf(&text, "%s%u", i > 0 ? "," : "", range->low);
        if (range->high != range->low)
            text_printf(&text, "-%u", range->high);
    }
    const char *result = arena_strdup(arena, text.bytes);
    text_free(&text);
    return result;
}

static bool parse_port(const char **text, uint16_t *port)
{
    size_t digits = strspn(*text, "0123456789");
    if (digits == 0 || digits > 5)
        return false;
    long value = strtol(*text, NULL, 10);
    *text += digits;
    *port = (uint16_t)value;
    return value <= PORT_LAST;
}

bool portset_parse(struct arena *arena, const char *text, struct portset *set)
{
    VECTOR(struct port_range) ranges = {0};
    for (;;) {
        struct port_range range;
        text += strspn(text, " ");
        if (!parse_port(&text, &range.low))
            return false;
        range.high = range.low;
        if (*text == '-') {
            text++;
            if (!parse_port(&text, &range.high) || range.high < range.low)
                return false;
        }
        *vector_add(arena, &ranges) = range;
        text += strspn(text, " ");
        if (*text == '\0')
            break;
        if (*text++ != ',')
            return false;
    }
    *set = portset_from(arena, ranges.items, ranges.count);
    return true;
}
