#include "rules/reach/private_link.h"

#include "model/bridge.h"
#include "model/protocol.h"
#include "rules/reach/load_balancer.h"

static const char *key_of(const char *arn)
{
    const char *key = strstr(arn, ":loadbalancer/");
    return key == NULL ? arn : key + strlen(":loadbalancer/");
}

// The groups of a network load balancer are asked of what comes by PrivateLink only where that is on.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
static void tell_node(struct arena *arena, const struct endpoint_service *service, const struct load_balancer *balancer,
                      const struct network_interface *node, struct told_bridges *told)
{
    for (int protocol = PROTOCOL_TCP; protocol <= PROTOCOL_UDP; protocol += PROTOCOL_UDP - PROTOCOL_TCP)
        *vector_add(arena, &told->items) = (struct told_bridge){
            .service = "AWS PrivateLink",
            .what = arena_printf(arena, "endpoint service %s", service->name == NULL ? service->id : service->name),
            .id = service->id,
            .target = node,
            .ports = portset_all,
            .protocol = protocol,
            .takes_ipv6 = true,
            .any_inside = true,
            .past_groups = balancer == NULL || !balancer->asks_groups_of_private_link,
            .unsure = service->unsure != NULL
                          ? service->unsure
                          : "which accounts may use it, and who comes by their endpoints, is not read",
            .settle = service->unsure != NULL
                          ? settle_by_call(arena, KIND_ENDPOINT_SERVICES, service->id)
                          : arena_printf(arena,
                                         "ec2 describe-vpc-endpoint-service-permissions and "
                                         "describe-vpc-endpoint-connections of %s, which are not read",
                                         service->id),
        };
}

static void tell_balancer(struct arena *arena, const struct estate *estate, const struct endpoint_service *service,
                          const char *arn, struct told_bridges *told)
{
    const struct load_balancer *balancer = map_get(&estate->load_balancers, key_of(arn));
    bool any = false;
    if (strncmp(key_of(arn), "gwy/", 4) == 0 || (balancer != NULL && balancer->type == LOAD_BALANCER_GATEWAY)) {
        text_list_add(
            arena, &told->not_covered,
            arena_printf(arena, "%s: whose packets endpoint service %s brings to it is not judged", arn, service->id));
        return;
    }
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        if (!text_same(estate->interfaces.items[i]->load_balancer, key_of(arn)))
            continue;
        tell_node(arena, service, balancer, estate->interfaces.items[i], told);
        any = true;
    }
    if (!any)
        lack_add(arena, &told->missing,
                 &(struct lack){kind_name(KIND_NETWORK_INTERFACES), service->account, service->region, arn,
                                arena_printf(arena, "missing: the interface of %s, behind endpoint service %s", arn,
                                             service->id)});
}

void private_link_tell(struct arena *arena, const struct estate *estate, struct told_bridges *told)
{
    for (size_t i = 0; i < estate->endpoint_services.count; i++) {
        const struct endpoint_service *one = &estate->endpoint_services.items[i];
        for (size_t b = 0; b < one->balancers.count && !one->gone; b++)
            tell_balancer(arena, estate, one, one->balancers.items[b], told);
        map_slots all = one->any_balancer ? map_sorted(arena, &estate->load_balancers) : (map_slots){0};
        for (size_t b = 0; b < all.count; b++) {
            const struct load_balancer *any = all.items[b]->value;
            if (any->name != NULL && any->type == LOAD_BALANCER_NETWORK && place_may_be(any->account, one->account) &&
                place_may_be(any->region, one->region))
                tell_balancer(arena, estate, one, any->arn, told);
        }
    }
    for (size_t i = 0; i < estate->load_balancers.size; i++) {
        const struct load_balancer *one = estate->load_balancers.slots[i].value;
        bool may = one != NULL && one->name != NULL &&
                   (one->type == LOAD_BALANCER_NETWORK || one->type == LOAD_BALANCER_GATEWAY);
        enum completeness_state state =
            may ? estate_completeness(estate, KIND_ENDPOINT_SERVICES, one->account, one->region) : COMPLETENESS_WHOLE;
        if (state == COMPLETENESS_DENIED) // asked for, and not answered: at no default
            lack_add(arena, &told->missing,
                     estate_lack(estate, arena, KIND_ENDPOINT_SERVICES, one->account, one->region));
        else if (state == COMPLETENESS_ABSENT)
            text_list_add(arena, &told->assumptions,
                          "endpoint services of AWS PrivateLink (ec2 describe-vpc-endpoint-service-configurations) "
                          "absent: none is taken to bring clients to a network or gateway load balancer");
    }
}
