#include "rules/reach/internet_firewall.h"

// The subnet's word is AWS's own, as long as its record is sure.
static bool is_past(const struct subnet *subnet)
{
    return subnet != NULL && subnet->past_firewall && subnet->doubt == NULL;
}

// What the VPC says decides before its routes, which do not tell the firewall's mode.
const struct reason *internet_firewall_doubt(struct arena *arena, const struct estate *estate,
                                             const struct interface_place *place, const struct route_table *table)
{
    const struct vpc *vpc = map_get(&estate->vpcs, place->vpc_id);
    const struct subnet *subnet = map_get(&estate->subnets, place->subnet_id);
    bool told = vpc != NULL && vpc->firewalls_told && (vpc->has_firewall || table == NULL || table->firewall == NULL);
    const char *why = told ? vpc->firewall : table == NULL ? NULL : table->firewall;
    if (why == NULL || is_past(subnet))
        return NULL;
    bool drops = subnet != NULL && text_same(subnet->firewall_treatment, "outbound-only");
    return reason_doubt(
        arena, REASON_GATEWAY, place->vpc_id, settle_by_probe,
        drops ? arena_printf(arena, "%s; for %s, which is outbound-only, it drops connections from it", why, subnet->id)
              : why);
}

const struct reason *internet_firewall_translates(struct arena *arena, const struct estate *estate,
                                                  const struct interface_place *place)
{
    const struct vpc *vpc = map_get(&estate->vpcs, place->vpc_id);
    const struct subnet *subnet = map_get(&estate->subnets, place->subnet_id);
    bool has_firewall = vpc != NULL && vpc->has_firewall;
    if (!has_firewall || is_past(subnet) ||
        (subnet != NULL && subnet->doubt == NULL && text_same(subnet->firewall_treatment, "bidirectional")))
        return NULL;
    return reason_doubt(
        arena, REASON_GATEWAY, place->vpc_id, settle_by_probe,
        arena_printf(arena,
                     "the AWS Network Firewall of %s may translate the addresses of %s, whose "
                     "connectivity is %s",
                     place->vpc_id, place->subnet_id == NULL ? "its subnet" : place->subnet_id,
                     subnet == NULL || subnet->firewall_treatment == NULL ? "not told" : subnet->firewall_treatment));
}
