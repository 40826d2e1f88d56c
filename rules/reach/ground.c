#include "model/protocol.h"
#include "rules/reach/block_access.h"
#include "rules/reach/internet_firewall.h"
#include "rules/reach/party.h"
#include "rules/reach/route_table.h"

static bool asks_for_zone(const struct route_table *table)
{
    for (size_t i = 0; table != NULL && i < table->routes.count; i++)
        if (table->routes.items[i].way == WAY_TRANSIT)
            return true;
    return false;
}

// What every answer rests on and of which a page is missing, and what of the subnet itself is not sure.
static void doubt_ground(struct traffic *traffic, struct ground *ground)
{
    static const enum kind kinds[] = {KIND_SUBNETS, KIND_ROUTE_TABLES, KIND_NETWORK_ACLS, KIND_SECURITY_GROUPS};
    const struct estate *estate = traffic->estate;
    const struct interface_place *place = ground->place;
    struct vpc_home home = estate_home(estate, place);
    struct arena *arena = traffic->arena;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const char *account = kinds[i] == KIND_SECURITY_GROUPS ? place->account_id : home.owner;
        const char *region = kinds[i] == KIND_SECURITY_GROUPS ? place->region : home.region;
        if (estate_completeness(estate, kinds[i], account, region) == COMPLETENESS_PARTIAL)
            reason_add(arena, &ground->doubts,
                       reason_lack(arena, REASON_GATEWAY, estate_lack(estate, arena, kinds[i], account, region)));
    }
    const struct subnet *subnet = map_get(&estate->subnets, place->subnet_id);
    if (subnet == NULL)
        reason_add(arena, &ground->doubts, reason_lack(arena, REASON_GATEWAY, subnet_lack(arena, estate, place)));
    else if (subnet->doubt != NULL)
        reason_add(arena, &ground->doubts,
                   reason_doubt(arena, REASON_GATEWAY, subnet->id, settle_by_call(arena, KIND_SUBNETS, subnet->id),
                                subnet->doubt));
    const struct vpc *vpc = map_get(&estate->vpcs, place->vpc_id);
    if (vpc != NULL && vpc->encryption != NULL)
        gate_doubt(arena, &ground->exit,
                   reason_doubt(arena, REASON_GATEWAY, vpc->id, settle_by_probe, vpc->encryption));
    const struct reason *firewall = internet_firewall_doubt(arena, estate, place, ground->table);
    if (firewall != NULL)
        gate_doubt(arena, &ground->exit, firewall);
    ground->translates = internet_firewall_translates(arena, estate, place);
}

static bool meets_subnet(const struct subnet *subnet, const struct route *route, enum family family)
{
    if (subnet == NULL || route->prefix_list != NULL)
        return true;
    bool meets = family == FAMILY_IPV4 && (subnet->cidr.family == 0 || prefix_meets(route->prefix, subnet->cidr));
    for (size_t i = 0; family == FAMILY_IPV6 && i < subnet->ipv6_blocks.items.count; i++)
        meets = meets || prefix_meets(route->prefix, subnet->ipv6_blocks.items.items[i].prefix);
    return meets;
}

// A table that is associated with a gateway of the VPC sends what comes by it to the subnet through something else.
// https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html
static const struct reason *edge_of(struct traffic *traffic, const struct ground *ground, enum family family)
{
    const struct estate *estate = traffic->estate;
    const struct subnet *subnet = map_get(&estate->subnets, ground->place->subnet_id);
    map_slots edges = map_sorted(traffic->scratch, &estate->edge_table_of_gateway);
    for (size_t i = 0; i < edges.count; i++) {
        const struct route_table *table = edges.items[i]->value;
        if (table == NULL || strncmp(edges.items[i]->key, "igw-", 4) != 0 ||
            !text_same(table->vpc_id, ground->place->vpc_id))
            continue;
        if (table->doubt != NULL)
            return reason_doubt(traffic->arena, REASON_ROUTE, table->id,
                                settle_by_call(traffic->arena, KIND_ROUTE_TABLES, table->id), table->doubt);
        for (size_t r = 0; r < table->routes.count; r++) {
            const struct route *route = &table->routes.items[r];
            if (route->target != ROUTE_LOCAL && (route->prefix_list != NULL || route->prefix.family == family) &&
                meets_subnet(subnet, route, family))
                return reason_doubt(
                    traffic->arena, REASON_APPLIANCE, route->target_id, settle_by_probe,
                    arena_printf(traffic->arena,
                                 "%s, the route table of %s, sends what comes back by it to %s: what that lets through "
                                 "is not modelled",
                                 table->id, edges.items[i]->key, route->target_id));
        }
    }
    return NULL;
}

static struct ground *ground_new(struct traffic *traffic, const struct network_interface *interface)
{
    struct arena *arena = traffic->arena;
    struct ground *ground = arena_new_of(arena, struct ground);
    struct lack acl = {0}, table = {0};
    ground->place = interface->place;
    ground->acl = network_acl_of(arena, traffic->estate, interface, &acl);
    if (ground->acl == NULL)
        ground->acl_missing = reason_lack(arena, REASON_ACL_OUT, &acl);
    ground->table = route_table_of(arena, traffic->estate, interface, &table);
    if (ground->table == NULL)
        ground->table_missing = reason_lack(arena, REASON_ROUTE, &table);
    ground->exit.state = GATE_OPEN;
    block_access_outbound(arena, traffic->estate, interface->place, &ground->exit, &traffic->missing);
    if (asks_for_zone(ground->table))
        ground->zones = map_get(&traffic->estate->zones_of_subnets, interface->place->subnet_id);
    doubt_ground(traffic, ground);
    for (int f = 0; f < 2; f++)
        ground->edge[f] = edge_of(traffic, ground, f == 1 ? FAMILY_IPV6 : FAMILY_IPV4);
    struct text key = {0};
    text_printf(&key, "%s|%s|%s|%d", interface->place->vpc_id,
                ground->acl != NULL ? ground->acl->id : ground->acl_missing->text,
                ground->table != NULL ? ground->table->id : ground->table_missing->text, (int)ground->exit.state);
    for (size_t i = 0; ground->zones != NULL && i < ground->zones->items.count; i++) {
        const struct zone_claim *claim = &ground->zones->items.items[i];
        text_printf(&key, "|%s/%s/%s", claim->account == NULL ? "" : claim->account,
                    claim->name == NULL ? "" : claim->name, claim->id == NULL ? "" : claim->id);
    }
    if (ground->exit.state == GATE_SHUT)
        text_printf(&key, "|%s", ground->exit.why->text);
    for (size_t i = 0; i < ground->exit.doubts.count; i++)
        text_printf(&key, "|%s", ground->exit.doubts.items[i]->text);
    for (size_t i = 0; i < ground->doubts.count; i++)
        text_printf(&key, "|%s", ground->doubts.items[i]->text);
    for (int f = 0; f < 2; f++)
        if (ground->edge[f] != NULL)
            text_printf(&key, "|%s", ground->edge[f]->text);
    if (ground->translates != NULL)
        text_printf(&key, "|%s", ground->translates->text);
    ground->key = arena_strdup(arena, key.bytes);
    text_free(&key);
    return ground;
}

struct ground *ground_of(struct traffic *traffic, const struct network_interface *interface)
{
    struct ground *ground = map_get_pointer(&traffic->grounds_of_place, interface->place);
    if (ground != NULL)
        return ground;
    ground = ground_new(traffic, interface);
    struct ground *known = map_get(&traffic->grounds_by_key, ground->key);
    if (known == NULL)
        map_put(traffic->arena, &traffic->grounds_by_key, ground->key, ground);
    ground = known != NULL ? known : ground;
    map_put_pointer(traffic->arena, &traffic->grounds_of_place, interface->place, ground);
    return ground;
}

struct ground *ground_of_subnet(struct traffic *traffic, const char *subnet_id, const char *vpc_id,
                                const struct interface_place *near)
{
    const char *key =
        arena_printf(traffic->scratch, "%s|%s|%s|%s", subnet_id, vpc_id == NULL ? "" : vpc_id,
                     near->account_id == NULL ? "" : near->account_id, near->region == NULL ? "" : near->region);
    struct ground *known = map_get(&traffic->grounds_of_subnets, key);
    if (known != NULL)
        return known;
    struct interface_place *place = arena_new_of(traffic->arena, struct interface_place);
    *place = *near;
    place->vpc_id = vpc_id;
    place->subnet_id = subnet_id;
    const struct network_interface interface = {.id = subnet_id, .place = place, .type = "nat_gateway"};
    known = ground_of(traffic, &interface);
    map_put(traffic->arena, &traffic->grounds_of_subnets, arena_strdup(traffic->arena, key), known);
    return known;
}

// Of ICMP only what asks for a reply goes two ways.
static void add_replies(struct traffic *traffic, struct portmap replies, enum family family, int protocol, bool asks,
                        struct ground_passage *passage)
{
    struct arena *arena = traffic->arena;
    if (!protocol_is_icmp(protocol)) {
        reply_classes classes = reply_classes_of(arena, replies, family);
        for (size_t i = 0; i < classes.count; i++) {
            struct ground_replies one = {portset_all, classes.items[i].sources, classes.items[i].client_ports};
            if (portset_is_empty(one.client_ports))
                continue;
            if (!protocol_has_ports(protocol))
                one.client_ports = portset_all;
            if (asks)
                *vector_add(arena, &passage->asks) = one;
            else
                *vector_add(arena, &passage->answers) = one;
        }
        return;
    }
    static const uint16_t asking[] = {8, 13, 128};
    for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++) {
        uint16_t first = (uint16_t)(asking[i] << 8);
        int reply = site_icmp_reply(protocol, first);
        if (reply < 0)
            continue;
        struct ground_replies one = {portset_of(arena, first, first | 255), portmap_sources(replies, (uint16_t)reply),
                                     portset_all};
        if (prefixset_is_empty(one.others))
            continue;
        if (asks)
            *vector_add(arena, &passage->asks) = one;
        else
            *vector_add(arena, &passage->answers) = one;
    }
}

const struct ground_passage *ground_passage(struct traffic *traffic, const struct ground *ground, enum family family,
                                            int protocol)
{
    struct arena *arena = traffic->arena;
    struct map *known = (struct map *)&ground->passages[family == FAMILY_IPV6];
    char key[16];
    snprintf(key, sizeof(key), "%d", protocol);
    struct ground_passage *passage = map_get(known, key);
    if (passage != NULL)
        return passage;
    passage = arena_new_of(arena, struct ground_passage);
    struct portmap everything = portmap_of(arena, portset_all, prefixset_all(arena, family));
    if (ground->acl != NULL) {
        passage->in = network_acl_view(arena, ground->acl, false, family, protocol);
        passage->out = network_acl_view(arena, ground->acl, true, family, protocol);
    } else {
        passage->in.allows = passage->out.allows = everything;
    }
    passage->open = ground->acl != NULL && portmap_equal(passage->in.allows, everything) &&
                    portmap_equal(passage->out.allows, everything);
    add_replies(traffic, passage->in.allows, family, protocol, true, passage);
    add_replies(traffic, passage->out.allows, family, protocol, false, passage);
    map_put(arena, known, arena_strdup(arena, key), passage);
    return passage;
}

const struct reason *ground_lacks(const struct traffic *traffic, const struct ground *ground, enum kind kind,
                                  const char *id, const char *text)
{
    struct vpc_home home = estate_home(traffic->estate, ground->place);
    const struct lack *all = estate_lack(traffic->estate, traffic->arena, kind, home.owner, home.region);
    const struct lack one = {kind_name(kind), home.owner, home.region, id, text};
    return reason_lack(traffic->arena, REASON_ROUTE, all != NULL ? all : &one);
}
