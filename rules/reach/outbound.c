// Outbound: what parties reach on the internet, by each way out of their subnets.
#include "rules/reach/outbound.h"

#include <stdlib.h>

#include "model/protocol.h"

struct half departure_half(const struct departure *departure, const struct way *way)
{
    way_list *one = arena_new_of(departure->scratch, way_list);
    *vector_add(departure->scratch, one) = *way;
    return half_of(departure->traffic, departure->scratch, departure->party, true, &departure->outside, one,
                   departure->protocol, false);
}

void departure_meet(const struct departure *departure, const struct half *half, const struct half *taken,
                    struct prefixset sources)
{
    const struct meeting meeting = {.traffic = departure->traffic,
                                    .arena = departure->scratch,
                                    .from = half,
                                    .to = taken,
                                    .sources = sources,
                                    .destinations = departure->internet,
                                    .like = {.to = SEGMENT_INTERNET,
                                             .from_vpc = departure->party->vpc_id,
                                             .family = departure->party->family,
                                             .protocol = departure->protocol}};
    half_meet(&meeting, departure->flows);
}

void departure_meet_any(const struct departure *departure, const struct half *half, struct prefixset sources)
{
    static const struct way straight = {.kind = FLOW_LOCAL};
    struct half taken = {.asks = false};
    *vector_add(departure->scratch, &taken.pieces) = (struct half_piece){
        .map = portmap_of(departure->scratch, portset_all, prefixset_all(departure->scratch, departure->party->family)),
        .client_ports = portset_all,
        .way = &straight};
    departure_meet(departure, half, &taken, sources);
}

// The internet sees an interface's own public address.
static void see_own(const struct departure *departure, size_t first)
{
    for (size_t i = first; i < departure->flows->count; i++) {
        struct flow *flow = &departure->flows->items[i];
        memset(&flow->seen, 0, sizeof(flow->seen));
        for (size_t s = 0; s < departure->party->seen.count; s++)
            if (prefixset_holds(flow->sources, departure->party->seen.items[s].private_address.bits))
                *vector_add(departure->scratch, &flow->seen) = departure->party->seen.items[s];
    }
}

// Block Public Access stops what passes a gateway of the VPC.
// https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html
static void by_gateway(const struct departure *departure, const struct way *way)
{
    const struct gate *exit = &departure->party->ground->exit;
    const struct party *party = departure->party;
    if (exit->state == GATE_SHUT)
        return;
    struct way doubted = *way;
    memset(&doubted.doubts, 0, sizeof(doubted.doubts));
    reason_add_all(departure->scratch, &doubted.doubts, &way->doubts);
    reason_add_all(departure->scratch, &doubted.doubts, &exit->doubts);
    struct half half = departure_half(departure, &doubted);
    size_t first = departure->flows->count;
    bool translated = way->kind == FLOW_INTERNET_GATEWAY && party->family == FAMILY_IPV4;
    departure_meet_any(departure, &half, translated ? party->has_public : party->addresses);
    if (translated)
        see_own(departure, first);
    if (translated && party->ground->translates != NULL) {
        reason_add(departure->scratch, &doubted.doubts, party->ground->translates);
        half = departure_half(departure, &doubted);
        departure_meet_any(departure, &half,
                           prefixset_subtract(departure->scratch, party->addresses, party->has_public));
    }
}

static void depart(struct departure *departure, const way_list *ways)
{
    for (size_t i = 0; i < ways->count; i++) {
        const struct way *way = &ways->items[i];
        if (way->kind == FLOW_INTERNET_GATEWAY || way->kind == FLOW_EGRESS_ONLY) {
            by_gateway(departure, way);
        } else if (way->kind == FLOW_NAT) {
            outbound_by_nat(departure, way);
        } else {
            struct half half = departure_half(departure, way);
            departure_meet_any(departure, &half, departure->party->addresses);
        }
    }
}

static void add_flows(struct segment_set *set, const struct party *party, const flow_list *made, struct arena *scratch,
                      flow_list *all)
{
    for (size_t i = 0; i < made->count; i++)
        for (size_t s = 0; s < party->segments.count; s++) {
            if (!set->segments.items[party->segments.items[s]].asks)
                continue;
            struct flow *flow = vector_add(scratch, all);
            *flow = made->items[i];
            flow->from = party->segments.items[s];
        }
}

static bool is_asked(const struct segment_set *set, const struct party *party)
{
    bool asks = false;
    for (size_t s = 0; s < party->segments.count; s++)
        asks = asks || set->segments.items[party->segments.items[s]].asks;
    return asks && party->sends;
}

void outbound_compute(struct traffic *traffic, struct segment_set *set)
{
    struct arena *scratch = arena_new();
    struct map ways[2] = {0}; // struct ground -> way_list
    flow_list all = {0};
    for (size_t i = 0; i < traffic->parties.count; i++) {
        const struct party *party = traffic->parties.items[i];
        struct map *known = &ways[party->family == FAMILY_IPV6];
        if (!is_asked(set, party))
            continue;
        way_list *own = map_get_pointer(known, party->ground);
        if (own == NULL) {
            own = arena_new_of(scratch, way_list);
            *own = ways_outside(traffic, party->ground, party->family);
            map_put_pointer(scratch, known, party->ground, own);
        }
        flow_list made = {0};
        struct departure departure = {.traffic = traffic,
                                      .scratch = scratch,
                                      .party = party,
                                      .outside = {.key = "internet"},
                                      .internet = prefixset_internet(scratch, party->family),
                                      .flows = &made};
        for (size_t p = 0; p < traffic->protocols.count; p++) {
            departure.protocol = traffic->protocols.items[p];
            if (departure.protocol != (party->family == FAMILY_IPV4 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP))
                depart(&departure, own);
        }
        add_flows(set, party, &made, scratch, &all);
    }
    flows_join(set->arena, traffic->sets, &all, &set->outbound);
    for (size_t i = 0; i < set->outbound.count; i++)
        traffic_lacks(traffic, &set->outbound.items[i].via);
    arena_free(scratch);
}
