#include "rules/reach/group_side.h"
#include "rules/reach/transit.h"
#include "rules/reach/way_maker.h"

// The VPC's blocks are no larger: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
enum { LARGEST_BLOCK_IPV4 = 16, LARGEST_BLOCK_IPV6 = 44 };

// Whatever address something outside of the VPC that is asked about may have; within one, any.
static struct prefixset anybody(const struct way_maker *maker)
{
    const struct vpc *vpc = maker->same_vpc ? NULL : map_get(&maker->estate->vpcs, maker->to_vpc);
    struct prefixset all = prefixset_all(maker->arena, maker->family);
    for (size_t i = 0; vpc != NULL && maker->family == FAMILY_IPV4 && i < vpc->ipv4_blocks.count; i++)
        all = prefixset_subtract(maker->arena, all, prefixset_of(maker->arena, vpc->ipv4_blocks.items[i]));
    for (size_t i = 0; vpc != NULL && maker->family == FAMILY_IPV6 && i < vpc->ipv6_blocks.items.count; i++)
        all = prefixset_subtract(maker->arena, all, prefixset_of(maker->arena, vpc->ipv6_blocks.items.items[i].prefix));
    return all;
}

// By which addresses of its own the target of a route may send packets on: a NAT gateway by its private ones.
static struct prefixset senders_on(const struct way_maker *maker, const struct route *route)
{
    const struct nat_gateway *nat =
        route->way == WAY_NAT ? map_get(&maker->estate->nat_gateways, route->target_id) : NULL;
    struct prefixset own = prefixset_empty;
    bool told = nat != NULL && nat->doubt == NULL && nat->mode_told && !nat->regional && nat->addresses.count > 0;
    for (size_t i = 0; told && i < nat->addresses.count; i++) {
        const struct address address = nat->addresses.items[i].private_address;
        told = address.family == FAMILY_IPV4 && maker->family == FAMILY_IPV4;
        if (told)
            own = prefixset_union(maker->arena, own, prefixset_of(maker->arena, prefix_of(address)));
    }
    return told ? own : anybody(maker);
}

bool way_resent_told(struct prefixset resent)
{
    for (size_t i = 0; i < resent.count; i++)
        if (resent.ranges[i].low != resent.ranges[i].high)
            return false;
    return true;
}

// What a route leads through and nobody models.
static void add_unmodelled(struct way_maker *maker, const struct route_share *share, enum flow_way kind)
{
    const struct route *route = share->route;
    const char *firewall = map_get(&maker->estate->firewall_endpoints, route->target_id);
    char prefix[ADDRESS_TEXT];
    prefix_format(share->prefix, prefix);
    struct way *way = way_add(maker, kind, share, share->sources);
    if (firewall == NULL) // AWS Network Firewall translates no addresses
        way->resent = senders_on(maker, route);
    way_doubt(
        maker, way,
        reason_doubt(maker->arena, route->target == ROUTE_APPLIANCE ? REASON_APPLIANCE : REASON_ROUTE, route->target_id,
                     settle_by_probe,
                     arena_printf(maker->arena,
                                  "a route of %s sends %s to %s%s%s, and what is behind that is not modelled",
                                  maker->ground->table->id, route->prefix_list != NULL ? route->prefix_list : prefix,
                                  route->target_id, firewall == NULL ? "" : " of AWS Network Firewall ",
                                  firewall == NULL ? "" : firewall)));
    way_asks_gateway(maker, way);
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
    bool all = share->route != NULL, some = false, known = true;
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
        known = known && one != NULL;
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
    if (through != NULL || share->route == NULL || !known)
        way->resent = anybody(maker);
    return some || through != NULL || share->route == NULL;
}

// ---- Subnets of attachments

// "Network ACLs for transit gateways": the ACL of an attachment's subnet is asked of what passes it.
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html
static const struct reason *passes_subnet(struct way_maker *maker, const char *subnet_id,
                                          const struct transit_attachment *attachment, struct ground *ground)
{
    if (ground->between == NULL)
        ground->between =
            ground->acl == NULL
                ? ground->acl_missing
                : reason_doubt(maker->arena, REASON_ACL_IN, ground->acl->id, settle_by_probe,
                               arena_printf(maker->arena,
                                            "the network ACL of %s, in which %s lies, does not let all pass, and what "
                                            "it stops there is not followed",
                                            subnet_id, attachment->id));
    return ground->between;
}

static const way_list *entered(struct way_maker *maker, const struct ground *ground)
{
    struct map *known = &maker->traffic->entered[maker->family == FAMILY_IPV6];
    way_list *ways = map_get_pointer(known, ground);
    if (ways == NULL) {
        ways = arena_new_of(maker->arena, way_list);
        *ways = ways_inside(maker->traffic, ground, maker->family, maker->to_vpc);
        map_put_pointer(maker->arena, known, ground, ways);
    }
    return ways;
}

// For which of the addresses the table of an attachment's subnet surely leads straight on; why not for the others.
static struct prefixset goes_straight(struct way_maker *maker, const struct ground *ground, struct prefixset others,
                                      const char *subnet_id, reason_list *doubts)
{
    const way_list *ways = entered(maker, ground);
    struct prefixset straight = prefixset_empty, left = others;
    for (size_t i = 0; i < ways->count; i++) {
        const struct way *way = &ways->items[i];
        struct prefixset part = prefixset_intersect(maker->arena, others, way->others);
        left = prefixset_subtract(maker->arena, left, part);
        if (way->kind == FLOW_LOCAL && way->doubts.count == 0)
            straight = prefixset_union(maker->arena, straight, part);
        else if (!prefixset_is_empty(part))
            reason_add_all(maker->arena, doubts, &way->doubts);
    }
    for (size_t i = 0; i < ways->count; i++) // of several ways any may hold
        if (ways->items[i].kind != FLOW_LOCAL || ways->items[i].doubts.count > 0)
            straight = prefixset_subtract(maker->arena, straight, ways->items[i].others);
    if (!prefixset_is_empty(left))
        reason_add(maker->arena, doubts,
                   reason_doubt(maker->arena, REASON_ROUTE, ground->table == NULL ? NULL : ground->table->id,
                                settle_by_probe,
                                arena_printf(maker->arena,
                                             "the route table of %s, by which a transit gateway's packets enter %s, "
                                             "does not lead to all of it",
                                             subnet_id, maker->to_vpc)));
    return straight;
}

// What a transit gateway sends into a VPC enters by a subnet of its attachment, whose ACL and route table are asked.
static void pass_subnets(struct way_maker *maker, size_t index)
{
    const char *vpcs[] = {maker->ground->place->vpc_id, maker->to_vpc}, *by = maker->ways->items[index].by;
    struct prefixset others = maker->ways->items[index].others, straight = others;
    reason_list doubts = {0};
    for (int side = 0; side < 2; side++) {
        const struct transit_attachment *attachment = transit_attachment_of(maker->estate, by, vpcs[side]);
        if (attachment == NULL || !attachment->subnets_told) { // of the sender's own, the gateway's doubts tell
            if (side == 1)
                reason_add(maker->arena, &doubts,
                           way_lacks(maker, KIND_TRANSIT_VPC_ATTACHMENTS, attachment == NULL ? by : attachment->id,
                                     "the subnets of transit gateway attachment"));
            straight = side == 1 ? prefixset_empty : straight;
            continue;
        }
        for (size_t i = 0; i < attachment->subnets.count; i++) {
            const char *subnet = attachment->subnets.items[i];
            struct ground *ground = ground_of_subnet(maker->traffic, subnet, vpcs[side], maker->ground->place);
            passes_subnet(maker, subnet, attachment, ground);
            *vector_add(maker->arena, &maker->ways->items[index].between) = ground;
            if (side == 1)
                straight =
                    prefixset_intersect(maker->arena, straight, goes_straight(maker, ground, others, subnet, &doubts));
        }
    }
    struct prefixset rest = prefixset_subtract(maker->arena, others, straight);
    if (prefixset_is_empty(rest))
        return;
    if (!prefixset_is_empty(straight)) {
        struct way *second = vector_add(maker->arena, maker->ways), *first = &maker->ways->items[index];
        *second = *first;
        memset(&second->doubts, 0, sizeof(second->doubts));
        reason_add_all(maker->arena, &second->doubts, &first->doubts);
        first->others = straight;
        index = maker->ways->count - 1;
    }
    struct way *way = &maker->ways->items[index];
    way->others = rest;
    way->resent = prefixset_all(maker->arena, maker->family);
    reason_add_all(maker->arena, &way->doubts, &doubts);
}

void way_asks_between(struct traffic *traffic, struct arena *arena, const struct way *way, enum family family,
                      int protocol, reason_list *doubts)
{
    for (size_t i = 0; i < way->between.count; i++)
        if (!ground_passage(traffic, way->between.items[i], family, protocol)->open)
            reason_add(arena, doubts, way->between.items[i]->between);
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
        else
            pass_subnets(maker, maker->ways->count - 1);
    }
}

// ---- Inside

static way_list inside(struct traffic *traffic, const struct ground *ground, enum family family, const char *to_vpc,
                       int depth);

// "A NAT gateway can route to other VPCs": as its own subnet's table does, by its own address. One that is gone passes
// nothing on, within its VPC neither.
static void add_nat_inside(struct way_maker *maker, const struct route_share *share)
{
    const struct nat_gateway *nat = map_get(&maker->estate->nat_gateways, share->route->target_id);
    if (nat != NULL && nat->presence == PRESENCE_NO)
        return;
    if (maker->same_vpc) {
        add_unmodelled(maker, share, FLOW_UNMODELLED);
        return;
    }
    if (nat == NULL || nat->subnet_id == NULL || maker->depth > 0 || maker->family == FAMILY_IPV6) {
        add_unmodelled(maker, share, FLOW_NAT);
        return;
    }
    const struct ground *own = ground_of_subnet(maker->traffic, nat->subnet_id, nat->vpc_id, maker->ground->place);
    way_list ways = inside(maker->traffic, own, maker->family, maker->to_vpc, maker->depth + 1);
    for (size_t i = 0; i < ways.count; i++) {
        struct route_share part = *share;
        part.sources = prefixset_intersect(maker->arena, share->sources, ways.items[i].others);
        if (prefixset_is_empty(part.sources))
            continue;
        add_unmodelled(maker, &part, FLOW_NAT);
        struct way *way = &maker->ways->items[maker->ways->count - 1];
        way->resent = prefixset_union(maker->arena, way->resent, ways.items[i].resent);
    }
}

// IPv6 addresses of two VPCs meet over the internet by the addresses that they have.
static void add_internet(struct way_maker *maker, struct route_share *share)
{
    const struct gate *exit = &maker->ground->exit;
    size_t first = maker->ways->count;
    if (maker->family != FAMILY_IPV6 || maker->depth > 0 || exit->state == GATE_SHUT)
        return;
    if (share->route->target == ROUTE_INTERNET_GATEWAY)
        way_add_internet_gateway(maker, share);
    else
        way_add_egress_only(maker, share);
    for (size_t i = 0; i < exit->doubts.count; i++)
        way_doubt_from(maker, first, exit->doubts.items[i]);
}

static void add_inside(struct way_maker *maker, struct route_share *share)
{
    const struct route *route = share->route;
    int largest = maker->family == FAMILY_IPV4 ? LARGEST_BLOCK_IPV4 : LARGEST_BLOCK_IPV6;
    bool told = route->prefix_list == NULL || share->prefix.family != 0;
    if (maker->same_vpc && (route->target == ROUTE_LOCAL || (told && share->prefix.length < largest))) {
        *vector_add(maker->arena, maker->ways) =
            (struct way){.kind = FLOW_LOCAL,
                         .reason = route->target == ROUTE_LOCAL ? share->reason : NULL,
                         .others = share->sources};
        return; // of a block whose size is not told: it has a local route that is longer than this one
    }
    if (!route->active || route->target == ROUTE_LOCAL || way_is_gateway_endpoint(maker, route))
        return;
    if (route->way == WAY_NAT && route->target == ROUTE_ELSEWHERE)
        add_nat_inside(maker, share);
    else if (maker->same_vpc || route->target == ROUTE_APPLIANCE || route->target == ROUTE_UNKNOWN)
        add_unmodelled(maker, share, FLOW_UNMODELLED);
    else if (route->target == ROUTE_INTERNET_GATEWAY || route->way == WAY_EGRESS_ONLY)
        add_internet(maker, share);
    else if (route->way == WAY_PEERING)
        add_peering(maker, share);
    else if (route->way == WAY_TRANSIT)
        add_transit(maker, share);
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
                            .others = prefixset_all(traffic->arena, family),
                            .resent = anybody(&maker)};
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
