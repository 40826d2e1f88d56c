#include "rules/reach/vpc_link.h"

#include "model/bridge.h"
#include "model/protocol.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/private_link.h"

static bool is_node_of(const struct network_interface *interface, const char *arn)
{
    const char *key = strstr(arn, ":loadbalancer/");
    return text_same(interface->load_balancer, key == NULL ? arn : key + strlen(":loadbalancer/"));
}

// What comes by a link of REST APIs comes by AWS PrivateLink. The groups of a network load balancer are asked of it
// only where that is on.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
static void tell_target(struct arena *arena, const struct estate *estate, const struct vpc_link *link, const char *arn,
                        struct told_bridges *told)
{
    size_t before = told->items.count;
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        if (!is_node_of(one, arn))
            continue;
        const struct load_balancer *balancer = map_get(&estate->load_balancers, load_balancer_key(arena, one));
        *vector_add(arena, &told->items) = (struct told_bridge){
            .service = "API Gateway VPC link",
            .what = arena_printf(arena, "VPC link %s of REST APIs", link->name),
            .id = link->id,
            .target = one,
            .ports = portset_all,
            .protocol = PROTOCOL_TCP,
            .takes_ipv6 = true,
            .any_inside = true,
            .past_groups = balancer == NULL || !balancer->asks_groups_of_private_link,
            .unsure = "which APIs use the link, and whom they let call, is not read",
            .settle = arena_printf(arena, "the integrations of API Gateway's REST APIs with VPC link %s", link->id),
        };
    }
    if (told->items.count == before)
        lack_add(arena, &told->missing,
                 &(struct lack){
                     kind_name(KIND_NETWORK_INTERFACES), link->account, link->region, arn,
                     arena_printf(arena, "missing: the interface of %s, target of VPC link %s", arn, link->name)});
}

static bool fits(const struct vpc_link *link, const struct network_interface *interface)
{
    bool fits = !link->of_rest && strcmp(interface->type, "api_gateway_managed") == 0 &&
                interface->place->subnet_id != NULL && text_list_holds(&link->subnets, interface->place->subnet_id) &&
                place_may_be(interface->place->account_id, link->account) &&
                place_may_be(interface->place->region, link->region);
    const struct group_set *groups = interface->groups;
    for (size_t g = 0; fits && groups != NULL && g < groups->count; g++)
        fits = text_list_holds(&link->groups, groups->ids[g]);
    return fits && (groups == NULL || groups->count == link->groups.count);
}

const struct vpc_link *vpc_link_of(const struct estate *estate, const struct network_interface *interface)
{
    const struct vpc_link *found = NULL;
    for (size_t i = 0; i < estate->vpc_links.count; i++) {
        if (!fits(&estate->vpc_links.items[i], interface))
            continue;
        if (found != NULL)
            return NULL;
        found = &estate->vpc_links.items[i];
    }
    return found;
}

const struct reason *vpc_link_reason(struct arena *arena, const char *interface_id, const char *whose,
                                     const struct vpc_link *link)
{
    return reason_doubt(
        arena, REASON_BALANCER, interface_id,
        arena_printf(arena, "apigatewayv2 get-integrations of each API with VPC link %s, which is not read", link->id),
        arena_printf(arena, "%s: VPC link %s, the integrations of whose APIs are not read", whose, link->name));
}

static void note_link(struct arena *arena, const struct estate *estate, const struct vpc_link *link,
                      struct told_bridges *told)
{
    for (size_t i = 0; i < estate->interfaces.count; i++)
        if (fits(link, estate->interfaces.items[i]))
            return;
    lack_add(arena, &told->missing,
             &(struct lack){kind_name(KIND_NETWORK_INTERFACES), link->account, link->region, link->id,
                            arena_printf(arena, "missing: the interface of VPC link %s", link->name)});
}

// Nothing of a network load balancer shows that a link leads to it.
static void assume_none(struct arena *arena, const struct estate *estate, struct told_bridges *told)
{
    for (size_t i = 0; i < estate->load_balancers.size; i++) {
        const struct load_balancer *one = estate->load_balancers.slots[i].value;
        if (one == NULL || one->name == NULL || one->type != LOAD_BALANCER_NETWORK)
            continue;
        enum completeness_state state = estate_completeness(estate, KIND_REST_VPC_LINKS, one->account, one->region);
        if (state == COMPLETENESS_DENIED) // asked for, and not answered: at no default
            lack_add(arena, &told->missing, estate_lack(estate, arena, KIND_REST_VPC_LINKS, one->account, one->region));
        else if (state == COMPLETENESS_ABSENT)
            text_list_add(arena, &told->assumptions,
                          "VPC links of API Gateway's REST APIs (apigateway get-vpc-links) absent: none is taken to "
                          "bring clients to a network load balancer");
    }
}

void vpc_links_tell(struct arena *arena, const struct estate *estate, struct told_bridges *told)
{
    for (size_t i = 0; i < estate->vpc_links.count; i++) {
        const struct vpc_link *link = &estate->vpc_links.items[i];
        for (size_t t = 0; t < link->targets.count; t++)
            tell_target(arena, estate, link, link->targets.items[t], told);
        if (!link->of_rest && link->available)
            note_link(arena, estate, link, told);
    }
    assume_none(arena, estate, told);
    private_link_tell(arena, estate, told);
}
