// Availability Zones behind load balancers: which targets a node passes clients on to.
#include "rules/reach/balancer_hop.h"
#include "rules/reach/load_balancer.h"

static const struct reason *zone_reason(struct hopper *hopper, const char *id, const char *settle, const char *text)
{
    return reason_doubt(hopper->set->arena, REASON_BALANCER, id, settle, text);
}

static const char *zone_of(const struct hopper *hopper, const struct network_interface *interface)
{
    const char *zone = map_get(&hopper->estate->zone_of_subnet, interface->place->subnet_id);
    return zone != NULL && zone[0] != '\0' ? zone : NULL; // "": two documents tell another one
}

// Whether nodes pass on to targets in other zones. A target group's own attribute goes before its load balancer's; an
// application load balancer's own is always on, a network one's off unless it is told. *doubt: why that is not sure.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-cross-zone.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/disable-cross-zone.html
static bool crosses_zones(struct hopper *hopper, const struct load_balancer *balancer, const struct target_group *group,
                          const struct reason **doubt)
{
    struct arena *kept = hopper->set->arena;
    if (balancer->type == LOAD_BALANCER_CLASSIC) { // its attributes are not read
        *doubt = zone_reason(hopper, balancer->name, settle_by_probe,
                             arena_printf(kept, "whether classic load balancer %s passes on to other zones is not told",
                                          balancer->name));
        return true;
    }
    if (group->cross_zone == SETTING_ON || group->cross_zone == SETTING_OFF)
        return group->cross_zone == SETTING_ON;
    if (group->cross_zone == SETTING_UNSURE || balancer->cross_zone == SETTING_UNSURE || balancer->type_unsure) {
        const char *what = group->cross_zone == SETTING_UNSURE ? group->name : balancer->name;
        *doubt = zone_reason(hopper, what, settle_by_probe,
                             arena_printf(kept, "documents differ in whether %s crosses Availability Zones", what));
        return true;
    }
    const struct lack *lack = group->attributes_told && balancer->attributes_told
                                  ? NULL
                                  : attributes_lack(hopper->estate, balancer->account, balancer->region);
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

enum in_zone hop_in_zone(struct hopper *hopper, const struct hop_question *hop, const struct target_group *group,
                         const char *target_zone, bool zone_unsure, reason_list *doubts)
{
    const struct load_balancer *balancer = hop->balancer;
    const struct network_interface *node = hop->node, *target = hop->target;
    const char *from = zone_of(hopper, node), *to = target_zone != NULL ? target_zone : zone_of(hopper, target);
    const struct reason *doubt = NULL;
    if (zone_unsure)
        to = NULL;
    if (text_same(to, "all") || (from != NULL && text_same(from, to)))
        return ZONE_SURELY;
    bool crosses = crosses_zones(hopper, balancer, group, &doubt);
    if (doubt == NULL && crosses)
        return ZONE_SURELY;
    if (doubt == NULL && from != NULL && to != NULL && group != NULL && strcmp(group->type, "alb") == 0)
        doubt =
            zone_reason(hopper, balancer->name, settle_by_probe,
                        arena_printf(hopper->set->arena,
                                     "whether %s, whose nodes keep to their zones, passes on to %s in another one is "
                                     "not documented",
                                     balancer->name, target->id));
    if (doubt == NULL && (from == NULL || to == NULL))
        doubt = zone_doubt(hopper, from == NULL ? node : target);
    if (!crosses && group->cross_zone != SETTING_OFF && !balancer->attributes_told)
        text_list_add(hopper->set->arena, &hopper->set->assumptions,
                      arena_printf(hopper->set->arena,
                                   "attributes of load balancer %s absent: its nodes reach targets of their own zone "
                                   "only, as is AWS's default",
                                   balancer->name));
    if (doubt == NULL)
        return ZONE_NOT;
    reason_add(hopper->arena, doubts, doubt);
    return ZONE_PERHAPS;
}
