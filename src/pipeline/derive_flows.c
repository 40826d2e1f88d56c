#include "pipeline/derive_flows.h"

#include "pipeline/forecast.h"
#include "net/box.h"
#include "rules/intent/intent_flows.h"
#include "rules/reach/own_address.h"

struct deriving {
    struct arena *arena;
    const struct change_now *now;
    struct change_derivation *change;
    struct prefixset held[2]; // private addresses before, by family
};

static void find_held(struct deriving *deriving, const struct estate *before)
{
    struct arena *scratch = arena_new();
    for (int f = 0; f < 2; f++) {
        enum family family = f == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
        VECTOR(struct address_range) ranges = {0};
        for (size_t i = 0; i < before->interfaces.count; i++) {
            struct address own;
            for (size_t a = 0; (own = own_address(before->interfaces.items[i], family, a)).family != 0; a++)
                *vector_add(scratch, &ranges) = (struct address_range){own.bits, own.bits};
        }
        deriving->held[f] = prefixset_from(deriving->arena, ranges.items, ranges.count);
    }
    arena_free(scratch);
}

// Whether some address of it is of an interface that was not there before: only apply tells which one it has.
static bool is_of_new(const struct deriving *deriving, const struct flow_change *one)
{
    struct prefixset held = deriving->held[one->flow.family == FAMILY_IPV6];
    return !prefixset_is_empty(prefixset_subtract(deriving->arena, one->flow.sources, held)) ||
           (one->flow.to != SEGMENT_INTERNET &&
            !prefixset_is_empty(prefixset_subtract(deriving->arena, one->flow.destinations, held)));
}

// Whether two changes may be of one packet, but for its addresses.
static bool is_like(const struct flow_change *a, const struct flow_change *b)
{
    bool outwards = a->flow.to == SEGMENT_INTERNET;
    return a->kind == b->kind && outwards == (b->flow.to == SEGMENT_INTERNET) && a->flow.family == b->flow.family &&
           a->flow.protocol == b->flow.protocol;
}

static box_list box_of(const struct deriving *deriving, const struct flow_change *one)
{
    box_list boxes = {0};
    box_add(deriving->arena, &boxes, one->flow.ports, one->flow.sources, one->flow.destinations);
    return boxes;
}

// The boxes of a change that the other list has not, by address; of interfaces that are new, by segments and ports.
static box_list without(const struct deriving *deriving, const struct flow_change *one,
                        const struct flow_changes *others)
{
    struct arena *arena = deriving->arena;
    box_list left = box_of(deriving, one);
    bool is_new = is_of_new(deriving, one);
    for (size_t i = 0; i < others->items.count && left.count > 0; i++) {
        const struct flow_change *other = &others->items.items[i];
        if (!is_like(one, other))
            continue;
        struct box box = {other->flow.ports, other->flow.sources, other->flow.destinations};
        if (is_new && strcmp(one->from_name, other->from_name) == 0 && strcmp(one->to_name, other->to_name) == 0)
            box = (struct box){other->flow.ports, one->flow.sources, one->flow.destinations};
        left = boxes_without(arena, &left, &box);
    }
    return left;
}

static void add(struct deriving *deriving, const struct flow_change *of, const struct box *box,
                enum movement_meaning meaning, const char *why)
{
    struct flow_change *one = vector_add(deriving->arena, &deriving->change->flows->items);
    *one = *of;
    one->flow = *intent_flow_of(deriving->arena, &of->flow, box);
    one->meaning = meaning;
    one->why = why;
    one->severity = why == NULL ? SEVERITY_INFO : SEVERITY_HIGH;
}

// What was meant, unless the intent forbids it.
static void add_meant(struct deriving *deriving, const struct flow_change *of, const struct box *box)
{
    struct arena *arena = deriving->arena;
    const struct intent *intent = deriving->now->intent;
    bool opens = of->kind == CHANGE_OPENED || (of->kind == CHANGE_ALTERED && of->flow.certainty == CERTAINTY_EXACT);
    if (intent == NULL || !opens || !intent_has_flows(intent)) {
        add(deriving, of, box, MOVEMENT_MEANT, NULL);
        return;
    }
    flow_parts parts = intent_flow_parts(arena, intent, deriving->now->declared->estate, deriving->now->today,
                                         intent_flow_of(arena, &of->flow, box));
    for (size_t i = 0; i < parts.count; i++) {
        const struct intent_rule *rule = parts.items[i].rule;
        bool forbidden = rule != NULL && !rule->allow;
        add(deriving, of, &parts.items[i].box, forbidden ? MOVEMENT_NOT_MEANT : MOVEMENT_MEANT,
            forbidden ? arena_printf(arena, "unplanned: the intent's rule %s forbids it", rule->id) : NULL);
    }
}

void derive_flows(struct arena *arena, const struct change_now *now, const struct side *before,
                  const struct side *after, const struct side *planned, struct change_derivation *change)
{
    struct deriving deriving = {.arena = arena, .now = now, .change = change};
    struct segments_question question = intent_segments(arena, now->intent);
    if (!estate_has_network(before->estate) || !estate_has_network(after->estate))
        return;
    change->flows_done = flow_diff_compute(before, after, &question);
    if (planned != NULL)
        change->flows_meant = flow_diff_compute(before, planned, &question);
    change->flows = arena_new_of(arena, struct flow_changes);
    change->flows->by = question.by_text;
    change->flows_are_ruled = now->intent != NULL && intent_has_flows(now->intent);
    find_held(&deriving, before->estate);
    const struct flow_changes *done = &change->flows_done->changes;
    const struct flow_changes *meant = planned == NULL ? NULL : &change->flows_meant->changes;
    for (size_t i = 0; i < done->items.count; i++) {
        const struct flow_change *one = &done->items.items[i];
        box_list fine = box_of(&deriving, one), rest = {0};
        if (meant != NULL)
            rest = without(&deriving, one, meant);
        for (size_t b = 0; b < rest.count; b++) {
            fine = boxes_without(arena, &fine, &rest.items[b]);
            add(&deriving, one, &rest.items[b], MOVEMENT_NOT_MEANT, "unplanned: the plan does not say so");
        }
        for (size_t b = 0; b < fine.count; b++)
            add_meant(&deriving, one, &fine.items[b]);
    }
    for (size_t i = 0; meant != NULL && i < meant->items.count; i++) {
        box_list rest = without(&deriving, &meant->items.items[i], done);
        for (size_t b = 0; b < rest.count; b++)
            add(&deriving, &meant->items.items[i], &rest.items[b], MOVEMENT_NOT_DONE,
                "not-done: planned, and it did not move");
    }
}
