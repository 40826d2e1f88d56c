// Availability Zones behind load balancers: which targets a node passes clients on to.
#include "rules/reach/balancer_hop.h"
#include "rules/reach/load_balancer.h"

static const struct reason *zone_reason(struct hopper *hopper, const char *id, const char *settle, const char *text)
{
    return reason_doubt(hopper->set->arena, REASON_BALANCER, id, settle, text);
}

static const struct zone_claims *zones_of(const struct hopper *hopper, const struct network_interface *interface)
{
    static const struct zone_claims none;
    const struct zone_claims *claims = map_get(&hopper->estate->zones_of_subnets, interface->place->subnet_id);
    return claims == NULL ? &none : claims;
}

// What is made by a call keeps to its zones unless that is told otherwise; what is made by the console does not.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/enable-disable-crosszone-lb.html
static bool classic_crosses(struct hopper *hopper, const struct load_balancer *balancer, const struct reason **doubt)
{
    struct arena *kept = hopper->set->arena;
    if (balancer->cross_zone != SETTING_NOT_TOLD)
        return balancer->cross_zone == SETTING_ON;
    const struct lack *lack = balancer->attributes_told ? NULL : attributes_lack(hopper->estate, balancer);
    if (lack == NULL)
        text_list_add(
            kept, &hopper->set->assumptions,
            arena_printf(kept,
                         "%s of classic load balancer %s absent (elb describe-load-balancer-attributes): that "
                         "its nodes reach targets of other zones is possible",
                         balancer->attributes_told ? "CrossZoneLoadBalancing" : "attributes", balancer->name));
    *doubt =
        lack != NULL
            ? attributes_doubt(kept, balancer, lack)
            : zone_reason(hopper, balancer->name,
                          arena_printf(kept, "elb describe-load-balancer-attributes of %s", balancer->name),
                          arena_printf(kept, "whether classic load balancer %s passes on to other zones is not told",
                                       balancer->name));
    return true;
}

// Whether nodes pass on to targets in other zones. A target group's own attribute goes before its load balancer's; an
// application load balancer's own is always on, a network one's off unless it is told. *doubt: why that is not sure.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-cross-zone.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/disable-cross-zone.html
static bool crosses_zones(struct hopper *hopper, const struct load_balancer *balancer, const struct target_group *group,
                          const struct reason **doubt)
{
    struct arena *kept = hopper->set->arena;
    if (balancer->type == LOAD_BALANCER_CLASSIC && balancer->cross_zone != SETTING_UNSURE)
        return classic_crosses(hopper, balancer, doubt);
    enum setting own = group == NULL ? SETTING_NOT_TOLD : group->cross_zone;
    if (own == SETTING_ON || own == SETTING_OFF)
        return own == SETTING_ON;
    if (own == SETTING_UNSURE || balancer->cross_zone == SETTING_UNSURE || balancer->type_unsure) {
        const char *what = own == SETTING_UNSURE ? group->name : balancer->name;
        *doubt = zone_reason(hopper, what, settle_by_probe,
                             arena_printf(kept, "documents differ in whether %s crosses Availability Zones", what));
        return true;
    }
    const struct lack *lack =
        group->attributes_told && balancer->attributes_told ? NULL : attributes_lack(hopper->estate, balancer);
    if (lack != NULL) {
        *doubt = attributes_doubt(kept, balancer, lack);
        return true;
    }
    return balancer->type == LOAD_BALANCER_APPLICATION || balancer->cross_zone == SETTING_ON;
}

static const struct reason *zone_doubt(struct hopper *hopper, const struct network_interface *interface)
{
    struct arena *kept = hopper->set->arena;
    return zone_reason(hopper, interface->id, settle_by_call(kept, KIND_SUBNETS, interface->place->subnet_id),
                       arena_printf(kept, "the Availability Zone of %s is not told", interface->id));
}

// What is said of a target's zone: of its subnet and, by who registered it, of itself.
static struct zone_claims target_zones(struct hopper *hopper, const struct hop_question *hop, const char *registered)
{
    const struct zone_claims *own = zones_of(hopper, hop->target);
    struct zone_claims both = {0};
    for (size_t i = 0; i < own->items.count; i++)
        *vector_add(hopper->arena, &both.items) = own->items.items[i];
    if (registered != NULL)
        *vector_add(hopper->arena, &both.items) =
            (struct zone_claim){.account = hop->balancer->account, .name = registered};
    return both;
}

// Documents contradict each other in the zones of a node and a target.
static const struct reason *zones_differ(struct hopper *hopper, const struct hop_question *hop, const char *registered)
{
    struct arena *kept = hopper->set->arena;
    const struct interface_place *place = hop->target->place;
    struct lack lack = {.kind = kind_name(KIND_SUBNETS), place->account_id, place->region, place->subnet_id};
    if (registered != NULL && !zone_claims_differ(zones_of(hopper, hop->target)))
        lack.text = arena_printf(kept,
                                 "missing: the Availability Zone of target %s: it is registered in %s, and its subnet "
                                 "%s is said to lie in another one",
                                 hop->target->id, registered, place->subnet_id);
    else
        lack.text = arena_printf(kept,
                                 "missing: whether %s and %s lie in one Availability Zone: documents contradict each "
                                 "other in that",
                                 hop->node->id, hop->target->id);
    lack_add(kept, &hopper->set->missing, &lack);
    return zone_reason(hopper, hop->target->id, settle_by_call(kept, KIND_SUBNETS, place->subnet_id), lack.text);
}

// What of the attributes that keep nodes to their zones is AWS's default, and told by none.
static void assume_zone(struct hopper *hopper, const struct load_balancer *balancer, const struct target_group *group)
{
    struct arena *kept = hopper->set->arena;
    static const char key[] = "load_balancing.cross_zone.enabled";
    const char *text = NULL;
    if (group->cross_zone == SETTING_OFF)
        return;
    if (!balancer->attributes_told)
        text = arena_printf(kept,
                            "attributes of load balancer %s absent: its nodes reach targets of their own zone only, as "
                            "is AWS's default",
                            balancer->name);
    else if (balancer->cross_zone == SETTING_NOT_TOLD)
        text = arena_printf(kept,
                            "%s of load balancer %s is not told: its nodes reach targets of their own zone only, as is "
                            "AWS's default",
                            key, balancer->name);
    if (text != NULL)
        text_list_add(kept, &hopper->set->assumptions, text);
    if (group->cross_zone == SETTING_NOT_TOLD)
        text_list_add(kept, &hopper->set->assumptions,
                      arena_printf(kept,
                                   "%s of target group %s is not told: as of load balancer %s, as is AWS's default",
                                   key, group->name != NULL ? group->name : group->arn, balancer->name));
}

bool hop_is_apart(struct hopper *hopper, const struct hop_question *hop, const char *target_zone, bool zone_unsure)
{
    const struct zone_claims to = target_zones(hopper, hop, target_zone);
    return !zone_unsure && !text_same(target_zone, "all") &&
           zones_compare(zones_of(hopper, hop->node), &to) == ZONES_APART;
}

enum in_zone hop_in_zone(struct hopper *hopper, const struct hop_question *hop, const struct target_group *group,
                         const char *target_zone, bool zone_unsure, reason_list *doubts)
{
    const struct load_balancer *balancer = hop->balancer;
    const struct network_interface *node = hop->node, *target = hop->target;
    const struct zone_claims *from = zones_of(hopper, node), to = target_zones(hopper, hop, target_zone);
    const struct reason *doubt = NULL;
    enum zones zones = zone_unsure ? ZONES_NOT_TOLD : zones_compare(from, &to);
    if ((!zone_unsure && text_same(target_zone, "all")) || zones == ZONES_ALIKE)
        return ZONE_SURELY;
    bool crosses = crosses_zones(hopper, balancer, group, &doubt);
    if (doubt == NULL && crosses)
        return ZONE_SURELY;
    if (doubt == NULL && zones == ZONES_APART && group != NULL && strcmp(group->type, "alb") == 0)
        doubt =
            zone_reason(hopper, balancer->name, settle_by_probe,
                        arena_printf(hopper->set->arena,
                                     "whether %s, whose nodes keep to their zones, passes on to %s in another one is "
                                     "not documented",
                                     balancer->name, target->id));
    if (doubt == NULL && zones == ZONES_UNSURE)
        doubt = zones_differ(hopper, hop, target_zone);
    if (doubt == NULL && zones == ZONES_NOT_TOLD)
        doubt = zone_doubt(hopper, from->items.count == 0 ? node : target);
    if (!crosses && group != NULL)
        assume_zone(hopper, balancer, group);
    if (doubt == NULL)
        return ZONE_NOT;
    reason_add(hopper->arena, doubts, doubt);
    return ZONE_PERHAPS;
}
