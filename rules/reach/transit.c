#include "rules/reach/transit.h"

#include <stdlib.h>

const struct transit_attachment *transit_attachment_of(const struct estate *estate, const char *gateway_id,
                                                       const char *vpc_id)
{
    const struct transit_attachment *found = NULL;
    for (size_t i = 0; i < estate->transit_attachments.size; i++) {
        const struct transit_attachment *one = estate->transit_attachments.slots[i].value;
        if (one == NULL || !text_same(one->gateway, gateway_id) || !text_same(one->resource_id, vpc_id) ||
            one->presence == PRESENCE_NO)
            continue;
        if (found == NULL || one->presence > found->presence ||
            (one->presence == found->presence && strcmp(one->id, found->id) < 0))
            found = one;
    }
    return found;
}

// Where what is asked about is made.
struct forwarding {
    struct traffic *traffic;
    const struct ground *ground;
    reason_list doubts; // of all that is forwarded
};

static const struct reason *lacking(struct forwarding *forwarding, enum kind kind, const char *id, const char *text)
{
    return ground_lacks(forwarding->traffic, forwarding->ground, kind, id, text);
}

static void doubt(struct forwarding *forwarding, enum kind kind, const char *id, const char *text)
{
    struct arena *arena = forwarding->traffic->arena;
    reason_add(arena, &forwarding->doubts,
               reason_doubt(arena, REASON_ROUTE, id, settle_by_call(arena, kind, id), text));
}

// "If there is a route to the transit gateway in the subnet's table, traffic is forwarded only when the transit gateway
// has an attachment in a subnet in the same Availability Zone": tgw-vpc-attachments.html
static bool forwards_from_zone(struct forwarding *forwarding, const struct transit_attachment *attachment)
{
    struct arena *arena = forwarding->traffic->arena;
    const struct zone_claims *own = forwarding->ground->zones;
    bool known = own != NULL && attachment->subnets_told;
    for (size_t i = 0; i < attachment->subnets.count; i++) {
        const struct zone_claims *claims =
            map_get(&forwarding->traffic->estate->zones_of_subnets, attachment->subnets.items[i]);
        enum zones zones = own == NULL || claims == NULL ? ZONES_NOT_TOLD : zones_compare(own, claims);
        if (zones == ZONES_ALIKE)
            return true;
        known = known && zones == ZONES_APART;
    }
    if (!known)
        reason_add(arena, &forwarding->doubts,
                   lacking(forwarding, attachment->subnets_told ? KIND_SUBNETS : KIND_TRANSIT_VPC_ATTACHMENTS,
                           attachment->id,
                           arena_printf(arena, "missing: whether %s has a subnet in the zone of %s", attachment->id,
                                        forwarding->ground->place->subnet_id)));
    return !known;
}

// A VPC has one attachment to a gateway: of two, by which its packets go is not told.
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html
static bool is_alone(const struct estate *estate, const struct transit_attachment *attachment)
{
    for (size_t i = 0; i < estate->transit_attachments.size; i++) {
        const struct transit_attachment *one = estate->transit_attachments.slots[i].value;
        if (one != NULL && one != attachment && one->presence != PRESENCE_NO &&
            text_same(one->gateway, attachment->gateway) && text_same(one->resource_id, attachment->resource_id))
            return false;
    }
    return true;
}

// Whether what comes from the ground is taken by the gateway at all; *attachment is by which, or NULL: not known.
static bool takes(struct forwarding *forwarding, enum family family, const char *gateway_id,
                  const struct transit_attachment **attachment)
{
    const struct estate *estate = forwarding->traffic->estate;
    struct arena *arena = forwarding->traffic->arena;
    const char *vpc_id = forwarding->ground->place->vpc_id;
    const struct transit_gateway *gateway = map_get(&estate->transit_gateways, gateway_id);
    if (gateway == NULL)
        reason_add(arena, &forwarding->doubts,
                   lacking(forwarding, KIND_TRANSIT_GATEWAYS, gateway_id,
                           arena_printf(arena, "missing: transit gateway %s", gateway_id)));
    else if (gateway->presence == PRESENCE_NO)
        return false;
    else if (gateway->doubt != NULL)
        doubt(forwarding, KIND_TRANSIT_GATEWAYS, gateway_id, gateway->doubt);
    if (gateway != NULL && gateway->encryption != NULL)
        reason_add(arena, &forwarding->doubts,
                   reason_doubt(arena, REASON_ROUTE, gateway_id, settle_by_probe, gateway->encryption));
    *attachment = transit_attachment_of(estate, gateway_id, vpc_id);
    if (*attachment == NULL) { // its route is active, so that there is one
        reason_add(arena, &forwarding->doubts,
                   lacking(forwarding, KIND_TRANSIT_ATTACHMENTS, gateway_id,
                           arena_printf(arena, "missing: the attachment of %s to %s", vpc_id, gateway_id)));
        return true;
    }
    if ((*attachment)->doubt != NULL)
        doubt(forwarding, KIND_TRANSIT_ATTACHMENTS, (*attachment)->id, (*attachment)->doubt);
    if (!is_alone(estate, *attachment)) {
        doubt(forwarding, KIND_TRANSIT_ATTACHMENTS, gateway_id,
              arena_printf(arena, "%s has several attachments to %s", vpc_id, gateway_id));
        *attachment = NULL;
        return true;
    }
    if (family == FAMILY_IPV6 && (*attachment)->ipv6 == TRANSIT_DISABLED)
        return false;
    if (family == FAMILY_IPV6 && (*attachment)->ipv6 != TRANSIT_ENABLED)
        doubt(forwarding, KIND_TRANSIT_VPC_ATTACHMENTS, (*attachment)->id,
              arena_printf(arena, "whether %s carries IPv6 is not told", (*attachment)->id));
    return forwards_from_zone(forwarding, *attachment);
}

// The table that the attachment's packets go by; NULL: none (*none), or it is not known.
static const struct transit_route_table *table_of(struct forwarding *forwarding,
                                                  const struct transit_attachment *attachment, bool *none)
{
    const struct estate *estate = forwarding->traffic->estate;
    struct arena *arena = forwarding->traffic->arena;
    const struct transit_route_table *table =
        attachment == NULL ? NULL : map_get(&estate->transit_table_of, attachment->id);
    if (table == NULL && attachment != NULL)
        table = map_get(&estate->transit_route_tables, attachment->table);
    *none = false;
    if (table == NULL && attachment != NULL && attachment->table_told && attachment->table == NULL) {
        *none = true;
        return NULL;
    }
    if (table == NULL) {
        if (attachment != NULL) { // its own record tells of none: its owner may see more
            struct vpc_home home = estate_home(estate, forwarding->ground->place);
            const struct lack lack = {
                kind_name(KIND_TRANSIT_ASSOCIATIONS), home.owner, home.region, attachment->id,
                arena_printf(arena, "missing: with which route table %s is associated", attachment->id)};
            reason_add(arena, &forwarding->doubts, reason_lack(arena, REASON_ROUTE, &lack));
        }
        return NULL;
    }
    if (table->doubt != NULL) {
        doubt(forwarding, KIND_TRANSIT_ROUTE_TABLES, table->id, table->doubt);
        return NULL;
    }
    if (!table->routes_told) {
        reason_add(arena, &forwarding->doubts,
                   lacking(forwarding, KIND_TRANSIT_ROUTES, table->id,
                           arena_printf(arena, "missing: the routes of %s", table->id)));
        return NULL;
    }
    return table;
}

// A prefix of one of the table's routes.
struct entry {
    const struct transit_route *route;
    struct prefix prefix;
};
typedef VECTOR(struct entry) entry_list;

// "Static routes, prefix list referenced routes, propagated routes":
// https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html
static int rank_of(const struct entry *entry)
{
    return entry->route->propagated ? 2 : entry->route->prefix_list != NULL ? 1 : 0;
}

static int by_length(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->prefix.length != b->prefix.length)
        return (int)b->prefix.length - (int)a->prefix.length;
    if (a->prefix.first != b->prefix.first)
        return a->prefix.first < b->prefix.first ? -1 : 1;
    return rank_of(a) - rank_of(b);
}

static bool same_way(const struct entry *a, const struct entry *b)
{
    bool same = a->route->state == b->route->state && a->route->attachments.count == b->route->attachments.count;
    for (size_t i = 0; same && i < a->route->attachments.count; i++)
        same = strcmp(a->route->attachments.items[i], b->route->attachments.items[i]) == 0;
    return same;
}

// Whether another one of the same prefix and rank leads elsewhere: which of them holds is then not told.
static bool has_rival(const entry_list *entries, size_t index)
{
    size_t first = index, last = index;
    while (first > 0 && by_length(&entries->items[first - 1], &entries->items[index]) == 0)
        first--;
    while (last + 1 < entries->count && by_length(&entries->items[last + 1], &entries->items[index]) == 0)
        last++;
    for (size_t i = first; i <= last; i++)
        if (!same_way(&entries->items[i], &entries->items[index]))
            return true;
    return false;
}

static entry_list entries_of(struct forwarding *forwarding, const struct transit_route_table *table, enum family family)
{
    struct arena *arena = forwarding->traffic->arena;
    entry_list entries = {0};
    for (size_t i = 0; i < table->routes.count; i++) {
        const struct transit_route *route = &table->routes.items[i];
        const struct prefix_list *list = map_get(&forwarding->traffic->estate->prefix_lists, route->prefix_list);
        if (route->prefix_list == NULL) {
            if (route->prefix.family == family)
                *vector_add(arena, &entries) = (struct entry){route, route->prefix};
        } else if (list == NULL || !list->has_entries || list->doubt != NULL) {
            reason_add(arena, &forwarding->doubts,
                       lacking(forwarding, KIND_PREFIX_LISTS, route->prefix_list,
                               arena_printf(arena, "missing: entries of prefix list %s", route->prefix_list)));
        } else {
            for (size_t e = 0; e < list->entries.count; e++)
                if (list->entries.items[e].family == family)
                    *vector_add(arena, &entries) = (struct entry){route, list->entries.items[e]};
        }
    }
    if (entries.count > 1)
        qsort(entries.items, entries.count, sizeof(*entries.items), by_length);
    return entries;
}

static void add_share(const struct forwarding *forwarding, const struct transit_route_table *table,
                      const struct transit_route *route, struct prefixset others, const char *why,
                      transit_shares *shares)
{
    struct arena *arena = forwarding->traffic->arena;
    struct transit_share share = {.others = others, .route = route};
    if (prefixset_is_empty(others))
        return;
    reason_add_all(arena, &share.doubts, &forwarding->doubts);
    if (why != NULL)
        reason_add(
            arena, &share.doubts,
            reason_doubt(arena, REASON_ROUTE, table->id, settle_by_call(arena, KIND_TRANSIT_ROUTES, table->id), why));
    *vector_add(arena, shares) = share;
}

transit_shares transit_forwards(struct traffic *traffic, const struct ground *ground, enum family family,
                                const char *gateway_id)
{
    struct arena *arena = traffic->arena;
    struct forwarding forwarding = {.traffic = traffic, .ground = ground};
    const struct transit_attachment *attachment = NULL;
    transit_shares shares = {0};
    bool none = false;
    if (!takes(&forwarding, family, gateway_id, &attachment))
        return shares;
    const struct transit_route_table *table = table_of(&forwarding, attachment, &none);
    if (none)
        return shares;
    if (table == NULL) {
        *vector_add(arena, &shares) =
            (struct transit_share){.others = prefixset_all(arena, family), .doubts = forwarding.doubts};
        return shares;
    }
    size_t before = forwarding.doubts.count;
    entry_list entries = entries_of(&forwarding, table, family);
    bool unlisted = forwarding.doubts.count > before;
    struct prefixset left = prefixset_all(arena, family), perhaps = prefixset_empty;
    for (size_t i = 0; i < entries.count; i++) {
        struct prefixset matched = prefixset_intersect(arena, left, prefixset_of(arena, entries.items[i].prefix));
        const struct transit_route *route = entries.items[i].route;
        bool rival = has_rival(&entries, i), unsure = route->state == TRANSIT_ROUTE_UNSURE;
        bool last = i + 1 == entries.count || by_length(&entries.items[i], &entries.items[i + 1]) != 0;
        bool dropped = route->state == TRANSIT_ROUTE_BLACKHOLE || (route->attachments.count == 0 && !unsure);
        const char *why = rival    ? arena_printf(arena, "two routes of %s lead to one destination", table->id)
                          : unsure ? arena_printf(arena, "the state of a route of %s is not sure", table->id)
                                   : NULL;
        struct prefixset doubted = why != NULL ? matched : prefixset_intersect(arena, matched, perhaps);
        if (!dropped) {
            add_share(&forwarding, table, route, prefixset_subtract(arena, matched, doubted), NULL, &shares);
            add_share(&forwarding, table, route, doubted,
                      why != NULL
                          ? why
                          : arena_printf(arena, "another route of %s, whose state is not sure, may take it", table->id),
                      &shares);
        }
        if (unsure)
            perhaps = prefixset_union(arena, perhaps, matched);
        else if (!rival || last)
            left = prefixset_subtract(arena, left, matched);
    }
    if (unlisted)
        *vector_add(arena, &shares) =
            (struct transit_share){.others = prefixset_all(arena, family), .doubts = forwarding.doubts};
    return shares;
}
