// What in the configuration made flows move: of some packets of a change, what stops them where it is shut beside what
// lets them through where it is open.
#include "rules/reach/flow_diff_parts.h"
#include "rules/reach/own_address.h"

// Packets that are explained of one change: these many interfaces that differ in groups or place on either side, at
// these many ports. They stand for the rest.
enum { MOST_ENDS = 6, MOST_PORTS = 3, MOST_CAUSES = 8 };

static const char *address_key(struct arena *arena, const char *vpc_id, struct address address)
{
    char text[ADDRESS_TEXT];
    address_format(address, text);
    return arena_printf(arena, "%s|%s", vpc_id, text);
}

void flow_side_index(struct arena *arena, struct flow_side *side)
{
    const struct estate *estate = side->side->estate;
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        const char *vpc_id = one->place->vpc_id;
        struct flow_members *members = map_get(&side->by_vpc, vpc_id);
        if (members == NULL) {
            members = arena_new_of(arena, struct flow_members);
            map_put(arena, &side->by_vpc, vpc_id, members);
            map_put(arena, &side->places, vpc_id, (void *)(uintptr_t)one->place);
        }
        *vector_add(arena, &members->items) = one;
    }
}

// ---- Ends

// One end of a packet: an interface and an address of it, or an address outside.
struct end {
    const struct network_interface *interface;
    struct address address;
};
struct ends {
    size_t count;
    struct end items[MOST_ENDS];
};

static bool is_like(const struct ends *ends, const struct network_interface *interface)
{
    for (size_t i = 0; i < ends->count; i++)
        if (ends->items[i].interface->groups == interface->groups &&
            ends->items[i].interface->place == interface->place)
            return true;
    return false;
}

static struct ends ends_of(const struct flow_side *side, const char *vpc_id, enum family family, struct prefixset set)
{
    const struct flow_members *members = map_get(&side->by_vpc, vpc_id);
    struct ends ends = {0};
    for (size_t i = 0; members != NULL && i < members->items.count && ends.count < MOST_ENDS; i++) {
        const struct network_interface *one = members->items.items[i];
        struct address own;
        if (is_like(&ends, one))
            continue;
        for (size_t a = 0; (own = own_address(one, family, a)).family != 0; a++)
            if (prefixset_holds(set, own.bits)) {
                ends.items[ends.count++] = (struct end){one, own};
                break;
            }
    }
    return ends;
}

static struct ends outside(enum family family, struct prefixset set)
{
    struct ends ends = {.count = 1, .items = {{.address = {.family = family, .bits = set.ranges[0].low}}}};
    if (set.count > 1 && !prefixset_reads_as_internet(family, set)) // one stands for the internet at large
        ends.items[ends.count++].address = (struct address){.family = family, .bits = set.ranges[set.count - 1].low};
    return ends;
}

static void index_addresses(struct arena *arena, struct flow_side *side)
{
    const struct estate *estate = side->side->estate;
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        struct address own;
        for (int f = 0; f < 2; f++)
            for (size_t a = 0; (own = own_address(one, f == 0 ? FAMILY_IPV4 : FAMILY_IPV6, a)).family != 0; a++)
                map_put(arena, &side->interfaces, address_key(arena, one->place->vpc_id, own), (void *)(uintptr_t)one);
    }
}

// Whoever has an end's address on the other side, by the VPC's name there; NULL: nobody.
static const struct network_interface *counterpart(struct flow_comparison *comparison, int open, const struct end *end)
{
    const struct flow_side *from = &comparison->sides[open], *to = &comparison->sides[!open];
    const char *vpc_id = end->interface->place->vpc_id, *common = map_get(&from->vpc_names, vpc_id);
    common = common == NULL ? vpc_id : common;
    const char *own = map_get(&to->own_names, common);
    return map_get(&to->interfaces, address_key(comparison->arena, own == NULL ? common : own, end->address));
}

// ---- Causes

static void no_segments(void *context, const struct network_interface *interface, segment_numbers *numbers)
{
    (void)context;
    (void)interface;
    (void)numbers;
}

static struct flow_walker *walker_of(struct arena *arena, struct flow_side *side)
{
    if (!side->begun) {
        traffic_begin(&side->traffic, arena, side->side->estate, no_segments, NULL);
        side->walker.traffic = &side->traffic;
        index_addresses(arena, side);
        side->begun = true;
    }
    return &side->walker;
}

static void add_cause(struct arena *arena, reason_list *causes, enum reason_stage stage, const char *id,
                      const char *text)
{
    for (size_t i = 0; i < causes->count; i++)
        if (strcmp(causes->items[i]->text, text) == 0)
            return;
    if (causes->count < MOST_CAUSES)
        *vector_add(arena, causes) = reason_says(arena, stage, id, text);
}

static const struct flow_hop *hop_of(const flow_hops *hops, const char *words)
{
    for (size_t i = 0; i < hops->count; i++)
        if (strcmp(hops->items[i].words, words) == 0)
            return &hops->items[i];
    return NULL;
}

static bool differs(enum change_kind kind, const struct flow_hop *shut, const struct flow_hop *open)
{
    return kind == CHANGE_ALTERED ? open != NULL && shut->result != open->result : shut->result == HOP_STOP;
}

// Of two walks of one packet, the stages that differ. What let it through is named by its id where it came or went;
// else what stops it is.
static void compare_walks(struct arena *arena, enum change_kind kind, const flow_hops *shut, const flow_hops *open,
                          reason_list *causes)
{
    for (size_t i = 0; i < shut->count; i++) {
        const struct flow_hop *stop = &shut->items[i], *pass = hop_of(open, stop->words);
        if (!differs(kind, stop, pass))
            continue;
        bool passes = pass != NULL && pass->result != HOP_STOP && pass->text != NULL && pass->text[0] != '\0';
        const char *lets = passes ? pass->text : "nothing in the way";
        const char *now = kind == CHANGE_CLOSED ? stop->text : lets, *then = kind == CHANGE_CLOSED ? lets : stop->text;
        const struct flow_hop *named = pass != NULL && pass->reasons.count > 0 ? pass : stop;
        if (kind == CHANGE_CLOSED && stop->reasons.count > 0 && stop->reasons.items[0]->stage != REASON_GROUP)
            named = stop;
        const struct reason *first = named->reasons.count > 0 ? named->reasons.items[0] : NULL;
        add_cause(arena, causes, first == NULL ? REASON_UNTOLD : first->stage,
                  first == NULL ? NULL : reason_id(arena, first),
                  arena_printf(arena, "%s: %s (before: %s)", stop->words, now, then));
    }
}

static void ask(struct flow_comparison *comparison, int open, struct flow_change *change, const struct end *source,
                const struct end *target, uint16_t number)
{
    struct arena *arena = comparison->arena;
    const struct end *ends[] = {source, target};
    const struct network_interface *others[2] = {NULL, NULL};
    struct flow_walker *walkers[2];
    for (int side = 0; side < 2; side++)
        walkers[side] = walker_of(arena, &comparison->sides[side]);
    for (int i = 0; i < 2; i++) {
        if (ends[i]->interface == NULL)
            continue;
        others[i] = counterpart(comparison, open, ends[i]);
        if (others[i] != NULL)
            continue;
        const struct network_interface *own = ends[i]->interface;
        char address[ADDRESS_TEXT];
        address_format(ends[i]->address, address);
        add_cause(arena, &change->causes, REASON_HOST, own->id,
                  arena_printf(arena, "%s (%s) is %s", own->id, address, open == 1 ? "new" : "gone"));
        return;
    }
    struct flow_packet packet = {.from = source->interface,
                                 .source = source->address,
                                 .to = target->interface,
                                 .destination = target->address,
                                 .protocol = change->flow.protocol,
                                 .number = number,
                                 .client_ports = change->flow.client_ports,
                                 .flow = &change->flow};
    flow_hops opens = {0}, shuts = {0};
    flow_walk(walkers[open], &packet, &opens);
    packet.from = others[0];
    packet.to = others[1];
    packet.flow = change->kind == CHANGE_ALTERED ? packet.flow : NULL;
    flow_walk(walkers[!open], &packet, &shuts);
    compare_walks(arena, change->kind, &shuts, &opens, &change->causes);
}

void flow_change_causes(struct flow_comparison *comparison, struct flow_change *change)
{
    const struct flow *flow = &change->flow;
    int open = change->kind != CHANGE_CLOSED;
    const struct flow_side *side = &comparison->sides[open];
    bool outwards = flow->to == SEGMENT_INTERNET;
    struct ends sources = ends_of(side, flow->from_vpc, flow->family, flow->sources);
    struct ends targets = outwards ? outside(flow->family, flow->destinations)
                                   : ends_of(side, flow->to_vpc, flow->family, flow->destinations);
    for (size_t s = 0; s < sources.count; s++)
        for (size_t t = 0; t < targets.count; t++)
            for (size_t p = 0; p < flow->ports.count && p < MOST_PORTS; p++)
                if (sources.items[s].interface != targets.items[t].interface)
                    ask(comparison, open, change, &sources.items[s], &targets.items[t], flow->ports.ranges[p].low);
    if (change->causes.count == 0 && change->kind != CHANGE_CLOSED)
        reason_add_all(comparison->arena, &change->causes,
                       flow->certainty == CERTAINTY_EXACT ? &flow->because : &flow->via);
}
