#include "rules/reach/explain.h"

#include "model/protocol.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/security_group.h"
#include "rules/reach/site.h"

static struct hop *add_hop(struct arena *arena, struct explanation *explanation, enum reason_stage stage,
                           enum hop_result result, const char *text)
{
    struct hop *hop = vector_add(arena, &explanation->hops);
    *hop = (struct hop){.stage = stage, .result = result, .text = text};
    return hop;
}

// A hop that one reason decides.
static void add_decided(struct arena *arena, struct explanation *explanation, enum reason_stage stage,
                        enum hop_result result, const struct reason *reason)
{
    struct hop *hop = add_hop(arena, explanation, stage, result, NULL);
    hop->text = explanation->wordless ? NULL : reason_told(arena, reason);
    *vector_add(arena, &hop->reasons) = reason;
}

static void add_stop(struct arena *arena, struct explanation *explanation, enum reason_stage stage, const char *id,
                     const char *text)
{
    add_decided(arena, explanation, stage, HOP_STOP, reason_stop(arena, stage, id, text));
}

static const char *joined(struct arena *arena, const struct explanation *explanation, const reason_list *list)
{
    if (explanation->wordless)
        return NULL;
    const char *text = reasons_joined(arena, list, REASON_UNTOLD, ", ");
    return text == NULL ? "" : text;
}

const char *hop_words(const struct hop *hop)
{
    return hop->stage == REASON_HOST ? "source" : reason_stage_words(hop->stage);
}

static struct prefixset only(struct arena *arena, struct address address)
{
    return prefixset_of(arena, prefix_of(address));
}

static void explain_acl(struct arena *arena, struct site *site, struct explanation *explanation, bool egress,
                        int protocol, struct portset numbers, struct address source)
{
    enum reason_stage stage = egress ? REASON_ACL_OUT : REASON_ACL_IN;
    if (portset_is_empty(numbers)) {
        add_stop(arena, explanation, stage, NULL, "this message asks for no reply");
        return;
    }
    if (site->acl == NULL) {
        add_decided(arena, explanation, stage, HOP_POSSIBLE, site->acl_missing);
        return;
    }
    const struct passage *passage = site_passage(site, source.family, protocol);
    const struct acl_view *view = egress ? &passage->out : &passage->in;
    struct portset working = portset_intersect(arena, portmap_ports(arena, view->allows, source.bits), numbers);
    if (!portset_is_empty(working)) {
        struct hop *hop = add_hop(arena, explanation, stage, HOP_PASS, NULL);
        network_acl_because(arena, view, working, only(arena, source), &hop->reasons);
        if (explanation->wordless)
            return;
        bool part = egress && protocol_has_ports(protocol) && !portset_equal(working, portset_all);
        const char *ports = part ? arena_printf(arena, " for client ports %s", portset_format(arena, working)) : "";
        hop->text = arena_printf(arena, "%s%s", joined(arena, explanation, &hop->reasons), ports);
        return;
    }
    const struct network_acl_entry *entry =
        network_acl_decides(site->acl, egress, protocol, numbers.ranges[0].low, source);
    if (entry == NULL) {
        add_stop(arena, explanation, stage, site->acl->id,
                 arena_printf(arena, "%s has no entry that matches, and so denies", site->acl->id));
        return;
    }
    struct reason *denies = arena_new_of(arena, struct reason);
    *denies = network_acl_reason(site->acl, entry);
    add_decided(arena, explanation, stage, HOP_STOP, denies);
}

// What a set of groups admits of one family and protocol.
struct admitted {
    enum family family;
    int protocol;
    struct group_rules rules;
    struct claim claim;
    struct admitted *next;
};

static struct admitted *admitted_of(struct explainer *explainer, const struct network_interface *interface,
                                    enum family family, int protocol)
{
    bool shared = security_group_is_shared(interface) && !interface->groups_unsure;
    struct admitted *first = shared ? map_get_pointer(&explainer->admitted, interface->groups) : NULL;
    for (struct admitted *one = first; one != NULL; one = one->next)
        if (one->family == family && one->protocol == protocol)
            return one;
    struct arena *arena = explainer->arena;
    struct admitted *fresh = arena_new_of(arena, struct admitted);
    *fresh = (struct admitted){.family = family, .protocol = protocol, .next = first};
    fresh->rules = security_group_rules(arena, &explainer->groups, interface, family, protocol);
    fresh->claim = security_group_admits(arena, &explainer->groups, interface, family, &fresh->rules);
    if (shared)
        map_put_pointer(arena, &explainer->admitted, interface->groups, fresh);
    return fresh;
}

static void explain_groups(struct arena *arena, const struct network_interface *interface, struct admitted *admitted,
                           struct explanation *explanation, int protocol, uint16_t number, struct address source)
{
    struct claim groups = admitted->claim;
    struct exposure packet = {.protocol_low = protocol,
                              .protocol_high = protocol,
                              .low = number,
                              .high = number,
                              .sources = only(arena, source)};
    text_list ids = {0};
    const char *names = "";
    for (size_t i = 0; interface->groups != NULL && i < interface->groups->count; i++)
        text_list_add(arena, &ids, interface->groups->ids[i]);
    for (size_t i = 0; i < ids.count; i++)
        names = i == 0 ? ids.items[0] : arena_printf(arena, "%s, %s", names, ids.items[i]);
    bool must = prefixset_holds(portmap_sources(groups.must, number), source.bits);
    bool may = prefixset_holds(portmap_sources(groups.extra, number), source.bits);
    if (!must && !may) {
        add_stop(arena, explanation, REASON_GROUP, ids.count == 1 ? ids.items[0] : NULL,
                 arena_printf(arena, "no rule of %s admits it", names));
        return;
    }
    struct hop *hop = add_hop(arena, explanation, REASON_GROUP, must ? HOP_PASS : HOP_POSSIBLE, NULL);
    if (must)
        security_group_because(arena, &admitted->rules, &packet, &hop->reasons);
    else
        hop->reasons = groups.doubts;
    const char *why = joined(arena, explanation, &hop->reasons);
    hop->text = must && why != NULL ? arena_printf(arena, "%s admits", why) : why;
}

static void explain_route(struct arena *arena, struct site *site, struct explanation *explanation,
                          struct address source)
{
    const struct route_claim *replies = &site_family(site, source.family)->replies;
    const struct route_share *share = route_table_share(replies, source.bits);
    bool must = prefixset_holds(replies->must, source.bits), may = prefixset_holds(replies->may, source.bits);
    if (!may) {
        add_stop(arena, explanation, REASON_ROUTE, share == NULL ? site->table->id : share->reason->id,
                 share == NULL ? arena_printf(arena, "%s has no route to the source", site->table->id)
                               : arena_printf(arena, "%s %s", share->reason->id, share->reason->text));
        return;
    }
    struct hop *hop = add_hop(arena, explanation, REASON_ROUTE, must ? HOP_PASS : HOP_POSSIBLE, NULL);
    if (site->table == NULL)
        *vector_add(arena, &hop->reasons) = site->table_missing;
    if (share != NULL && site->table != NULL)
        *vector_add(arena, &hop->reasons) = share->reason;
    if (!must && share != NULL && share->doubt != NULL)
        reason_add(arena, &hop->reasons, share->doubt);
    if (!must)
        reason_add_all(arena, &hop->reasons, &replies->doubts);
    hop->text = joined(arena, explanation, &hop->reasons);
}

static void explain_listener(struct arena *arena, const struct load_balancer *balancer, struct explanation *explanation,
                             int protocol, uint16_t number)
{
    struct balancer_ports ports = load_balancer_ports(arena, balancer, protocol);
    if (portset_holds(ports.must, number)) {
        struct hop *hop = add_hop(arena, explanation, REASON_BALANCER, HOP_PASS, NULL);
        load_balancer_because(arena, balancer, protocol, number, number, &hop->reasons);
        hop->text = joined(arena, explanation, &hop->reasons);
    } else if (portset_holds(ports.may, number)) {
        add_decided(arena, explanation, REASON_BALANCER, HOP_POSSIBLE, ports.doubt);
    } else {
        add_stop(arena, explanation, REASON_BALANCER, balancer->name,
                 arena_printf(arena, "%s has no listener there", balancer->name));
    }
}

struct explainer explainer_of(struct arena *arena, const struct estate *estate)
{
    return (struct explainer){.arena = arena, .estate = estate, .groups = {.arena = arena, .estate = estate}};
}

static struct site *explainer_site(struct explainer *explainer, const struct endpoint *endpoint)
{
    struct map *known = &explainer->sites[endpoint->gateway];
    struct site *site = map_get_pointer(known, endpoint->interface->place);
    if (site != NULL)
        return site;
    site = site_behind(explainer->arena, explainer->estate, endpoint->interface, endpoint->gateway);
    map_put_pointer(explainer->arena, known, endpoint->interface->place, site);
    return site;
}

bool explainer_is_shared(struct explainer *explainer, const struct endpoint *endpoint)
{
    return site_decides(explainer_site(explainer, endpoint), endpoint->interface, endpoint->address);
}

struct explanation explainer_packet(struct explainer *explainer, struct arena *arena, const struct endpoint *endpoint,
                                    int protocol, uint16_t number, struct address source, struct portset client_ports)
{
    struct explanation explanation = {.wordless = explainer->wordless};
    const struct network_interface *interface = endpoint->interface;
    const struct estate *estate = explainer->estate;
    if (source.family != endpoint->address.family) {
        add_stop(arena, &explanation, REASON_HOST, NULL, "the source is of the other address family");
        return explanation;
    }
    struct site *site = explainer_site(explainer, endpoint);
    struct gate gate = site_gate(arena, site, interface, endpoint->address, endpoint->private_address);
    if (gate.state == GATE_POSSIBLE) {
        struct hop *hop =
            add_hop(arena, &explanation, REASON_GATEWAY, HOP_POSSIBLE, joined(arena, &explanation, &gate.doubts));
        hop->reasons = gate.doubts;
    } else {
        add_decided(arena, &explanation, REASON_GATEWAY, gate.state == GATE_SHUT ? HOP_STOP : HOP_PASS, gate.why);
    }
    const struct reason *missing = NULL;
    const struct load_balancer *balancer = load_balancer_of(arena, estate, interface, &missing);
    if (balancer != NULL && missing == NULL) {
        explain_listener(arena, balancer, &explanation, protocol, number);
    }
    explain_acl(arena, site, &explanation, false, protocol, portset_of(arena, number, number), source);
    explain_groups(arena, interface, admitted_of(explainer, interface, source.family, protocol), &explanation, protocol,
                   number, source);
    explain_route(arena, site, &explanation, source);
    struct portset back =
        site_reply_numbers(arena, protocol, number, protocol_has_ports(protocol) ? client_ports : portset_all);
    explain_acl(arena, site, &explanation, true, protocol, back, source);
    return explanation;
}

struct explanation explain_packet(struct arena *arena, const struct estate *estate, const struct endpoint *endpoint,
                                  int protocol, uint16_t number, struct address source, struct portset client_ports)
{
    struct explainer once = explainer_of(arena, estate);
    struct explanation explanation = explainer_packet(&once, arena, endpoint, protocol, number, source, client_ports);
    if (source.family == endpoint->address.family)
        explanation.exposure = exposure_find(endpoint, protocol, number, source.bits);
    return explanation;
}

struct prefixset explain_internet(struct arena *arena, const struct estate *estate, const struct endpoint *endpoint)
{
    struct site *site = site_behind(arena, estate, endpoint->interface, endpoint->gateway);
    return site_family(site, endpoint->address.family)->internet;
}

const struct reason *explanation_stop(const struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->hops.count; i++)
        if (explanation->hops.items[i].result == HOP_STOP)
            return explanation->hops.items[i].reasons.items[0];
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
    struct gate gate = site_gate(arena, site, interface, endpoint->address, endpoint->private_address);
    const struct passage *passage = site_passage(site, family, protocol);
    struct stages stages = {.through = {[STAGE_GATEWAY] = gate.state == GATE_SHUT ? portmap_empty : everything,
                                        [STAGE_ACL_IN] = passage->in.allows}};
    const struct reason *missing = NULL;
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
