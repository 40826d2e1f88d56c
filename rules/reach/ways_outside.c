// The ways to the internet.
#include "rules/reach/transit.h"
#include "rules/reach/way_maker.h"

static const struct reason *doubtful(struct way_maker *maker, enum kind kind, const char *id, const char *text)
{
    return reason_doubt(maker->arena, REASON_ROUTE, id, settle_by_call(maker->arena, kind, id), text);
}

static void add_unmodelled(struct way_maker *maker, const struct route_share *share, enum flow_way kind)
{
    const char *firewall = map_get(&maker->estate->firewall_endpoints, share->route->target_id);
    struct way *way = way_add(maker, kind, share, share->sources);
    way_doubt(maker, way,
              reason_doubt(maker->arena, share->route->target == ROUTE_APPLIANCE ? REASON_APPLIANCE : REASON_ROUTE,
                           share->route->target_id, settle_by_probe,
                           arena_printf(maker->arena, "it leaves by %s%s%s, and what is behind that is not modelled",
                                        share->route->target_id, firewall == NULL ? "" : " of AWS Network Firewall ",
                                        firewall == NULL ? "" : firewall)));
    way_asks_gateway(maker, way);
}

void way_add_internet_gateway(struct way_maker *maker, struct route_share *share)
{
    route_table_judge(maker->arena, maker->estate, maker->ground->place, share, &maker->traffic->missing);
    if (share->reply == REPLY_NONE)
        return;
    struct way *way = way_add(maker, FLOW_INTERNET_GATEWAY, share, share->sources);
    if (share->doubt != NULL)
        way_doubt(maker, way, share->doubt);
    if (maker->ground->edge[maker->family == FAMILY_IPV6] != NULL)
        way_doubt(maker, way, maker->ground->edge[maker->family == FAMILY_IPV6]);
}

// https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html
void way_add_egress_only(struct way_maker *maker, const struct route_share *share)
{
    const char *id = share->route->target_id;
    const struct attached_gateway *gateway = map_get(&maker->estate->egress_gateways, id);
    if (maker->family != FAMILY_IPV6 || (gateway != NULL && gateway->presence == PRESENCE_NO))
        return;
    bool sure = gateway != NULL && gateway->presence == PRESENCE_YES && gateway->doubt == NULL;
    if (sure && !text_same(gateway->vpc_id, maker->ground->place->vpc_id))
        return; // it is attached to none, or to another one
    struct way *way = way_add(maker, FLOW_EGRESS_ONLY, share, share->sources);
    if (gateway == NULL)
        way_doubt(maker, way, way_lacks(maker, KIND_EGRESS_ONLY_INTERNET_GATEWAYS, id, "egress-only internet gateway"));
    else if (!sure)
        way_doubt(maker, way,
                  doubtful(maker, KIND_EGRESS_ONLY_INTERNET_GATEWAYS, id,
                           gateway->doubt != NULL
                               ? gateway->doubt
                               : arena_printf(maker->arena, "to which VPC %s is attached is not sure", id)));
}

// https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
static void add_endpoint(struct way_maker *maker, const struct route_share *share)
{
    const char *id = share->route->target_id;
    const char *type = map_get(&maker->estate->vpc_endpoint_types, id);
    const struct vpc_endpoint *endpoint = map_get(&maker->estate->vpc_endpoints, id);
    if (type == NULL && share->route->prefix_list != NULL && strncmp(id, "vpce-", 5) == 0) {
        way_doubt(maker, way_add(maker, FLOW_ENDPOINT, share, share->sources),
                  way_lacks(maker, KIND_VPC_ENDPOINTS, id, "VPC endpoint"));
        return;
    }
    if (type == NULL || strcmp(type, "Gateway") != 0) {
        add_unmodelled(maker, share, FLOW_UNMODELLED);
        return;
    }
    if (endpoint != NULL && endpoint->presence == PRESENCE_NO)
        return;
    struct way *way = way_add(maker, FLOW_ENDPOINT, share, share->sources);
    if (endpoint == NULL || endpoint->presence != PRESENCE_YES || endpoint->doubt != NULL)
        way_doubt(maker, way,
                  endpoint == NULL ? way_lacks(maker, KIND_VPC_ENDPOINTS, id, "VPC endpoint")
                                   : doubtful(maker, KIND_VPC_ENDPOINTS, id,
                                              endpoint->doubt != NULL
                                                  ? endpoint->doubt
                                                  : arena_printf(maker->arena, "whether %s is there is not sure", id)));
}

// To where the gateway's own table forwards it; what it surely drops does not leave.
static void add_transit(struct way_maker *maker, const struct route_share *share)
{
    transit_shares shares = transit_forwards(maker->traffic, maker->ground, maker->family, share->route->target_id);
    for (size_t i = 0; i < shares.count; i++) {
        struct route_share part = *share;
        part.sources = prefixset_intersect(maker->arena, share->sources, shares.items[i].others);
        if (prefixset_is_empty(part.sources))
            continue;
        add_unmodelled(maker, &part, FLOW_TRANSIT);
        reason_add_all(maker->arena, &maker->ways->items[maker->ways->count - 1].doubts, &shares.items[i].doubts);
    }
}

static void add_peering(struct way_maker *maker, const struct route_share *share)
{
    const char *id = share->route->target_id;
    const struct vpc_peering *peering = map_get(&maker->estate->peerings, id);
    if (peering != NULL && peering->presence == PRESENCE_NO)
        return;
    add_unmodelled(maker, share, FLOW_PEERING);
    if (peering == NULL)
        way_doubt(maker, &maker->ways->items[maker->ways->count - 1],
                  way_lacks(maker, KIND_VPC_PEERINGS, id, "VPC peering connection"));
}

static void add_outside(struct way_maker *maker, struct route_share *share)
{
    const struct route *route = share->route;
    if (!route->active || route->target == ROUTE_LOCAL)
        return;
    if (route->target == ROUTE_INTERNET_GATEWAY)
        way_add_internet_gateway(maker, share);
    else if (route->target == ROUTE_APPLIANCE)
        add_endpoint(maker, share);
    else if (route->way == WAY_EGRESS_ONLY)
        way_add_egress_only(maker, share);
    else if (route->way == WAY_NAT)
        way_add(maker, FLOW_NAT, share, share->sources);
    else if (route->way == WAY_TRANSIT)
        add_transit(maker, share);
    else if (route->way == WAY_PEERING)
        add_peering(maker, share);
    else
        add_unmodelled(maker, share, FLOW_UNMODELLED);
}

// Of a gateway endpoint whose service's addresses are not known, any may be its: those leave by it, and the others as
// the table says; so what is sure stays sure. Of one that is gone (a blackhole) they leave by none.
static void add_unlisted(struct way_maker *maker, struct route_claim *claim)
{
    size_t known = maker->ways->count;
    for (size_t i = 0; i < claim->unlisted.count; i++) {
        struct route_share share = claim->unlisted.items[i];
        const struct reason *lack = share.doubt;
        bool endpoint = share.route->active && way_is_gateway_endpoint(maker, share.route);
        share.sources = prefixset_all(maker->arena, maker->family);
        for (size_t w = 0; w < known && !endpoint; w++)
            way_doubt(maker, &maker->ways->items[w], lack);
        size_t first = maker->ways->count;
        share.doubt = NULL;
        add_outside(maker, &share);
        way_doubt_from(maker, first, lack);
    }
}

way_list ways_outside(struct traffic *traffic, const struct ground *ground, enum family family)
{
    way_list ways = {0};
    struct arena *arena = traffic->arena;
    struct way_maker maker = {.traffic = traffic,
                              .arena = arena,
                              .estate = traffic->estate,
                              .ground = ground,
                              .family = family,
                              .ways = &ways,
                              .add = add_outside};
    if (ground->table == NULL) {
        struct way *way = vector_add(arena, &ways);
        *way = (struct way){.kind = FLOW_UNMODELLED, .others = prefixset_all(arena, family)};
        way_doubt(&maker, way, ground->table_missing);
        return ways;
    }
    struct route_claim claim =
        route_table_cut(arena, traffic->estate, ground->table, NULL, 0, family, &traffic->missing);
    for (size_t i = 0; i < claim.shares.count; i++) {
        size_t first = ways.count;
        if (prefixset_is_empty(claim.shares.items[i].sources))
            continue;
        add_outside(&maker, &claim.shares.items[i]);
        way_doubt_equals(&maker, &claim, i, first);
    }
    add_unlisted(&maker, &claim);
    return ways;
}
