#include "pipeline/vantage_parts.h"

#include <stdlib.h>

#include "model/protocol.h"

// The addresses of a vantage as `merge` joins them, as the prober's summary would tell them.
static void note_vantage(struct arena *arena, struct observations *observations, const char *vantage)
{
    char *rest = NULL, *list = arena_strdup(arena, vantage);
    for (char *one = strtok_r(list, ", ", &rest); one != NULL; one = strtok_r(NULL, ", ", &rest)) {
        struct address address;
        if (address_parse(one, &address))
            *(address.family == FAMILY_IPV4 ? &observations->vantage4 : &observations->vantage6) = one;
    }
}

bool vantage_parts_add(struct arena *arena, vantage_parts *parts, const char *file, struct observations *observations,
                       struct error *error)
{
    size_t count = observations->items.count, from = 0;
    GUARD(observations_settle(observations, file, error));
    do {
        struct vantage_part *part = vector_add(arena, parts);
        const char *vantage = count == 0 ? NULL : observations->items.items[from].vantage;
        size_t to = from;
        while (to < count && text_same(observations->items.items[to].vantage, vantage))
            to++;
        *part = (struct vantage_part){.file = file, .vantage = vantage, .observations = *observations};
        part->observations.items.items = observations->items.items + from;
        part->observations.items.count = part->observations.items.capacity = (uint32_t)(to - from);
        if (vantage != NULL)
            note_vantage(arena, &part->observations, vantage);
        from = to;
    } while (from < count);
    return true;
}

// Says in each verdict of a part who asked.
static void name_askers(struct arena *arena, struct vantage_part *part)
{
    const struct vantage *vantages = part->vantages.items.items;
    size_t count = part->vantages.items.count;
    const struct asked_from **askers = arena_array(arena, const struct asked_from *, count);
    for (size_t i = 0; i < part->set.items.count; i++) {
        struct verdict *verdict = &part->set.items.items[i];
        const struct vantage *own = vantage_of(vantages, count, prefix_of(verdict->address));
        if (own == NULL)
            continue;
        const struct asked_from **asker = &askers[own - vantages];
        if (*asker == NULL) {
            struct asked_from *fresh = arena_new_of(arena, struct asked_from);
            fresh->address = own->address;
            *asker = fresh;
        }
        verdict->asked_from = *asker;
    }
}

// Which parts say a text of what they miss.
struct sayers {
    size_t count;
    size_t last; // of them
};

// What each text that any part misses is said by.
static struct map sayers_of(struct arena *arena, const vantage_parts *parts)
{
    struct map said = {0};
    for (size_t i = 0; i < parts->count; i++)
        for (size_t m = 0; m < parts->items[i].set.missing.count; m++) {
            const char *text = parts->items[i].set.missing.items[m];
            struct sayers *sayers = map_get(&said, text);
            if (sayers != NULL && sayers->last == i)
                continue;
            if (sayers == NULL) {
                sayers = arena_new_of(arena, struct sayers);
                map_put(arena, &said, text, sayers);
            }
            sayers->count++;
            sayers->last = i;
        }
    return said;
}

static void add_gap(struct arena *arena, struct verdict_set *set, const struct coverage_gap *gap)
{
    for (size_t i = 0; i < set->gaps.count; i++)
        if (strcmp(set->gaps.items[i].what, gap->what) == 0) {
            set->gaps.items[i].count += gap->count;
            return;
        }
    *vector_add(arena, &set->gaps) = *gap;
}

static void join_heads(struct arena *arena, const vantage_parts *parts, struct verdict_set *set)
{
    const struct verdict_set *first = &parts->items[0].set;
    const char *vantage = "", *learnt = "";
    const struct map said = sayers_of(arena, parts);
    struct map known = {0};
    set->complete = true;
    set->endpoints = first->endpoints;
    memcpy(&set->places, &first->places, sizeof(set->places));
    set->stability_unknown = first->stability_unknown;
    set->not_covered = first->not_covered;
    set->intent_notes = first->intent_notes;
    for (size_t i = 0; i < parts->count; i++) {
        const struct verdict_set *one = &parts->items[i].set;
        const char *name = one->vantage == NULL ? "not told" : one->vantage;
        *vector_add(arena, &set->vantages) = (struct vantage_told){.vantage = name,
                                                                   .learnt = one->vantage_learnt,
                                                                   .file = parts->items[i].file,
                                                                   .complete = one->complete,
                                                                   .asked = one->asked};
        vantage = arena_printf(arena, "%s%s%s", vantage, i > 0 ? ", " : "", name);
        learnt = arena_printf(arena, "%s%s%s", learnt, i > 0 ? ", " : "",
                              one->vantage_learnt == NULL ? name : one->vantage_learnt);
        set->complete = set->complete && one->complete;
        set->asked += one->asked;
        for (size_t g = 0; g < one->gaps.count; g++)
            add_gap(arena, set, &one->gaps.items[g]);
        for (size_t m = 0; m < one->missing.count; m++)
            text_list_add_new(arena, &set->missing, &known,
                              ((const struct sayers *)map_get(&said, one->missing.items[m]))->count == parts->count
                                  ? one->missing.items[m]
                                  : arena_printf(arena, "from %s: %s", name, one->missing.items[m]));
    }
    set->vantage = vantage;
    set->vantage_learnt = learnt;
}

// A verdict, and of which part it is.
struct told {
    const struct verdict *verdict;
    size_t part;
};

static int by_place(const void *left, const void *right)
{
    const struct told *a = left, *b = right;
    int order = place_compare(a->verdict->address, a->verdict->protocol, b->verdict->address, b->verdict->protocol);
    if (order == 0)
        order = (int)a->verdict->low - (int)b->verdict->low;
    return order != 0 ? order : (a->part > b->part) - (a->part < b->part);
}

static int by_asker(const void *left, const void *right)
{
    const struct told *a = left, *b = right;
    int order = address_compare(a->verdict->address, b->verdict->address);
    if (order == 0)
        order = (a->part > b->part) - (a->part < b->part);
    return order != 0 ? order : by_place(left, right);
}

static bool is_silent_udp(const struct verdict *verdict)
{
    return verdict->protocol == PROTOCOL_UDP && verdict->observed == OBSERVED_FILTERED &&
           verdict->kind != VERDICT_UNVERIFIED && !verdict->unstable;
}

static enum vantage_heard heard_of(const struct verdict *verdict)
{
    if (verdict->accepting || verdict->unstable || verdict->kind == VERDICT_UNVERIFIED)
        return HEARD_NOT_KNOWN;
    switch (verdict->observed) {
    case OBSERVED_OPEN:
        return HEARD_OPEN;
    case OBSERVED_CLOSED:
        return HEARD_CLOSED;
    case OBSERVED_REJECTED:
        return HEARD_NOTHING;
    case OBSERVED_FILTERED: // UDP is silent of itself
        return verdict->protocol == PROTOCOL_UDP ? HEARD_NOT_KNOWN : HEARD_NOTHING;
    case OBSERVED_UNKNOWN:
        break;
    }
    return HEARD_NOT_KNOWN;
}

enum compared { COMPARED, NOT_COMPARED, DISAGREE };

// Whether what is known of a port by several is not the same, though the same is declared for them, or whether it is
// not known to all of them. Where UDP is silent to each, it is so to all. `heard` is made.
static enum compared compare_port(const struct told *const *at, size_t count, enum vantage_heard *heard)
{
    const struct verdict *first = NULL;
    enum vantage_heard first_heard = HEARD_NOT_KNOWN;
    bool differ = false, alike = true;
    size_t known = 0, silent = 0;
    for (size_t i = 0; i < count; i++) {
        heard[i] = at[i] == NULL ? HEARD_NOT_KNOWN : heard_of(at[i]->verdict);
        if (heard[i] == HEARD_NOT_KNOWN) {
            silent += at[i] != NULL && is_silent_udp(at[i]->verdict);
            continue;
        }
        known++;
        if (first == NULL) {
            first = at[i]->verdict;
            first_heard = heard[i];
        }
        differ = differ || heard[i] != first_heard;
        alike = alike && at[i]->verdict->declared == first->declared;
    }
    if (differ && alike)
        return DISAGREE;
    return known == count || silent == count ? COMPARED : NOT_COMPARED;
}

static void add_place(struct arena *arena, struct verdict_set *set, const enum vantage_heard *heard, size_t count,
                      const struct verdict *verdict, uint32_t low, uint32_t high)
{
    struct vantage_split *split = NULL;
    for (size_t i = 0; i < set->splits.count && split == NULL; i++)
        if (memcmp(set->splits.items[i].heard, heard, count * sizeof(*heard)) == 0)
            split = &set->splits.items[i];
    if (split == NULL) {
        enum vantage_heard *kept = arena_array(arena, enum vantage_heard, count);
        memcpy(kept, heard, count * sizeof(*heard));
        split = vector_add(arena, &set->splits);
        *split = (struct vantage_split){.heard = kept};
    }
    split->ports += high - low + 1;
    struct split_place *last = split->places.count > 0 ? &split->places.items[split->places.count - 1] : NULL;
    if (last != NULL && place_compare(last->address, last->protocol, verdict->address, verdict->protocol) == 0 &&
        (uint32_t)last->high + 1 == low)
        last->high = (uint16_t)high;
    else
        *vector_add(arena, &split->places) =
            (struct split_place){verdict->address, verdict->protocol, (uint16_t)low, (uint16_t)high};
}

// Compares what is told of one address and protocol, ascending by port. `at` and `heard` have room for each part.
static void compare_place(struct arena *arena, struct verdict_set *set, const struct told *told, size_t count,
                          const struct told **at, enum vantage_heard *heard)
{
    size_t next = 0, parts = set->vantages.count;
    memset(at, 0, parts * sizeof(*at));
    for (uint32_t port = told->verdict->low; port <= PORT_LAST;) {
        uint32_t end = PORT_LAST;
        bool any = false;
        for (; next < count && told[next].verdict->low <= port; next++)
            if (at[told[next].part] == NULL || at[told[next].part]->verdict->high < port)
                at[told[next].part] = &told[next];
        if (next < count)
            end = told[next].verdict->low - 1u;
        for (size_t i = 0; i < parts; i++) {
            if (at[i] != NULL && at[i]->verdict->high < port)
                at[i] = NULL;
            any = any || at[i] != NULL;
            if (at[i] != NULL && at[i]->verdict->high < end)
                end = at[i]->verdict->high;
        }
        if (!any && next == count)
            return;
        switch (compare_port(at, parts, heard)) {
        case DISAGREE:
            add_place(arena, set, heard, parts, told->verdict, port, end);
            break;
        case NOT_COMPARED:
            set->not_compared += any ? (long)(end - port) + 1 : 0; // between two verdicts nobody asked
            break;
        case COMPARED:
            break;
        }
        port = end + 1;
    }
}

void vantage_parts_join(struct arena *arena, const vantage_parts *parts, struct verdict_set *set)
{
    struct arena *scratch = arena_new();
    size_t count = 0, next = 0;
    join_heads(arena, parts, set);
    for (size_t i = 0; i < parts->count; i++) {
        name_askers(arena, &parts->items[i]);
        count += parts->items[i].set.items.count;
    }
    struct told *told = arena_array(scratch, struct told, count + 1);
    const struct told **at = arena_array(scratch, const struct told *, parts->count);
    enum vantage_heard *heard = arena_array(scratch, enum vantage_heard, parts->count);
    for (size_t i = 0; i < parts->count; i++)
        for (size_t v = 0; v < parts->items[i].set.items.count; v++)
            told[next++] = (struct told){&parts->items[i].set.items.items[v], i};
    qsort(told, count, sizeof(*told), by_place);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && place_compare(told[from].verdict->address, told[from].verdict->protocol,
                                                        told[to].verdict->address, told[to].verdict->protocol) == 0;)
            to++;
        compare_place(arena, set, told + from, to - from, at, heard);
    }
    qsort(told, count, sizeof(*told), by_asker);
    for (size_t i = 0; i < count; i++)
        *vector_add(arena, &set->items) = *told[i].verdict;
    arena_free(scratch);
}
