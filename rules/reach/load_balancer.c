#include "rules/reach/load_balancer.h"

#include "model/interface_kind.h"
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
    return group->protocol != NULL && text_among(group->protocol, protocols);
}

bool preservation_is_certain(const struct target_group *group)
{
    return strcmp(group->type, "alb") == 0 ||
           (target_protocol_is_known(group->protocol) && !preservation_is_optional(group));
}

bool preserves_by_default(const struct target_group *group)
{
    return strcmp(group->type, "instance") == 0;
}

const struct reason *load_balancer_unsure(struct arena *arena, const struct load_balancer *balancer)
{
    return reason_doubt(arena, REASON_BALANCER, balancer->name,
                        settle_by_call(arena, KIND_LOAD_BALANCERS, balancer->name), balancer->unsure);
}

const struct reason *load_balancer_doubt(struct arena *arena, const struct estate *estate,
                                         const struct load_balancer *balancer)
{
    enum kind kind = balancer->type == LOAD_BALANCER_CLASSIC ? KIND_CLASSIC_LOAD_BALANCERS : KIND_LOAD_BALANCERS;
    return reason_doubt(arena, REASON_BALANCER, balancer->name,
                        settle_doubt(arena, estate, balancer->doubt, kind, balancer->name), balancer->doubt);
}

const struct reason *listeners_missing(struct arena *arena, const struct load_balancer *balancer)
{
    const struct lack lack = {kind_name(KIND_LISTENERS), balancer->account, balancer->region, balancer->arn,
                              arena_printf(arena, "missing: listeners of load balancer %s", balancer->name)};
    return reason_lack_of(arena, REASON_BALANCER, balancer->name, settle_by_call(arena, KIND_LISTENERS, balancer->name),
                          &lack);
}

// Interfaces of application and classic load balancers are of type "interface"; their requester tells them.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/requester-managed-eni.html
bool is_balancers_interface(const struct network_interface *interface)
{
    return strstr(interface->type, "load_balancer") != NULL || text_same(interface->requester_id, "amazon-elb");
}

// A load balancer's interface whose description does not say whose it is: where load balancers are told of, that one is
// missing.
static const struct reason *unnamed_missing(struct arena *arena, const struct estate *estate,
                                            const struct network_interface *interface)
{
    const struct interface_place *place = interface->place;
    const struct interface_kind *kind = interface_kind_of(interface->type);
    bool takes = is_balancers_interface(interface) && (kind == NULL || kind->admission == INTERFACE_ORDINARY);
    if (!takes ||
        (estate_completeness(estate, KIND_LOAD_BALANCERS, place->account_id, place->region) <= COMPLETENESS_DENIED &&
         estate_completeness(estate, KIND_CLASSIC_LOAD_BALANCERS, place->account_id, place->region) <=
             COMPLETENESS_DENIED))
        return NULL;
    const struct lack lack = {kind_name(KIND_LOAD_BALANCERS), place->account_id, place->region, interface->id,
                              arena_printf(arena, "missing: the load balancer of %s", interface->id)};
    return reason_lack_of(arena, REASON_BALANCER, interface->id,
                          settle_by_call(arena, KIND_NETWORK_INTERFACES, interface->id), &lack);
}

const struct load_balancer *load_balancer_of(struct arena *arena, const struct estate *estate,
                                             const struct network_interface *interface, const struct reason **missing)
{
    const char *mark = interface->load_balancer;
    if (mark == NULL) {
        const struct reason *unnamed = unnamed_missing(arena, estate, interface);
        *missing = unnamed != NULL ? unnamed : *missing;
        return NULL;
    }
    bool classic = strchr(mark, '/') == NULL;
    enum kind kind = classic ? KIND_CLASSIC_LOAD_BALANCERS : KIND_LOAD_BALANCERS;
    const struct load_balancer *balancer = map_get(&estate->load_balancers, load_balancer_key(arena, interface));
    if (balancer == NULL && estate_completeness(estate, kind, interface->place->account_id, interface->place->region) <=
                                COMPLETENESS_DENIED)
        return NULL; // taken as none: the assumption is listed
    if (balancer == NULL || balancer->name == NULL) {
        if (!interface->requester_managed && !is_balancers_interface(interface))
            return NULL; // somebody's own description
        const struct lack lack = {kind_name(KIND_LOAD_BALANCERS), interface->place->account_id,
                                  interface->place->region, mark,
                                  arena_printf(arena, "missing: load balancer %s", mark)};
        *missing = reason_lack_of(arena, REASON_BALANCER, mark, settle_by_call(arena, kind, mark), &lack);
        return NULL;
    }
    if (balancer->doubt != NULL)
        *missing = load_balancer_doubt(arena, estate, balancer);
    else if (!balancer->listeners_known)
        *missing = listeners_missing(arena, balancer);
    return balancer;
}

const char *listener_text(struct arena *arena, const struct listener *listener)
{
    return listener == NULL ? "unknown" : arena_printf(arena, "%u/%s", (unsigned)listener->port, listener->protocol);
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Listener.html
enum listens listener_takes(const struct listener *listener, int protocol)
{
    static const struct {
        const char *name;
        bool tcp;
        bool udp;
    } words[] = {{"HTTP", true, false},    {"HTTPS", true, false},  {"TCP", true, false},  {"TLS", true, false},
                 {"SSL", true, false},     {"UDP", false, true},    {"QUIC", false, true}, {"TCP_UDP", true, true},
                 {"TCP_QUIC", true, true}, {"GENEVE", false, false}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(listener->protocol, words[i].name) == 0)
            return (protocol == PROTOCOL_TCP && words[i].tcp) || (protocol == PROTOCOL_UDP && words[i].udp)
                       ? LISTENS_SURELY
                       : LISTENS_NOT;
    return protocol_has_ports(protocol) ? LISTENS_PERHAPS : LISTENS_NOT;
}

// Application and classic load balancers answer what of ICMP their groups admit; of network ones AWS does not say it.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-update-security-groups.html
static struct balancer_ports takes_icmp(struct arena *arena, const struct load_balancer *balancer)
{
    if (balancer->type == LOAD_BALANCER_GATEWAY)
        return (struct balancer_ports){0};
    if (balancer->type != LOAD_BALANCER_NETWORK)
        return (struct balancer_ports){.must = portset_all};
    return (struct balancer_ports){
        .may = portset_all,
        .doubt = reason_doubt(
            arena, REASON_BALANCER, balancer->name, settle_by_probe,
            arena_printf(arena, "whether network load balancer %s answers ICMP is not documented", balancer->name))};
}

struct balancer_ports load_balancer_ports(struct arena *arena, const struct load_balancer *balancer, int protocol)
{
    VECTOR(struct port_range) must = {0}, may = {0};
    struct balancer_ports ports = {0};
    if (protocol_is_icmp(protocol))
        return takes_icmp(arena, balancer);
    for (size_t i = 0; i < balancer->listeners.count; i++) {
        const struct listener *listener = &balancer->listeners.items[i];
        struct port_range range = {listener->port, listener->port};
        enum listens listens = listener_takes(listener, protocol);
        if (listens == LISTENS_SURELY)
            *vector_add(arena, &must) = range;
        if (listens != LISTENS_PERHAPS)
            continue;
        *vector_add(arena, &may) = range;
        ports.doubt = reason_doubt(arena, REASON_BALANCER, balancer->name, settle_by_probe,
                                   arena_printf(arena, "what a listener of %s takes, of protocol %s, is not known",
                                                balancer->name, listener->protocol));
    }
    ports.must = portset_from(arena, must.items, must.count);
    ports.may = portset_subtract(arena, portset_from(arena, may.items, may.count), ports.must);
    return ports;
}

void load_balancer_because(struct arena *arena, const struct load_balancer *balancer, int protocol, uint16_t low,
                           uint16_t high, reason_list *because)
{
    if (protocol_is_icmp(protocol) && balancer->type != LOAD_BALANCER_NETWORK &&
        balancer->type != LOAD_BALANCER_GATEWAY)
        *vector_add(arena, because) =
            reason_says(arena, REASON_BALANCER, arena_printf(arena, "%s:icmp", balancer->name), "answers ICMP");
    for (size_t i = 0; i < balancer->listeners.count; i++) {
        const struct listener *listener = &balancer->listeners.items[i];
        if (listener_takes(listener, protocol) != LISTENS_NOT && low <= listener->port && listener->port <= high)
            *vector_add(arena, because) = listener_reason(arena, balancer, listener);
    }
}

const struct reason *listener_reason(struct arena *arena, const struct load_balancer *balancer,
                                     const struct listener *listener)
{
    const char *text = listener_text(arena, listener);
    return reason_says(arena, REASON_BALANCER, arena_printf(arena, "%s:%s", balancer->name, text),
                       arena_printf(arena, "listens on %s", text));
}

const struct lack *attributes_lack(const struct estate *estate, const struct load_balancer *balancer)
{
    const char *account = balancer->account, *region = balancer->region;
    bool classic = balancer->type == LOAD_BALANCER_CLASSIC;
    for (size_t i = 0; i < estate->lacks.items.count; i++) {
        const struct lack *one = &estate->lacks.items.items[i];
        bool attributes =
            classic ? text_same(one->kind, "LoadBalancerAttributes")
                    : text_same(one->kind, "Attributes") || text_same(one->kind, "DescribeLoadBalancerAttributes");
        if (attributes && (account == NULL || text_same(one->account, account)) &&
            (region == NULL || text_same(one->region, region)))
            return one;
    }
    return NULL;
}

const struct reason *attributes_doubt(struct arena *arena, const struct load_balancer *balancer,
                                      const struct lack *lack)
{
    return reason_lack_of(arena, REASON_BALANCER, balancer->name,
                          arena_printf(arena, "%s describe-load-balancer-attributes of %s",
                                       balancer->type == LOAD_BALANCER_CLASSIC ? "elb" : "elbv2", balancer->name),
                          lack);
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
void load_balancer_gate(struct arena *arena, const struct estate *estate, const struct load_balancer *balancer,
                        enum family family, bool allowed, struct balancer_gate *gate)
{
    *gate = (struct balancer_gate){0};
    bool internal = balancer->scheme == SCHEME_INTERNAL && balancer->doubt == NULL;
    bool ipv6 = family == FAMILY_IPV6;
    enum setting denies = allowed ? SETTING_OFF : balancer->deny_gateway;
    const struct lack *lack = balancer->attributes_told ? NULL : attributes_lack(estate, balancer);
    if (internal && ipv6 && denies == SETTING_OFF)
        return;
    // AWS sets it for internal ones when they are made, and whoever owns it may have changed it since. A classic one
    // has no IPv6 addresses in a VPC:
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-internet-facing-load-balancers.html
    if (internal && ipv6 && denies == SETTING_NOT_TOLD && balancer->type != LOAD_BALANCER_CLASSIC) {
        struct lack *own = arena_new_of(arena, struct lack);
        *own = (struct lack){
            "Attributes", balancer->account, balancer->region, balancer->arn,
            arena_printf(arena, "missing: ipv6.deny_all_igw_traffic of load balancer %s", balancer->name)};
        gate->lack = lack == NULL ? own : lack;
        gate->doubt = attributes_doubt(arena, balancer, gate->lack);
    } else if (internal) {
        gate->shut = arena_printf(arena, "load balancer %s is internal", balancer->name);
    } else if (denies == SETTING_ON && ipv6) {
        gate->shut = arena_printf(arena, "load balancer %s denies all traffic of the internet gateway", balancer->name);
    } else if (denies == SETTING_ON) {
        gate->doubt = reason_doubt(
            arena, REASON_BALANCER, balancer->name, settle_by_probe,
            arena_printf(arena, "what ipv6.deny_all_igw_traffic of load balancer %s does to IPv4 is not documented",
                         balancer->name));
    }
}
