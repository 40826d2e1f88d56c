#include "net/box.h"

bool box_is_empty(const struct box *box)
{
    return portset_is_empty(box->ports) || prefixset_is_empty(box->sources) || prefixset_is_empty(box->destinations);
}

void box_add(struct arena *arena, box_list *boxes, struct portset ports, struct prefixset sources,
             struct prefixset destinations)
{
    const struct box box = {ports, sources, destinations};
    if (!box_is_empty(&box))
        *vector_add(arena, boxes) = box;
}

static bool ports_overlap(struct portset a, struct portset b)
{
    for (size_t i = 0, k = 0; i < a.count && k < b.count;) {
        if (a.ranges[i].high < b.ranges[k].low)
            i++;
        else if (b.ranges[k].high < a.ranges[i].low)
            k++;
        else
            return true;
    }
    return false;
}

bool box_overlap(const struct box *a, const struct box *b)
{
    return ports_overlap(a->ports, b->ports) && prefixset_overlap(a->sources, b->sources) &&
           prefixset_overlap(a->destinations, b->destinations);
}

struct box box_intersect(struct arena *arena, const struct box *a, const struct box *b)
{
    return (struct box){portset_intersect(arena, a->ports, b->ports),
                        prefixset_intersect(arena, a->sources, b->sources),
                        prefixset_intersect(arena, a->destinations, b->destinations)};
}

box_list boxes_without(struct arena *arena, const box_list *boxes, const struct box *taken)
{
    box_list left = {0};
    for (size_t i = 0; i < boxes->count; i++) {
        const struct box *box = &boxes->items[i];
        if (!box_overlap(box, taken)) {
            *vector_add(arena, &left) = *box;
            continue;
        }
        struct portset ports = portset_intersect(arena, box->ports, taken->ports);
        struct prefixset sources = prefixset_intersect(arena, box->sources, taken->sources);
        box_add(arena, &left, portset_subtract(arena, box->ports, taken->ports), box->sources, box->destinations);
        box_add(arena, &left, ports, prefixset_subtract(arena, box->sources, taken->sources), box->destinations);
        box_add(arena, &left, ports, sources, prefixset_subtract(arena, box->destinations, taken->destinations));
    }
    return left;
}
