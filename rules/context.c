#include "rules/context.h"

#include "model/protocol.h"

struct context context_of(struct arena *arena, const struct estate *estate, const struct network_interface *interface,
                          struct address private_address, text_list *missing)
{
    struct context context = {
        .arena = arena, .estate = estate, .interface = interface, .family = private_address.family, .missing = missing};
    context.gate = gateway_admits(arena, estate, interface, private_address, missing);
    if (context.gate.state == GATE_SHUT)
        return context;
    context.acl = network_acl_of(arena, estate, interface, &context.acl_missing);
    context.table = route_table_of(arena, estate, interface, &context.table_missing);
    if (context.acl == NULL)
        text_list_add(arena, missing, context.acl_missing);
    if (context.table == NULL)
        text_list_add(arena, missing, context.table_missing);
    return context;
}

void context_find_replies(struct context *context)
{
    if (context->gate.state == GATE_SHUT)
        return;
    if (context->table == NULL)
        context->replies.may = prefixset_all(context->arena, context->family);
    else
        context->replies = route_table_replies(context->arena, context->estate, context->table,
                                               context->interface->vpc_id, context->family, context->missing);
}

int context_icmp_reply(int protocol, uint16_t number)
{
    int type = number >> 8;
    if (protocol == PROTOCOL_ICMP && type == 8)
        return 0;
    if (protocol == PROTOCOL_ICMP && type == 13)
        return 14 << 8;
    if (protocol == PROTOCOL_ICMPV6 && type == 128)
        return 129 << 8;
    return -1;
}
