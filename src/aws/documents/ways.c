// Documents of what leads out of a VPC beside its internet gateway, and into another one: NAT gateways, egress-only
// internet gateways, endpoints, virtual private gateways, VPN connections, peering connections.
#include "aws/documents/ways.h"

#include <string.h>

#include "aws/documents/readers.h"

// ---- What they share

enum presence presence_by_word(struct reader *reader, const struct json_cursor *at, const char *key,
                               const struct presence_words *words, const char *id)
{
    const char *word = NULL;
    lenient_text(reader, at, key, &word);
    if (word != NULL && text_among(word, words->yes))
        return PRESENCE_YES;
    if (word != NULL && text_among(word, words->no))
        return PRESENCE_NO;
    if (reader->doubt != NULL && *reader->doubt == NULL)
        *reader->doubt = arena_printf(reader->arena, "%s is %s", id, word == NULL ? "of no state that is told" : word);
    return PRESENCE_UNSURE;
}

enum presence presence_unite(enum presence a, enum presence b)
{
    return a == b ? a : PRESENCE_UNSURE;
}

void text_differs(const char **base, const char *other)
{
    if (!text_same(*base, other))
        *base = NULL;
}

void add_prefixes(struct arena *arena, prefix_vector *to, const prefix_vector *from)
{
    for (size_t i = 0; i < from->count; i++) {
        bool known = false;
        for (size_t k = 0; k < to->count; k++)
            known = known || prefix_equal(to->items[k], from->items[i]);
        if (!known)
            *vector_add(arena, to) = from->items[i];
    }
}

bool read_prefix_into(struct reader *reader, const struct json_cursor *at, const char *key, prefix_vector *prefixes)
{
    struct prefix prefix;
    GUARD(read_prefix(reader, at, key, 0, &prefix));
    add_prefixes(reader->arena, prefixes, &(prefix_vector){&prefix, 1, 1});
    return true;
}

void read_ids(struct reader *reader, const struct json_cursor *at, const char *key, text_list *ids)
{
    struct json_cursor list = member_of(reader, at, key);
    size_t index = 0;
    const cJSON *one;
    if (list.node != NULL && !cJSON_IsArray(list.node)) {
        doubt_at(reader, &list, "is %s, expected an array", json_kind(list.node));
        return;
    }
    cJSON_ArrayForEach (one, list.node) {
        struct json_cursor place = json_element(&list, index++, one);
        if (!cJSON_IsString(one)) {
            doubt_at(reader, &place, "is %s, expected a string", json_kind(one));
            continue;
        }
        text_list_add(reader->arena, ids, intern(reader, one->valuestring));
    }
}

static const struct presence_words four_states = {{"available"}, {"deleted"}}; // of VPN: pending, deleting: neither

// ---- NAT gateways

static bool read_nat_address(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct nat_gateway *gateway = into;
    struct nat_address one = {0};
    const char *status = NULL;
    one.interface = text_beside(reader, at, "NetworkInterfaceId");
    one.zone = text_beside(reader, at, "AvailabilityZone");
    lenient_text(reader, at, "Status", &status);
    lenient_boolean(reader, at, "IsPrimary", &one.primary);
    one.unsure = status != NULL && strcmp(status, "succeeded") != 0;
    if (member_of(reader, at, "PublicIp").node != NULL)
        GUARD(read_address(reader, at, "PublicIp", FAMILY_IPV4, &one.public_address));
    if (member_of(reader, at, "PrivateIp").node != NULL)
        GUARD(read_address(reader, at, "PrivateIp", FAMILY_IPV4, &one.private_address));
    for (size_t i = 0; i < gateway->addresses.count; i++) {
        const struct nat_address *old = &gateway->addresses.items[i];
        if (address_equal(old->public_address, one.public_address) &&
            address_equal(old->private_address, one.private_address))
            return true;
    }
    *vector_add(reader->arena, &gateway->addresses) = one;
    return true;
}

// Older documents do not tell: then one with a public address is public.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html
static void read_connectivity(struct reader *reader, const struct json_cursor *at, struct nat_gateway *gateway)
{
    const char *word = NULL;
    bool has_public = false;
    lenient_text(reader, at, "ConnectivityType", &word);
    for (size_t i = 0; i < gateway->addresses.count; i++)
        has_public = has_public || gateway->addresses.items[i].public_address.family != 0;
    gateway->connectivity = word == NULL                   ? (has_public ? NAT_PUBLIC : NAT_UNSURE)
                            : strcmp(word, "public") == 0  ? NAT_PUBLIC
                            : strcmp(word, "private") == 0 ? NAT_PRIVATE
                                                           : NAT_UNSURE;
    if (gateway->connectivity == NAT_UNSURE && gateway->doubt == NULL)
        gateway->doubt = arena_printf(reader->arena, "%s is of connectivity type %s", gateway->id,
                                      word == NULL ? "that is not told" : word);
}

static void read_appliances(struct reader *reader, const struct json_cursor *at, struct nat_gateway *gateway)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(at->node, "AttachedAppliances")) {
        struct json_cursor place = {.up = at, .file = at->file, .node = one};
        const char *type = text_beside(reader, &place, "Type");
        if (!text_same(text_beside(reader, &place, "AttachmentState"), "detached"))
            gateway->appliance = lesser_text(gateway->appliance, type == NULL ? "an appliance" : type);
    }
}

static void read_nat(struct reader *reader, const struct json_cursor *at, struct nat_gateway *gateway)
{
    static const struct presence_words words = {{"available"}, {"deleted", "failed"}}; // pending, deleting: neither
    const char *mode = NULL;
    gateway->presence = presence_by_word(reader, at, "State", &words, gateway->id);
    lenient_text(reader, at, "VpcId", &gateway->vpc_id);
    lenient_text(reader, at, "SubnetId", &gateway->subnet_id);
    lenient_text(reader, at, "RouteTableId", &gateway->route_table);
    lenient_text(reader, at, "AvailabilityMode", &mode);
    gateway->regional = text_same(mode, "regional");
    gateway->mode_told = gateway->regional || gateway->subnet_id != NULL;
    if (mode != NULL && !gateway->regional && strcmp(mode, "zonal") != 0)
        doubt_at(reader, at, "is of AvailabilityMode %s, expected zonal or regional", mode);
    each_if_present(reader, at, "NatGatewayAddresses", read_nat_address, gateway);
    read_connectivity(reader, at, gateway);
    read_appliances(reader, at, gateway);
}

void read_nat_way(struct reader *reader, const struct json_cursor *at, const char *id)
{
    struct nat_gateway *old = map_get(&reader->estate->nat_gateways, id), next = {.id = id, .record = reader->record};
    if (old != NULL && record_agrees(reader, at, old->record, id, &old->doubt))
        return;
    reader->doubt = &next.doubt;
    read_nat(reader, at, &next);
    reader->doubt = NULL;
    if (old == NULL) {
        old = arena_new_of(reader->arena, struct nat_gateway);
        *old = next;
        map_put(reader->arena, &reader->estate->nat_gateways, id, old);
        return;
    }
    old->presence = PRESENCE_UNSURE;
    old->connectivity = old->connectivity == next.connectivity ? old->connectivity : NAT_UNSURE;
    old->mode_told = old->mode_told && next.mode_told && old->regional == next.regional;
    old->appliance = lesser_text(old->appliance, next.appliance);
    text_differs(&old->vpc_id, next.vpc_id);
    text_differs(&old->subnet_id, next.subnet_id);
    text_differs(&old->route_table, next.route_table);
    for (size_t i = 0; i < next.addresses.count; i++) {
        bool known = false;
        for (size_t k = 0; k < old->addresses.count; k++)
            known =
                known || address_equal(old->addresses.items[k].public_address, next.addresses.items[i].public_address);
        if (!known)
            *vector_add(reader->arena, &old->addresses) = next.addresses.items[i];
    }
}

// ---- Gateways that are attached to one VPC

struct attachment_reading {
    struct attached_gateway *gateway;
    bool any;
    bool several;
};

static bool read_attachment(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const struct presence_words words = {{"attached", "available"},
                                                {"detached"}}; // attaching, detaching: neither
    struct attachment_reading *reading = into;
    struct attached_gateway *gateway = reading->gateway;
    const char *vpc_id, *doubt = NULL, **before = reader->doubt;
    GUARD(interned_of(reader, at, "VpcId", &vpc_id));
    reader->doubt = &doubt;
    enum presence presence = presence_by_word(reader, at, "State", &words, gateway->id);
    reader->doubt = before;
    if (presence == PRESENCE_NO)
        return true;
    if (doubt != NULL && gateway->doubt == NULL)
        gateway->doubt = arena_printf(reader->arena, "%s (to %s)", doubt, vpc_id);
    seen_at(reader, NULL, NULL, vpc_id);
    gateway->presence = presence_unite(gateway->presence, presence);
    if (reading->any && !text_same(gateway->vpc_id, vpc_id)) {
        reading->several = true;
        doubt_at(reader, at, "is an attachment of %s to a second VPC: neither is believed alone", gateway->id);
    }
    gateway->vpc_id = vpc_id;
    reading->any = true;
    return true;
}

static bool read_attached(struct reader *reader, const struct json_cursor *at, const char *id_key, const char *list_key,
                          const struct presence_words *words, struct map *map)
{
    struct attached_gateway next = {.record = reader->record};
    GUARD(interned_of(reader, at, id_key, &next.id));
    struct attached_gateway *old = map_get(map, next.id);
    if (old != NULL && record_agrees(reader, at, old->record, next.id, &old->doubt))
        return true;
    struct attachment_reading reading = {.gateway = &next};
    seen_at(reader, NULL, NULL, NULL);
    reader->doubt = &next.doubt;
    next.presence = words == NULL ? PRESENCE_YES : presence_by_word(reader, at, "State", words, next.id);
    each_if_present(reader, at, list_key, read_attachment, &reading);
    if (json_member(at, list_key).node == NULL &&
        next.presence != PRESENCE_NO) { // an empty one: it is attached to none
        next.presence = PRESENCE_UNSURE;
        doubt_at(reader, at, "has no %s: to which VPC %s is attached is not told", list_key, next.id);
    }
    if (reading.several) {
        next.vpc_id = NULL;
        next.presence = PRESENCE_UNSURE;
    }
    reader->doubt = NULL;
    if (old == NULL) {
        old = arena_new_of(reader->arena, struct attached_gateway);
        *old = next;
        map_put(reader->arena, map, next.id, old);
        return true;
    }
    old->presence = PRESENCE_UNSURE;
    text_differs(&old->vpc_id, next.vpc_id);
    return true;
}

// It has no state of its own. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EgressOnlyInternetGateway.html
bool read_egress_gateway(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    return read_attached(reader, at, "EgressOnlyInternetGatewayId", "Attachments", NULL,
                         &reader->estate->egress_gateways);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpnGateway.html
bool read_vpn_gateway(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    return read_attached(reader, at, "VpnGatewayId", "VpcAttachments", &four_states, &reader->estate->vpn_gateways);
}

// ---- Endpoints

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html
void read_endpoint_way(struct reader *reader, const struct json_cursor *at, const char *id)
{
    static const struct presence_words words = {{"available", "Available"},
                                                {"deleted", "Deleted", "rejected", "Rejected", "failed", "Failed",
                                                 "expired", "Expired"}}; // its models have capitals, its answers none
    struct vpc_endpoint *old = map_get(&reader->estate->vpc_endpoints, id), next = {.id = id, .record = reader->record};
    if (old != NULL && record_agrees(reader, at, old->record, id, &old->doubt))
        return;
    reader->doubt = &next.doubt;
    lenient_text(reader, at, "VpcEndpointType", &next.type);
    lenient_text(reader, at, "VpcId", &next.vpc_id);
    lenient_text(reader, at, "ServiceName", &next.service);
    next.presence = presence_by_word(reader, at, "State", &words, id);
    if (text_same(next.type, "Gateway"))
        read_ids(reader, at, "RouteTableIds", &next.route_tables);
    reader->doubt = NULL;
    if (old == NULL) {
        old = arena_new_of(reader->arena, struct vpc_endpoint);
        *old = next;
        map_put(reader->arena, &reader->estate->vpc_endpoints, id, old);
        return;
    }
    old->presence = PRESENCE_UNSURE;
    text_differs(&old->type, next.type);
    text_differs(&old->vpc_id, next.vpc_id);
    text_differs(&old->service, next.service);
    text_list_add_all(reader->arena, &old->route_tables, &next.route_tables);
}

// ---- VPN connections

static bool read_vpn_route(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct vpn_connection *connection = into;
    const char *state = NULL;
    lenient_text(reader, at, "State", &state);
    return text_same(state, "deleted") || read_prefix_into(reader, at, "DestinationCidrBlock", &connection->routes);
}

static void read_vpn(struct reader *reader, const struct json_cursor *at, struct vpn_connection *connection)
{
    struct json_cursor options;
    const char *arn = NULL;
    connection->presence = presence_by_word(reader, at, "State", &four_states, connection->id);
    lenient_text(reader, at, "VpnGatewayId", &connection->vpn_gateway);
    lenient_text(reader, at, "TransitGatewayId", &connection->transit_gateway);
    lenient_text(reader, at, "CoreNetworkArn", &arn);
    connection->core_network = arn;
    lenient_text(reader, at, "VpnConcentratorId", &connection->concentrator);
    lenient_text(reader, at, "CustomerGatewayId", &connection->customer_gateway);
    if (lenient_object(reader, at, "Options", &options))
        lenient_boolean(reader, &options, "StaticRoutesOnly", &connection->static_routes_only);
    each_if_present(reader, at, "Routes", read_vpn_route, connection);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpnConnection.html
bool read_vpn_connection(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct vpn_connection next = {.record = reader->record};
    (void)into;
    GUARD(interned_of(reader, at, "VpnConnectionId", &next.id));
    struct vpn_connection *old = map_get(&reader->estate->vpn_connections, next.id);
    if (old != NULL && record_agrees(reader, at, old->record, next.id, &old->doubt))
        return true;
    seen_at(reader, NULL, NULL, NULL);
    reader->doubt = &next.doubt;
    read_vpn(reader, at, &next);
    reader->doubt = NULL;
    if (old == NULL) {
        old = arena_new_of(reader->arena, struct vpn_connection);
        *old = next;
        map_put(reader->arena, &reader->estate->vpn_connections, next.id, old);
        return true;
    }
    old->presence = PRESENCE_UNSURE;
    old->static_routes_only = old->static_routes_only && next.static_routes_only;
    text_differs(&old->vpn_gateway, next.vpn_gateway);
    text_differs(&old->transit_gateway, next.transit_gateway);
    text_differs(&old->core_network, next.core_network);
    text_differs(&old->concentrator, next.concentrator);
    text_differs(&old->customer_gateway, next.customer_gateway);
    add_prefixes(reader->arena, &old->routes, &next.routes);
    return true;
}

// ---- Peering connections

static bool read_peering_block(struct reader *reader, const struct json_cursor *at, void *into)
{
    return read_prefix_into(reader, at, "CidrBlock", into);
}

static bool read_peering_block6(struct reader *reader, const struct json_cursor *at, void *into)
{
    return read_prefix_into(reader, at, "Ipv6CidrBlock", into);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcPeeringConnectionVpcInfo.html
static void read_peering_side(struct reader *reader, const struct json_cursor *at, const char *key,
                              struct peering_side *side)
{
    struct json_cursor info;
    if (!lenient_object(reader, at, key, &info)) {
        if (json_member(at, key).node == NULL)
            doubt_at(reader, at, "has no %s: which VPC is on that side is not told", key);
        return;
    }
    lenient_text(reader, &info, "VpcId", &side->vpc_id);
    lenient_text(reader, &info, "OwnerId", &side->account);
    lenient_text(reader, &info, "Region", &side->region);
    each_if_present(reader, &info, "CidrBlockSet", read_peering_block, &side->blocks);
    each_if_present(reader, &info, "Ipv6CidrBlockSet", read_peering_block6, &side->blocks);
    if (member_of(reader, &info, "CidrBlock").node != NULL &&
        !read_prefix_into(reader, &info, "CidrBlock", &side->blocks))
        doubt_failure(reader);
    if (side->vpc_id == NULL)
        doubt_at(reader, &info, "has no VpcId: which VPC is on that side is not told");
}

// "provisioning" is not yet, "deleting" not surely any more; what waits for the other side carries nothing.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle
static void read_peering(struct reader *reader, const struct json_cursor *at, struct vpc_peering *peering)
{
    static const struct presence_words words = {
        {"active"}, {"initiating-request", "pending-acceptance", "failed", "expired", "rejected", "deleted"}};
    struct json_cursor status;
    if (lenient_object(reader, at, "Status", &status)) {
        peering->presence = presence_by_word(reader, &status, "Code", &words, peering->id);
        peering->status = text_beside(reader, &status, "Code");
    } else {
        doubt_at(reader, at, "has no Status: whether %s is active is not told", peering->id);
    }
    read_peering_side(reader, at, "RequesterVpcInfo", &peering->requester);
    read_peering_side(reader, at, "AccepterVpcInfo", &peering->accepter);
}

static void unite_sides(struct arena *arena, struct peering_side *base, const struct peering_side *other)
{
    text_differs(&base->vpc_id, other->vpc_id);
    text_differs(&base->account, other->account);
    text_differs(&base->region, other->region);
    add_prefixes(arena, &base->blocks, &other->blocks);
}

// Both of its accounts, and both of its regions, tell of it: each in the same words, but for the tags, and for the
// blocks and options of the other side, which are told while it is active.
static bool same_sides(const struct peering_side *a, const struct peering_side *b)
{
    return text_same(a->vpc_id, b->vpc_id) && text_same(a->account, b->account) && text_same(a->region, b->region);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcPeeringConnection.html
bool read_peering_connection(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct vpc_peering next = {.record = reader->record};
    (void)into;
    GUARD(interned_of(reader, at, "VpcPeeringConnectionId", &next.id));
    struct vpc_peering *old = map_get(&reader->estate->peerings, next.id);
    seen_at(reader, NULL, NULL, NULL); // of its VPCs one may be elsewhere
    reader->doubt = &next.doubt;
    read_peering(reader, at, &next);
    reader->doubt = NULL;
    if (old == NULL) {
        old = arena_new_of(reader->arena, struct vpc_peering);
        *old = next;
        map_put(reader->arena, &reader->estate->peerings, next.id, old);
        return true;
    }
    bool same = old->presence == next.presence && text_same(old->status, next.status) &&
                same_sides(&old->requester, &next.requester) && same_sides(&old->accepter, &next.accepter) &&
                (old->doubt == NULL) == (next.doubt == NULL);
    unite_sides(reader->arena, &old->requester, &next.requester);
    unite_sides(reader->arena, &old->accepter, &next.accepter);
    if (same || record_agrees(reader, at, old->record, next.id, &old->doubt))
        return true;
    old->presence = PRESENCE_UNSURE;
    old->status = text_same(old->status, next.status) ? old->status : NULL;
    return true;
}
