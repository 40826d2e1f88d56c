#include "rules/reach/explain_flow.h"

#include "model/protocol.h"
#include "rules/reach/half.h"
#include "rules/reach/segments.h"

struct explaining {
    struct arena *arena;
    const struct flow_question *question;
    struct traffic traffic;
    const struct party *from;
    const struct party *to; // NULL: the internet
    struct other_side of_to, of_from;
    bool one_subnet;
    struct flow_explanation *explanation;
};

static bool is_interface(const void *context, const struct estate *estate, const struct network_interface *interface)
{
    (void)estate;
    return context == interface;
}

// Each of the two is a segment of its own; both are one where they are the same.
static void two_segments(void *context, const struct network_interface *interface, segment_numbers *numbers)
{
    struct explaining *explaining = context;
    if (interface == explaining->question->from)
        *vector_add(explaining->arena, numbers) = 0;
    if (interface == explaining->question->to)
        *vector_add(explaining->arena, numbers) = 1;
}

static const struct party *party_with(const struct explaining *explaining, uint32_t segment, enum family family)
{
    for (size_t i = 0; i < explaining->traffic.parties.count; i++) {
        const struct party *party = explaining->traffic.parties.items[i];
        for (size_t s = 0; s < party->segments.count; s++)
            if (party->family == family && party->segments.items[s] == segment)
                return party;
    }
    return NULL;
}

static struct flow_hop *add_hop(struct explaining *explaining, const char *words, enum hop_result result,
                                const char *text)
{
    struct flow_hop *hop = vector_add(explaining->arena, &explaining->explanation->hops);
    *hop = (struct flow_hop){.words = words, .result = result, .text = text};
    return hop;
}

static const char *joined(struct arena *arena, const reason_list *list)
{
    const char *text = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const char *one = reason_told(arena, list->items[i]);
        text = text == NULL ? one : arena_printf(arena, "%s; %s", text, one);
    }
    return text == NULL ? "" : text;
}

static const char *packet_text(struct arena *arena, const struct explaining *explaining, struct address other, bool out)
{
    char address[ADDRESS_TEXT];
    const struct flow flow = {.protocol = explaining->question->protocol,
                              .ports = portset_of(arena, explaining->question->number, explaining->question->number)};
    address_format(other, address);
    return arena_printf(arena, "%s %s %s", flow_service(arena, &flow), out ? "to" : "from", address);
}

static void ask_groups(struct explaining *explaining, const struct party *party, bool egress,
                       const struct other_side *other, struct address address)
{
    struct arena *arena = explaining->arena;
    const struct flow_question *question = explaining->question;
    const struct group_claim *claim = group_claim_of(&explaining->traffic, party, egress, other, question->protocol);
    bool must = prefixset_holds(portmap_sources(claim->must, question->number), address.bits);
    bool extra = prefixset_holds(portmap_sources(claim->extra, question->number), address.bits);
    const char *words = egress ? "outbound rules" : "inbound rules",
               *packet = packet_text(arena, explaining, address, egress);
    reason_list because = {0};
    group_claim_because(arena, claim, portset_of(arena, question->number, question->number),
                        prefixset_of(arena, prefix_of(address)), &because);
    if (must || extra) {
        struct flow_hop *hop =
            add_hop(explaining, words, must ? HOP_PASS : HOP_POSSIBLE, joined(arena, must ? &because : &claim->doubts));
        hop->reasons = must ? because : claim->doubts;
        return;
    }
    const char *groups = NULL;
    for (size_t i = 0; party->groups != NULL && i < party->groups->count; i++)
        groups = groups == NULL ? party->groups->ids[i] : arena_printf(arena, "%s, %s", groups, party->groups->ids[i]);
    add_hop(explaining, words, HOP_STOP,
            arena_printf(arena, "no rule of %s admits it: one that admits %s would let it",
                         groups == NULL ? "its groups" : groups, packet));
}

static void ask_acl(struct explaining *explaining, const struct party *party, bool egress, struct address address)
{
    struct arena *arena = explaining->arena;
    const struct flow_question *question = explaining->question;
    const struct ground *ground = party->ground;
    const char *words = egress ? "network acl out" : "network acl in";
    if (ground->acl == NULL) {
        struct flow_hop *hop = add_hop(explaining, words, HOP_POSSIBLE, ground->acl_missing->text);
        *vector_add(arena, &hop->reasons) = ground->acl_missing;
        return;
    }
    const struct network_acl_entry *entry =
        network_acl_decides(ground->acl, egress, question->protocol, question->number, address);
    if (entry == NULL) {
        add_hop(explaining, words, HOP_STOP,
                arena_printf(arena, "no entry of %s matches: one that allows %s would let it", ground->acl->id,
                             packet_text(arena, explaining, address, egress)));
        return;
    }
    struct reason *reason = arena_new_of(arena, struct reason);
    *reason = network_acl_reason(ground->acl, entry);
    struct flow_hop *hop = add_hop(explaining, words, entry->allow ? HOP_PASS : HOP_STOP, reason_told(arena, reason));
    if (!entry->allow)
        hop->text = arena_printf(arena, "%s: an entry before it that allows %s would let it", hop->text,
                                 packet_text(arena, explaining, address, egress));
    *vector_add(arena, &hop->reasons) = reason;
}

// Whether the ACL lets the reply pass, from which of the client's ports.
static void ask_reply(struct explaining *explaining, const struct party *party, bool asks, struct address address)
{
    struct arena *arena = explaining->arena;
    const struct flow_question *question = explaining->question;
    const struct ground_passage *passage =
        ground_passage(&explaining->traffic, party->ground, party->family, question->protocol);
    const char *words = asks ? "reply: acl in" : "reply: acl out";
    size_t count = asks ? passage->asks.count : passage->answers.count;
    for (size_t i = 0; i < count; i++) {
        const struct ground_replies *one = asks ? &passage->asks.items[i] : &passage->answers.items[i];
        if (!portset_holds(one->on, question->number) || !prefixset_holds(one->others, address.bits))
            continue;
        bool sure = party->ground->acl != NULL;
        add_hop(explaining, words, sure ? HOP_PASS : HOP_POSSIBLE,
                !protocol_has_ports(question->protocol)
                    ? "it lets the reply pass"
                    : arena_printf(arena, "it lets the reply pass to client ports %s",
                                   portset_format(arena, one->client_ports)));
        return;
    }
    if (protocol_is_icmp(question->protocol) && site_icmp_reply(question->protocol, question->number) < 0)
        add_hop(explaining, words, HOP_STOP, "it asks for no reply, and so goes one way only");
    else
        add_hop(explaining, words, HOP_STOP,
                arena_printf(arena, "%s lets no reply pass, whatever the client's port",
                             party->ground->acl == NULL ? "the ACL" : party->ground->acl->id));
}

static const struct way *best_way(const way_list *ways, struct address address)
{
    const struct way *best = NULL;
    for (size_t i = 0; i < ways->count; i++)
        if (prefixset_holds(ways->items[i].others, address.bits) &&
            (best == NULL || ways->items[i].doubts.count < best->doubts.count))
            best = &ways->items[i];
    return best;
}

static void ask_ways(struct explaining *explaining, const struct party *party, const way_list *ways,
                     struct address address, const char *words)
{
    struct arena *arena = explaining->arena;
    const struct way *best = best_way(ways, address);
    const char *table = party->ground->table == NULL ? "the route table" : party->ground->table->id;
    char text[ADDRESS_TEXT];
    address_format(address, text);
    if (best == NULL) {
        add_hop(explaining, words, HOP_STOP,
                arena_printf(arena, "%s has no way to %s: a route that leads there would let it", table, text));
        return;
    }
    struct flow_hop *hop = add_hop(explaining, words, best->doubts.count == 0 ? HOP_PASS : HOP_POSSIBLE,
                                   best->doubts.count > 0 ? joined(arena, &best->doubts)
                                   : best->reason != NULL ? reason_told(arena, best->reason)
                                                          : arena_printf(arena, "%s: local", table));
    reason_add_all(arena, &hop->reasons, &best->doubts);
    if (best->reason != NULL)
        *vector_add(arena, &hop->reasons) = best->reason;
}

// The flow that holds the packet, as segments tell it: the verdict is theirs.
static void find_flow(struct explaining *explaining, const struct estate *estate)
{
    const struct flow_question *question = explaining->question;
    const struct segment_named from = {"from", NULL, is_interface, question->from};
    const struct segment_named to = {"to", NULL, is_interface, question->to};
    const struct segments_question asked = {.by_text = "interface",
                                            .from = &from,
                                            .to = question->to == NULL ? NULL : &to,
                                            .only_internet = question->to == NULL};
    struct segment_set *set = segments_compute_in(explaining->arena, estate, &asked);
    const flow_list *flows = question->to == NULL ? &set->outbound : &set->inside;
    explaining->explanation->set = set;
    explaining->explanation->verdict = FLOW_UNREACHABLE;
    for (size_t i = 0; i < flows->count; i++) {
        const struct flow *flow = &flows->items[i];
        bool named = flow->protocol == question->protocol || flow->protocol == PROTOCOL_UNNAMED;
        for (size_t p = 0; flow->protocol == PROTOCOL_UNNAMED && p < set->named_protocols.count; p++)
            named = named && set->named_protocols.items[p] != question->protocol;
        if (!named || flow->family != question->source.family || !portset_holds(flow->ports, question->number) ||
            !prefixset_holds(flow->sources, question->source.bits) ||
            !prefixset_holds(flow->destinations, question->destination.bits))
            continue;
        if (explaining->explanation->flow == NULL || flow->certainty == CERTAINTY_EXACT)
            explaining->explanation->flow = flow;
    }
    if (explaining->explanation->flow != NULL)
        explaining->explanation->verdict =
            explaining->explanation->flow->certainty == CERTAINTY_EXACT ? FLOW_REACHABLE : FLOW_POSSIBLE;
}

static void explain_inside(struct explaining *explaining)
{
    const struct flow_question *question = explaining->question;
    const struct party *from = explaining->from, *to = explaining->to;
    struct traffic *traffic = &explaining->traffic;
    way_list there = ways_inside(traffic, from->ground, from->family, to->vpc_id);
    const struct way *way = best_way(&there, question->destination);
    struct passage_by by = {.kind = FLOW_UNMODELLED};
    if (way != NULL)
        by = passage_of_way(way);
    ways_references(traffic, from->vpc_id, to->vpc_id, &by, &explaining->of_to);
    ways_references(traffic, to->vpc_id, from->vpc_id, &by, &explaining->of_from);
    way_list back = ways_inside(traffic, to->ground, to->family, from->vpc_id);
    bool filtered = !text_same(question->from->place->subnet_id, question->to->place->subnet_id) ||
                    question->from->place->subnet_id == NULL;
    ask_groups(explaining, from, true, &explaining->of_to, question->destination);
    if (filtered)
        ask_acl(explaining, from, true, question->destination);
    ask_ways(explaining, from, &there, question->destination, "route");
    if (filtered)
        ask_acl(explaining, to, false, question->source);
    ask_groups(explaining, to, false, &explaining->of_from, question->source);
    if (filtered)
        ask_reply(explaining, to, false, question->source);
    ask_ways(explaining, to, &back, question->source, "route back");
    if (filtered)
        ask_reply(explaining, from, true, question->destination);
}

static void explain_outbound(struct explaining *explaining)
{
    const struct flow_question *question = explaining->question;
    const struct party *from = explaining->from;
    struct traffic *traffic = &explaining->traffic;
    const struct flow *flow = explaining->explanation->flow;
    const struct gate *exit = &from->ground->exit;
    explaining->of_to = (struct other_side){.key = "internet"};
    way_list ways = ways_outside(traffic, from->ground, from->family);
    ask_groups(explaining, from, true, &explaining->of_to, question->destination);
    ask_acl(explaining, from, true, question->destination);
    ask_ways(explaining, from, &ways, question->destination, "route");
    for (size_t i = 0; i < ways.count; i++) {
        const struct way *way = &ways.items[i];
        if (!prefixset_holds(way->others, question->destination.bits))
            continue;
        bool gateway = way->kind == FLOW_INTERNET_GATEWAY || way->kind == FLOW_EGRESS_ONLY;
        if (gateway && exit->state == GATE_SHUT)
            add_hop(explaining, "gateway", HOP_STOP, reason_text(explaining->arena, exit->why));
        else if (way->kind == FLOW_INTERNET_GATEWAY && from->family == FAMILY_IPV4 &&
                 !prefixset_holds(from->has_public, question->source.bits))
            add_hop(explaining, "gateway", from->ground->translates != NULL ? HOP_POSSIBLE : HOP_STOP,
                    from->ground->translates != NULL
                        ? reason_text(explaining->arena, from->ground->translates)
                        : "it has no public address, without which an internet gateway drops it: one would let it");
        if (way->kind == FLOW_NAT)
            add_hop(explaining, "NAT gateway",
                    flow == NULL                            ? HOP_STOP
                    : flow->certainty == CERTAINTY_POSSIBLE ? HOP_POSSIBLE
                                                            : HOP_PASS,
                    flow != NULL ? arena_printf(explaining->arena, "%s sends it on", way->by)
                                 : arena_printf(explaining->arena,
                                                "it does not get through %s, or what stops it stands above: its state, "
                                                "the ACL of its own subnet, or that one's route table",
                                                way->by));
    }
    ask_reply(explaining, from, true, question->destination);
}

struct flow_explanation explain_flow(struct arena *arena, const struct estate *estate,
                                     const struct flow_question *question)
{
    struct flow_explanation explanation = {0};
    struct explaining explaining = {.arena = arena, .question = question, .explanation = &explanation};
    find_flow(&explaining, estate);
    traffic_begin(&explaining.traffic, arena, estate, two_segments, &explaining);
    explaining.from = party_with(&explaining, 0, question->source.family);
    explaining.to = question->to == NULL ? NULL : party_with(&explaining, 1, question->destination.family);
    bool stands = explaining.from != NULL && explaining.from->sends &&
                  (question->to == NULL || (explaining.to != NULL && explaining.to->takes));
    if (!stands)
        add_hop(&explaining, "interface", HOP_STOP, "an interface of its kind asks nothing, or takes nothing in");
    else if (question->to == NULL)
        explain_outbound(&explaining);
    else
        explain_inside(&explaining);
    if (stands && explaining.from->doubts.count > 0)
        add_hop(&explaining, "interface", HOP_POSSIBLE, joined(arena, &explaining.from->doubts));
    if (stands && explaining.to != NULL && explaining.to->doubts.count > 0)
        add_hop(&explaining, "interface", HOP_POSSIBLE, joined(arena, &explaining.to->doubts));
    if (stands && explaining.from->ground->doubts.count > 0)
        add_hop(&explaining, "subnet", HOP_POSSIBLE, joined(arena, &explaining.from->ground->doubts));
    arena_free(explaining.traffic.scratch);
    return explanation;
}
