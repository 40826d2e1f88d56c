#include "rules/reach/vantage.h"

#include "rules/reach/part.h"

typedef VECTOR(struct exposure) exposure_vector;

static struct exposure_set *derived_set(const struct exposure_set *set)
{
    struct arena *arena = arena_new();
    struct exposure_set *result = arena_new_of(arena, struct exposure_set);
    *result = (struct exposure_set){.arena = arena,
                                    .asker = set->asker,
                                    .missing = set->missing,
                                    .estate = set->estate,
                                    .notes = set->notes,
                                    .assumptions = set->assumptions,
                                    .public_places = set->public_places,
                                    .not_covered = set->not_covered};
    return result;
}

static void add_endpoint(struct exposure_set *set, const struct endpoint *endpoint, const struct exposure_list *list)
{
    struct endpoint *copy = vector_add(set->arena, &set->endpoints);
    *copy = *endpoint;
    copy->exposures = list;
}

// An answer narrowed is made once, however many endpoints share it, and they share what comes of it.
static const struct exposure_list *known_list(const struct map *known, const struct endpoint *endpoint)
{
    return map_get_pointer(known, endpoint->exposures);
}

static const struct exposure_list *keep_list(struct arena *arena, struct map *known, const struct endpoint *endpoint,
                                             const exposure_vector *exposures)
{
    struct exposure_list *list = arena_new_of(arena, struct exposure_list);
    *list = (struct exposure_list){.count = exposures->count, .items = exposures->items};
    map_put_pointer(arena, known, endpoint->exposures, list);
    return list;
}

// Adds an exposure, joined to the one before it where the two differ in nothing but neighbouring ports.
static void add_or_join(struct arena *arena, exposure_vector *kept, const struct exposure *exposure)
{
    struct exposure *last = kept->count > 0 ? &kept->items[kept->count - 1] : NULL;
    struct exposure next = *exposure;
    if (last != NULL && (uint32_t)last->high + 1 == next.low && last->protocol_high == next.protocol_high) {
        struct exposure here = *last;
        here.low = next.low;
        here.high = next.high;
        if (last->protocol_low == next.protocol_low && exposure_same_answer(&here, &next)) {
            last->high = next.high;
            return;
        }
    }
    *vector_add(arena, kept) = next;
}

static exposure_vector narrowed(struct arena *arena, const struct exposure_list *list, const struct source_range *range)
{
    exposure_vector kept = {0};
    for (size_t e = 0; e < list->count; e++) {
        struct exposure exposure = list->items[e];
        exposure.sources = prefixset_intersect(arena, exposure.sources, range->sources);
        if (prefixset_is_empty(exposure.sources))
            continue;
        exposure.internet =
            exposure.internet && prefixset_overlap(exposure.sources, prefixset_internet(arena, range->family));
        exposure.client_ports = portset_intersect(arena, exposure.client_ports, range->client_ports);
        if (exposure.path == PATH_TWO_WAY && portset_is_empty(exposure.client_ports))
            exposure.path = PATH_INBOUND_ONLY; // no port of this client gets a reply
        exposure.because = part_reasons(arena, &exposure.because, &exposure);
        exposure.via = part_reasons(arena, &exposure.via, &exposure);
        add_or_join(arena, &kept, &exposure);
    }
    return kept;
}

// `known`: what the answers of endpoints before came to for the same range.
static void add_narrowed(struct exposure_set *result, const struct endpoint *endpoint, const struct source_range *range,
                         struct map *known)
{
    const struct exposure_list *list = known_list(known, endpoint);
    if (list == NULL) {
        exposure_vector kept = narrowed(result->arena, endpoint->exposures, range);
        list = keep_list(result->arena, known, endpoint, &kept);
    }
    add_endpoint(result, endpoint, list);
}

static void add_indirect(struct exposure_set *result, const struct exposure_set *set, const struct source_range *range)
{
    for (size_t i = 0; i < set->indirect.count; i++) {
        const struct indirect_exposure *one = &set->indirect.items[i];
        if (range->family != one->family)
            continue;
        exposure_vector all = narrowed(result->arena, &one->exposures, range), kept = {0};
        for (size_t e = 0; e < all.count; e++) // whom no reply gets back to is not brought there
            if (all.items[e].path == PATH_TWO_WAY)
                *vector_add(result->arena, &kept) = all.items[e];
        if (kept.count == 0)
            continue;
        struct indirect_exposure *copy = vector_add(result->arena, &result->indirect);
        *copy = *one;
        copy->exposures = (struct exposure_list){.count = kept.count, .items = kept.items};
    }
}

struct exposure_set *reach_from_ranges(const struct exposure_set *set, const struct source_range *ranges, size_t count)
{
    struct exposure_set *result = derived_set(set);
    struct map *known = arena_array(result->arena, struct map, count + 1);
    for (size_t i = 0; i < set->endpoints.count; i++)
        for (size_t r = 0; r < count; r++)
            if (ranges[r].family == set->endpoints.items[i].address.family)
                add_narrowed(result, &set->endpoints.items[i], &ranges[r], &known[r]);
    for (size_t r = 0; r < count; r++)
        add_indirect(result, set, &ranges[r]);
    return result;
}

const struct vantage *vantage_of(const struct vantage *vantages, size_t count, struct prefix endpoint)
{
    const struct vantage *any = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct vantage *one = &vantages[i];
        if (one->address.family != endpoint.family)
            continue;
        if (prefixset_holds(one->targets, endpoint.first))
            return one;
        any = any == NULL && prefixset_is_empty(one->targets) ? one : any;
    }
    return any;
}

static struct source_range range_of(struct arena *arena, const struct vantage *vantage)
{
    return (struct source_range){
        .family = vantage->address.family,
        .sources = prefixset_of(arena, prefix_of(vantage->address)),
        .client_ports = vantage->client_ports,
    };
}

struct exposure_set *reach_from_vantages(const struct exposure_set *set, const struct vantage *vantages, size_t count)
{
    struct exposure_set *result = derived_set(set);
    struct source_range *ranges = arena_array(result->arena, struct source_range, count + 1);
    struct map *known = arena_array(result->arena, struct map, count + 1);
    for (size_t v = 0; v < count; v++)
        ranges[v] = range_of(result->arena, &vantages[v]);
    for (size_t i = 0; i < set->endpoints.count; i++) {
        const struct endpoint *endpoint = &set->endpoints.items[i];
        const struct vantage *own = vantage_of(vantages, count, endpoint->address);
        if (own == NULL)
            continue;
        add_narrowed(result, endpoint, &ranges[own - vantages], &known[own - vantages]);
        result->endpoints.items[result->endpoints.count - 1].vantage = own->address;
    }
    for (size_t v = 0; v < count; v++)
        if (prefixset_is_empty(vantages[v].targets))
            add_indirect(result, set, &ranges[v]);
    return result;
}

struct exposure_set *reach_from_internet(const struct exposure_set *set)
{
    struct exposure_set *result = derived_set(set);
    struct map known = {0};
    for (size_t i = 0; i < set->endpoints.count; i++) {
        const struct endpoint *endpoint = &set->endpoints.items[i];
        const struct exposure_list *list = known_list(&known, endpoint);
        exposure_vector kept = {0};
        for (size_t e = 0; list == NULL && e < endpoint->exposures->count; e++)
            if (endpoint->exposures->items[e].internet)
                *vector_add(result->arena, &kept) = endpoint->exposures->items[e];
        add_endpoint(result, endpoint, list != NULL ? list : keep_list(result->arena, &known, endpoint, &kept));
    }
    return result;
}
