// NAT gateways on the way out: a gateway lies in a subnet of its own, whose ACL both its sides pass, and whose table
// leads on. No group applies to it.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html
#include "model/protocol.h"
#include "rules/reach/outbound.h"

// "A NAT gateway uses ports 1024–65535": nat-gateway-basics.html
enum { NAT_LOW = 1024 };

struct translation {
    const struct departure *departure;
    const struct way *way; // to the gateway
    const struct nat_gateway *nat;
    struct ground *own;
    const struct ground_passage *passage;
    reason_list doubts; // of the gateway and its subnet
};

static const struct reason *doubtful(const struct departure *departure, const char *id, const char *text)
{
    struct arena *arena = departure->traffic->arena;
    return reason_doubt(arena, REASON_ROUTE, id, settle_by_call(arena, KIND_NAT_GATEWAYS, id), text);
}

// By a gateway of which it is not known where it leads.
static void leave_unmodelled(const struct departure *departure, const struct way *way, const struct reason *doubt)
{
    struct way doubted = *way;
    memset(&doubted.doubts, 0, sizeof(doubted.doubts));
    reason_add_all(departure->scratch, &doubted.doubts, &way->doubts);
    reason_add(departure->scratch, &doubted.doubts, doubt);
    struct half half = departure_half(departure, &doubted);
    departure_meet_any(departure, &half, departure->party->addresses);
}

// (number, destination) pairs that pass the ACL of its subnet out, and whose replies pass it in to its ports: to each
// of them, or to some, which the gateway may take or not.
static struct portmap passes_beyond(const struct translation *translation, bool to_each)
{
    struct arena *arena = translation->departure->scratch;
    const struct ground_passage *passage = translation->passage;
    struct portmap all = portmap_empty;
    for (size_t i = 0; i < passage->asks.count; i++) {
        const struct ground_replies *one = &passage->asks.items[i];
        struct portset ports = portset_of(arena, NAT_LOW, PORT_LAST);
        struct portset own = portset_intersect(arena, one->client_ports, ports);
        if (portset_is_empty(own) || portset_equal(own, ports) != to_each)
            continue;
        struct portmap part = portmap_from_sources(arena, passage->out.allows, one->others);
        all = portmap_union(arena, all, portmap_on_ports(arena, part, one->on));
    }
    return all;
}

static void add_doubts(struct arena *arena, struct half *half, const reason_list *doubts)
{
    for (size_t i = 0; i < half->pieces.count; i++)
        reason_add_all(arena, &half->pieces.items[i].doubts, doubts);
}

static void see_gateway(const struct translation *translation, const struct way *onward, size_t first)
{
    const struct departure *departure = translation->departure;
    for (size_t i = first; i < departure->flows->count; i++) {
        struct flow *flow = &departure->flows->items[i];
        network_acl_because(departure->scratch, &translation->passage->out, flow->ports, flow->destinations,
                            &flow->because);
        if (onward->reason != NULL)
            *vector_add(departure->scratch, &flow->because) = onward->reason;
        for (size_t a = 0; a < translation->nat->addresses.count; a++)
            if (translation->nat->addresses.items[a].public_address.family != 0)
                *vector_add(departure->scratch, &flow->seen) = (struct seen_address){
                    .public_address = prefix_of(translation->nat->addresses.items[a].public_address)};
    }
}

// From the party to the gateway: past the ACL of the gateway's subnet, but for those who lie in it.
static void meet_gateway(const struct translation *translation, const struct half *half, const struct way *onward)
{
    static const struct group_set none = {.key = ""};
    const struct departure *departure = translation->departure;
    struct arena *arena = departure->scratch;
    const struct party *party = departure->party;
    const struct party gateway = {.groups = &none,
                                  .ground = translation->own,
                                  .vpc_id = translation->own->place->vpc_id,
                                  .family = party->family,
                                  .takes = true};
    way_list back = ways_inside(departure->traffic, translation->own, party->family, party->vpc_id);
    struct prefixset beside = prefixset_empty;
    for (size_t i = 0; i < party->subnets.count; i++)
        if (strcmp(party->subnets.items[i].id, translation->nat->subnet_id) == 0)
            beside = party->subnets.items[i].addresses;
    const struct prefixset sources[] = {prefixset_subtract(arena, party->addresses, beside), beside};
    size_t first = departure->flows->count;
    for (int past = 0; past < 2; past++) {
        struct half taken = half_of(departure->traffic, arena, &gateway, false, &departure->outside, &back,
                                    departure->protocol, past == 1);
        taken.groups = NULL;
        departure_meet(departure, half, &taken, sources[past]);
    }
    see_gateway(translation, onward, first);
}

static void go_on(const struct translation *translation, struct portmap beyond, const struct way *onward)
{
    const struct departure *departure = translation->departure;
    struct arena *arena = departure->scratch;
    const struct nat_gateway *nat = translation->nat;
    bool leaves = onward->kind == FLOW_INTERNET_GATEWAY;
    if (leaves && (nat->connectivity == NAT_PRIVATE || translation->own->exit.state == GATE_SHUT))
        return; // an internet gateway drops what has no public address
    if (onward->kind == FLOW_NAT && text_same(onward->by, nat->id))
        return; // made in a private subnet, it leads to itself, and nothing leaves
    reason_list doubts = {0};
    reason_add_all(arena, &doubts, &translation->doubts);
    reason_add_all(arena, &doubts, &onward->doubts);
    if (leaves)
        reason_add_all(arena, &doubts, &translation->own->exit.doubts);
    if (leaves && nat->connectivity == NAT_UNSURE)
        reason_add(
            arena, &doubts,
            doubtful(departure, nat->id,
                     arena_printf(departure->traffic->arena, "whether %s is a public one is not told", nat->id)));
    if (onward->kind == FLOW_NAT)
        reason_add(arena, &doubts,
                   reason_doubt(departure->traffic->arena, REASON_ROUTE, nat->id, settle_by_probe,
                                arena_printf(departure->traffic->arena,
                                             "%s leads to another NAT gateway, %s: that is not modelled", nat->id,
                                             onward->by)));
    struct way *part = arena_new_of(arena, struct way);
    *part = *translation->way;
    part->others = prefixset_intersect(arena, part->others, onward->others);
    struct half half = departure_half(departure, part);
    for (size_t i = 0; i < half.pieces.count; i++)
        half.pieces.items[i].map = portmap_intersect(arena, half.pieces.items[i].map, beyond);
    add_doubts(arena, &half, &doubts);
    meet_gateway(translation, &half, onward);
}

static const struct reason *some_ports(const struct translation *translation)
{
    struct arena *arena = translation->departure->traffic->arena;
    const struct network_acl *acl = translation->own->acl;
    return reason_doubt(arena, REASON_ACL_IN, acl == NULL ? NULL : acl->id, settle_by_probe,
                        arena_printf(arena, "the network ACL of its subnet lets replies in to some of the ports of %s",
                                     translation->nat->id));
}

// "NAT gateways support TCP, UDP, and ICMP".
static bool translates(int protocol)
{
    return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_ICMP;
}

void outbound_by_nat(const struct departure *departure, const struct way *way)
{
    struct traffic *traffic = departure->traffic;
    const struct nat_gateway *nat = map_get(&traffic->estate->nat_gateways, way->by);
    struct translation translation = {.departure = departure, .way = way, .nat = nat};
    if ((nat != NULL && nat->presence == PRESENCE_NO) ||
        (departure->party->family == FAMILY_IPV4 && !translates(departure->protocol)))
        return;
    if (nat == NULL) {
        leave_unmodelled(departure, way,
                         ground_lacks(traffic, departure->party->ground, KIND_NAT_GATEWAYS, way->by,
                                      arena_printf(traffic->arena, "missing: NAT gateway %s", way->by)));
        return;
    }
    if (nat->regional || !nat->mode_told || nat->subnet_id == NULL || departure->party->family == FAMILY_IPV6) {
        leave_unmodelled(departure, way,
                         reason_doubt(traffic->arena, REASON_ROUTE, nat->id, settle_by_probe,
                                      arena_printf(traffic->arena, "%s is %s: that is not modelled", nat->id,
                                                   departure->party->family == FAMILY_IPV6
                                                       ? "a NAT gateway that translates IPv6 to IPv4"
                                                       : "a regional NAT gateway, or may be")));
        return;
    }
    translation.own = ground_of_subnet(traffic, nat->subnet_id, nat->vpc_id, departure->party->ground->place);
    translation.passage = ground_passage(traffic, translation.own, departure->party->family, departure->protocol);
    if (nat->presence != PRESENCE_YES || nat->doubt != NULL)
        reason_add(traffic->arena, &translation.doubts,
                   doubtful(departure, nat->id,
                            nat->doubt != NULL ? nat->doubt
                                               : arena_printf(traffic->arena, "the state of %s is not sure", nat->id)));
    if (nat->appliance != NULL)
        reason_add(traffic->arena, &translation.doubts,
                   reason_doubt(traffic->arena, REASON_APPLIANCE, nat->id, settle_by_probe,
                                arena_printf(traffic->arena, "%s inspects what passes %s", nat->appliance, nat->id)));
    reason_add_all(traffic->arena, &translation.doubts, &translation.own->doubts);
    if (translation.own->acl == NULL)
        reason_add(traffic->arena, &translation.doubts, translation.own->acl_missing);
    way_list onward = ways_outside(traffic, translation.own, departure->party->family);
    for (int each = 1; each >= 0; each--) {
        struct portmap beyond = passes_beyond(&translation, each == 1);
        if (each == 0)
            reason_add(traffic->arena, &translation.doubts, some_ports(&translation));
        for (size_t i = 0; i < onward.count && beyond.count > 0; i++)
            go_on(&translation, beyond, &onward.items[i]);
    }
}
