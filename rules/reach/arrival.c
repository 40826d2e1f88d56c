#include "rules/reach/arrival.h"

bool arrival_is_empty(const struct arrival *arrival)
{
    return prefixset_is_empty(arrival->own.may) && prefixset_is_empty(arrival->brought.may);
}

struct clients clients_intersect(struct arena *arena, struct clients a, struct clients b)
{
    return (struct clients){prefixset_intersect(arena, a.must, b.must), prefixset_intersect(arena, a.may, b.may)};
}

struct clients clients_union(struct arena *arena, struct clients a, struct clients b)
{
    if (prefixset_is_empty(a.may) || prefixset_is_empty(b.may))
        return prefixset_is_empty(a.may) ? b : a;
    return (struct clients){prefixset_union(arena, a.must, b.must), prefixset_union(arena, a.may, b.may)};
}

static bool within(struct arena *arena, struct prefixset inner, struct prefixset outer)
{
    return prefixset_is_empty(prefixset_subtract(arena, inner, outer));
}

struct clients clients_brought_past(struct arena *arena, struct clients brought, struct prefixset seen,
                                    struct clients sources)
{
    struct clients past = {0};
    if (prefixset_overlap(seen, sources.may))
        past.may = brought.may;
    if (!prefixset_is_empty(seen) && within(arena, seen, sources.must))
        past.must = brought.must;
    return past;
}

struct clients arrival_clients(struct arena *arena, const struct arrival *arrival)
{
    return clients_union(arena, arrival->own, arrival->brought);
}

struct arrival arrival_union(struct arena *arena, const struct arrival *a, const struct arrival *b)
{
    if (arrival_is_empty(a) || arrival_is_empty(b))
        return arrival_is_empty(a) ? *b : *a;
    return (struct arrival){.own = clients_union(arena, a->own, b->own),
                            .brought = clients_union(arena, a->brought, b->brought),
                            .seen = prefixset_union(arena, a->seen, b->seen),
                            .seen_family = a->seen_family != 0 ? a->seen_family : b->seen_family,
                            .ports = portset_union(arena, a->ports, b->ports)};
}

bool arrival_holds(struct arena *arena, const struct arrival *a, const struct arrival *b)
{
    return within(arena, b->own.may, a->own.may) && within(arena, b->own.must, a->own.must) &&
           within(arena, b->brought.may, a->brought.may) && within(arena, b->brought.must, a->brought.must) &&
           within(arena, b->seen, a->seen) && portset_is_empty(portset_subtract(arena, b->ports, a->ports));
}

void arrival_doubt(struct arrival *arrival)
{
    arrival->own.must = arrival->brought.must = prefixset_empty;
}
