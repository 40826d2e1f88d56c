#include "rules/reach/explain.h"

#include "model/protocol.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/security_group.h"
#include "rules/reach/site.h"

static void add_hop(struct arena *arena, struct explanation *explanation, const char *stage, enum hop_result result,
                    const char *text)
{
    *vector_add(arena, &explanation->hops) = (struct hop){stage, result, text};
}

static const char *joined(struct arena *arena, const text_list *list)
{
    const char *text = "";
    for (size_t i = 0; i < list->count; i++)
        text = arena_printf(arena, "%s%s%s", text, i > 0 ? ", " : "", list->items[i]);
    return text;
}

static struct prefixset only(struct arena *arena, struct address address)
{
    return prefixset_of(arena, prefix_of(address));
}

static void explain_acl(struct arena *arena, struct site *site, struct explanation *explanation, bool egress,
                        int protocol, struct portset numbers, struct address source)
{
    const char *stage = egress ? "network acl out" : "network acl in";
    if (portset_is_empty(numbers)) {
        add_hop(arena, explanation, stage, HOP_STOP, "this message asks for no reply");
        return;
    }
    if (site->acl == NULL) {
        add_hop(arena, explanation, stage, HOP_POSSIBLE, site->acl_missing);
        return;
    }
    const struct passage *passage = site_passage(site, source.family, protocol);
    const struct acl_view *view = egress ? &passage->out : &passage->in;
    struct portset working = portset_intersect(arena, portmap_ports(arena, view->allows, source.bits), numbers);
    if (!portset_is_empty(working)) {
        text_list entries = {0};
        network_acl_because(arena, view, working, only(arena, source), &entries);
        bool part = egress && protocol_has_ports(protocol) && !portset_equal(working, portset_all);
        const char *ports = part ? arena_printf(arena, " for client ports %s", portset_format(arena, working)) : "";
        add_hop(arena, explanation, stage, HOP_PASS,
                arena_printf(arena, "%s allows%s", joined(arena, &entries), ports));
        return;
    }
    const struct network_acl_entry *entry =
        network_acl_decides(site->acl, egress, protocol, numbers.ranges[0].low, source);
    if (entry == NULL)
        add_hop(arena, explanation, stage, HOP_STOP,
                arena_printf(arena, "%s has no entry that matches, and so denies", site->acl->id));
    else
        add_hop(arena, explanation, stage, HOP_STOP,
                arena_printf(arena, "%s:%s%d denies", site->acl->id, egress ? "egress:" : "", entry->number));
}

static void explain_groups(struct arena *arena, const struct estate *estate, const struct network_interface *interface,
                           struct explanation *explanation, int protocol, uint16_t number, struct address source)
{
    struct group_cache cache = {.arena = arena, .estate = estate};
    struct group_rules of_protocol = security_group_rules(arena, &cache, interface, source.family, protocol);
    struct claim groups = security_group_admits(arena, &cache, interface, source.family, &of_protocol);
    struct exposure packet = {.protocol_low = protocol,
                              .protocol_high = protocol,
                              .low = number,
                              .high = number,
                              .sources = only(arena, source)};
    text_list rules = {0}, ids = {0};
    security_group_because(arena, &of_protocol, &packet, &rules);
    for (size_t i = 0; interface->groups != NULL && i < interface->groups->count; i++)
        text_list_add(arena, &ids, interface->groups->ids[i]);
    bool must = prefixset_holds(portmap_sources(groups.must, number), source.bits);
    bool may = prefixset_holds(portmap_sources(groups.extra, number), source.bits);
    add_hop(arena, explanation, "security groups",
            must  ? HOP_PASS
            : may ? HOP_POSSIBLE
                  : HOP_STOP,
            must  ? arena_printf(arena, "%s admits", joined(arena, &rules))
            : may ? joined(arena, &groups.doubts)
                  : arena_printf(arena, "no rule of %s admits it", joined(arena, &ids)));
}

static void explain_route(struct arena *arena, struct site *site, struct explanation *explanation,
                          struct address source)
{
    const struct route_claim *replies = &site_family(site, source.family)->replies;
    const struct route_share *share = route_table_share(replies, source.bits);
    bool must = prefixset_holds(replies->must, source.bits), may = prefixset_holds(replies->may, source.bits);
    const char *route = site->table == NULL ? site->table_missing
                        : share == NULL     ? arena_printf(arena, "%s has no route to the source", site->table->id)
                                            : arena_printf(arena, "%s to %s%s", share->name,
                                                       share->doubt != NULL ? share->doubt : share->route->target_id,
                                                       share->route->active ? "" : " (blackhole)");
    if (!must && may && replies->doubts.count > 0)
        route = arena_printf(arena, "%s; %s", route, joined(arena, &replies->doubts));
    add_hop(arena, explanation, "route back", must ? HOP_PASS : may ? HOP_POSSIBLE : HOP_STOP, route);
}

static void explain_listener(struct arena *arena, const struct load_balancer *balancer, struct explanation *explanation,
                             int protocol, uint16_t number)
{
    struct balancer_ports ports = load_balancer_ports(arena, balancer, protocol);
    text_list listeners = {0};
    load_balancer_because(arena, balancer, protocol, number, number, &listeners);
    if (portset_holds(ports.must, number))
        add_hop(arena, explanation, "listener", HOP_PASS,
                protocol_is_icmp(protocol) ? arena_printf(arena, "%s answers ICMP", balancer->name)
                                           : arena_printf(arena, "%s listens", joined(arena, &listeners)));
    else if (portset_holds(ports.may, number))
        add_hop(arena, explanation, "listener", HOP_POSSIBLE, ports.doubt);
    else
        add_hop(arena, explanation, "listener", HOP_STOP,
                arena_printf(arena, "%s has no listener there", balancer->name));
}

struct explanation explain_packet(struct arena *arena, const struct estate *estate, const struct endpoint *endpoint,
                                  int protocol, uint16_t number, struct address source, struct portset client_ports)
{
    struct explanation explanation = {0};
    const struct network_interface *interface = endpoint->interface;
    explanation.exposure = exposure_find(endpoint, protocol, number, source.bits);
    if (source.family != endpoint->address.family) {
        add_hop(arena, &explanation, "source", HOP_STOP, "the source is of the other address family");
        return explanation;
    }
    struct site *site = site_behind(arena, estate, interface, endpoint->gateway);
    struct gate gate = site_gate(arena, site, interface, endpoint->private_address);
    add_hop(arena, &explanation, "gateway",
            gate.state == GATE_SHUT       ? HOP_STOP
            : gate.state == GATE_POSSIBLE ? HOP_POSSIBLE
                                          : HOP_PASS,
            gate.state == GATE_POSSIBLE ? joined(arena, &gate.doubts) : gate.why);
    const char *missing = NULL;
    const struct load_balancer *balancer = load_balancer_of(arena, estate, interface, &missing);
    if (balancer != NULL && missing == NULL) {
        explain_listener(arena, balancer, &explanation, protocol, number);
    }
    explain_acl(arena, site, &explanation, false, protocol, portset_of(arena, number, number), source);
    explain_groups(arena, estate, interface, &explanation, protocol, number, source);
    explain_route(arena, site, &explanation, source);
    struct portset back =
        site_reply_numbers(arena, protocol, number, protocol_has_ports(protocol) ? client_ports : portset_all);
    explain_acl(arena, site, &explanation, true, protocol, back, source);
    return explanation;
}

const char *explanation_stop(struct arena *arena, const struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->hops.count; i++)
        if (explanation->hops.items[i].result == HOP_STOP)
            return arena_printf(arena, "%s: %s", explanation->hops.items[i].stage, explanation->hops.items[i].text);
    return NULL;
}

struct stages explain_stages(struct arena *arena, const struct estate *estate, const struct endpoint *endpoint,
                             int protocol)
{
    const struct network_interface *interface = endpoint->interface;
    enum family family = endpoint->address.family;
    struct prefixset everyone = prefixset_all(arena, family);
    struct portmap everything = portmap_of(arena, portset_all, everyone);
    struct site *site = site_behind(arena, estate, interface, endpoint->gateway);
    struct gate gate = site_gate(arena, site, interface, endpoint->private_address);
    const struct passage *passage = site_passage(site, family, protocol);
    struct stages stages = {.through = {[STAGE_GATEWAY] = gate.state == GATE_SHUT ? portmap_empty : everything,
                                        [STAGE_ACL_IN] = passage->in.allows}};
    const char *missing = NULL;
    const struct load_balancer *balancer = load_balancer_of(arena, estate, interface, &missing);
    if (balancer != NULL && missing == NULL) { // its listeners belong to the way in
        struct balancer_ports ports = load_balancer_ports(arena, balancer, protocol);
        stages.through[STAGE_GATEWAY] =
            portmap_on_ports(arena, stages.through[STAGE_GATEWAY], portset_union(arena, ports.must, ports.may));
    }
    struct group_cache cache = {.arena = arena, .estate = estate};
    struct group_rules rules = security_group_rules(arena, &cache, interface, family, protocol);
    struct claim groups = security_group_admits(arena, &cache, interface, family, &rules);
    stages.through[STAGE_GROUPS] = portmap_union(arena, groups.must, groups.extra);
    stages.through[STAGE_ROUTE] = portmap_of(arena, portset_all, site_family(site, family)->replies.may);
    VECTOR(struct port_segment) back = {0};
    if (protocol_is_icmp(protocol)) {
        for (unsigned type = 0; type < 256; type++) {
            int reply = site_icmp_reply(protocol, (uint16_t)(type << 8));
            if (reply >= 0)
                *vector_add(arena, &back) =
                    (struct port_segment){(uint16_t)(type << 8), (uint16_t)(type << 8 | 255),
                                          portmap_sources(passage->out.allows, (uint16_t)reply)};
        }
    } else {
        for (size_t i = 0; i < passage->out.allows.count; i++)
            *vector_add(arena, &back) = (struct port_segment){0, PORT_LAST, passage->out.allows.segments[i].sources};
    }
    stages.through[STAGE_ACL_OUT] = portmap_from(arena, back.items, back.count);
    return stages;
}
