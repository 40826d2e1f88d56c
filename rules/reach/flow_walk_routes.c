// Routes of the walk, and what takes packets where they lead.
#include "rules/reach/flow_walk_parts.h"

static const struct way *best_way(const way_list *ways, struct address address)
{
    const struct way *best = NULL;
    for (size_t i = 0; i < ways->count; i++)
        if (prefixset_holds(ways->items[i].others, address.bits) &&
            (best == NULL || ways->items[i].doubts.count < best->doubts.count))
            best = &ways->items[i];
    return best;
}

// By what gets there soonest, as the walk tells it.
struct passage_by walk_passage(struct walk *walk)
{
    const struct way *way =
        best_way(flow_walk_ways(walk->walker, &walk->from, walk->to.vpc_id), walk->packet->destination);
    return way == NULL ? walk_unmodelled : passage_of_way(way);
}

// What comes over the internet passes the gate of who is asked.
void walk_entry(struct walk *walk)
{
    static const reason_list none = {0};
    const struct party_entry *entry = party_entry(walk->walker->traffic, &walk->to);
    const address_bits address = walk->packet->destination.bits;
    if (prefixset_holds(entry->must, address) || prefixset_holds(entry->may, address)) {
        if (walk->hops == NULL)
            return;
        bool sure = prefixset_holds(entry->must, address);
        struct flow_hop *hop = walk_pass(walk, "gateway in", sure ? &none : &entry->doubts);
        hop->text = sure ? "the internet reaches its address" : walk_joined(walk->arena, &entry->doubts);
        return;
    }
    const struct reason *why = entry->why != NULL ? entry->why
                                                  : reason_stop(walk->arena, REASON_GATEWAY, NULL,
                                                                "nothing brings packets of the internet to it");
    walk_stop(walk, "gateway in", why, reason_text(walk->arena, why), NULL);
}

void walk_route(struct walk *walk, bool back)
{
    struct arena *arena = walk->arena;
    const struct flow_packet *packet = walk->packet;
    const struct party *own = back ? &walk->to : &walk->from, *far = back ? &walk->from : &walk->to;
    const struct address address = back ? packet->source : packet->destination;
    const char *table = own->ground->table == NULL ? "the route table" : own->ground->table->id;
    const char *words = back ? "route back" : "route";
    const way_list *ways = flow_walk_ways(walk->walker, own, far->vpc_id);
    if (back && !walk_within_vpc(walk)) {
        const struct passage_by passage = walk_passage(walk);
        way_list *answering = arena_new_of(arena, way_list);
        *answering = ways_answering(walk->walker->traffic, arena, ways, &passage);
        ways = answering;
    }
    const struct way *best = best_way(ways, address);
    struct prefixset led = prefixset_empty;
    for (size_t i = 0; back && best == NULL && i < ways->count; i++)
        led = prefixset_union(arena, led, ways->items[i].others);
    if (back && best == NULL && !prefixset_is_empty(walk->resent) &&
        walk_passes_resent(walk, words, way_resent_told(walk->resent) ? led : walk->resent))
        return;
    const struct gate *exit = &own->ground->exit;
    if (best == NULL && far->vpc_id != NULL && own->family == FAMILY_IPV6 && exit->state == GATE_SHUT) {
        walk_stop(walk, words, exit->why, reason_text(arena, exit->why), NULL);
        return;
    }
    if (best == NULL) {
        char where[ADDRESS_TEXT];
        address_format(address, where);
        const char *text = arena_printf(arena, "%s has no route %sto it, to %s", table, back ? "back " : "",
                                        far->vpc_id == NULL ? where : far->vpc_id);
        walk_stop(walk, words, reason_stop(arena, REASON_ROUTE, table, text), text,
                  "a route that leads there would let it");
        return;
    }
    if (walk->hops == NULL)
        return;
    reason_list doubts = {0};
    reason_add_all(arena, &doubts, &best->doubts);
    if (far->vpc_id != NULL)
        way_asks_between(walk->walker->traffic, arena, best, own->family, packet->protocol, &doubts);
    struct flow_hop *hop = walk_pass(walk, words, &doubts);
    hop->text = doubts.count > 0       ? walk_joined(arena, &doubts)
                : best->reason != NULL ? reason_told(arena, best->reason)
                                       : arena_printf(arena, "%s: local", table);
    if (best->reason != NULL)
        *vector_add(arena, &hop->reasons) = best->reason;
}

// What takes its packets where routes lead out: an internet gateway those with a public address, a NAT gateway what its
// own subnet lets on.
void walk_gateways(struct walk *walk)
{
    static const reason_list none = {0};
    struct arena *arena = walk->arena;
    const struct flow_packet *packet = walk->packet;
    const struct gate *exit = &walk->from.ground->exit;
    const way_list *ways = flow_walk_ways(walk->walker, &walk->from, NULL);
    for (size_t i = 0; i < ways->count && !walk_is_over(walk); i++) {
        const struct way *way = &ways->items[i];
        if (!prefixset_holds(way->others, packet->destination.bits))
            continue;
        bool gateway = way->kind == FLOW_INTERNET_GATEWAY || way->kind == FLOW_EGRESS_ONLY;
        if (gateway && exit->state == GATE_SHUT) {
            walk_stop(walk, "gateway", exit->why, reason_text(arena, exit->why), NULL);
        } else if (way->kind == FLOW_INTERNET_GATEWAY && walk->from.family == FAMILY_IPV4 &&
                   !prefixset_holds(walk->from.has_public, packet->source.bits)) {
            const char *text = "it has no public address, without which an internet gateway drops it";
            if (walk->from.ground->translates == NULL) {
                walk_stop(walk, "gateway", reason_stop(arena, REASON_GATEWAY, way->by, text), text, "one would let it");
            } else if (walk->hops != NULL) {
                struct flow_hop *hop = walk_pass(walk, "gateway", &none);
                hop->result = HOP_POSSIBLE;
                hop->text = reason_text(arena, walk->from.ground->translates);
            }
        } else if (way->kind == FLOW_NAT && packet->flow == NULL) {
            const char *text = arena_printf(arena,
                                            "it does not get through %s, or what stops it stands above: its state, the "
                                            "ACL of its own subnet, or that one's route table",
                                            way->by);
            walk_stop(walk, "NAT gateway", reason_stop(arena, REASON_GATEWAY, way->by, text), text, NULL);
        } else if (way->kind == FLOW_NAT && walk->hops != NULL) {
            struct flow_hop *hop = walk_pass(walk, "NAT gateway", &none);
            hop->result = packet->flow->certainty == CERTAINTY_POSSIBLE ? HOP_POSSIBLE : HOP_PASS;
            hop->text = arena_printf(arena, "%s sends it on", way->by);
        }
    }
}
