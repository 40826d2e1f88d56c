#include "rules/reach/accelerator_ports.h"

#include "model/protocol.h"

static struct portset port_alone(struct arena *arena, uint16_t port)
{
    return portset_of(arena, port, port);
}

port_ways accelerator_ports(struct arena *arena, const struct accelerator_listener *listener,
                            const struct accelerator_group *group)
{
    struct portset same = portset_from(arena, listener->ports.items, listener->ports.count);
    port_ways found = {0};
    for (size_t i = 0; i < group->overrides.count; i++) {
        const struct port_override *one = &group->overrides.items[i];
        struct portset asked = port_alone(arena, one->listener_port);
        size_t at = 0;
        if (!portset_holds(same, one->listener_port))
            continue;
        same = portset_subtract(arena, same, asked);
        while (at < found.count && !portset_holds(found.items[at].ports, one->endpoint_port))
            at++;
        if (at == found.count)
            *vector_add(arena, &found) = (struct port_way){asked, port_alone(arena, one->endpoint_port), true};
        else
            found.items[at].asked = portset_union(arena, found.items[at].asked, asked);
    }
    if (!portset_is_empty(same))
        *vector_add(arena, &found) = (struct port_way){same, same, false};
    return found;
}

const char *port_way_text(struct arena *arena, const struct port_way *one, int protocol)
{
    const char *name = protocol == PROTOCOL_UDP ? "UDP" : "TCP", *asked = portset_format(arena, one->asked);
    return one->overridden ? arena_printf(arena, "%s/%s (to port %s)", asked, name, portset_format(arena, one->ports))
                           : arena_printf(arena, "%s/%s", asked, name);
}

bool accelerator_has_others(const struct accelerator_listener *listener, const struct accelerator_group *group)
{
    for (size_t i = 0; i < listener->groups.count; i++)
        if (&listener->groups.items[i] != group && listener->groups.items[i].endpoints.count > 0)
            return true;
    return false;
}
