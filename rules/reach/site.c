#include "rules/reach/site.h"

#include "model/protocol.h"
#include "rules/reach/block_access.h"
#include "rules/reach/claimed.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/security_group.h"

// An ACL names some protocols by number; the others are all alike to it.
static int as_named(const struct network_acl *acl, int protocol)
{
    if (protocol_has_ports(protocol) || protocol_is_icmp(protocol))
        return protocol;
    for (size_t i = 0; acl != NULL && i < acl->entries.count; i++)
        if (acl->entries.items[i].protocol == protocol)
            return protocol;
    return PROTOCOL_UNNAMED;
}

// https://docs.aws.amazon.com/wavelength/latest/developerguide/how-wavelengths-work.html (carrier gateway),
// https://docs.aws.amazon.com/outposts/latest/userguide/outposts-local-gateways.html (local gateway)
static const char *unmodelled(struct arena *arena, const struct interface_place *place, enum address_gateway gateway)
{
    return gateway == GATEWAY_CARRIER
               ? arena_printf(arena, "the carrier gateway of %s, by which its CarrierIp is reached, is not modelled",
                              place->vpc_id)
               : arena_printf(arena,
                              "the local gateway of %s, by which its CustomerOwnedIp is reached, is not modelled",
                              place->vpc_id);
}

struct site *site_behind(struct arena *arena, const struct estate *estate, const struct network_interface *interface,
                         enum address_gateway gateway)
{
    struct site *site = arena_new_of(arena, struct site);
    site->arena = arena;
    site->estate = estate;
    site->place = interface->place;
    site->gateway = gateway;
    struct lack acl = {0}, table = {0};
    site->acl = network_acl_of(arena, estate, interface, &acl);
    if (site->acl == NULL)
        site->acl_missing = reason_lack(arena, REASON_ACL_IN, &acl);
    if (gateway == GATEWAY_CARRIER || gateway == GATEWAY_LOCAL) {
        site->gate.why = site->table_missing =
            reason_doubt(arena, REASON_GATEWAY, interface->place->vpc_id, settle_by_probe,
                         unmodelled(arena, interface->place, gateway));
        site->gate.state = GATE_OPEN;
        gate_doubt(arena, &site->gate, site->gate.why);
        // "AWS Wavelength carrier gateway: All inbound and outbound traffic is blocked":
        // https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa-basics.html#security-vpc-bpa-service-support
        if (gateway == GATEWAY_CARRIER)
            block_access_inbound(arena, estate, interface->place, &site->gate, &site->missing);
        if (site->gate.state != GATE_SHUT && site->acl == NULL)
            lack_add(arena, &site->missing, &acl);
        return site;
    }
    site->gate = gateway_admits(arena, estate, interface, &site->missing);
    if (gateway == GATEWAY_NONE) {
        site->gate.state = GATE_SHUT;
        site->gate.why = reason_stop(arena, REASON_GATEWAY, NULL,
                                     "its address is not globally reachable (RFC 6890): no gateway brings the internet "
                                     "to it");
    }
    site->edge = map_get(&estate->edge_table_of_gateway, site->gate.gateway_id);
    site->table = route_table_of(arena, estate, interface, &table);
    if (site->table == NULL)
        site->table_missing = reason_lack(arena, REASON_ROUTE, &table);
    if (site->edge != NULL && site->edge->doubt != NULL) { // where it sends what comes is not sure
        struct vpc_home home = estate_home(estate, site->place);
        const struct lack lack = {kind_name(KIND_ROUTE_TABLES), home.owner, home.region, site->edge->id,
                                  site->edge->doubt};
        gate_doubt(arena, &site->gate, reason_lack(arena, REASON_ROUTE, &lack));
    }
    if (site->gate.state != GATE_SHUT && site->acl == NULL)
        lack_add(arena, &site->missing, &acl);
    if (site->gate.state != GATE_SHUT && site->table == NULL)
        lack_add(arena, &site->missing, &table);
    return site;
}

struct site *site_new(struct arena *arena, const struct estate *estate, const struct network_interface *interface)
{
    return site_behind(arena, estate, interface, GATEWAY_INTERNET);
}

// Of ranges that were brought, the first one of an address that is not advertised, or not surely; or NULL. What comes
// to such an address from the internet goes where the range is advertised, which may be nowhere, and not by AWS:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AdvertiseByoipCidr.html
static const struct byoip_range *unadvertised(const struct estate *estate, struct prefix address)
{
    for (size_t i = 0; i < estate->byoip_ranges.count; i++) {
        const struct byoip_range *range = &estate->byoip_ranges.items[i];
        if (prefix_meets(range->prefix, address) && !text_same(range->state, "advertised"))
            return range;
    }
    return NULL;
}

bool site_decides(const struct site *site, const struct network_interface *interface, struct prefix address)
{
    return security_group_is_shared(interface) && interface->load_balancer == NULL && site->edge == NULL &&
           interface->doubt == NULL && strcmp(interface->type, "interface") == 0 &&
           !is_balancers_interface(interface) && interface->igw_traffic != IGW_DENIED &&
           !(address.family == FAMILY_IPV6 && site->estate->has_private_ipv6) &&
           unadvertised(site->estate, address) == NULL &&
           claimed_elsewhere(site->arena, site->estate, interface, address) == NULL;
}

struct site_family *site_family(struct site *site, enum family family)
{
    struct site_family *of = &site->families[family == FAMILY_IPV6];
    struct arena *arena = site->arena;
    if (of->known)
        return of;
    of->known = true;
    of->internet = prefixset_internet(arena, family);
    if (site->edge != NULL)
        of->edge = route_table_replies(arena, site->estate, site->edge, site->place, family, &site->missing);
    if (site->table == NULL) {
        of->replies.may = prefixset_all(arena, family);
        return of;
    }
    of->replies = route_table_replies(arena, site->estate, site->table, site->place, family, &site->missing);
    for (size_t i = 0; i < of->replies.shares.count; i++) // the VPC's own address space is not the internet
        if (of->replies.shares.items[i].route->target == ROUTE_LOCAL)
            of->internet = prefixset_subtract(arena, of->internet, of->replies.shares.items[i].sources);
    return of;
}

int site_icmp_reply(int protocol, uint16_t number)
{
    int type = number >> 8;
    if (protocol == PROTOCOL_ICMP && type == 8)
        return 0;
    if (protocol == PROTOCOL_ICMP && type == 13)
        return 14 << 8;
    if (protocol == PROTOCOL_ICMPV6 && type == 128)
        return 129 << 8;
    return -1;
}

struct portset site_reply_numbers(struct arena *arena, int protocol, uint16_t number, struct portset client_ports)
{
    if (!protocol_is_icmp(protocol))
        return client_ports;
    int reply = site_icmp_reply(protocol, number);
    return reply < 0 ? portset_empty : portset_of(arena, (uint16_t)reply, (uint16_t)reply);
}

reply_classes reply_classes_of(struct arena *arena, struct portmap out, enum family family)
{
    reply_classes classes = {0};
    *vector_add(arena, &classes) = (struct reply_class){prefixset_all(arena, family), portset_empty};
    for (size_t s = 0; s < out.count; s++) {
        const struct port_segment *segment = &out.segments[s];
        struct portset ports = portset_of(arena, segment->low, segment->high);
        reply_classes next = {0};
        for (size_t c = 0; c < classes.count; c++) {
            struct reply_class *old = &classes.items[c];
            struct prefixset in = prefixset_intersect(arena, old->sources, segment->sources);
            struct prefixset out_of = prefixset_subtract(arena, old->sources, segment->sources);
            if (!prefixset_is_empty(in))
                *vector_add(arena, &next) = (struct reply_class){in, portset_union(arena, old->client_ports, ports)};
            if (!prefixset_is_empty(out_of))
                *vector_add(arena, &next) = (struct reply_class){out_of, old->client_ports};
        }
        classes = next;
        for (size_t a = 0; a < classes.count; a++) // sources with the same ports belong together
            for (size_t b = a + 1; b < classes.count;)
                if (portset_equal(classes.items[a].client_ports, classes.items[b].client_ports)) {
                    classes.items[a].sources =
                        prefixset_union(arena, classes.items[a].sources, classes.items[b].sources);
                    classes.items[b] = classes.items[--classes.count];
                } else {
                    b++;
                }
    }
    return classes;
}

struct builder {
    struct arena *arena;
    const struct route_claim *replies;
    const struct passage *passage;
    bool acl_sure;
    VECTOR(struct passage_piece) pieces;
};

static void add_piece(struct builder *builder, enum reply reply, struct portset on, struct prefixset sources,
                      struct portset client_ports)
{
    struct portmap map = portmap_from_sources(builder->arena, builder->passage->in.allows, sources);
    map = portset_equal(on, portset_all) ? map : portmap_on_ports(builder->arena, map, on);
    if (map.count > 0)
        *vector_add(builder->arena, &builder->pieces) = (struct passage_piece){reply, client_ports, map};
}

// Cuts `sources` by where the route table sends replies to them.
static void add_pieces(struct builder *builder, struct portset on, struct prefixset sources,
                       struct portset client_ports)
{
    struct arena *arena = builder->arena;
    bool any_port = !portset_is_empty(client_ports);
    struct prefixset possible = any_port ? prefixset_intersect(arena, sources, builder->replies->may) : prefixset_empty;
    struct prefixset sure =
        builder->acl_sure ? prefixset_intersect(arena, possible, builder->replies->must) : prefixset_empty;
    add_piece(builder, REPLY_SURE, on, sure, client_ports);
    add_piece(builder, REPLY_POSSIBLE, on, prefixset_subtract(arena, possible, sure), client_ports);
    add_piece(builder, REPLY_NONE, on, prefixset_subtract(arena, sources, possible), portset_empty);
}

static void add_icmp_pieces(struct builder *builder, enum family family, int protocol)
{
    static const uint16_t asking[] = {8, 13, 128};
    struct arena *arena = builder->arena;
    struct prefixset everyone = prefixset_all(arena, family);
    struct portset left = portset_all;
    for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++) {
        uint16_t first = (uint16_t)(asking[i] << 8);
        int reply = site_icmp_reply(protocol, first);
        if (reply < 0)
            continue;
        struct portset on = portset_of(arena, first, first | 255);
        struct prefixset back = portmap_sources(builder->passage->out.allows, (uint16_t)reply);
        add_pieces(builder, on, back, portset_all);
        add_pieces(builder, on, prefixset_subtract(arena, everyone, back), portset_empty);
        left = portset_subtract(arena, left, on);
    }
    add_pieces(builder, left, everyone, portset_empty);
}

static struct acl_view kept_view(struct arena *arena, const struct acl_view *view)
{
    struct acl_view kept = {.allows = portmap_copy(arena, view->allows), .part_count = view->part_count};
    kept.parts = arena_array(arena, struct acl_part, view->part_count);
    for (size_t i = 0; i < view->part_count; i++) {
        const struct acl_part *part = &view->parts[i];
        kept.parts[i].reason = part->reason;
        kept.parts[i].first = portmap_copy(arena, part->first);
        kept.parts[i].reason.of = &kept.parts[i].first;
    }
    return kept;
}

// Makes a passage in passing memory and keeps what it comes to.
static void build(struct site *site, const struct route_claim *replies, enum family family, struct passage *passage)
{
    struct arena *scratch = arena_new(), *arena = site->arena;
    struct portmap everything = portmap_of(scratch, portset_all, prefixset_all(scratch, family));
    passage->in.allows = passage->out.allows = everything;
    if (site->acl != NULL) {
        passage->in = network_acl_view(scratch, site->acl, false, family, passage->protocol);
        passage->out = network_acl_view(scratch, site->acl, true, family, passage->protocol);
    }
    struct builder builder = {.arena = scratch, .replies = replies, .passage = passage, .acl_sure = site->acl != NULL};
    if (protocol_is_icmp(passage->protocol)) {
        add_icmp_pieces(&builder, family, passage->protocol);
    } else {
        reply_classes classes = reply_classes_of(scratch, passage->out.allows, family);
        for (size_t i = 0; i < classes.count; i++)
            add_pieces(&builder, portset_all, classes.items[i].sources, classes.items[i].client_ports);
    }
    passage->in = kept_view(arena, &passage->in);
    passage->out = kept_view(arena, &passage->out);
    passage->piece_count = builder.pieces.count;
    passage->pieces = arena_array(arena, struct passage_piece, builder.pieces.count);
    for (size_t i = 0; i < builder.pieces.count; i++) {
        const struct passage_piece *piece = &builder.pieces.items[i];
        passage->pieces[i] = (struct passage_piece){piece->reply, portset_copy(arena, piece->client_ports),
                                                    portmap_copy(arena, piece->map)};
    }
    arena_free(scratch);
}

const struct passage *site_passage(struct site *site, enum family family, int protocol)
{
    struct site_family *of = site_family(site, family);
    struct arena *arena = site->arena;
    protocol = as_named(site->acl, protocol);
    for (size_t i = 0; i < of->passages.count; i++)
        if (of->passages.items[i]->protocol == protocol)
            return of->passages.items[i];
    struct passage *passage = arena_new_of(arena, struct passage);
    passage->protocol = protocol;
    build(site, &of->replies, family, passage);
    *vector_add(arena, &of->passages) = passage;
    return passage;
}

// Where an edge route sends what comes to an address.
static const char *edge_text(struct arena *arena, const struct estate *estate, const struct route_share *share)
{
    const struct route *route = share->route;
    const char *firewall = map_get(&estate->firewall_endpoints, route->target_id);
    bool modelled = route->target != ROUTE_APPLIANCE && route->target != ROUTE_UNKNOWN;
    if (modelled && share->doubt != NULL)
        return arena_printf(arena, "edge route %s to %s", share->reason->id, share->doubt->text);
    return arena_printf(arena, "edge route %s to %s%s%s: what it lets through is not modelled", share->reason->id,
                        route->target_id, firewall == NULL ? "" : " of AWS Network Firewall ",
                        firewall == NULL ? "" : firewall);
}

struct gate site_gate(struct arena *arena, struct site *site, const struct network_interface *interface,
                      struct prefix address, struct address private_address)
{
    struct gate gate =
        gateway_admits_interface(arena, site->estate, interface, private_address, site->gateway, &site->gate);
    if (gate.state == GATE_SHUT)
        return gate;
    const struct byoip_range *range = unadvertised(site->estate, address);
    if (range != NULL)
        gate_doubt(
            arena, &gate,
            reason_doubt(arena, REASON_GATEWAY, range->cidr, settle_by_call(arena, KIND_BYOIP_RANGES, range->cidr),
                         arena_printf(arena, "%s was brought by its owner (BYOIP), and is %s: not surely advertised",
                                      range->cidr, range->state == NULL ? "of no state that is told" : range->state)));
    const struct reason *elsewhere = claimed_elsewhere(arena, site->estate, interface, address);
    if (elsewhere != NULL)
        gate_doubt(arena, &gate, elsewhere);
    // A route table associated with the gateway may send this address's traffic through an appliance.
    // https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html
    const struct site_family *of = site_family(site, private_address.family);
    const struct route_share *share = route_table_share(&of->edge, private_address.bits);
    if (share != NULL && share->route->target != ROUTE_LOCAL)
        gate_doubt(arena, &gate,
                   reason_doubt(arena, REASON_APPLIANCE, share->route->target_id, settle_by_probe,
                                edge_text(arena, site->estate, share)));
    for (size_t i = 0; i < of->edge.doubts.count; i++)
        gate_doubt(arena, &gate, of->edge.doubts.items[i]);
    return gate;
}
