#include "rules/reach/explain_behind.h"

#include "model/interface_kind.h"
#include "model/protocol.h"
#include "rules/reach/own_address.h"
#include "rules/reach/part.h"

// A hop that one reason decides.
static void add_hop(struct arena *arena, struct explanation *explanation, enum hop_result result,
                    const struct reason *reason)
{
    struct hop *hop = vector_add(arena, &explanation->hops);
    *hop = (struct hop){.stage = reason->stage, .result = result, .text = reason_text(arena, reason)};
    *vector_add(arena, &hop->reasons) = reason;
}

// What is on the way, a hop each; then what lets the packet in, a hop a stage; then what of it is not sure.
static struct explanation hops_of(struct arena *arena, const struct exposure *exposure, const reason_list *because,
                                  const reason_list *via)
{
    static const enum reason_stage order[] = {REASON_GATEWAY,  REASON_BLOCK_PUBLIC_ACCESS,
                                              REASON_BALANCER, REASON_GROUP,
                                              REASON_ACL_IN,   REASON_ROUTE,
                                              REASON_ACL_OUT,  REASON_APPLIANCE};
    struct explanation explanation = {.exposure = exposure};
    for (size_t i = 0; i < via->count; i++)
        if (via->items[i]->settle == NULL)
            add_hop(arena, &explanation, HOP_PASS, via->items[i]);
    for (size_t s = 0; s < sizeof(order) / sizeof(order[0]); s++) {
        struct hop hop = {.stage = order[s], .result = HOP_PASS};
        for (size_t i = 0; i < because->count; i++)
            if (because->items[i]->stage == order[s])
                reason_add(arena, &hop.reasons, because->items[i]);
        hop.text = reasons_joined(arena, &hop.reasons, REASON_UNTOLD, ", ");
        if (hop.text != NULL)
            *vector_add(arena, &explanation.hops) = hop;
    }
    for (size_t i = 0; i < via->count; i++)
        if (via->items[i]->settle != NULL)
            add_hop(arena, &explanation, HOP_POSSIBLE, via->items[i]);
    return explanation;
}

static bool holds(struct arena *arena, const struct indirect_exposure *one, const struct exposure *exposure,
                  int protocol, uint16_t number, struct address source, struct portset client_ports)
{
    if (portset_is_empty(portset_intersect(arena, exposure->client_ports, client_ports)))
        return false; // no reply gets back to it
    bool port = protocol >= exposure->protocol_low && protocol <= exposure->protocol_high && number >= exposure->low &&
                number <= exposure->high;
    if (source.family == 0)
        return port && prefixset_overlap(exposure->sources, prefixset_internet(arena, one->family));
    return port && source.family == one->family && prefixset_holds(exposure->sources, source.bits);
}

static bool has(const struct network_interface *interface, struct address address)
{
    for (size_t i = 0; address.family == FAMILY_IPV4 && i < interface->private_ipv4_count; i++)
        if (interface->private_ipv4[i] == address.bits)
            return true;
    return delegated_prefix_holds(interface, address);
}

// What is brought to the address on other ports: "tcp 8080, tcp 9090"; NULL where nothing is.
static const char *other_ports(struct arena *arena, const struct exposure_set *set, struct address address)
{
    text_list told = {0};
    const char *text = NULL;
    for (size_t i = 0; i < set->indirect.count; i++) {
        const struct indirect_exposure *one = &set->indirect.items[i];
        for (size_t e = 0; address_equal(one->private_address, address) && e < one->exposures.count; e++) {
            const struct exposure *exposure = &one->exposures.items[e];
            text_list_add(arena, &told,
                          arena_printf(arena, "%s %s", exposure_protocol(arena, exposure),
                                       portset_format(arena, portset_of(arena, exposure->low, exposure->high))));
        }
    }
    for (size_t i = 0; i < told.count; i++)
        text = text == NULL ? told.items[i] : arena_printf(arena, "%s, %s", text, told.items[i]);
    return text;
}

// Why nobody comes: no way of the snapshot leads to this port.
static struct explanation no_way(struct arena *arena, const struct exposure_set *set, struct address address,
                                 bool from_somebody)
{
    struct explanation explanation = {0};
    const char *others = other_ports(arena, set, address);
    const char *text =
        arena_printf(arena, "it is private, and no load balancer or service of the snapshot brings %s there%s%s%s",
                     from_somebody ? "this client" : "clients", others == NULL ? "" : " (they bring some to ",
                     others == NULL ? "" : others, others == NULL ? "" : ")");
    add_hop(arena, &explanation, HOP_STOP, reason_stop(arena, REASON_BALANCER, NULL, text));
    return explanation;
}

// The way that holds a packet; its reasons are those of a client that is given.
static struct way_in way_of(struct arena *arena, const struct indirect_exposure *one, const struct exposure *exposure,
                            uint16_t number, struct address source, struct portset client_ports)
{
    struct exposure packet = *exposure;
    packet.low = packet.high = number;
    packet.client_ports = portset_intersect(arena, exposure->client_ports, client_ports);
    if (source.family != 0)
        packet.sources = prefixset_of(arena, prefix_of(source));
    const reason_list because = part_reasons(arena, &exposure->because, &packet);
    const reason_list via = part_reasons(arena, &exposure->via, &packet);
    return (struct way_in){one, hops_of(arena, exposure, &because, &via)};
}

// Adds those that hold the packet, sure ones first; `interface` is whose address it is, or NULL: anybody's.
static void add_ways(struct arena *arena, const struct exposure_set *set, struct address address,
                     const struct network_interface *interface, const struct exposure *packet, struct address source,
                     struct ways_in *ways)
{
    for (int certainty = CERTAINTY_EXACT; certainty <= CERTAINTY_POSSIBLE; certainty++)
        for (size_t i = 0; i < set->indirect.count; i++) {
            const struct indirect_exposure *one = &set->indirect.items[i];
            bool here =
                address_equal(one->private_address, address) && (interface == NULL || one->interface == interface);
            for (size_t e = 0; here && e < one->exposures.count; e++)
                if ((int)one->exposures.items[e].certainty == certainty &&
                    holds(arena, one, &one->exposures.items[e], packet->protocol_low, packet->low, source,
                          packet->client_ports))
                    *vector_add(arena, &ways->items) =
                        way_of(arena, one, &one->exposures.items[e], packet->low, source, packet->client_ports);
        }
}

struct ways_in explain_behind(struct arena *arena, const struct exposure_set *set, struct address address, int protocol,
                              uint16_t number, struct address source, struct portset client_ports)
{
    struct ways_in ways = {0};
    const struct exposure packet = {.protocol_low = protocol, .low = number, .client_ports = client_ports};
    for (size_t i = 0; i < set->estate->interfaces.count; i++)
        if (has(set->estate->interfaces.items[i], address))
            *vector_add(arena, &ways.interfaces) = set->estate->interfaces.items[i];
    add_ways(arena, set, address, NULL, &packet, source, &ways);
    if (ways.items.count == 0)
        ways.stop = no_way(arena, set, address, source.family != 0);
    return ways;
}

struct ways_in explain_beside(struct arena *arena, const struct exposure_set *set, const struct endpoint *endpoint,
                              struct address address, int protocol, uint16_t number, struct address source,
                              struct portset client_ports)
{
    struct ways_in ways = {0};
    const struct exposure packet = {.protocol_low = protocol, .low = number, .client_ports = client_ports};
    *vector_add(arena, &ways.interfaces) = endpoint->interface;
    bool translated = address.family == FAMILY_IPV4;
    add_ways(arena, set, translated ? endpoint->private_address : address, endpoint->interface, &packet, source, &ways);
    return ways;
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/connect-with-ec2-instance-connect-endpoint.html
text_list explain_guarded(struct arena *arena, const struct estate *estate, const struct network_interface *interface)
{
    text_list found = {0};
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        if (one != interface && strcmp(one->type, instance_connect_type) == 0 &&
            strcmp(one->place->vpc_id, interface->place->vpc_id) == 0)
            text_list_add(arena, &found,
                          arena_printf(arena,
                                       "%s in %s (EC2 Instance Connect Endpoint): whom IAM lets open tunnels by "
                                       "it is not judged",
                                       one->id, one->place->vpc_id));
    }
    return found;
}
