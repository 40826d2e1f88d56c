#include "rules/reach/middlebox.h"

// The VPC's blocks are no larger: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
enum { LARGEST_BLOCK_IPV4 = 16, LARGEST_BLOCK_IPV6 = 44 };

// A route that holds an address, and the prefix by which it does.
struct match {
    const struct route *route;
    struct prefix prefix;
    bool unknown; // whether its prefix list holds it is not known
};

// Longest prefix first; of equal length a static route before a prefix list's, and that before a propagated one.
static int rank(const struct route *route)
{
    return route->propagated ? 2 : route->prefix_list != NULL ? 1 : 0;
}

static bool goes_before(const struct match *a, const struct match *b)
{
    if (b->route == NULL || a->prefix.length != b->prefix.length)
        return b->route == NULL || a->prefix.length > b->prefix.length;
    if (rank(a->route) != rank(b->route))
        return rank(a->route) < rank(b->route);
    return a->route->target != ROUTE_LOCAL && b->route->target == ROUTE_LOCAL; // of two equals either may hold
}

// What a gateway endpoint's route is for is a service's own public addresses.
static bool is_gateway_endpoint(const struct estate *estate, const struct route *route)
{
    return text_same(map_get(&estate->vpc_endpoint_types, route->target_id), "Gateway");
}

static struct match match_of(const struct estate *estate, const struct route *route, struct address to)
{
    struct match match = {0};
    if (route->prefix_list == NULL) {
        if (prefix_holds(route->prefix, to))
            match = (struct match){route, route->prefix, false};
        return match;
    }
    const struct prefix_list *list = map_get(&estate->prefix_lists, route->prefix_list);
    bool known = list != NULL && list->has_entries && list->doubt == NULL;
    for (size_t e = 0; list != NULL && e < list->entries.count; e++) {
        struct match entry = {route, list->entries.items[e], false};
        if (prefix_holds(entry.prefix, to) && goes_before(&entry, &match))
            match = entry;
    }
    if (!known && !is_gateway_endpoint(estate, route))
        match = (struct match){route, prefix_of(to), true};
    return match;
}

// The block of the VPC that holds an address has a local route of its own, whether or not the table prints it.
static bool is_in_larger_prefix(const struct estate *estate, const char *vpc_id, struct address to,
                                struct prefix prefix)
{
    const struct prefix *block = vpc_block_of(map_get(&estate->vpcs, vpc_id), to);
    return prefix.length < (block != NULL              ? block->length
                            : to.family == FAMILY_IPV4 ? LARGEST_BLOCK_IPV4
                                                       : LARGEST_BLOCK_IPV6);
}

static const struct reason *reason_of(struct arena *arena, const struct estate *estate, const struct route_table *table,
                                      const struct match *match)
{
    const struct route *route = match->route;
    const char *firewall = map_get(&estate->firewall_endpoints, route->target_id);
    char text[ADDRESS_TEXT];
    prefix_format(match->prefix, text);
    if (match->unknown) {
        const struct lack lack = {kind_name(KIND_PREFIX_LISTS), NULL, NULL, route->prefix_list,
                                  arena_printf(arena, "missing: entries of prefix list %s", route->prefix_list)};
        return reason_lack(arena, REASON_ROUTE, &lack);
    }
    return reason_doubt(
        arena, route->target == ROUTE_APPLIANCE ? REASON_APPLIANCE : REASON_ROUTE, route->target_id, settle_by_probe,
        arena_printf(arena, "between them a route of %s sends %s to %s%s%s%s", table->id,
                     route->prefix_list != NULL ? route->prefix_list : text, route->target_id,
                     route->active ? "" : " (blackhole)", firewall == NULL ? "" : " of AWS Network Firewall ",
                     firewall == NULL ? "" : firewall));
}

const struct reason *middlebox_on_way(struct arena *arena, const struct estate *estate, const struct route_table *table,
                                      struct address to)
{
    struct match best = {0};
    for (size_t i = 0; i < table->routes.count; i++) {
        struct match match = match_of(estate, &table->routes.items[i], to);
        if (match.route != NULL && goes_before(&match, &best))
            best = match;
    }
    if (best.route == NULL || best.route->target == ROUTE_LOCAL ||
        (!best.unknown && is_in_larger_prefix(estate, table->vpc_id, to, best.prefix)))
        return NULL;
    return reason_of(arena, estate, table, &best);
}
