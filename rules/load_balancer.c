#include "rules/load_balancer.h"

#include "model/protocol.h"

const char *load_balancer_key(struct arena *arena, const struct network_interface *interface)
{
    bool classic = strchr(interface->load_balancer, '/') == NULL;
    return classic ? arena_printf(arena, "%s|%s", interface->place->vpc_id, interface->load_balancer)
                   : interface->load_balancer;
}

bool preservation_is_optional(const struct target_group *group)
{
    static const char *const protocols[] = {"TCP", "TLS", NULL};
    return group->protocol == NULL || text_among(group->protocol, protocols);
}

bool preserves_by_default(const struct target_group *group)
{
    return strcmp(group->type, "instance") == 0;
}

const struct load_balancer *load_balancer_of(struct arena *arena, const struct estate *estate,
                                             const struct network_interface *interface, const char **missing)
{
    const char *mark = interface->load_balancer;
    if (mark == NULL)
        return NULL;
    bool classic = strchr(mark, '/') == NULL;
    enum kind kind = classic ? KIND_CLASSIC_LOAD_BALANCERS : KIND_LOAD_BALANCERS;
    const struct load_balancer *balancer = map_get(&estate->load_balancers, load_balancer_key(arena, interface));
    if (balancer == NULL && estate_completeness(estate, kind, interface->place->account_id, interface->place->region) <=
                                COMPLETENESS_DENIED)
        return NULL; // taken as none: the assumption is listed
    if (balancer == NULL || balancer->name == NULL) {
        if (!interface->requester_managed && strstr(interface->type, "load_balancer") == NULL)
            return NULL; // somebody's own description
        *missing = arena_printf(arena, "missing: load balancer %s", mark);
        return NULL;
    }
    if (balancer->doubt != NULL)
        *missing = balancer->doubt;
    else if (!balancer->listeners_known)
        *missing = arena_printf(arena, "missing: listeners of load balancer %s", balancer->name);
    return balancer;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Listener.html
bool listener_takes(const struct listener *listener, int protocol)
{
    static const struct {
        const char *name;
        bool tcp;
        bool udp;
    } others[] = {{"UDP", false, true},
                  {"QUIC", false, true},
                  {"TCP_UDP", true, true},
                  {"TCP_QUIC", true, true},
                  {"GENEVE", false, false}};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strcmp(listener->protocol, others[i].name) == 0)
            return (protocol == PROTOCOL_TCP && others[i].tcp) || (protocol == PROTOCOL_UDP && others[i].udp);
    return protocol == PROTOCOL_TCP; // HTTP, HTTPS, TCP, TLS, SSL
}

struct portset load_balancer_ports(struct arena *arena, const struct load_balancer *balancer, int protocol)
{
    VECTOR(struct port_range) ranges = {0};
    for (size_t i = 0; i < balancer->listeners.count; i++)
        if (listener_takes(&balancer->listeners.items[i], protocol))
            *vector_add(arena, &ranges) =
                (struct port_range){balancer->listeners.items[i].port, balancer->listeners.items[i].port};
    return portset_from(arena, ranges.items, ranges.count);
}

void load_balancer_because(struct arena *arena, const struct load_balancer *balancer, int protocol, uint16_t low,
                           uint16_t high, text_list *because)
{
    for (size_t i = 0; i < balancer->listeners.count; i++) {
        const struct listener *listener = &balancer->listeners.items[i];
        if (listener_takes(listener, protocol) && low <= listener->port && listener->port <= high)
            *vector_add(arena, because) =
                arena_printf(arena, "%s:%u/%s", balancer->name, (unsigned)listener->port, listener->protocol);
    }
}
