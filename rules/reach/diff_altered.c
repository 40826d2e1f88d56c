// What stays open between two states, and is more or less certain, or to other client ports.
#include "rules/reach/comparison.h"

// What of two exposures both let in two-way, if they are not alike there (or are): more or less certain, or from other
// client ports.
static struct portmap meeting(struct arena *arena, const struct exposure *old, const struct exposure *new, int protocol,
                              bool alike)
{
    bool here = old->protocol_low <= protocol && protocol <= old->protocol_high &&
                new->protocol_low <= protocol &&protocol <= new->protocol_high &&
                old->path == PATH_TWO_WAY &&new->path == PATH_TWO_WAY;
    bool same = old->certainty == new->certainty &&portset_equal(old->client_ports, new->client_ports);
    if (!here || same != alike || old->low > new->high || new->low > old->high)
        return portmap_empty;
    struct port_segment both = {old->low > new->low ? old->low : new->low,
                                old->high < new->high ? old->high : new->high,
                                prefixset_intersect(arena, old->sources, new->sources)};
    return portmap_from(arena, &both, 1);
}

static reason_list altered_causes(struct comparison *comparison, const struct exposure *old, const struct exposure *new)
{
    static const char *const words[] = {"certain", "possible"};
    struct arena *arena = comparison->arena;
    reason_list causes = {0};
    if (old->certainty != new->certainty)
        *vector_add(arena, &causes) =
            reason_says(arena, REASON_UNTOLD, NULL,
                        arena_printf(arena, "%s (before: %s)", words[new->certainty], words[old->certainty]));
    if (!portset_equal(old->client_ports, new->client_ports))
        *vector_add(arena, &causes) = reason_says(arena, REASON_ACL_OUT, NULL,
                                                  arena_printf(arena, "client ports %s (before: %s)",
                                                               portset_format(comparison->scratch, new->client_ports),
                                                               portset_format(comparison->scratch, old->client_ports)));
    for (size_t v = 0; v < new->via.count; v++)
        *vector_add(arena, &causes) = new->via.items[v];
    return causes;
}

// What stays two-way at one address but not alike, and is not `told` yet, by one endpoint before and one after.
static void report_altered(struct comparison *comparison, const struct endpoint *before, const struct endpoint *after,
                           int low, int high, struct portmap *told)
{
    struct arena *scratch = comparison->scratch;
    const struct exposure_list *olds = comparison_today(before), *news = comparison_today(after);
    struct prefixset internet = prefixset_internet(scratch, after->address.family);
    for (size_t o = 0; o < olds->count; o++)
        for (size_t n = 0; n < news->count; n++) {
            const struct exposure *old = &olds->items[o], *new = &news->items[n];
            struct portmap map = meeting(scratch, old, new, low, false);
            if (map.count == 0)
                continue;
            map = told == NULL ? map : portmap_subtract(scratch, map, *told);
            for (size_t s = 0; s < map.count; s++)
                comparison_add(comparison,
                               (struct change){.kind = CHANGE_ALTERED,
                                               .endpoint = after,
                                               .protocol_low = low,
                                               .protocol_high = high,
                                               .low = map.segments[s].low,
                                               .high = map.segments[s].high,
                                               .sources = map.segments[s].sources,
                                               .path = PATH_TWO_WAY,
                                               .certainty = new->certainty,
                                               .causes = altered_causes(comparison, old, new)},
                               &internet);
            if (told != NULL)
                *told = portmap_union(scratch, *told, map);
        }
}

// Of several endpoints on a side: what some of them let in as some did before stays as it was.
static struct portmap stays(struct arena *arena, const endpoint_list *befores, const endpoint_list *afters,
                            int protocol)
{
    struct portmap alike = portmap_empty;
    for (size_t b = 0; b < befores->count; b++)
        for (size_t a = 0; a < afters->count; a++) {
            const struct exposure_list *olds = comparison_today(befores->items[b]);
            const struct exposure_list *news = comparison_today(afters->items[a]);
            for (size_t o = 0; o < olds->count; o++)
                for (size_t n = 0; n < news->count; n++)
                    alike =
                        portmap_union(arena, alike, meeting(arena, &olds->items[o], &news->items[n], protocol, true));
        }
    return alike;
}

void comparison_of_altered(struct comparison *comparison, const endpoint_list *befores, const endpoint_list *afters,
                           int low, int high)
{
    bool shared = befores->count > 1 || afters->count > 1;
    struct portmap told = shared ? stays(comparison->scratch, befores, afters, low) : portmap_empty;
    for (size_t a = 0; a < afters->count; a++)
        for (size_t b = 0; b < befores->count; b++)
            report_altered(comparison, befores->items[b], afters->items[a], low, high, shared ? &told : NULL);
}
