// What first stops a packet between two interfaces, and which of them it stops alike.
#include "model/protocol.h"
#include "rules/reach/group_side.h"
#include "rules/reach/inside_view_parts.h"

static const struct passage_by unmodelled = {FLOW_UNMODELLED, NULL};

const struct reason *inside_view_stop(struct inside_view *view, const struct endpoint *endpoint, struct address source,
                                      int protocol, uint16_t number, struct portset client_ports)
{
    struct arena *arena = view->traffic.arena;
    const struct flow_packet packet = {.from = view->asker,
                                       .source = source,
                                       .to = endpoint->outside ? NULL : endpoint->interface,
                                       .destination = {endpoint->address.family, endpoint->address.first},
                                       .protocol = protocol,
                                       .number = number,
                                       .client_ports = client_ports};
    const struct reason *stop = flow_walk_stop(&view->walker, &packet);
    if (stop == NULL && protocol_is_icmp(protocol) && site_icmp_reply(protocol, number) < 0)
        stop = reason_stop(arena, REASON_ACL_OUT, NULL, "it asks for no reply, and so goes one way only");
    return stop;
}

// What of the asker's own side tells addresses of a VPC apart: its outbound rules, its ACL's entries, its routes.
struct asking_side {
    VECTOR(struct prefixset) sets;
};

static void add_set(struct arena *arena, struct asking_side *side, struct prefixset set)
{
    for (size_t i = 0; i < side->sets.count; i++)
        if (side->sets.items[i].ranges == set.ranges && side->sets.items[i].count == set.count)
            return;
    if (!prefixset_is_empty(set))
        *vector_add(arena, &side->sets) = set;
}

static void add_rules(struct inside_view *view, struct asking_side *side, const struct party *from,
                      const struct other_side *other)
{
    struct traffic *traffic = &view->traffic;
    for (size_t p = 0; p < traffic->protocols.count; p++) {
        const struct group_claim *claim = group_claim_of(traffic, from, true, other, traffic->protocols.items[p]);
        for (size_t r = 0; r < claim->rules.count; r++) {
            add_set(traffic->arena, side, claim->rules.items[r]->must);
            add_set(traffic->arena, side, claim->rules.items[r]->extra);
        }
    }
}

static const struct asking_side *asking_side_of(struct inside_view *view, const char *vpc_id, enum family family)
{
    struct traffic *traffic = &view->traffic;
    struct arena *arena = traffic->arena;
    const char *key = arena_printf(traffic->scratch, "%s|%d", vpc_id, (int)family);
    struct asking_side *side = map_get(&view->sides, key);
    if (side != NULL)
        return side;
    side = arena_new_of(arena, struct asking_side);
    map_put(arena, &view->sides, arena_strdup(arena, key), side);
    struct party from;
    party_alone(traffic, view->asker, family, &from);
    const way_list *ways = flow_walk_ways(&view->walker, &from, vpc_id);
    if (strcmp(from.vpc_id, vpc_id) == 0)
        add_rules(view, side, &from, flow_walk_other(&view->walker, vpc_id, vpc_id, NULL));
    else
        add_rules(view, side, &from, flow_walk_other(&view->walker, from.vpc_id, vpc_id, &unmodelled));
    for (size_t w = 0; w < ways->count; w++) {
        struct passage_by passage = passage_of_way(&ways->items[w]);
        add_set(arena, side, ways->items[w].others);
        if (strcmp(from.vpc_id, vpc_id) != 0)
            add_rules(view, side, &from, flow_walk_other(&view->walker, from.vpc_id, vpc_id, &passage));
    }
    for (size_t e = 0; from.ground->acl != NULL && e < from.ground->acl->entries.count; e++)
        if (from.ground->acl->entries.items[e].prefix.family == family)
            add_set(arena, side, prefixset_of(arena, from.ground->acl->entries.items[e].prefix));
    return side;
}

const void *inside_view_class(struct inside_view *view, const struct endpoint *endpoint)
{
    const struct network_interface *to = endpoint->interface;
    struct arena *arena = view->traffic.arena;
    char address[ADDRESS_TEXT];
    if (endpoint->outside)
        address_format(endpoint->private_address, address);
    const struct asking_side *side =
        endpoint->outside ? NULL : asking_side_of(view, to->place->vpc_id, endpoint->address.family);
    struct text key = {0};
    if (endpoint->outside) // few, and each by itself
        text_puts(&key, address);
    else
        text_printf(&key, "%u|%d|", (uint32_t)(uintptr_t)map_get_pointer(&view->number_of, to),
                    (int)endpoint->address.family);
    if (!endpoint->outside && endpoint->address.family == FAMILY_IPV6 &&
        !text_same(to->place->vpc_id, view->asker->place->vpc_id))
        text_printf(&key, "%p|", (const void *)to); // over the internet, what it says of itself decides too
    for (size_t i = 0; side != NULL && i < side->sets.count; i++)
        text_puts(&key, prefixset_holds(side->sets.items[i], endpoint->address.first) ? "1" : "0");
    const void *class = map_get(&view->classes, key.bytes);
    if (class == NULL) {
        class = arena_strdup(arena, key.bytes);
        map_put(arena, &view->classes, class, (void *)(uintptr_t) class);
    }
    text_free(&key);
    arena_reset(view->traffic.scratch);
    return class;
}
