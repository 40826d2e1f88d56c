#include "rules/reach/half.h"

#include "model/protocol.h"

// What a half is made of.
struct maker {
    struct traffic *traffic;
    struct arena *arena;
    int protocol;
    const struct party *party;
    bool asks;
    bool past_acl;
    struct half *half;
};

static bool is_everything(struct prefixset set, enum family family)
{
    return set.count == 1 && set.ranges[0].low == 0 && set.ranges[0].high == family_last(family);
}

static void add_piece(struct maker *maker, struct portmap admitted, const reason_list *group_doubts,
                      const struct way *way, const struct ground_replies *replies)
{
    struct arena *arena = maker->arena;
    enum family family = maker->party->family;
    struct prefixset others =
        is_everything(replies->others, family) ? way->others : prefixset_intersect(arena, way->others, replies->others);
    if (!is_everything(others, family))
        admitted = portmap_from_sources(arena, admitted, others);
    if (!portset_equal(replies->on, portset_all))
        admitted = portmap_on_ports(arena, admitted, replies->on);
    if (admitted.count == 0)
        return;
    struct half_piece *piece = vector_add(arena, &maker->half->pieces);
    *piece = (struct half_piece){.map = admitted, .client_ports = replies->client_ports, .way = way};
    reason_add_all(arena, &piece->doubts, &maker->party->doubts);
    reason_add_all(arena, &piece->doubts, &maker->party->ground->doubts);
    if (!maker->past_acl && maker->party->ground->acl == NULL)
        reason_add(arena, &piece->doubts, maker->party->ground->acl_missing);
    reason_add_all(arena, &piece->doubts, &way->doubts);
    way_asks_between(maker->traffic, arena, way, family, maker->protocol, &piece->doubts);
    if (group_doubts != NULL)
        reason_add_all(arena, &piece->doubts, group_doubts);
}

// Where no ACL is asked, replies come whatever the client's port; of ICMP only what asks for one has a reply.
static void add_past_acl(struct maker *maker, struct portmap admitted, const reason_list *group_doubts,
                         const struct way *way, int protocol)
{
    static const uint16_t asking[] = {8, 13, 128};
    struct ground_replies all = {portset_all, prefixset_all(maker->arena, maker->party->family), portset_all};
    if (!protocol_is_icmp(protocol))
        add_piece(maker, admitted, group_doubts, way, &all);
    for (size_t i = 0; protocol_is_icmp(protocol) && i < sizeof(asking) / sizeof(asking[0]); i++) {
        uint16_t first = (uint16_t)(asking[i] << 8);
        all.on = portset_of(maker->arena, first, first | 255);
        if (site_icmp_reply(protocol, first) >= 0)
            add_piece(maker, admitted, group_doubts, way, &all);
    }
}

static void add_layer(struct maker *maker, struct portmap admitted, const reason_list *group_doubts,
                      const way_list *ways, int protocol)
{
    const struct ground_passage *passage = maker->half->passage;
    if (passage != NULL && !passage->open) // of what no way leads to, an ACL may make more pieces than memory holds
        admitted = portmap_intersect(maker->arena, admitted, maker->asks ? passage->out.allows : passage->in.allows);
    for (size_t w = 0; admitted.count > 0 && w < ways->count; w++) {
        const struct way *way = &ways->items[w];
        if (passage == NULL)
            add_past_acl(maker, admitted, group_doubts, way, protocol);
        else if (maker->asks)
            for (size_t r = 0; r < passage->asks.count; r++)
                add_piece(maker, admitted, group_doubts, way, &passage->asks.items[r]);
        else
            for (size_t r = 0; r < passage->answers.count; r++)
                add_piece(maker, admitted, group_doubts, way, &passage->answers.items[r]);
    }
}

struct half half_of(struct traffic *traffic, struct arena *arena, const struct party *party, bool asks,
                    const struct other_side *other, const way_list *ways, int protocol, bool past_acl)
{
    struct half half = {.asks = asks};
    struct maker maker = {traffic, arena, protocol, party, asks, past_acl, &half};
    half.groups = group_claim_of(traffic, party, asks, other, protocol);
    if (!past_acl)
        half.passage = ground_passage(traffic, party->ground, party->family, protocol);
    struct prefixset led = prefixset_empty; // the addresses that any way leads to
    for (size_t w = 0; w < ways->count; w++)
        led = prefixset_union(arena, led, ways->items[w].others);
    add_layer(&maker, portmap_from_sources(arena, half.groups->must, led), NULL, ways, protocol);
    add_layer(&maker, portmap_from_sources(arena, half.groups->extra, led), &half.groups->doubts, ways, protocol);
    return half;
}

struct half half_resent(struct traffic *traffic, struct arena *arena, const struct party *party,
                        const struct other_side *other, const way_list *back, int protocol, bool past_acl,
                        struct prefixset by)
{
    static const struct way straight = {.kind = FLOW_UNMODELLED};
    struct way *any = arena_new_of(arena, struct way);
    way_list every = {0};
    *any = straight;
    any->others = prefixset_all(arena, party->family);
    *vector_add(arena, &every) = *any;
    struct half half = half_of(traffic, arena, party, false, other, back != NULL ? back : &every, protocol, past_acl);
    size_t kept = 0;
    for (size_t i = 0; i < half.pieces.count; i++) {
        struct half_piece *piece = &half.pieces.items[i];
        struct portmap seen = portmap_from_sources(arena, piece->map, by);
        struct portset numbers = portset_empty;
        for (size_t s = 0; s < seen.count; s++)
            numbers = portset_union(arena, numbers, portset_of(arena, seen.segments[s].low, seen.segments[s].high));
        if (portset_is_empty(numbers))
            continue;
        piece->map = portmap_of(arena, numbers, any->others);
        piece->client_ports = portset_all; // whatever sends it on takes a port of its own
        piece->way = back != NULL ? piece->way : any;
        half.pieces.items[kept++] = *piece;
    }
    half.pieces.count = (uint32_t)kept;
    half.resent = by;
    return half;
}

struct half half_sent_on(struct traffic *traffic, struct arena *arena, const struct half *half, struct prefixset by)
{
    struct half part = {.asks = true, .groups = half->groups, .passage = half->passage};
    for (size_t i = 0; i < half->pieces.count; i++) {
        const struct half_piece *piece = &half->pieces.items[i];
        const char *what = piece->way->by;
        if (!prefixset_equal(piece->way->resent, by))
            continue;
        struct half_piece *own = vector_add(arena, &part.pieces);
        *own = *piece;
        memset(&own->doubts, 0, sizeof(own->doubts));
        reason_add_all(arena, &own->doubts, &piece->doubts);
        if (what != NULL)
            reason_add(arena, &own->doubts,
                       reason_doubt(traffic->arena, REASON_APPLIANCE, what, settle_by_probe,
                                    arena_printf(traffic->arena, "%s may send it on by an address of its own", what)));
    }
    return part;
}

void half_because(struct arena *arena, const struct half *half, const struct way *way, struct portset numbers,
                  struct prefixset others, reason_list *because)
{
    if (half->groups != NULL)
        group_claim_because(arena, half->groups, numbers, others, because);
    if (half->passage != NULL)
        network_acl_because(arena, half->asks ? &half->passage->out : &half->passage->in, numbers, others, because);
    if (way != NULL && way->reason != NULL)
        *vector_add(arena, because) = way->reason;
}

// The part of `set` in `of`, where one of them is often all of the other.
static struct prefixset part_of(struct arena *arena, struct prefixset set, struct prefixset of)
{
    if (set.count == 0 || of.count == 0 || set.ranges[set.count - 1].high < of.ranges[0].low ||
        of.ranges[of.count - 1].high < set.ranges[0].low)
        return prefixset_empty;
    if (set.count == 1 && set.ranges[0].low <= of.ranges[0].low && of.ranges[of.count - 1].high <= set.ranges[0].high)
        return of;
    return prefixset_intersect(arena, set, of);
}

static void add_flow(const struct meeting *meeting, const struct half_piece *from, const struct half_piece *to,
                     struct portset client_ports, struct portset numbers, struct prefixset sources,
                     struct prefixset destinations, flow_list *flows)
{
    struct arena *arena = meeting->arena;
    struct flow flow = meeting->like;
    flow.way = from->way->kind;
    flow.by = from->way->kind == FLOW_LOCAL ? NULL : from->way->by;
    flow.ports = numbers;
    flow.sources = sources;
    flow.destinations = destinations;
    flow.client_ports = client_ports;
    reason_add_all(arena, &flow.via, &from->doubts);
    reason_add_all(arena, &flow.via, &to->doubts);
    flow.certainty = flow.via.count == 0 ? CERTAINTY_EXACT : CERTAINTY_POSSIBLE;
    half_because(arena, meeting->from, from->way, numbers, destinations, &flow.because);
    half_because(arena, meeting->to, to->way, numbers,
                 prefixset_is_empty(meeting->to->resent) ? sources : meeting->to->resent, &flow.because);
    *vector_add(arena, flows) = flow;
}

static void meet_pieces(const struct meeting *meeting, const struct half_piece *from, const struct half_piece *to,
                        flow_list *flows)
{
    struct arena *arena = meeting->arena;
    struct portset client_ports = portset_equal(from->client_ports, portset_all) ? to->client_ports
                                  : portset_equal(to->client_ports, portset_all)
                                      ? from->client_ports
                                      : portset_intersect(arena, from->client_ports, to->client_ports);
    if (portset_is_empty(client_ports))
        return;
    for (size_t i = 0, k = 0; i < from->map.count && k < to->map.count;) {
        const struct port_segment *a = &from->map.segments[i], *b = &to->map.segments[k];
        uint16_t low = a->low > b->low ? a->low : b->low, high = a->high < b->high ? a->high : b->high;
        if (low <= high) {
            struct prefixset sources = part_of(arena, b->sources, meeting->sources);
            struct prefixset destinations =
                sources.count == 0 ? prefixset_empty : part_of(arena, a->sources, meeting->destinations);
            if (destinations.count > 0)
                add_flow(meeting, from, to, client_ports, portset_of(arena, low, high), sources, destinations, flows);
        }
        if (a->high < b->high)
            i++;
        else
            k++;
    }
}

void half_meet(const struct meeting *meeting, flow_list *flows)
{
    for (size_t i = 0; i < meeting->from->pieces.count; i++)
        for (size_t k = 0; k < meeting->to->pieces.count; k++)
            meet_pieces(meeting, &meeting->from->pieces.items[i], &meeting->to->pieces.items[k], flows);
}
