#include "rules/reach/way_maker.h"

struct way *way_add(struct way_maker *maker, enum flow_way kind, const struct route_share *share,
                    struct prefixset others)
{
    struct way *way = vector_add(maker->arena, maker->ways);
    *way = (struct way){
        .kind = kind, .by = share->route->target_id, .reason = share->reason, .others = others, .route = share->route};
    return way;
}

void way_doubt(struct way_maker *maker, struct way *way, const struct reason *doubt)
{
    reason_add(maker->arena, &way->doubts, doubt);
}

void way_doubt_from(struct way_maker *maker, size_t first, const struct reason *doubt)
{
    for (size_t i = first; i < maker->ways->count; i++)
        way_doubt(maker, &maker->ways->items[i], doubt);
}

const struct reason *way_lacks(struct way_maker *maker, enum kind kind, const char *id, const char *what)
{
    return ground_lacks(maker->traffic, maker->ground, kind, id,
                        arena_printf(maker->arena, "missing: %s %s", what, id));
}

void way_asks_gateway(struct way_maker *maker, struct way *way)
{
    const char *id = way->route->target_id;
    if (id != NULL && strncmp(id, "vgw-", 4) == 0 && map_get(&maker->estate->vpn_gateways, id) == NULL)
        way_doubt(maker, way, way_lacks(maker, KIND_VPN_GATEWAYS, id, "virtual private gateway"));
}

bool way_is_gateway_endpoint(const struct way_maker *maker, const struct route *route)
{
    return text_same(map_get(&maker->estate->vpc_endpoint_types, route->target_id), "Gateway");
}

void way_doubt_equals(struct way_maker *maker, const struct route_claim *claim, size_t at, size_t first)
{
    const struct route_share *share = &claim->shares.items[at];
    for (size_t i = at + 1; i < claim->shares.count && route_table_equals(claim, at, i); i++) {
        struct route_share other = claim->shares.items[i];
        if (text_same(other.route->target_id, share->route->target_id) && other.route->active == share->route->active)
            continue;
        other.sources = share->sources;
        other.reason = share->reason;
        maker->add(maker, &other);
        way_doubt_from(maker, first,
                       reason_doubt(maker->arena, REASON_ROUTE, maker->ground->table->id, settle_by_probe,
                                    arena_printf(maker->arena, "%s or %s, by routes of which either may hold",
                                                 share->route->target_id, other.route->target_id)));
    }
}
