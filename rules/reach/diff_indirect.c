// What opened and closed behind load balancers and services: there only who reaches a target's port counts, not by
// which way.
#include <stdlib.h>

#include "net/port_map.h"
#include "rules/reach/comparison.h"

// All ways to one address over one protocol, for clients of one family.
struct target_ways {
    const char *key;
    VECTOR(const struct indirect_exposure *) ways;
    VECTOR(struct port_segment) may;
    VECTOR(struct port_segment) exact; // holds less than `may`
};

struct targets {
    VECTOR(struct target_ways *) items; // in the order of the exposures
    struct map by_key;
};

// A dormant target exposes nothing today.
static struct targets targets_of(struct arena *arena, const struct exposure_set *set)
{
    struct targets targets = {0};
    for (size_t i = 0; i < set->indirect.count; i++) {
        const struct indirect_exposure *one = &set->indirect.items[i];
        char address[ADDRESS_TEXT];
        if (one->dormant || one->exposures.count == 0)
            continue;
        address_format(one->private_address, address);
        const char *key = arena_printf(arena, "%s|%s|%d|%d", one->interface->place->vpc_id, address, (int)one->family,
                                       one->exposures.items[0].protocol_low);
        struct target_ways *of = map_get(&targets.by_key, key);
        if (of == NULL) {
            of = arena_new_of(arena, struct target_ways);
            of->key = key;
            map_put(arena, &targets.by_key, key, of);
            *vector_add(arena, &targets.items) = of;
        }
        *vector_add(arena, &of->ways) = one;
        for (size_t e = 0; e < one->exposures.count; e++) {
            const struct exposure *exposure = &one->exposures.items[e];
            struct port_segment segment = {exposure->low, exposure->high, exposure->sources};
            *vector_add(arena, &of->may) = segment;
            if (exposure->certainty == CERTAINTY_EXACT)
                *vector_add(arena, &of->exact) = segment;
        }
    }
    return targets;
}

static struct portmap map_of_way(struct arena *arena, const struct indirect_exposure *way)
{
    VECTOR(struct port_segment) segments = {0};
    for (size_t e = 0; e < way->exposures.count; e++)
        *vector_add(arena, &segments) = (struct port_segment){way->exposures.items[e].low, way->exposures.items[e].high,
                                                              way->exposures.items[e].sources};
    return portmap_from(arena, segments.items, segments.count);
}

static bool has(const struct estate *estate, enum kind kind, const struct interface_place *place)
{
    return estate_completeness(estate, kind, place->account_id, place->region) == COMPLETENESS_WHOLE;
}

static const enum kind services[] = {KIND_ACCELERATORS, KIND_VPC_ORIGINS};
enum { SERVICES = sizeof(services) / sizeof(services[0]) };

// The first kind of document that would show a way and that the side where it is shut lacks; KIND_COUNT where it lacks
// none. Without rules of listeners every target group is possible behind each, so that what is not even possible there
// is shut: they lack nothing. A service that neither side has documents of is known by its interface on both.
static enum kind lacks_of(const struct side *opens, const struct side *shuts, const struct indirect_exposure *way)
{
    static const enum kind newer[] = {KIND_LOAD_BALANCERS, KIND_LISTENERS, KIND_TARGET_GROUPS, KIND_TARGET_HEALTH};
    static const enum kind classic[] = {KIND_CLASSIC_LOAD_BALANCERS};
    const struct interface_place *place = way->interface->place;
    if (!comparison_knows_interfaces(shuts->estate, place))
        return KIND_NETWORK_INTERFACES;
    for (size_t i = 0; way->by_service && i < SERVICES; i++)
        if (estate_has(opens->estate, services[i]) && !estate_has(shuts->estate, services[i]))
            return services[i];
    bool is_classic = way->target_group == NULL;
    size_t count = way->by_service ? 0 : is_classic ? 1 : sizeof(newer) / sizeof(newer[0]);
    for (size_t i = 0; i < count; i++) {
        enum kind kind = is_classic ? classic[i] : newer[i];
        if (!has(shuts->estate, kind, place))
            return kind;
    }
    return KIND_COUNT;
}

// The kind of document for want of which a way is only possible where it is open, and which the other side has: it may
// have been shut here as well. KIND_COUNT where there is none.
static enum kind lacks_where_open(const struct side *opens, const struct side *shuts,
                                  const struct indirect_exposure *way)
{
    const struct interface_place *place = way->interface->place;
    for (size_t i = 0; way->by_service && i < SERVICES; i++)
        if (!estate_has(opens->estate, services[i]) && estate_has(shuts->estate, services[i]))
            return services[i];
    bool by_rules = !way->by_service && way->target_group != NULL;
    return by_rules && !has(opens->estate, KIND_LISTENER_RULES, place) && has(shuts->estate, KIND_LISTENER_RULES, place)
               ? KIND_LISTENER_RULES
               : KIND_COUNT;
}

// What both sides know of the news: each way's part of it, but for ways of which one side does not tell.
static struct portmap known_of(struct comparison *comparison, const struct side *opens, const struct side *shuts,
                               const struct target_ways *open, struct portmap news, struct portmap exact)
{
    struct arena *scratch = comparison->scratch;
    struct portmap known = portmap_empty;
    for (int pass = 0; pass < 2; pass++)
        for (size_t w = 0; w < open->ways.count; w++) {
            const struct indirect_exposure *way = open->ways.items[w];
            struct portmap part = portmap_intersect(scratch, news, map_of_way(scratch, way));
            bool planned = comparison_is_planned(comparison);
            enum kind lacks = planned ? KIND_COUNT : lacks_of(opens, shuts, way);
            enum kind other = planned || lacks != KIND_COUNT ? KIND_COUNT : lacks_where_open(opens, shuts, way);
            struct portmap sure = lacks != KIND_COUNT   ? portmap_empty
                                  : other != KIND_COUNT ? portmap_intersect(scratch, part, exact)
                                                        : part;
            if (pass == 0)
                known = portmap_union(scratch, known, sure);
            else if (portmap_subtract(scratch, part, known).count > 0)
                comparison_not_known(comparison, other != KIND_COUNT ? opens : shuts, way->interface->place,
                                     other != KIND_COUNT ? other : lacks);
        }
    return known;
}

// The way by which a segment is open, and what it says.
static const struct exposure *exposure_at(const struct target_ways *open, const struct port_segment *segment,
                                          const struct indirect_exposure **way)
{
    for (size_t w = 0; w < open->ways.count; w++)
        for (size_t e = 0; e < open->ways.items[w]->exposures.count; e++) {
            const struct exposure *one = &open->ways.items[w]->exposures.items[e];
            if (one->low <= segment->high && segment->low <= one->high &&
                prefixset_overlap(one->sources, segment->sources)) {
                *way = open->ways.items[w];
                return one;
            }
        }
    return NULL;
}

// What is said of a change: the way, and before it how sure it was.
static reason_list causes_of(struct comparison *comparison, enum change_kind kind, const struct exposure *exposure,
                             enum certainty certainty)
{
    static const char *const words[] = {"certain (before: possible)", "possible (before: certain)"};
    if (kind != CHANGE_ALTERED)
        return exposure->via;
    reason_list causes = {0};
    *vector_add(comparison->arena, &causes) = reason_says(comparison->arena, REASON_UNTOLD, NULL, words[certainty]);
    reason_add_all(comparison->arena, &causes, &exposure->via);
    return causes;
}

static void add_part(struct comparison *comparison, enum change_kind kind, const struct target_ways *open,
                     struct portmap part, enum certainty certainty)
{
    struct prefixset internet = prefixset_internet(comparison->scratch, open->ways.items[0]->family);
    for (size_t i = 0; i < part.count; i++) {
        const struct port_segment *segment = &part.segments[i];
        const struct indirect_exposure *way = NULL;
        const struct exposure *exposure = exposure_at(open, segment, &way);
        if (exposure != NULL)
            comparison_add(comparison,
                           (struct change){.kind = kind,
                                           .indirect = way,
                                           .protocol_low = exposure->protocol_low,
                                           .protocol_high = exposure->protocol_high,
                                           .low = segment->low,
                                           .high = segment->high,
                                           .sources = segment->sources,
                                           .path = PATH_TWO_WAY,
                                           .certainty = certainty,
                                           .causes = causes_of(comparison, kind, exposure, certainty)},
                           &internet);
    }
}

void comparison_of_indirect(struct comparison *comparison, enum change_kind kind, const struct side *opens,
                            const struct side *shuts)
{
    struct arena *scratch = comparison->scratch;
    struct targets open = targets_of(scratch, opens->exposures), shut = targets_of(scratch, shuts->exposures);
    for (size_t i = 0; i < open.items.count; i++) {
        const struct target_ways *one = open.items.items[i], *other = map_get(&shut.by_key, one->key);
        struct portmap before =
            other == NULL ? portmap_empty : portmap_from(scratch, other->may.items, other->may.count);
        struct portmap news = portmap_subtract(scratch, portmap_from(scratch, one->may.items, one->may.count), before);
        struct portmap exact = portmap_from(scratch, one->exact.items, one->exact.count);
        if (news.count == 0)
            continue;
        news = known_of(comparison, opens, shuts, one, news, exact);
        add_part(comparison, kind, one, portmap_intersect(scratch, news, exact), CERTAINTY_EXACT);
        add_part(comparison, kind, one, portmap_subtract(scratch, news, exact), CERTAINTY_POSSIBLE);
    }
    arena_reset(scratch);
}

void comparison_of_altered_indirect(struct comparison *comparison)
{
    struct arena *scratch = comparison->scratch;
    struct targets olds = targets_of(scratch, comparison->before->exposures),
                   news = targets_of(scratch, comparison->after->exposures);
    for (size_t i = 0; i < news.items.count; i++) {
        const struct target_ways *new = news.items.items[i], *old = map_get(&olds.by_key, new->key);
        if (old == NULL)
            continue;
        struct portmap both = portmap_intersect(scratch, portmap_from(scratch, old->may.items, old->may.count),
                                                portmap_from(scratch, new->may.items, new->may.count));
        struct portmap was = portmap_from(scratch, old->exact.items, old->exact.count),
                       is = portmap_from(scratch, new->exact.items, new->exact.count);
        add_part(comparison, CHANGE_ALTERED, new, portmap_intersect(scratch, both, portmap_subtract(scratch, is, was)),
                 CERTAINTY_EXACT);
        add_part(comparison, CHANGE_ALTERED, new, portmap_intersect(scratch, both, portmap_subtract(scratch, was, is)),
                 CERTAINTY_POSSIBLE);
    }
    arena_reset(scratch);
}
