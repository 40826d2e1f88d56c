#include "rules/reach/custom_routing.h"

#include "model/protocol.h"

static struct portset ports_of(struct arena *arena, const struct accelerator_group *group, int protocol)
{
    VECTOR(struct port_range) ranges = {0};
    for (size_t i = 0; i < group->destinations.count; i++) {
        const struct custom_destination *one = &group->destinations.items[i];
        if (protocol == PROTOCOL_TCP ? one->tcp : one->udp)
            *vector_add(arena, &ranges) = one->ports;
    }
    return portset_from(arena, ranges.items, ranges.count);
}

static void tell(struct arena *arena, const struct accelerator *accelerator, const struct network_interface *target,
                 const struct network_interface *own, int protocol, struct portset ports, struct told_bridges *told)
{
    *vector_add(arena, &told->items) = (struct told_bridge){
        .service = "AWS Global Accelerator",
        .what = arena_printf(arena, "custom routing accelerator %s, %s/%s", accelerator->name,
                             portset_format(arena, ports), protocol == PROTOCOL_TCP ? "TCP" : "UDP"),
        .id = own != NULL ? own->id : text_behind_slash(accelerator->arn),
        .interface = own,
        .target = target,
        .ports = ports,
        .protocol = protocol,
        .keeps_client = true,
        .takes_ipv6 = accelerator->takes_ipv6,
        .unsure = accelerator->unsure != NULL
                      ? accelerator->unsure
                      : "it lets no traffic to a destination that is not allowed, and which are is not read",
        .settle = arena_printf(arena, "globalaccelerator list-custom-routing-port-mappings of %s, which is not read",
                               accelerator->name),
    };
}

void custom_routing_tell(struct arena *arena, const struct estate *estate, const struct accelerator *accelerator,
                         const struct accelerator_group *group, const char *subnet_id,
                         const struct network_interface *own, struct told_bridges *told)
{
    for (int protocol = PROTOCOL_TCP; protocol <= PROTOCOL_UDP; protocol += PROTOCOL_UDP - PROTOCOL_TCP) {
        struct portset ports = ports_of(arena, group, protocol);
        for (size_t i = 0; i < estate->interfaces.count && !portset_is_empty(ports); i++) {
            const struct network_interface *one = estate->interfaces.items[i];
            if (one->place->subnet_id == NULL || strcmp(one->place->subnet_id, subnet_id) == 0)
                tell(arena, accelerator, one, own, protocol, ports, told);
        }
    }
}
