// The addresses of network interfaces.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/completeness.h"
#include "aws/documents/readers.h"

// What one record holds, gathered in scratch memory and then copied at its exact size.
struct gathered {
    VECTOR(struct interface_address) addresses;
    VECTOR(uint32_t) private_ipv4;
    VECTOR(struct prefix) ipv4_prefixes;
    bool nested; // in an instance
};

// Under a key of an association, an address by which the internet may come to a private one.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterfaceAssociation.html
static bool read_associated(struct reader *reader, const struct json_cursor *association, const char *key,
                            enum address_gateway gateway, struct address private_address, struct gathered *gathered)
{
    struct address address;
    const cJSON *allocation = json_member(association, "AllocationId").node;
    GUARD(read_address(reader, association, key, FAMILY_IPV4, &address));
    if (gateway == GATEWAY_INTERNET && !address_is_global(address) && !address_is_loopback(address)) {
        struct json_cursor at = member_of(reader, association, key);
        doubt_at(reader, &at, "is not globally reachable (RFC 6890): which public address it has is not known");
    }
    for (size_t i = 0; i < gathered->addresses.count; i++)
        if (gathered->addresses.items[i].address.family == FAMILY_IPV4 &&
            gathered->addresses.items[i].address.first == address.bits)
            return true;
    if (cJSON_IsString(allocation) && allocation->valuestring[0] != '\0')
        map_put(reader->arena, &reader->estate->allocations, arena_strdup(reader->arena, allocation->valuestring),
                arena_strdup(reader->arena, json_member(association, key).node->valuestring));
    *vector_add(reader->scratch, &gathered->addresses) = (struct interface_address){
        .address = {.family = FAMILY_IPV4, .length = 32, .first = address.bits},
        .private_address = private_address,
        .gateway = gateway,
        .elastic = cJSON_IsString(allocation) && allocation->valuestring[0] != '\0',
    };
    return true;
}

// A carrier's (Wavelength) or a customer's own address (Outposts), which other gateways bring packets to.
static bool read_other_address(struct reader *reader, const struct json_cursor *association, const char *key,
                               enum address_gateway gateway, struct address private_address, struct gathered *gathered)
{
    if (member_of(reader, association, key).node == NULL)
        return false;
    if (!read_associated(reader, association, key, gateway, private_address, gathered))
        doubt_failure(reader);
    return true;
}

static bool read_association(struct reader *reader, const struct json_cursor *holder,
                             const struct address private_address, struct gathered *gathered)
{
    struct json_cursor association;
    if (!lenient_object(reader, holder, "Association", &association))
        return true;
    bool other = read_other_address(reader, &association, "CarrierIp", GATEWAY_CARRIER, private_address, gathered);
    other =
        read_other_address(reader, &association, "CustomerOwnedIp", GATEWAY_LOCAL, private_address, gathered) || other;
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(association.node, "PublicIp");
    if ((other && text == NULL) || (gathered->nested && cJSON_GetArraySize(association.node) == 0))
        return true; // moto prints empty ones
    return read_associated(reader, &association, "PublicIp", GATEWAY_INTERNET, private_address, gathered);
}

static bool read_private_address(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct gathered *gathered = into;
    struct address private_address = {.family = FAMILY_IPV4};
    bool is_primary = false;
    if (!read_address(reader, at, "PrivateIpAddress", FAMILY_IPV4, &private_address)) {
        doubt_failure(reader); // its public address counts all the same
        return read_association(reader, at, private_address, gathered);
    }
    lenient_boolean(reader, at, "Primary", &is_primary);
    uint32_t bits = (uint32_t)private_address.bits;
    size_t known = 0;
    while (known < gathered->private_ipv4.count && gathered->private_ipv4.items[known] != bits)
        known++;
    if (known == gathered->private_ipv4.count)
        *vector_add(reader->scratch, &gathered->private_ipv4) = bits;
    if (is_primary) {
        gathered->private_ipv4.items[known] = gathered->private_ipv4.items[0];
        gathered->private_ipv4.items[0] = bits;
    }
    return read_association(reader, at, private_address, gathered);
}

static bool read_ipv6_address(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct gathered *gathered = into;
    struct address address;
    GUARD(read_address(reader, at, "Ipv6Address", FAMILY_IPV6, &address));
    if (address.bits >> 121 == 0x7e) // fc00::/7, unique local (RFC 4193): not internet-routable
        return true;
    if (!address_is_global(address) && !address_is_loopback(address)) {
        struct json_cursor member = member_of(reader, at, "Ipv6Address");
        doubt_at(reader, &member, "is not globally reachable (RFC 6890), and no VPC has such addresses");
    }
    bool is_primary = false;
    const cJSON *says = member_of(reader, at, "IsPrimaryIpv6").node;
    bool told = says != NULL && !cJSON_IsNull(says);
    if (told && !json_optional_boolean(at, "IsPrimaryIpv6", &is_primary, reader->error)) {
        doubt_failure(reader);
        told = false;
    }
    *vector_add(reader->scratch, &gathered->addresses) =
        (struct interface_address){.address = {.family = FAMILY_IPV6, .length = 128, .first = address.bits},
                                   .private_address = address,
                                   .primary = !told        ? PRIMARY_NOT_TOLD
                                              : is_primary ? PRIMARY
                                                           : PRIMARY_NOT};
    return true;
}

// The member Ipv6Address of an interface is one of its Ipv6Addresses.
static void read_sole_ipv6(struct reader *reader, const struct json_cursor *at, struct gathered *gathered)
{
    struct json_cursor sole = json_member(at, "Ipv6Address");
    struct address address;
    if (sole.node == NULL)
        return;
    if (!read_address(reader, at, "Ipv6Address", FAMILY_IPV6, &address)) {
        doubt_failure(reader);
        return;
    }
    for (size_t i = 0; i < gathered->addresses.count; i++)
        if (gathered->addresses.items[i].address.family == FAMILY_IPV6 &&
            gathered->addresses.items[i].address.first == address.bits)
            return;
    bool listed = cJSON_IsArray(json_member(at, "Ipv6Addresses").node), local = address.bits >> 121 == 0x7e;
    if (listed && !local) // unique local ones are not kept
        doubt_at(reader, &sole, "is not among its Ipv6Addresses");
    if (!read_ipv6_address(reader, at, gathered))
        doubt_failure(reader);
}

static bool read_ipv6_prefix(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct gathered *gathered = into;
    struct prefix prefix;
    GUARD(read_prefix(reader, at, "Ipv6Prefix", FAMILY_IPV6, &prefix));
    *vector_add(reader->scratch, &gathered->addresses) =
        (struct interface_address){.address = prefix, .private_address = {.family = FAMILY_IPV6, .bits = prefix.first}};
    return true;
}

// Its addresses are private ones of the interface, and no public address is translated to them.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-prefix-eni.html
static bool read_ipv4_prefix(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct gathered *gathered = into;
    struct prefix prefix;
    GUARD(read_prefix(reader, at, "Ipv4Prefix", FAMILY_IPV4, &prefix));
    *vector_add(reader->scratch, &gathered->ipv4_prefixes) = prefix;
    return true;
}

static int by_address(const void *left, const void *right)
{
    const struct interface_address *a = left, *b = right;
    if (a->address.family != b->address.family)
        return (int)a->address.family - (int)b->address.family;
    return a->address.first < b->address.first ? -1 : a->address.first > b->address.first ? 1 : 0;
}

void sort_addresses(struct interface_address *items, size_t count)
{
    if (count > 1)
        qsort(items, count, sizeof(*items), by_address);
}

void read_interface_addresses(struct reader *reader, const struct json_cursor *at, struct network_interface *interface)
{
    struct gathered own = {.nested = interface->nested}, *gathered = &own;
    struct json_cursor listed = member_of(reader, at, "PrivateIpAddresses"),
                       sole = member_of(reader, at, "PrivateIpAddress");
    each_if_present(reader, at, "PrivateIpAddresses", read_private_address, gathered);
    size_t told = gathered->private_ipv4.count;
    struct address primary = {.family = FAMILY_IPV4};
    size_t associated = gathered->addresses.count;
    if (gathered->private_ipv4.count > 0)
        primary.bits = gathered->private_ipv4.items[0];
    bool good = sole.node != NULL ? read_private_address(reader, at, gathered)
                                  : read_association(reader, at, primary, gathered);
    if (!good)
        doubt_failure(reader);
    else if (cJSON_IsArray(listed.node) && gathered->private_ipv4.count > told)
        doubt_at(reader, &sole, "is not among its PrivateIpAddresses");
    // Where none of those listed has an address of the internet, nothing contradicts that the first of them has this
    // one.
    bool lists = false;
    for (size_t i = 0; i < associated; i++)
        lists = lists || gathered->addresses.items[i].gateway == GATEWAY_INTERNET;
    for (; lists && associated < gathered->addresses.count; associated++)
        if (gathered->addresses.items[associated].gateway == GATEWAY_INTERNET) {
            struct json_cursor association = json_member(at, "Association");
            doubt_at(reader, &association, "is not that of any of its PrivateIpAddresses");
        }
    if (listed.node == NULL)
        doubt_at(reader, &listed, "is missing, expected an array: further addresses are not known");
    each_if_present(reader, at, "Ipv6Addresses", read_ipv6_address, gathered);
    read_sole_ipv6(reader, at, gathered);
    expect_member(reader, at, EXPECT_IPV6_ADDRESSES, "Ipv6Addresses", interface->id, interface->place->subnet_id);
    each_if_present(reader, at, "Ipv6Prefixes", read_ipv6_prefix, gathered);
    each_if_present(reader, at, "Ipv4Prefixes", read_ipv4_prefix, gathered);
    size_t count = gathered->addresses.count, privates = gathered->private_ipv4.count,
           prefixes = gathered->ipv4_prefixes.count;
    if (count > UINT16_MAX || privates > UINT16_MAX || prefixes > UINT16_MAX) {
        doubt_at(reader, at, "more addresses than an interface can have");
        count = count > UINT16_MAX ? UINT16_MAX : count;
        privates = privates > UINT16_MAX ? UINT16_MAX : privates;
        prefixes = prefixes > UINT16_MAX ? UINT16_MAX : prefixes;
    }
    sort_addresses(gathered->addresses.items, count);
    if (count > 0)
        interface->addresses = memcpy(arena_array(reader->arena, struct interface_address, count),
                                      gathered->addresses.items, count * sizeof(struct interface_address));
    if (privates > 0)
        interface->private_ipv4 = memcpy(arena_array(reader->arena, uint32_t, privates), gathered->private_ipv4.items,
                                         privates * sizeof(uint32_t));
    if (prefixes > 0)
        interface->ipv4_prefixes = memcpy(arena_array(reader->arena, struct prefix, prefixes),
                                          gathered->ipv4_prefixes.items, prefixes * sizeof(struct prefix));
    interface->address_count = (uint16_t)count;
    interface->private_ipv4_count = (uint16_t)privates;
    interface->ipv4_prefix_count = (uint16_t)prefixes;
}
