#include "rules/reach/group_side.h"
#include "rules/reach/transit.h"
#include "rules/reach/way_maker.h"

// The VPC's blocks are no larger: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
enum { LARGEST_BLOCK_IPV4 = 16, LARGEST_BLOCK_IPV6 = 44 };

// What a route leads through and nobody models.
static void add_unmodelled(struct way_maker *maker, const struct route_share *share, enum flow_way kind)
{
    const struct route *route = share->route;
    const char *firewall = map_get(&maker->estate->firewall_endpoints, route->target_id);
    char prefix[ADDRESS_TEXT];
    prefix_format(share->prefix, prefix);
    struct way *way = way_add(maker, kind, share, share->sources);
    way_doubt(
        maker, way,
        reason_doubt(maker->arena, route->target == ROUTE_APPLIANCE ? REASON_APPLIANCE : REASON_ROUTE, route->target_id,
                     settle_by_probe,
                     arena_printf(maker->arena,
                                  "a route of %s sends %s to %s%s%s, and what is behind that is not modelled",
                                  maker->ground->table->id, route->prefix_list != NULL ? route->prefix_list : prefix,
                                  route->target_id, firewall == NULL ? "" : " of AWS Network Firewall ",
                                  firewall == NULL ? "" : firewall)));
}

// ---- Peering connections

static void add_peering(struct way_maker *maker, const struct route_share *share)
{
    const char *own = maker->ground->place->vpc_id, *id = share->route->target_id;
    const struct vpc_peering *peering = map_get(&maker->estate->peerings, id);
    if (peering == NULL) {
        way_doubt(maker, way_add(maker, FLOW_PEERING, share, share->sources),
                  way_lacks(maker, KIND_VPC_PEERINGS, id, "VPC peering connection"));
        return;
    }
    if (peering->presence == PRESENCE_NO)
        return;
    bool asks = text_same(peering->requester.vpc_id, own), takes = text_same(peering->accepter.vpc_id, own);
    const char *other = asks ? peering->accepter.vpc_id : peering->requester.vpc_id;
    if ((asks || takes) && other != NULL && strcmp(other, maker->to_vpc) != 0)
        return;
    struct way *way = way_add(maker, FLOW_PEERING, share, share->sources);
    if (peering->presence != PRESENCE_YES || peering->doubt != NULL || (!asks && !takes) || other == NULL)
        way_doubt(maker, way,
                  reason_doubt(maker->arena, REASON_ROUTE, id, settle_by_call(maker->arena, KIND_VPC_PEERINGS, id),
                               peering->doubt != NULL
                                   ? peering->doubt
                                   : arena_printf(maker->arena, "which VPCs %s joins is not sure", id)));
}

// ---- Transit gateways

// Whether what is forwarded so gets to the VPC that is asked about: surely, or not, or by something that is not
// modelled.
static bool leads_to(struct way_maker *maker, const struct transit_share *share, struct way *way)
{
    bool all = share->route != NULL, some = false;
    const char *through = NULL;
    for (size_t i = 0; share->route != NULL && i < share->route->attachments.count; i++) {
        const char *id = share->route->attachments.items[i];
        const struct transit_attachment *one = map_get(&maker->estate->transit_attachments, id);
        bool there = one != NULL && one->resource == TRANSIT_TO_VPC && text_same(one->resource_id, maker->to_vpc);
        if (one != NULL && one->presence == PRESENCE_NO)
            continue;
        if (there && maker->family == FAMILY_IPV6 && one->ipv6 == TRANSIT_DISABLED)
            continue;
        if (there && maker->family == FAMILY_IPV6 && one->ipv6 != TRANSIT_ENABLED)
            way_doubt(maker, way,
                      reason_doubt(maker->arena, REASON_ROUTE, id,
                                   settle_by_call(maker->arena, KIND_TRANSIT_VPC_ATTACHMENTS, id),
                                   arena_printf(maker->arena, "whether %s carries IPv6 is not told", id)));
        if (there && one->doubt != NULL)
            way_doubt(maker, way,
                      reason_doubt(maker->arena, REASON_ROUTE, id,
                                   settle_by_call(maker->arena, KIND_TRANSIT_ATTACHMENTS, id), one->doubt));
        if (one == NULL)
            way_doubt(maker, way, way_lacks(maker, KIND_TRANSIT_ATTACHMENTS, id, "transit gateway attachment"));
        some = some || there || one == NULL;
        all = all && there;
        if (!there && one != NULL)
            through = one->resource_id != NULL ? one->resource_id : id;
    }
    if (!all && through != NULL)
        way_doubt(
            maker, way,
            reason_doubt(maker->arena, REASON_ROUTE, way->by, settle_by_probe,
                         arena_printf(maker->arena, "%s forwards it to %s, and what is behind that is not modelled",
                                      way->by, through)));
    return some || through != NULL || share->route == NULL;
}

static void add_transit(struct way_maker *maker, const struct route_share *share)
{
    transit_shares shares = transit_forwards(maker->traffic, maker->ground, maker->family, share->route->target_id);
    for (size_t i = 0; i < shares.count; i++) {
        struct prefixset others = prefixset_intersect(maker->arena, share->sources, shares.items[i].others);
        if (prefixset_is_empty(others))
            continue;
        struct way *way = way_add(maker, FLOW_TRANSIT, share, others);
        reason_add_all(maker->arena, &way->doubts, &shares.items[i].doubts);
        if (!leads_to(maker, &shares.items[i], way))
            maker->ways->count--;
    }
}

// ---- Inside

static way_list inside(struct traffic *traffic, const struct ground *ground, enum family family, const char *to_vpc,
                       int depth);

// "A NAT gateway can route to other VPCs": as its own subnet's table does, by its own address.
static void add_nat_inside(struct way_maker *maker, const struct route_share *share)
{
    const struct nat_gateway *nat = map_get(&maker->estate->nat_gateways, share->route->target_id);
    if (nat != NULL && nat->presence == PRESENCE_NO)
        return;
    if (nat == NULL || nat->subnet_id == NULL || maker->depth > 0 || maker->family == FAMILY_IPV6) {
        add_unmodelled(maker, share, FLOW_NAT);
        return;
    }
    const struct ground *own = ground_of_subnet(maker->traffic, nat->subnet_id, nat->vpc_id, maker->ground->place);
    way_list ways = inside(maker->traffic, own, maker->family, maker->to_vpc, maker->depth + 1);
    for (size_t i = 0; i < ways.count; i++) {
        struct route_share part = *share;
        part.sources = prefixset_intersect(maker->arena, share->sources, ways.items[i].others);
        if (!prefixset_is_empty(part.sources))
            add_unmodelled(maker, &part, FLOW_NAT);
    }
}

static void add_inside(struct way_maker *maker, struct route_share *share)
{
    const struct route *route = share->route;
    int largest = maker->family == FAMILY_IPV4 ? LARGEST_BLOCK_IPV4 : LARGEST_BLOCK_IPV6;
    if (maker->same_vpc && (route->target == ROUTE_LOCAL || share->prefix.length < largest)) {
        *vector_add(maker->arena, maker->ways) =
            (struct way){.kind = FLOW_LOCAL,
                         .reason = route->target == ROUTE_LOCAL ? share->reason : NULL,
                         .others = share->sources};
        return; // of a block whose size is not told: it has a local route that is longer than this one
    }
    if (!route->active || route->target == ROUTE_LOCAL || way_is_gateway_endpoint(maker, route))
        return;
    if (maker->same_vpc || route->target == ROUTE_APPLIANCE || route->target == ROUTE_UNKNOWN)
        add_unmodelled(maker, share, FLOW_UNMODELLED);
    else if (route->target == ROUTE_INTERNET_GATEWAY || route->way == WAY_EGRESS_ONLY)
        return;
    else if (route->way == WAY_PEERING)
        add_peering(maker, share);
    else if (route->way == WAY_TRANSIT)
        add_transit(maker, share);
    else if (route->way == WAY_NAT)
        add_nat_inside(maker, share);
    else
        add_unmodelled(maker, share, FLOW_UNMODELLED);
}

// A VPC's blocks have local routes, whether or not the table prints them; one that is printed may lead elsewhere.
// https://docs.aws.amazon.com/vpc/latest/userguide/RouteTables.html#route-table-routes
static size_t local_routes(struct way_maker *maker, struct route **routes)
{
    const struct vpc *vpc = map_get(&maker->estate->vpcs, maker->ground->place->vpc_id);
    const struct route_table *table = maker->ground->table;
    VECTOR(struct route) made = {0};
    size_t blocks = vpc == NULL ? 0 : vpc->ipv4_blocks.count + vpc->ipv6_blocks.items.count;
    for (size_t i = 0; i < blocks; i++) {
        struct prefix prefix = i < vpc->ipv4_blocks.count
                                   ? vpc->ipv4_blocks.items[i]
                                   : vpc->ipv6_blocks.items.items[i - vpc->ipv4_blocks.count].prefix;
        bool printed = false;
        for (size_t r = 0; r < table->routes.count && !printed; r++) {
            const struct route *route = &table->routes.items[r];
            printed = route->prefix_list == NULL && prefix_equal(route->prefix, prefix);
        }
        if (!printed)
            *vector_add(maker->arena, &made) =
                (struct route){.prefix = prefix, .target = ROUTE_LOCAL, .target_id = "local", .active = true};
    }
    *routes = made.items;
    return made.count;
}

// Routes to prefix lists whose entries are not known may catch anything.
static void add_unlisted(struct way_maker *maker, const struct route_claim *claim)
{
    size_t known = maker->ways->count;
    for (size_t i = 0; i < claim->unlisted.count; i++) {
        const struct route_share *share = &claim->unlisted.items[i];
        if (way_is_gateway_endpoint(maker, share->route))
            continue;
        for (size_t w = 0; w < known; w++)
            way_doubt(maker, &maker->ways->items[w], share->doubt);
        struct route_share all = *share;
        all.sources = prefixset_all(maker->arena, maker->family);
        size_t first = maker->ways->count;
        add_inside(maker, &all);
        way_doubt_from(maker, first, share->doubt);
    }
}

static way_list inside(struct traffic *traffic, const struct ground *ground, enum family family, const char *to_vpc,
                       int depth)
{
    way_list ways = {0};
    struct way_maker maker = {.traffic = traffic,
                              .arena = traffic->arena,
                              .estate = traffic->estate,
                              .ground = ground,
                              .family = family,
                              .add = add_inside,
                              .to_vpc = to_vpc,
                              .same_vpc = strcmp(to_vpc, ground->place->vpc_id) == 0,
                              .depth = depth,
                              .ways = &ways};
    if (ground->table == NULL) {
        struct way *way = vector_add(traffic->arena, &ways);
        *way = (struct way){.kind = maker.same_vpc ? FLOW_LOCAL : FLOW_UNMODELLED,
                            .others = prefixset_all(traffic->arena, family)};
        way_doubt(&maker, way, ground->table_missing);
        return ways;
    }
    struct route *local;
    size_t local_count = local_routes(&maker, &local);
    struct route_claim claim =
        route_table_cut(traffic->arena, traffic->estate, ground->table, local, local_count, family, &traffic->missing);
    struct prefixset left = prefixset_all(traffic->arena, family);
    for (size_t i = 0; i < claim.shares.count; i++) {
        size_t first = ways.count;
        left = prefixset_subtract(traffic->arena, left, claim.shares.items[i].sources);
        if (prefixset_is_empty(claim.shares.items[i].sources))
            continue;
        add_inside(&maker, &claim.shares.items[i]);
        way_doubt_equals(&maker, &claim, i, first);
    }
    if (maker.same_vpc && !prefixset_is_empty(left))
        *vector_add(traffic->arena, &ways) = (struct way){.kind = FLOW_LOCAL, .others = left};
    add_unlisted(&maker, &claim);
    return ways;
}

way_list ways_inside(struct traffic *traffic, const struct ground *ground, enum family family, const char *to_vpc)
{
    return inside(traffic, ground, family, to_vpc, 0);
}
