#include "rules/reach/flow_walk_parts.h"

#include "model/interface_kind.h"
#include "model/protocol.h"

const struct passage_by walk_unmodelled = {FLOW_UNMODELLED, NULL};
static const struct other_side internet = {.key = "internet"};

const char *flow_hop_text(struct arena *arena, const struct flow_hop *hop)
{
    return hop->remedy == NULL ? hop->text : arena_printf(arena, "%s: %s", hop->text, hop->remedy);
}

struct flow_hop *walk_pass(struct walk *walk, const char *words, const reason_list *doubts)
{
    struct flow_hop *hop = vector_add(walk->arena, walk->hops);
    *hop = (struct flow_hop){.words = words, .back = walk->back, .result = doubts->count > 0 ? HOP_POSSIBLE : HOP_PASS};
    reason_add_all(walk->arena, &hop->reasons, doubts);
    return hop;
}

void walk_stop(struct walk *walk, const char *words, const struct reason *why, const char *text, const char *remedy)
{
    walk->stop = walk->stop == NULL ? why : walk->stop;
    if (walk->hops == NULL)
        return;
    struct flow_hop *hop = vector_add(walk->arena, walk->hops);
    *hop = (struct flow_hop){.words = words, .back = walk->back, .result = HOP_STOP, .text = text, .remedy = remedy};
    *vector_add(walk->arena, &hop->reasons) = why;
}

bool walk_is_over(const struct walk *walk)
{
    return walk->hops == NULL && walk->stop != NULL;
}

const char *walk_joined(struct arena *arena, const reason_list *list)
{
    const char *text = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const char *one = reason_told(arena, list->items[i]);
        text = text == NULL ? one : arena_printf(arena, "%s; %s", text, one);
    }
    return text == NULL ? "" : text;
}

// "tcp 443 to 10.0.0.1"
static const char *packet_text(const struct walk *walk, bool out)
{
    const struct flow_packet *packet = walk->packet;
    char address[ADDRESS_TEXT];
    const struct flow flow = {.protocol = packet->protocol,
                              .ports = portset_of(walk->arena, packet->number, packet->number)};
    address_format(out ? packet->destination : packet->source, address);
    return arena_printf(walk->arena, "%s %s %s", flow_service(walk->arena, &flow), out ? "to" : "from", address);
}

// ---- Ways and other sides

const way_list *flow_walk_ways(struct flow_walker *walker, const struct party *own, const char *other_vpc)
{
    struct traffic *traffic = walker->traffic;
    const char *key = arena_printf(traffic->scratch, "%s|%d|%s", other_vpc == NULL ? "" : other_vpc, (int)own->family,
                                   own->ground->key);
    way_list *ways = map_get(&walker->ways, key);
    if (ways == NULL) {
        ways = arena_new_of(traffic->arena, way_list);
        *ways = other_vpc == NULL ? ways_outside(traffic, own->ground, own->family)
                                  : ways_inside(traffic, own->ground, own->family, other_vpc);
        map_put(traffic->arena, &walker->ways, arena_strdup(traffic->arena, key), ways);
    }
    return ways;
}

const struct other_side *flow_walk_other(struct flow_walker *walker, const char *own_vpc, const char *other_vpc,
                                         const struct passage_by *passage)
{
    struct traffic *traffic = walker->traffic;
    const char *key =
        arena_printf(traffic->scratch, "%s|%s|%d|%s", own_vpc, other_vpc, passage == NULL ? -1 : (int)passage->kind,
                     passage == NULL || passage->by == NULL ? "" : passage->by);
    struct other_side *side = map_get(&walker->others, key);
    if (side == NULL) {
        side = arena_new_of(traffic->arena, struct other_side);
        ways_references(traffic, own_vpc, other_vpc, passage, side);
        map_put(traffic->arena, &walker->others, arena_strdup(traffic->arena, key), side);
    }
    return side;
}

// ---- Groups

struct packet_admission {
    const struct group_claim *claim;
    bool must;
    bool extra;
};

// What would stop it by its own address passes, maybe, where something in between sends it on by one of these.
bool walk_passes_resent(struct walk *walk, const char *words, struct prefixset admitted)
{
    static const reason_list none = {0};
    struct arena *arena = walk->arena;
    if (!prefixset_overlap(walk->resent, admitted))
        return false;
    if (walk->hops == NULL)
        return true;
    struct flow_hop *hop = walk_pass(walk, words, &none);
    const char *what = walk->resent_by == NULL ? "what is in between" : walk->resent_by;
    hop->result = HOP_POSSIBLE;
    hop->text =
        arena_printf(arena, "by its own address it does not pass; %s may send it on by another one, %s%s", what,
                     way_resent_told(walk->resent) ? prefixset_text(arena, walk->packet->source.family, walk->resent, 3)
                                                   : "which is not told",
                     ", that does");
    *vector_add(arena, &hop->reasons) =
        reason_doubt(arena, REASON_APPLIANCE, walk->resent_by, settle_by_probe, hop->text);
    return true;
}

// Within a VPC it may lie in the subnet of who is asked, where no ACL is.
bool walk_within_vpc(const struct walk *walk)
{
    return text_same(walk->from.vpc_id, walk->to.vpc_id);
}

static void try_groups(struct walk *walk, bool egress, const struct other_side *other, struct packet_admission *best)
{
    const struct flow_packet *packet = walk->packet;
    address_bits address = (egress ? packet->destination : packet->source).bits;
    const struct group_claim *claim =
        group_claim_of(walk->walker->traffic, egress ? &walk->from : &walk->to, egress, other, packet->protocol);
    bool must = prefixset_holds(portmap_sources(claim->must, packet->number), address);
    bool extra = prefixset_holds(portmap_sources(claim->extra, packet->number), address);
    if (best->claim == NULL || (must && !best->must) || (extra && !best->extra && !best->must))
        *best = (struct packet_admission){claim, must, extra};
}

// Between VPCs, references to groups count by what carries the packets; where nothing does, the route stops them.
static struct packet_admission admission_of(struct walk *walk, bool egress)
{
    struct flow_walker *walker = walk->walker;
    const struct flow_packet *packet = walk->packet;
    struct packet_admission best = {0};
    if (packet->to == NULL) {
        try_groups(walk, egress, &internet, &best);
        return best;
    }
    const char *own = egress ? walk->from.vpc_id : walk->to.vpc_id, *far = egress ? walk->to.vpc_id : walk->from.vpc_id;
    if (strcmp(own, far) == 0) {
        try_groups(walk, egress, flow_walk_other(walker, own, far, NULL), &best);
        return best;
    }
    const way_list *ways = flow_walk_ways(walker, &walk->from, walk->to.vpc_id);
    for (size_t i = 0; i < ways->count; i++)
        if (prefixset_holds(ways->items[i].others, packet->destination.bits)) {
            struct passage_by passage = passage_of_way(&ways->items[i]);
            try_groups(walk, egress, flow_walk_other(walker, own, far, &passage), &best);
        }
    if (best.claim == NULL)
        try_groups(walk, egress, flow_walk_other(walker, own, far, &walk_unmodelled), &best);
    return best;
}

// Inbound rules, of something in between by an address of its own, where they do not admit the sender's.
static bool admits_resent(struct walk *walk)
{
    struct packet_admission own = admission_of(walk, false);
    if (own.must || own.extra)
        return false;
    struct flow_walker *walker = walk->walker;
    struct other_side anyone;
    struct prefixset admitted = prefixset_empty;
    const struct other_side *other =
        flow_walk_other(walker, walk->to.vpc_id, walk->from.vpc_id, walk_within_vpc(walk) ? NULL : &walk_unmodelled);
    ways_resent(walker->traffic, walk->to.vpc_id, other, &anyone);
    const struct group_claim *claim = group_claim_of(
        walker->traffic, &walk->to, false, way_resent_told(walk->resent) ? other : &anyone, walk->packet->protocol);
    admitted = prefixset_union(walk->arena, portmap_sources(claim->must, walk->packet->number),
                               portmap_sources(claim->extra, walk->packet->number));
    return walk_passes_resent(walk, "inbound rules", admitted);
}

static void ask_groups(struct walk *walk, bool egress)
{
    static const reason_list none = {0};
    struct arena *arena = walk->arena;
    const struct flow_packet *packet = walk->packet;
    if (!egress && !prefixset_is_empty(walk->resent) && admits_resent(walk))
        return;
    const struct group_set *groups = (egress ? &walk->from : &walk->to)->groups;
    const char *words = egress ? "outbound rules" : "inbound rules", *names = NULL;
    struct packet_admission admission = admission_of(walk, egress);
    if (admission.must || admission.extra) {
        if (walk->hops == NULL)
            return;
        struct flow_hop *hop = walk_pass(walk, words, admission.must ? &none : &admission.claim->doubts);
        if (admission.must)
            group_claim_because(arena, admission.claim, portset_of(arena, packet->number, packet->number),
                                prefixset_of(arena, prefix_of(egress ? packet->destination : packet->source)),
                                &hop->reasons);
        hop->result = admission.must ? HOP_PASS : HOP_POSSIBLE;
        hop->text = walk_joined(arena, &hop->reasons);
        return;
    }
    for (size_t i = 0; groups != NULL && i < groups->count; i++)
        names = names == NULL ? groups->ids[i] : arena_printf(arena, "%s, %s", names, groups->ids[i]);
    const char *text = arena_printf(arena, "no %s rule of %s admits it", egress ? "outbound" : "inbound",
                                    names == NULL ? "its groups" : names);
    walk_stop(
        walk, words,
        reason_stop(arena, REASON_GROUP, groups != NULL && groups->count == 1 ? groups->ids[0] : NULL, text), text,
        walk->hops == NULL ? NULL : arena_printf(arena, "one that admits %s would let it", packet_text(walk, egress)));
}

// ---- ACLs

static const struct reason *acl_reason(struct walk *walk, const struct network_acl *acl,
                                       const struct network_acl_entry *entry, bool egress)
{
    if (entry == NULL)
        return reason_stop(walk->arena, egress ? REASON_ACL_OUT : REASON_ACL_IN, acl->id,
                           arena_printf(walk->arena, "no entry of %s matches, so it denies", acl->id));
    struct reason *reason = arena_new_of(walk->arena, struct reason);
    *reason = network_acl_reason(acl, entry);
    return reason;
}

static void not_known(struct walk *walk, const char *words, const struct reason *missing)
{
    if (walk->hops == NULL)
        return;
    reason_list doubts = {0};
    *vector_add(walk->arena, &doubts) = missing;
    walk_pass(walk, words, &doubts)->text = reason_text(walk->arena, missing);
}

static void ask_acl(struct walk *walk, bool egress)
{
    static const reason_list none = {0};
    const struct flow_packet *packet = walk->packet;
    const struct ground *ground = (egress ? &walk->from : &walk->to)->ground;
    const char *words = egress ? "network acl out" : "network acl in";
    if (ground->acl == NULL) {
        not_known(walk, words, ground->acl_missing);
        return;
    }
    const struct network_acl_entry *entry = network_acl_decides(ground->acl, egress, packet->protocol, packet->number,
                                                                egress ? packet->destination : packet->source);
    bool allows = entry != NULL && entry->allow;
    if (allows && walk->hops == NULL)
        return;
    if (!allows && !egress && !prefixset_is_empty(walk->resent) &&
        walk_passes_resent(
            walk, words,
            walk_within_vpc(walk)
                ? walk->resent
                : portmap_sources(
                      ground_passage(walk->walker->traffic, ground, walk->to.family, packet->protocol)->in.allows,
                      packet->number)))
        return;
    const struct reason *reason = acl_reason(walk, ground->acl, entry, egress);
    const char *text = entry == NULL ? reason_text(walk->arena, reason) : reason_told(walk->arena, reason);
    if (!allows) {
        walk_stop(walk, words, reason, text,
                  arena_printf(walk->arena, "%s that allows %s would let it",
                               entry == NULL ? "one" : "an entry before it", packet_text(walk, egress)));
        return;
    }
    struct flow_hop *hop = walk_pass(walk, words, &none);
    hop->text = text;
    *vector_add(walk->arena, &hop->reasons) = reason;
}

// Which of the client's ports the ACL lets the reply pass to.
static struct portset replies_of(struct walk *walk, const struct party *party, bool asks, struct address other)
{
    const struct flow_packet *packet = walk->packet;
    const struct ground_passage *passage =
        ground_passage(walk->walker->traffic, party->ground, party->family, packet->protocol);
    size_t count = asks ? passage->asks.count : passage->answers.count;
    for (size_t i = 0; i < count; i++) {
        const struct ground_replies *one = asks ? &passage->asks.items[i] : &passage->answers.items[i];
        if (portset_holds(one->on, packet->number) && prefixset_holds(one->others, other.bits))
            return portset_intersect(walk->arena, walk->left, one->client_ports);
    }
    return portset_empty;
}

// Whom the ACL of who is asked lets replies pass to, at some of their ports.
static struct prefixset answered(struct walk *walk)
{
    const struct flow_packet *packet = walk->packet;
    const struct ground_passage *passage =
        ground_passage(walk->walker->traffic, walk->to.ground, walk->to.family, packet->protocol);
    struct prefixset all = prefixset_empty;
    if (walk_within_vpc(walk) &&
        (!protocol_is_icmp(packet->protocol) || site_icmp_reply(packet->protocol, packet->number) >= 0))
        return walk->resent;
    for (size_t i = 0; i < passage->answers.count; i++)
        if (portset_holds(passage->answers.items[i].on, packet->number))
            all = prefixset_union(walk->arena, all, passage->answers.items[i].others);
    return all;
}

static void ask_reply(struct walk *walk, bool asks)
{
    struct arena *arena = walk->arena;
    const struct flow_packet *packet = walk->packet;
    const struct party *party = asks ? &walk->from : &walk->to;
    const struct address other = asks ? packet->destination : packet->source;
    const struct network_acl *acl = party->ground->acl;
    const char *words = asks ? "reply: acl in" : "reply: acl out";
    struct portset passes = replies_of(walk, party, asks, other);
    if (!portset_is_empty(passes)) {
        reason_list doubts = {0};
        walk->left = passes;
        if (walk->hops == NULL)
            return;
        if (acl == NULL)
            *vector_add(arena, &doubts) = party->ground->acl_missing;
        walk_pass(walk, words, &doubts)->text =
            !protocol_has_ports(packet->protocol)
                ? "it lets the reply pass"
                : arena_printf(arena, "it lets the reply pass to client ports %s", portset_format(arena, passes));
        return;
    }
    if (!asks && !prefixset_is_empty(walk->resent) && walk_passes_resent(walk, words, answered(walk)))
        return;
    int reply = site_icmp_reply(packet->protocol, packet->number);
    if (protocol_is_icmp(packet->protocol) && reply < 0) {
        const char *text = "it asks for no reply, and so goes one way only";
        walk_stop(walk, words, reason_stop(arena, REASON_ACL_OUT, NULL, text), text, NULL);
        return;
    }
    uint16_t number = protocol_is_icmp(packet->protocol)     ? (uint16_t)reply
                      : protocol_has_ports(packet->protocol) ? walk->left.ranges[0].low
                                                             : 0;
    const struct reason *why =
        acl == NULL ? party->ground->acl_missing
                    : acl_reason(walk, acl, network_acl_decides(acl, !asks, packet->protocol, number, other), !asks);
    walk_stop(walk, words, why,
              arena_printf(arena, "%s lets no reply pass%s", acl == NULL ? "the ACL" : acl->id,
                           protocol_has_ports(packet->protocol) ? ", whatever the client's port" : ""),
              NULL);
}

// ---- The whole

// Whether each of the two is an interface that asks, and one that is asked.
static bool ask_kinds(struct walk *walk)
{
    const struct flow_packet *packet = walk->packet;
    bool sends =
        party_alone(walk->walker->traffic, packet->from, packet->source.family, &walk->from) && walk->from.sends;
    bool takes =
        packet->to == NULL ||
        (party_alone(walk->walker->traffic, packet->to, packet->destination.family, &walk->to) && walk->to.takes);
    if (sends && takes)
        return true;
    const struct network_interface *one = sends ? packet->to : packet->from;
    const struct interface_kind *kind = interface_kind_of(one->type);
    const char *text = party_is_gone(walk->walker->traffic->estate, one)
                           ? arena_printf(walk->arena, "%s is gone", one->id)
                           : arena_printf(walk->arena, "%s is %s, which %s", one->id,
                                          kind == NULL || kind->what == NULL ? one->type : kind->what,
                                          sends ? "takes no connection" : "asks for nothing of its own");
    walk_stop(walk, "interface", reason_stop(walk->arena, REASON_HOST, one->id, text), text, NULL);
    return false;
}

static void ask_doubts(struct walk *walk)
{
    const reason_list *doubts[] = {&walk->from.doubts, &walk->to.doubts, &walk->from.ground->doubts};
    for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++)
        if (doubts[i]->count > 0)
            walk_pass(walk, i < 2 ? "interface" : "subnet", doubts[i])->text = walk_joined(walk->arena, doubts[i]);
}

static void walk_inside(struct walk *walk)
{
    const struct interface_place *from = walk->packet->from->place, *to = walk->packet->to->place;
    bool filtered = from->subnet_id == NULL || !text_same(from->subnet_id, to->subnet_id);
    const way_list *ways = flow_walk_ways(walk->walker, &walk->from, walk->to.vpc_id);
    for (size_t i = 0; i < ways->count; i++)
        if (prefixset_holds(ways->items[i].others, walk->packet->destination.bits) && ways->items[i].resent.count > 0) {
            walk->resent = prefixset_union(walk->arena, walk->resent, ways->items[i].resent);
            walk->resent_by = ways->items[i].by;
        }
    ask_groups(walk, true);
    if (!walk_is_over(walk) && filtered)
        ask_acl(walk, true);
    if (!walk_is_over(walk))
        walk_route(walk, false);
    if (!walk_is_over(walk) && !walk_within_vpc(walk) && walk_passage(walk).kind == FLOW_INTERNET_GATEWAY)
        walk_entry(walk);
    if (!walk_is_over(walk) && filtered)
        ask_acl(walk, false);
    if (!walk_is_over(walk))
        ask_groups(walk, false);
    walk->back = true;
    if (!walk_is_over(walk) && filtered)
        ask_reply(walk, false);
    if (!walk_is_over(walk))
        walk_route(walk, true);
    if (!walk_is_over(walk) && filtered)
        ask_reply(walk, true);
}

static void walk_out(struct walk *walk)
{
    ask_groups(walk, true);
    if (!walk_is_over(walk))
        ask_acl(walk, true);
    if (!walk_is_over(walk))
        walk_route(walk, false);
    if (!walk_is_over(walk))
        walk_gateways(walk);
    walk->back = true;
    if (!walk_is_over(walk))
        ask_reply(walk, true);
}

static void walk_all(struct walk *walk)
{
    walk->left = walk->packet->client_ports;
    if (!ask_kinds(walk))
        return;
    if (walk->packet->to == NULL)
        walk_out(walk);
    else
        walk_inside(walk);
    if (walk->hops != NULL)
        ask_doubts(walk);
    arena_reset(walk->walker->traffic->scratch);
}

void flow_walk(struct flow_walker *walker, const struct flow_packet *packet, flow_hops *hops)
{
    struct walk walk = {.walker = walker, .arena = walker->traffic->arena, .packet = packet, .hops = hops};
    walk_all(&walk);
}

const struct reason *flow_walk_stop(struct flow_walker *walker, const struct flow_packet *packet)
{
    struct walk walk = {.walker = walker, .arena = walker->traffic->arena, .packet = packet};
    walk_all(&walk);
    return walk.stop;
}
