#include "rules/explain.h"

#include "model/protocol.h"
#include "rules/context.h"

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

static void explain_acl(struct context *context, struct explanation *explanation, bool egress, int protocol,
                        struct portset numbers, struct address source)
{
    struct arena *arena = context->arena;
    const char *stage = egress ? "network acl out" : "network acl in";
    if (context->acl == NULL) {
        add_hop(arena, explanation, stage, HOP_POSSIBLE, context->acl_missing);
        return;
    }
    struct prefixset one =
        prefixset_of(arena, (struct prefix){source.family, (uint8_t)family_width(source.family), source.bits});
    struct portmap allowed = network_acl_allows(arena, context->acl, egress, context->family, protocol);
    struct portset working = portset_intersect(arena, portmap_ports(arena, allowed, source.bits), numbers);
    if (!portset_is_empty(working)) {
        text_list entries = {0};
        network_acl_because(arena, context->acl, egress, context->family, protocol, working, one, &entries);
        bool part = egress && protocol_has_ports(protocol) && !portset_equal(working, portset_all);
        const char *ports = part ? arena_printf(arena, " for client ports %s", portset_format(arena, working)) : "";
        add_hop(arena, explanation, stage, HOP_PASS,
                arena_printf(arena, "%s allows%s", joined(arena, &entries), ports));
        return;
    }
    const struct network_acl_entry *entry =
        portset_is_empty(numbers) ? NULL
                                  : network_acl_decides(context->acl, egress, protocol, numbers.ranges[0].low, source);
    if (portset_is_empty(numbers))
        add_hop(arena, explanation, stage, HOP_STOP, "this message asks for no reply");
    else if (entry == NULL)
        add_hop(arena, explanation, stage, HOP_STOP,
                arena_printf(arena, "%s has no entry that matches, and so denies", context->acl->id));
    else
        add_hop(arena, explanation, stage, HOP_STOP,
                arena_printf(arena, "%s:%s%d denies", context->acl->id, egress ? "egress:" : "", entry->number));
}

struct explanation explain_packet(struct arena *arena, const struct estate *estate, const struct endpoint *endpoint,
                                  int protocol, uint16_t number, struct address source, struct portset client_ports)
{
    struct explanation explanation = {0};
    text_list missing = {0};
    struct context context = context_of(arena, estate, endpoint->interface, endpoint->private_address, &missing);
    context_find_replies(&context);
    explanation.exposure = exposure_find(endpoint, protocol, number, source.bits);
    if (source.family != endpoint->address.family) {
        add_hop(arena, &explanation, "source", HOP_STOP, "the source is of the other address family");
        return explanation;
    }
    add_hop(arena, &explanation, "gateway",
            context.gate.state == GATE_SHUT       ? HOP_STOP
            : context.gate.state == GATE_POSSIBLE ? HOP_POSSIBLE
                                                  : HOP_PASS,
            context.gate.state == GATE_POSSIBLE ? joined(arena, &context.gate.doubts) : context.gate.why);
    if (context.gate.state == GATE_SHUT) // the rest is worth knowing all the same
        context.acl = network_acl_of(arena, estate, endpoint->interface, &context.acl_missing);

    struct portset one_number = portset_of(arena, number, number);
    explain_acl(&context, &explanation, false, protocol, one_number, source);

    struct claim groups = security_group_admits(arena, estate, endpoint->interface, context.family, protocol, &missing);
    bool must = prefixset_holds(portmap_sources(groups.must, number), source.bits);
    bool may = prefixset_holds(portmap_sources(groups.may, number), source.bits);
    text_list rules = {0};
    struct exposure packet = {
        .protocol_low = protocol,
        .protocol_high = protocol,
        .low = number,
        .high = number,
        .sources =
            prefixset_of(arena, (struct prefix){source.family, (uint8_t)family_width(source.family), source.bits})};
    security_group_because(arena, estate, endpoint->interface, context.family, &packet, &rules);
    text_list ids = {0};
    for (size_t i = 0; i < endpoint->interface->group_ids.count; i++)
        text_list_add(arena, &ids, endpoint->interface->group_ids.items[i]);
    add_hop(arena, &explanation, "security groups",
            must  ? HOP_PASS
            : may ? HOP_POSSIBLE
                  : HOP_STOP,
            must  ? arena_printf(arena, "%s admits", joined(arena, &rules))
            : may ? joined(arena, &groups.doubts)
                  : arena_printf(arena, "no rule of %s admits it", joined(arena, &ids)));

    if (context.table == NULL && context.gate.state == GATE_SHUT)
        return explanation;
    const struct route_share *share = route_table_share(&context.replies, source.bits);
    bool reply_must = prefixset_holds(context.replies.must, source.bits);
    bool reply_may = prefixset_holds(context.replies.may, source.bits);
    const char *route = context.table == NULL ? context.table_missing
                        : share == NULL
                            ? arena_printf(arena, "%s has no route to the source", context.table->id)
                            : arena_printf(arena, "%s to %s%s", route_share_name(arena, context.table, share),
                                           share->route->target_id, share->route->active ? "" : " (blackhole)");
    if (!reply_must && reply_may && context.replies.doubts.count > 0)
        route = arena_printf(arena, "%s; %s", route, joined(arena, &context.replies.doubts));
    add_hop(arena, &explanation, "route back", reply_must ? HOP_PASS : reply_may ? HOP_POSSIBLE : HOP_STOP, route);

    struct portset back = protocol_has_ports(protocol) ? client_ports : portset_all;
    if (protocol_is_icmp(protocol)) {
        int reply = context_icmp_reply(protocol, number);
        back = reply < 0 ? portset_empty : portset_of(arena, (uint16_t)reply, (uint16_t)reply);
    }
    explain_acl(&context, &explanation, true, protocol, back, source);
    return explanation;
}

const char *explanation_stop(struct arena *arena, const struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->hops.count; i++)
        if (explanation->hops.items[i].result == HOP_STOP)
            return arena_printf(arena, "%s: %s", explanation->hops.items[i].stage, explanation->hops.items[i].text);
    return NULL;
}
