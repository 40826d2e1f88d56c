// What first stops a packet between two interfaces, in the order in which it meets them: outbound rules, outbound ACL
// and route of who asks; inbound ACL and rules, and the way back, of who answers.
#include "model/interface_kind.h"
#include "model/protocol.h"
#include "rules/reach/group_side.h"
#include "rules/reach/inside_view_parts.h"

static const struct passage_by unmodelled = {FLOW_UNMODELLED, NULL};

// One packet of a view.
struct asked {
    struct inside_view *view;
    struct party from; // of these what decides for groups and ground
    struct party to;
    address_bits source;
    address_bits target;
    int protocol;
    uint16_t number;
    struct portset back; // the numbers of its reply
    bool one_subnet;
};

static struct arena *arena_of(const struct asked *asked)
{
    return asked->view->traffic.arena;
}

static struct party party_of(struct traffic *traffic, const struct network_interface *interface, enum family family)
{
    bool known = interface->groups != NULL && !interface->groups_unsure;
    static const struct reason not_known = {.stage = REASON_GROUP, .text = "not known"};
    return (struct party){.groups = known ? interface->groups : NULL,
                          .groups_unknown = &not_known,
                          .ground = ground_of(traffic, interface),
                          .vpc_id = interface->place->vpc_id,
                          .family = family};
}

static const way_list *ways_of(struct inside_view *view, const struct party *own, const char *other_vpc)
{
    struct arena *arena = view->traffic.arena;
    const char *key = arena_printf(view->traffic.scratch, "%s|%d|%s", other_vpc, (int)own->family, own->ground->key);
    way_list *ways = map_get(&view->ways, key);
    if (ways == NULL) {
        ways = arena_new_of(arena, way_list);
        *ways = ways_inside(&view->traffic, own->ground, own->family, other_vpc);
        map_put(arena, &view->ways, arena_strdup(arena, key), ways);
    }
    return ways;
}

// The other side as one side's rules see it, for packets from the asker that get there so; `passage` is NULL within a
// VPC.
static const struct other_side *other_of(struct inside_view *view, const char *own, const char *other,
                                         const struct passage_by *passage)
{
    struct arena *arena = view->traffic.arena;
    const char *key =
        arena_printf(view->traffic.scratch, "%s|%s|%d|%s", own, other, passage == NULL ? -1 : (int)passage->kind,
                     passage == NULL || passage->by == NULL ? "" : passage->by);
    struct other_side *side = map_get(&view->others, key);
    if (side == NULL) {
        side = arena_new_of(arena, struct other_side);
        ways_references(&view->traffic, own, other, passage, side);
        map_put(arena, &view->others, arena_strdup(arena, key), side);
    }
    return side;
}

static bool is_admitted(const struct asked *asked, bool egress, const struct passage_by *passage)
{
    const struct party *own = egress ? &asked->from : &asked->to, *other = egress ? &asked->to : &asked->from;
    struct inside_view *view = asked->view;
    const struct group_claim *claim = group_claim_of(
        &view->traffic, own, egress, other_of(view, own->vpc_id, other->vpc_id, passage), asked->protocol);
    address_bits address = egress ? asked->target : asked->source;
    return prefixset_holds(portmap_sources(claim->must, asked->number), address) ||
           prefixset_holds(portmap_sources(claim->extra, asked->number), address);
}

// Between VPCs, references to groups count by what carries the packets; where nothing does, the route stops them.
static bool is_admitted_by_any(const struct asked *asked, bool egress)
{
    if (strcmp(asked->from.vpc_id, asked->to.vpc_id) == 0)
        return is_admitted(asked, egress, NULL);
    const way_list *ways = ways_of(asked->view, &asked->from, asked->to.vpc_id);
    bool carried = false;
    for (size_t i = 0; i < ways->count; i++) {
        if (!prefixset_holds(ways->items[i].others, asked->target))
            continue;
        struct passage_by passage = passage_of_way(&ways->items[i]);
        carried = true;
        if (is_admitted(asked, egress, &passage))
            return true;
    }
    return !carried && is_admitted(asked, egress, &unmodelled);
}

static const struct reason *stopped_by_groups(const struct asked *asked, bool egress)
{
    const struct party *own = egress ? &asked->from : &asked->to;
    if (own->groups == NULL || is_admitted_by_any(asked, egress))
        return NULL;
    const char *names = "";
    for (size_t i = 0; i < own->groups->count; i++)
        names = arena_printf(arena_of(asked), "%s%s%s", names, i == 0 ? "" : ", ", own->groups->ids[i]);
    return reason_stop(
        arena_of(asked), REASON_GROUP, own->groups->count == 1 ? own->groups->ids[0] : NULL,
        arena_printf(arena_of(asked), "no %s rule of %s admits it", egress ? "outbound" : "inbound", names));
}

static const struct reason *acl_denies(const struct asked *asked, const struct network_acl *acl, bool egress,
                                       uint16_t number, address_bits other)
{
    struct arena *arena = arena_of(asked);
    const struct network_acl_entry *entry =
        network_acl_decides(acl, egress, asked->protocol, number, (struct address){asked->to.family, other});
    if (entry == NULL)
        return reason_stop(arena, egress ? REASON_ACL_OUT : REASON_ACL_IN, acl->id,
                           arena_printf(arena, "%s has no entry that matches, and so denies", acl->id));
    struct reason *denies = arena_new_of(arena, struct reason);
    *denies = network_acl_reason(acl, entry);
    return denies;
}

static const struct reason *stopped_by_acl(const struct asked *asked, bool egress)
{
    const struct party *own = egress ? &asked->from : &asked->to;
    address_bits other = egress ? asked->target : asked->source;
    if (own->ground->acl == NULL)
        return NULL;
    const struct ground_passage *passage =
        ground_passage(&asked->view->traffic, own->ground, own->family, asked->protocol);
    const struct acl_view *view = egress ? &passage->out : &passage->in;
    return prefixset_holds(portmap_sources(view->allows, asked->number), other)
               ? NULL
               : acl_denies(asked, own->ground->acl, egress, asked->number, other);
}

static const struct reason *stopped_by_route(const struct asked *asked, bool back)
{
    const struct party *own = back ? &asked->to : &asked->from, *other = back ? &asked->from : &asked->to;
    struct arena *arena = arena_of(asked);
    const way_list *ways = ways_of(asked->view, own, other->vpc_id);
    for (size_t i = 0; i < ways->count; i++)
        if (prefixset_holds(ways->items[i].others, back ? asked->source : asked->target))
            return NULL;
    const char *table = own->ground->table == NULL ? "the route table" : own->ground->table->id;
    return reason_stop(
        arena, REASON_ROUTE, table,
        arena_printf(arena, "%s has no route %s %s", table, back ? "back to it, to" : "to it, to", other->vpc_id));
}

// The reply: by the outbound ACL of who answers, the route back, and the inbound ACL of who asked.
static const struct reason *stopped_on_the_way_back(const struct asked *asked)
{
    struct arena *arena = arena_of(asked);
    struct portset left = asked->back;
    if (portset_is_empty(left))
        return reason_stop(arena, REASON_ACL_OUT, NULL, "this message asks for no reply");
    for (int egress = 1; egress >= 0; egress--) {
        const struct party *own = egress ? &asked->to : &asked->from;
        address_bits other = egress ? asked->source : asked->target;
        const struct reason *no_route = egress ? NULL : stopped_by_route(asked, true);
        if (no_route != NULL)
            return no_route;
        if (own->ground->acl == NULL || asked->one_subnet)
            continue;
        const struct ground_passage *passage =
            ground_passage(&asked->view->traffic, own->ground, own->family, asked->protocol);
        struct portset passes = portmap_ports(arena, egress ? passage->out.allows : passage->in.allows, other);
        struct portset both = portset_intersect(arena, left, passes);
        if (portset_is_empty(both))
            return acl_denies(asked, own->ground->acl, egress, left.ranges[0].low, other);
        left = both;
    }
    return NULL;
}

static const struct reason *stopped_by_kind(struct arena *arena, const struct network_interface *interface)
{
    const struct interface_kind *kind = interface_kind_of(interface->type);
    if (strcmp(interface->type, "lambda") != 0)
        return NULL;
    return reason_stop(arena, REASON_HOST, interface->id,
                       arena_printf(arena, "%s is %s, which takes no connection", interface->id,
                                    kind == NULL || kind->what == NULL ? interface->type : kind->what));
}

const struct reason *inside_view_stop(struct inside_view *view, const struct endpoint *endpoint, struct address source,
                                      int protocol, uint16_t number, struct portset client_ports)
{
    struct traffic *traffic = &view->traffic;
    const struct network_interface *to = endpoint->interface, *from = view->asker;
    enum family family = endpoint->address.family;
    struct asked asked = {.view = view,
                          .from = party_of(traffic, from, family),
                          .to = party_of(traffic, to, family),
                          .source = source.bits,
                          .target = endpoint->address.first,
                          .protocol = protocol,
                          .number = number};
    asked.back = !protocol_has_ports(protocol) && !protocol_is_icmp(protocol)
                     ? portset_all
                     : site_reply_numbers(traffic->arena, protocol, number, client_ports);
    asked.one_subnet = from->place->subnet_id != NULL && text_same(from->place->subnet_id, to->place->subnet_id);
    const struct reason *stop = stopped_by_kind(traffic->arena, to);
    if (stop == NULL)
        stop = stopped_by_groups(&asked, true);
    if (stop == NULL && !asked.one_subnet)
        stop = stopped_by_acl(&asked, true);
    if (stop == NULL)
        stop = stopped_by_route(&asked, false);
    if (stop == NULL && !asked.one_subnet)
        stop = stopped_by_acl(&asked, false);
    if (stop == NULL)
        stop = stopped_by_groups(&asked, false);
    if (stop == NULL)
        stop = stopped_on_the_way_back(&asked);
    arena_reset(traffic->scratch);
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
    struct party from = party_of(traffic, view->asker, family);
    const way_list *ways = ways_of(view, &from, vpc_id);
    if (strcmp(from.vpc_id, vpc_id) == 0)
        add_rules(view, side, &from, other_of(view, vpc_id, vpc_id, NULL));
    else
        add_rules(view, side, &from, other_of(view, from.vpc_id, vpc_id, &unmodelled));
    for (size_t w = 0; w < ways->count; w++) {
        struct passage_by passage = passage_of_way(&ways->items[w]);
        add_set(arena, side, ways->items[w].others);
        if (strcmp(from.vpc_id, vpc_id) != 0)
            add_rules(view, side, &from, other_of(view, from.vpc_id, vpc_id, &passage));
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
    const struct asking_side *side = asking_side_of(view, to->place->vpc_id, endpoint->address.family);
    struct text key = {0};
    text_printf(&key, "%u|%d|", (uint32_t)(uintptr_t)map_get_pointer(&view->number_of, to),
                (int)endpoint->address.family);
    for (size_t i = 0; i < side->sets.count; i++)
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
