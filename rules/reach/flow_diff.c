#include <stdlib.h>

#include "model/protocol.h"
#include "net/box.h"
#include "rules/reach/comparison.h"
#include "rules/reach/flow_diff_parts.h"
#include "rules/reach/half.h"

// A flow of one side as both sides name its place.
struct row {
    const struct flow *flow;
    const char *pair; // "FROM|TO": its segments
    int protocol;
    struct box box;
};
typedef VECTOR(struct row) row_list;

// What is compared with each other: flows between two VPCs, or outwards, of one family and protocol.
struct flow_lane {
    row_list rows[2]; // ascending by pair, then exact ones first
    bool outwards;
};

static struct box box_of(const struct flow *flow)
{
    return (struct box){flow->ports, flow->sources, flow->destinations};
}

// ---- VPCs

static const char *blocks_of(struct arena *arena, const struct vpc *vpc)
{
    const char *text = "";
    VECTOR(struct address_range) ranges = {0};
    for (size_t i = 0; i < vpc->ipv4_blocks.count; i++)
        *vector_add(arena, &ranges) =
            (struct address_range){vpc->ipv4_blocks.items[i].first, prefix_last(vpc->ipv4_blocks.items[i])};
    struct prefixset set = prefixset_from(arena, ranges.items, ranges.count);
    for (size_t i = 0; i < set.count; i++)
        text = arena_printf(arena, "%s|%llx-%llx", text, (unsigned long long)set.ranges[i].low,
                            (unsigned long long)set.ranges[i].high);
    return text;
}

// VPCs with these blocks that the other side has not by their id; NULL where there are several.
static struct map strangers_of(struct arena *arena, const struct estate *estate, const struct estate *other)
{
    static const char several[] = "";
    struct map strangers = {0};
    map_slots vpcs = map_sorted(arena, &estate->vpcs);
    for (size_t i = 0; i < vpcs.count; i++) {
        const struct vpc *vpc = vpcs.items[i]->value;
        if (map_get(&other->vpcs, vpc->id) != NULL || vpc->ipv4_blocks.count == 0)
            continue;
        const char *blocks = blocks_of(arena, vpc);
        bool known = map_get(&strangers, blocks) != NULL;
        map_put(arena, &strangers, blocks, (void *)(uintptr_t)(known ? several : vpc->id));
    }
    return strangers;
}

static void match_vpcs(struct flow_comparison *comparison)
{
    struct arena *arena = comparison->arena;
    struct flow_side *before = &comparison->sides[0], *after = &comparison->sides[1];
    struct map gone = strangers_of(arena, before->side->estate, after->side->estate);
    struct map came = strangers_of(arena, after->side->estate, before->side->estate);
    map_slots slots = map_sorted(arena, &came);
    for (size_t i = 0; i < slots.count; i++) {
        const char *own = slots.items[i]->value, *old = map_get(&gone, slots.items[i]->key);
        if (old == NULL || own[0] == '\0' || old[0] == '\0')
            continue;
        map_put(arena, &after->vpc_names, own, (void *)(uintptr_t)old);
        map_put(arena, &after->own_names, old, (void *)(uintptr_t)own);
    }
}

static const char *common_name(const struct flow_side *side, const char *vpc_id)
{
    const char *name = vpc_id == NULL ? NULL : map_get(&side->vpc_names, vpc_id);
    return name == NULL ? vpc_id : name;
}

// ---- Lanes

static bool is_named(const struct segment_set *set, int protocol)
{
    for (size_t i = 0; i < set->named_protocols.count; i++)
        if (set->named_protocols.items[i] == protocol)
            return true;
    return protocol == PROTOCOL_UNNAMED;
}

static void add_row(struct flow_comparison *comparison, struct map *lanes, int number, const struct flow *flow,
                    int protocol)
{
    struct arena *arena = comparison->arena;
    const struct flow_side *side = &comparison->sides[number];
    bool outwards = flow->to == SEGMENT_INTERNET;
    const char *key = arena_printf(arena, "%d|%s|%s|%d|%03d", outwards, common_name(side, flow->from_vpc),
                                   outwards ? "" : common_name(side, flow->to_vpc), (int)flow->family, protocol);
    struct flow_lane *lane = map_get(lanes, key);
    if (lane == NULL) {
        lane = arena_new_of(arena, struct flow_lane);
        lane->outwards = outwards;
        map_put(arena, lanes, key, lane);
    }
    const char *from = side->set->segments.items[flow->from].id;
    const char *to = outwards ? "" : side->set->segments.items[flow->to].id;
    *vector_add(arena, &lane->rows[number]) =
        (struct row){flow, arena_printf(arena, "%s|%s", from, to), protocol, box_of(flow)};
}

// A flow of protocols that no rule of its side names is one of each that the other side names, too.
static void add_rows(struct flow_comparison *comparison, struct map *lanes, int number, const flow_list *flows)
{
    const struct segment_set *own = comparison->sides[number].set, *other = comparison->sides[!number].set;
    for (size_t i = 0; i < flows->count; i++) {
        const struct flow *flow = &flows->items[i];
        add_row(comparison, lanes, number, flow, flow->protocol);
        for (size_t p = 0; flow->protocol == PROTOCOL_UNNAMED && p < other->named_protocols.count; p++)
            if (!is_named(own, other->named_protocols.items[p]))
                add_row(comparison, lanes, number, flow, other->named_protocols.items[p]);
    }
}

static int by_pair(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    int order = strcmp(a->pair, b->pair);
    order = order != 0 ? order : (int)a->flow->certainty - (int)b->flow->certainty;
    return order != 0 ? order : (a->flow > b->flow) - (a->flow < b->flow);
}

static size_t first_of_pair(const row_list *rows, const char *pair)
{
    size_t low = 0, high = rows->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(rows->items[middle].pair, pair) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// ---- Boxes

enum { EXACT = 1, POSSIBLE = 2, ANY = 3 };

static bool is_meant(const struct row *row, int which)
{
    return (row->flow->certainty == CERTAINTY_EXACT ? EXACT : POSSIBLE) & which;
}

// What rows of one pair of segments leave of the boxes; most of what stays as it was is gone after these.
static box_list without_pair(struct arena *arena, box_list boxes, const row_list *rows, const char *pair, int which)
{
    for (size_t i = first_of_pair(rows, pair);
         boxes.count > 0 && i < rows->count && strcmp(rows->items[i].pair, pair) == 0; i++)
        if (is_meant(&rows->items[i], which))
            boxes = boxes_without(arena, &boxes, &rows->items[i].box);
    return boxes;
}

static bool may_overlap(struct prefixset a, struct prefixset b)
{
    return a.ranges[0].low <= b.ranges[b.count - 1].high && b.ranges[0].low <= a.ranges[a.count - 1].high;
}

static box_list without(struct arena *arena, box_list boxes, const row_list *rows, const struct row *own, int which)
{
    boxes = without_pair(arena, boxes, rows, own->pair, which);
    for (size_t i = 0; boxes.count > 0 && i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        if (is_meant(row, which) && may_overlap(row->box.sources, own->box.sources) &&
            may_overlap(row->box.destinations, own->box.destinations))
            boxes = boxes_without(arena, &boxes, &row->box);
    }
    return boxes;
}

static box_list less(struct arena *arena, box_list boxes, const box_list *taken)
{
    for (size_t i = 0; i < taken->count; i++)
        boxes = boxes_without(arena, &boxes, &taken->items[i]);
    return boxes;
}

static void add_flows(struct arena *arena, const struct row *row, const box_list *boxes, flow_list *into)
{
    for (size_t i = 0; i < boxes->count; i++) {
        struct flow *flow = vector_add(arena, into);
        *flow = *row->flow;
        flow->protocol = row->protocol;
        flow->ports = boxes->items[i].ports;
        flow->sources = boxes->items[i].sources;
        flow->destinations = boxes->items[i].destinations;
        memset(&flow->seen, 0, sizeof(flow->seen));
        for (size_t s = 0; s < row->flow->seen.count; s++)
            if (row->flow->seen.items[s].private_address.family == 0 ||
                prefixset_holds(flow->sources, row->flow->seen.items[s].private_address.bits))
                *vector_add(arena, &flow->seen) = row->flow->seen.items[s];
    }
}

// What of one row of `own` is new to `other`: all that it did not hold, and what it did not hold so surely. What is
// altered is told by the later side's rows alone.
static void compare_row(struct arena *arena, const row_list *own, const row_list *other, const struct row *row,
                        flow_list *moved, flow_list *altered)
{
    bool exact = row->flow->certainty == CERTAINTY_EXACT;
    box_list all = {0};
    *vector_add(arena, &all) = row->box;
    if (!exact)
        all = without_pair(arena, all, own, row->pair, EXACT);
    box_list not_sure = without(arena, all, other, row, EXACT);
    box_list fresh = without(arena, not_sure, other, row, POSSIBLE);
    add_flows(arena, row, &fresh, moved);
    if (altered == NULL)
        return;
    box_list other_now = exact ? less(arena, not_sure, &fresh) : less(arena, all, &not_sure);
    if (!exact) // an interface may be in several segments
        other_now = without(arena, other_now, own, row, EXACT);
    add_flows(arena, row, &other_now, altered);
}

// ---- Changes

static bool knows(struct flow_comparison *comparison, int open, const char *vpc_id)
{
    struct arena *arena = comparison->arena;
    const struct side *shut = comparison->sides[!open].side;
    const struct interface_place *place = map_get(&comparison->sides[open].places, vpc_id);
    if (place == NULL || comparison->sides[0].side->planned || comparison->sides[1].side->planned ||
        comparison_knows_interfaces(shut->estate, place))
        return true;
    const struct lack *lack =
        estate_lack(shut->estate, arena, KIND_NETWORK_INTERFACES, place->account_id, place->region);
    text_list_add(arena, &comparison->difference->unknown,
                  arena_printf(arena, "not known %s, of %s/%s: %s", open == 1 ? "before" : "after", place->account_id,
                               place->region, lack == NULL ? kind_name(KIND_NETWORK_INTERFACES) : lack->text));
    return false;
}

static const char *label(struct arena *arena, const struct segment_set *set, uint32_t number)
{
    const struct segment *segment = &set->segments.items[number];
    if (segment->name == NULL || segment->name[0] == '\0')
        return segment->id;
    return segment->shares_name ? arena_printf(arena, "%s (%s)", segment->name, segment->id) : segment->name;
}

static void tell(struct flow_comparison *comparison, struct prefix_table *sets, flow_list *flows, enum change_kind kind)
{
    int open = kind != CHANGE_CLOSED;
    const struct segment_set *set = comparison->sides[open].set;
    flow_list joined = {0};
    flows_join(comparison->arena, sets, flows, &joined);
    for (size_t i = 0; i < joined.count; i++) {
        const struct flow *flow = &joined.items[i];
        bool outwards = flow->to == SEGMENT_INTERNET;
        if (kind != CHANGE_ALTERED &&
            (!knows(comparison, open, flow->from_vpc) || (!outwards && !knows(comparison, open, flow->to_vpc))))
            continue;
        struct flow_change *change = vector_add(comparison->arena, &comparison->difference->changes.items);
        *change = (struct flow_change){.kind = kind,
                                       .from = set->segments.items[flow->from].id,
                                       .to = outwards ? "internet" : set->segments.items[flow->to].id,
                                       .from_name = label(comparison->arena, set, flow->from),
                                       .to_name = outwards ? "the internet" : label(comparison->arena, set, flow->to),
                                       .flow = *flow,
                                       .severity = SEVERITY_INFO};
        flow_change_causes(comparison, change);
        change->flow.from = 0;
        change->flow.to = outwards ? SEGMENT_INTERNET : 0;
    }
}

static void compare(struct flow_comparison *comparison)
{
    struct arena *arena = comparison->arena, *scratch = arena_new();
    struct map lanes = {0};
    struct prefix_table sets = {.arena = arena};
    flow_list moved[2][3] = {0}; // inside and outwards, by kind
    for (int side = 0; side < 2; side++) {
        add_rows(comparison, &lanes, side, &comparison->sides[side].set->inside);
        add_rows(comparison, &lanes, side, &comparison->sides[side].set->outbound);
    }
    map_slots sorted = map_sorted(arena, &lanes);
    for (size_t l = 0; l < sorted.count; l++) {
        struct flow_lane *lane = sorted.items[l]->value;
        for (int side = 0; side < 2; side++)
            if (lane->rows[side].count > 1)
                qsort(lane->rows[side].items, lane->rows[side].count, sizeof(struct row), by_pair);
        for (int side = 0; side < 2; side++)
            for (size_t i = 0; i < lane->rows[side].count; i++)
                compare_row(scratch, &lane->rows[side], &lane->rows[!side], &lane->rows[side].items[i],
                            &moved[lane->outwards][side == 1 ? CHANGE_OPENED : CHANGE_CLOSED],
                            side == 1 ? &moved[lane->outwards][CHANGE_ALTERED] : NULL);
    }
    for (int outwards = 0; outwards < 2; outwards++)
        for (int kind = CHANGE_OPENED; kind <= CHANGE_ALTERED; kind++)
            tell(comparison, &sets, &moved[outwards][kind], (enum change_kind)kind);
    arena_free(scratch);
}

struct flow_difference *flow_diff_compute(const struct side *before, const struct side *after,
                                          const struct segments_question *question)
{
    struct arena *arena = arena_new();
    struct flow_difference *difference = arena_new_of(arena, struct flow_difference);
    struct flow_comparison comparison = {
        .arena = arena, .sides = {{.side = before}, {.side = after}}, .difference = difference};
    difference->arena = arena;
    difference->changes.by = question->by_text;
    for (int side = 0; side < 2; side++) {
        struct flow_side *one = &comparison.sides[side];
        one->set = segments_compute_in(arena, one->side->estate, question);
        flow_side_index(arena, one);
        for (size_t i = 0; i < one->set->missing.items.count; i++)
            *vector_add(arena, &difference->missing[side]) = one->set->missing.items.items[i].text;
    }
    match_vpcs(&comparison);
    compare(&comparison);
    for (int side = 0; side < 2; side++)
        if (comparison.sides[side].begun)
            arena_free(comparison.sides[side].traffic.scratch);
    return difference;
}

void flow_diff_gaps(struct arena *arena, const struct flow_difference *difference, const char *const sides[2],
                    const text_list *known, text_list *gaps)
{
    struct map told = {0}; // there may be one for each of thousands of things that are lacking
    for (size_t i = 0; i < known->count; i++)
        map_put(arena, &told, known->items[i], &told);
    for (size_t i = 0; i < gaps->count; i++)
        map_put(arena, &told, gaps->items[i], &told);
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < difference->missing[side].count; i++) {
            const char *text = difference->missing[side].items[i];
            if (map_get(&told, text) == NULL)
                text_list_add_new(arena, gaps, &told, arena_printf(arena, "%s: %s", sides[side], text));
        }
    for (size_t i = 0; i < difference->unknown.count; i++)
        text_list_add_new(arena, gaps, &told, difference->unknown.items[i]);
}

void flow_diff_free(struct flow_difference *difference)
{
    if (difference != NULL)
        arena_free(difference->arena);
}
