#include "rules/reach/route_table.h"

#include <stdlib.h>

#include "rules/reach/gateway.h"

const struct route_table *route_table_of(struct arena *arena, const struct estate *estate,
                                         const struct network_interface *interface, struct lack *missing)
{
    const struct interface_place *place = interface->place;
    const struct route_table *table = map_get(&estate->table_of_subnet, place->subnet_id);
    const char *unsure = map_get(&estate->unsure_table_of_subnet, place->subnet_id);
    const struct lack *lack = NULL;
    if (unsure != NULL) {
        *missing = association_lack(arena, estate, place, KIND_ROUTE_TABLES, "route table", place->subnet_id, unsure);
        return NULL;
    }
    if (table == NULL) { // the main table is that of subnets which no other table names
        lack = default_lack(arena, estate, place, KIND_ROUTE_TABLES);
        table = lack != NULL ? NULL : map_get(&estate->main_table_of_vpc, place->vpc_id);
    }
    if (table != NULL && table->doubt == NULL)
        return table;
    *missing = lack != NULL ? *lack
                            : association_lack(arena, estate, place, KIND_ROUTE_TABLES, "route table",
                                               table == NULL ? NULL : table->id, table == NULL ? NULL : table->doubt);
    return NULL;
}

// Longest prefix first; of equal length a static route beats a prefix list's, which beats a propagated one.
static int rank(const struct route *route)
{
    return route->propagated ? 2 : route->prefix_list != NULL ? 1 : 0;
}

static int by_priority(const void *left, const void *right)
{
    const struct route_share *a = left, *b = right;
    if (a->prefix.length != b->prefix.length)
        return (int)b->prefix.length - (int)a->prefix.length;
    if (rank(a->route) != rank(b->route))
        return rank(a->route) - rank(b->route);
    if (a->prefix.first != b->prefix.first)
        return a->prefix.first < b->prefix.first ? -1 : 1;
    return strcmp(a->route->target_id, b->route->target_id);
}

static const struct reason *reason_of(struct arena *arena, const struct route_table *table,
                                      const struct route_share *share)
{
    char prefix[ADDRESS_TEXT];
    prefix_format(share->prefix, prefix);
    const char *id =
        arena_printf(arena, "%s:%s", table->id, share->route->prefix_list != NULL ? share->route->prefix_list : prefix);
    const char *text =
        arena_printf(arena, "to %s%s", share->route->target_id, share->route->active ? "" : " (blackhole)");
    return reason_of_sources(arena, reason_says(arena, REASON_ROUTE, id, text), 0, PORT_LAST, share->sources);
}

// Whether, or to what, it is attached is not sure.
static const struct reason *doubt_gateway(struct arena *arena, const struct internet_gateway *gateway)
{
    return reason_doubt(arena, REASON_GATEWAY, gateway->id, settle_by_call(arena, KIND_INTERNET_GATEWAYS, gateway->id),
                        gateway->doubt);
}

void route_table_judge(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                       struct route_share *share, struct lack_list *missing)
{
    const struct route *route = share->route;
    const char *type = map_get(&estate->vpc_endpoint_types, route->target_id);
    const char *firewall;
    share->reply = REPLY_NONE;
    if (!route->active)
        return;
    switch (route->target) {
    case ROUTE_LOCAL:
    case ROUTE_ELSEWHERE:
        return;
    case ROUTE_APPLIANCE:
        if (type != NULL && strcmp(type, "Gateway") == 0)
            return; // S3 and DynamoDB: replies leave for the service, not for the internet
        share->reply = REPLY_POSSIBLE;
        firewall = map_get(&estate->firewall_endpoints, route->target_id);
        share->doubt = reason_doubt(
            arena, REASON_APPLIANCE, route->target_id, settle_by_probe,
            arena_printf(arena, "replies are routed to %s%s%s: what it lets through is not modelled", route->target_id,
                         firewall == NULL ? "" : " of AWS Network Firewall ", firewall == NULL ? "" : firewall));
        return;
    case ROUTE_UNKNOWN:
        share->reply = REPLY_POSSIBLE;
        share->doubt = reason_doubt(
            arena, REASON_ROUTE, route->target_id, settle_by_probe,
            arena_printf(arena, "replies are routed to %s, a kind of target that is not known", route->target_id));
        return;
    case ROUTE_INTERNET_GATEWAY:
        break;
    }
    const struct internet_gateway *attached = map_get(&estate->gateway_of_vpc, place->vpc_id);
    const struct internet_gateway *known = map_get(&estate->internet_gateways, route->target_id);
    if (attached != NULL && strcmp(attached->id, route->target_id) == 0) {
        share->reply = attached->doubt == NULL ? REPLY_SURE : REPLY_POSSIBLE;
        share->doubt = attached->doubt == NULL ? NULL : doubt_gateway(arena, attached);
    } else if (known != NULL && !known->attachments_known) {
        share->reply = REPLY_POSSIBLE;
        share->doubt = doubt_gateway(arena, known);
    } else if (known == NULL) {
        share->reply = REPLY_POSSIBLE;
        struct vpc_home home = estate_home(estate, place);
        const struct lack *all = estate_lack(estate, arena, KIND_INTERNET_GATEWAYS, home.owner, home.region);
        struct lack one = {kind_name(KIND_INTERNET_GATEWAYS), home.owner, home.region, route->target_id, NULL};
        one.text = arena_printf(arena, "missing: internet gateway %s of %s", route->target_id, place->vpc_id);
        share->doubt = reason_lack(arena, REASON_ROUTE, all == NULL ? &one : all);
        lack_add(arena, missing, all == NULL ? &one : all);
    }
}

// Of two routes of one destination and rank, propagated or of prefix lists, no page tells which one holds; of prefix
// lists AWS chooses at random. Where they lead to different answers, neither is sure.
// https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
static void judge_equals(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                         struct route_claim *claim, size_t at, const char *table_id, struct lack_list *missing)
{
    struct route_share *share = &claim->shares.items[at];
    for (size_t i = at + 1; i < claim->shares.count; i++) {
        struct route_share other = claim->shares.items[i];
        if (!route_table_equals(claim, at, i))
            return;
        route_table_judge(arena, estate, place, &other, missing);
        if (other.reply == share->reply)
            continue;
        share->reply = REPLY_POSSIBLE;
        share->doubt = reason_doubt(arena, REASON_ROUTE, table_id, settle_by_probe,
                                    arena_printf(arena, "%s or %s, by routes of which either may hold",
                                                 share->route->target_id, other.route->target_id));
    }
}

// Sources of which one doubt is why the reply to them may not leave.
struct doubted {
    const struct reason *doubt; // the first of this text
    VECTOR(struct address_range) sources;
};

// Of one text there is one doubt, which says of which sources it is.
static void share_doubts(struct arena *arena, struct route_claim *claim)
{
    struct map by_text = {0};
    for (size_t i = 0; i < claim->shares.count; i++) {
        const struct route_share *share = &claim->shares.items[i];
        if (share->doubt == NULL)
            continue;
        struct doubted *doubted = map_get(&by_text, share->doubt->text);
        if (doubted == NULL) {
            doubted = arena_new_of(arena, struct doubted);
            doubted->doubt = share->doubt;
            map_put(arena, &by_text, share->doubt->text, doubted);
        }
        for (size_t r = 0; r < share->sources.count; r++)
            *vector_add(arena, &doubted->sources) = share->sources.ranges[r];
    }
    for (size_t i = 0; i < by_text.size; i++) {
        struct doubted *doubted = by_text.slots[i].value;
        if (doubted == NULL)
            continue;
        struct prefixset sources = prefixset_from(arena, doubted->sources.items, doubted->sources.count);
        doubted->doubt = reason_of_sources(arena, doubted->doubt, 0, PORT_LAST, sources);
    }
    for (size_t i = 0; i < claim->shares.count; i++) {
        struct route_share *share = &claim->shares.items[i];
        if (share->doubt != NULL)
            share->doubt = ((const struct doubted *)map_get(&by_text, share->doubt->text))->doubt;
    }
}

// Adds the shares of a route whose destination is a prefix list; where its entries are not known, which may be any, it
// is unlisted.
static void add_listed(struct arena *arena, const struct estate *estate, const struct route *route, enum family family,
                       struct route_claim *claim, struct lack_list *missing)
{
    const struct prefix_list *list = map_get(&estate->prefix_lists, route->prefix_list);
    if (list != NULL && list->has_entries && list->doubt == NULL) {
        for (size_t e = 0; e < list->entries.count; e++)
            if (list->entries.items[e].family == family)
                *vector_add(arena, &claim->shares) =
                    (struct route_share){.route = route, .prefix = list->entries.items[e]};
        return;
    }
    const char *what = list != NULL && list->doubt != NULL
                           ? list->doubt
                           : arena_printf(arena, "missing: entries of prefix list %s", route->prefix_list);
    const struct lack lack = {kind_name(KIND_PREFIX_LISTS), NULL, NULL, route->prefix_list, what};
    lack_add(arena, missing, &lack);
    *vector_add(arena, &claim->unlisted) =
        (struct route_share){.route = route, .doubt = reason_lack(arena, REASON_ROUTE, &lack)};
}

struct route_claim route_table_cut(struct arena *arena, const struct estate *estate, const struct route_table *table,
                                   const struct route *more, size_t more_count, enum family family,
                                   struct lack_list *missing)
{
    struct route_claim claim = {0};
    for (size_t i = 0; i < table->routes.count + more_count; i++) {
        const struct route *route = i < table->routes.count ? &table->routes.items[i] : &more[i - table->routes.count];
        if (route->prefix_list != NULL)
            add_listed(arena, estate, route, family, &claim, missing);
        else if (route->prefix.family == family)
            *vector_add(arena, &claim.shares) = (struct route_share){.route = route, .prefix = route->prefix};
    }
    if (claim.shares.count > 1)
        qsort(claim.shares.items, claim.shares.count, sizeof(struct route_share), by_priority);
    struct prefixset left = prefixset_all(arena, family);
    for (size_t i = 0; i < claim.shares.count; i++) {
        struct route_share *share = &claim.shares.items[i];
        struct prefixset matched = prefixset_of(arena, share->prefix);
        share->sources = prefixset_intersect(arena, left, matched);
        left = prefixset_subtract(arena, left, matched);
        if (!prefixset_is_empty(share->sources))
            share->reason = reason_of(arena, table, share);
    }
    return claim;
}

bool route_table_equals(const struct route_claim *claim, size_t at, size_t next)
{
    const struct route_share *a = &claim->shares.items[at], *b = &claim->shares.items[next];
    return a->prefix.first == b->prefix.first && a->prefix.length == b->prefix.length &&
           rank(a->route) == rank(b->route);
}

struct route_claim route_table_replies(struct arena *arena, const struct estate *estate,
                                       const struct route_table *table, const struct interface_place *place,
                                       enum family family, struct lack_list *missing)
{
    struct route_claim claim = route_table_cut(arena, estate, table, NULL, 0, family, missing);
    bool unsure_cut = false, unsure_open = false;
    for (size_t i = 0; i < claim.unlisted.count; i++) { // unknown entries may catch any source, and send it there
        struct route_share *any = &claim.unlisted.items[i];
        const struct reason *lack = any->doubt;
        route_table_judge(arena, estate, place, any, missing);
        reason_add(arena, &claim.doubts, lack);
        unsure_cut = unsure_cut || any->reply != REPLY_SURE;
        unsure_open = unsure_open || any->reply != REPLY_NONE;
    }
    VECTOR(struct address_range) sure = {0}, possible = {0};
    for (size_t i = 0; i < claim.shares.count; i++) {
        struct route_share *share = &claim.shares.items[i];
        if (prefixset_is_empty(share->sources))
            continue;
        route_table_judge(arena, estate, place, share, missing);
        judge_equals(arena, estate, place, &claim, i, table->id, missing);
        for (size_t r = 0; r < share->sources.count && share->reply != REPLY_NONE; r++) {
            *vector_add(arena, &possible) = share->sources.ranges[r];
            if (share->reply == REPLY_SURE)
                *vector_add(arena, &sure) = share->sources.ranges[r];
        }
    }
    share_doubts(arena, &claim);
    claim.must = unsure_cut ? prefixset_empty : prefixset_from(arena, sure.items, sure.count);
    claim.may = unsure_open ? prefixset_all(arena, family) : prefixset_from(arena, possible.items, possible.count);
    return claim;
}

const struct route_share *route_table_share(const struct route_claim *claim, address_bits source)
{
    for (size_t i = 0; i < claim->shares.count; i++)
        if (prefixset_holds(claim->shares.items[i].sources, source))
            return &claim->shares.items[i];
    return NULL;
}
