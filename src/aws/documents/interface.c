// Network interfaces and instances.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/reader.h"

// What one element holds, gathered in scratch memory and then copied at its exact size.
struct gathered {
    VECTOR(const char *) tags; // key, value, key, value...
    VECTOR(const char *) groups;
    VECTOR(struct interface_address) addresses;
    VECTOR(uint32_t) private_ipv4;
};

static bool read_tag(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct gathered *gathered = into;
    const char *key, *value;
    GUARD(interned_of(reader, at, "Key", &key));
    GUARD(optional_text(reader, at, "Value", &value));
    value = value == NULL ? "" : value;
    *vector_add(reader->scratch, &gathered->tags) = key;
    *vector_add(reader->scratch, &gathered->tags) = value;
    return true;
}

static const char *const *kept_tags(struct reader *reader, const struct gathered *gathered)
{
    size_t count = gathered->tags.count;
    const char **kept = count == 0 ? NULL : arena_array(reader->arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        kept[i] = gathered->tags.items[i];
    return kept;
}

static const char *region_of_zone(struct reader *reader, const char *zone)
{
    if (zone == NULL)
        return "unknown";
    size_t length = strlen(zone); // us-east-2b lies in us-east-2; a local zone's name begins with its region's
    for (size_t i = 0, dashes = 0; i < length; i++) {
        dashes += zone[i] == '-';
        if (dashes >= 2 && zone[i] >= '0' && zone[i] <= '9') {
            while (i < length && zone[i] >= '0' && zone[i] <= '9')
                i++;
            return intern(reader, arena_strndup(reader->scratch, zone, i));
        }
    }
    return "unknown";
}

static bool read_association(struct reader *reader, const struct json_cursor *holder,
                             const struct address private_address, struct gathered *gathered)
{
    struct json_cursor association = json_member(holder, "Association");
    if (association.node == NULL)
        return true;
    GUARD(json_expect_object(&association, reader->error));
    if (json_member(&association, "PublicIp").node == NULL)
        return true; // carrier or customer-owned address: not covered
    struct address public_address;
    GUARD(read_address(reader, &association, "PublicIp", FAMILY_IPV4, &public_address));
    for (size_t i = 0; i < gathered->addresses.count; i++)
        if (gathered->addresses.items[i].address.family == FAMILY_IPV4 &&
            gathered->addresses.items[i].address.first == public_address.bits)
            return true;
    *vector_add(reader->scratch, &gathered->addresses) = (struct interface_address){
        .address = {.family = FAMILY_IPV4, .length = 32, .first = public_address.bits},
        .private_address = private_address,
    };
    return true;
}

static bool read_private_address(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct gathered *gathered = into;
    struct address private_address;
    bool is_primary = false;
    GUARD(read_address(reader, at, "PrivateIpAddress", FAMILY_IPV4, &private_address));
    GUARD(json_optional_boolean(at, "Primary", &is_primary, reader->error));
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
    *vector_add(reader->scratch, &gathered->addresses) = (struct interface_address){
        .address = {.family = FAMILY_IPV6, .length = 128, .first = address.bits}, .private_address = address};
    return true;
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

static bool read_group_id(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct gathered *gathered = into;
    return interned_of(reader, at, "GroupId", vector_add(reader->scratch, &gathered->groups));
}

static int by_address(const void *left, const void *right)
{
    const struct interface_address *a = left, *b = right;
    if (a->address.family != b->address.family)
        return (int)a->address.family - (int)b->address.family;
    return a->address.first < b->address.first ? -1 : a->address.first > b->address.first ? 1 : 0;
}

static bool read_attachment(struct reader *reader, const struct json_cursor *at, struct network_interface *interface)
{
    struct json_cursor attachment = json_member(at, "Attachment");
    const char *state;
    long index;
    bool has_index;
    interface->device_index = -1;
    if (attachment.node == NULL)
        return true;
    GUARD(json_expect_object(&attachment, reader->error));
    GUARD(optional_text(reader, &attachment, "InstanceId", &interface->instance_id));
    GUARD(optional_interned(reader, &attachment, "Status", &state));
    GUARD(json_optional_integer(&attachment, "DeviceIndex", 0, INT16_MAX, &index, &has_index, reader->error));
    interface->device_index = has_index ? (int16_t)index : -1;
    interface->attached = state == NULL || strcmp(state, "attached") == 0 || strcmp(state, "attaching") == 0;
    return true;
}

static bool read_addresses(struct reader *reader, const struct json_cursor *at, struct network_interface *interface,
                           struct gathered *gathered)
{
    GUARD(each_if_present(reader, at, "PrivateIpAddresses", read_private_address, gathered));
    if (json_member(at, "PrivateIpAddress").node != NULL)
        GUARD(read_private_address(reader, at, gathered));
    GUARD(each_if_present(reader, at, "Ipv6Addresses", read_ipv6_address, gathered));
    GUARD(each_if_present(reader, at, "Ipv6Prefixes", read_ipv6_prefix, gathered));
    size_t count = gathered->addresses.count, privates = gathered->private_ipv4.count;
    if (count > UINT16_MAX || privates > UINT16_MAX)
        return json_fail(at, reader->error, "more addresses than an interface can have");
    if (count > 1)
        qsort(gathered->addresses.items, count, sizeof(*gathered->addresses.items), by_address);
    if (count > 0)
        interface->addresses = memcpy(arena_array(reader->arena, struct interface_address, count),
                                      gathered->addresses.items, count * sizeof(struct interface_address));
    if (privates > 0)
        interface->private_ipv4 = memcpy(arena_array(reader->arena, uint32_t, privates), gathered->private_ipv4.items,
                                         privates * sizeof(uint32_t));
    interface->address_count = (uint16_t)count;
    interface->private_ipv4_count = (uint16_t)privates;
    return true;
}

static const struct interface_place *place_with(struct reader *reader, const struct interface_place *wanted)
{
    const char *key = arena_printf(reader->scratch, "%s|%s|%s|%s", wanted->account_id, wanted->region, wanted->vpc_id,
                                   wanted->subnet_id == NULL ? "" : wanted->subnet_id);
    struct interface_place *place = map_get(&reader->estate->places, key);
    if (place == NULL) {
        place = arena_new_of(reader->arena, struct interface_place);
        *place = *wanted;
        map_put(reader->arena, &reader->estate->places, arena_strdup(reader->arena, key), place);
    }
    return place;
}

static bool read_place(struct reader *reader, const struct json_cursor *at, struct network_interface *interface)
{
    struct interface_place place = {0};
    const char *zone, *owner;
    GUARD(interned_of(reader, at, "VpcId", &place.vpc_id));
    GUARD(optional_interned(reader, at, "SubnetId", &place.subnet_id));
    GUARD(json_borrow_string(at, "AvailabilityZone", &zone, reader->error));
    GUARD(optional_interned(reader, at, "OwnerId", &owner));
    place.account_id = owner != NULL ? owner : reader->place.account != NULL ? reader->place.account : "unknown";
    place.region = reader->place.region != NULL ? reader->place.region : region_of_zone(reader, zone);
    interface->place = place_with(reader, &place);
    return true;
}

// `into` is the instance the interface is nested in, or NULL in a NetworkInterfaces document.
bool read_interface(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct network_interface *interface = arena_new_of(reader->arena, struct network_interface);
    struct gathered gathered = {0};
    const char *status, *description;
    GUARD(text_of(reader, at, "NetworkInterfaceId", &interface->id));
    GUARD(read_place(reader, at, interface));
    GUARD(optional_interned(reader, at, "InterfaceType", &interface->type));
    GUARD(json_borrow_string(at, "Description", &description, reader->error));
    if (description != NULL && strncmp(description, "ELB ", 4) == 0)
        interface->load_balancer = intern(reader, description + 4);
    GUARD(json_borrow_string(at, "Status", &status, reader->error));
    GUARD(json_optional_boolean(at, "RequesterManaged", &interface->requester_managed, reader->error));
    interface->type = interface->type == NULL ? "interface" : interface->type;
    interface->nested = into != NULL;
    interface->order = reader->estate->interfaces.count;
    GUARD(read_attachment(reader, at, interface));
    if (status != NULL)
        interface->attached = strcmp(status, "in-use") == 0;
    if (into != NULL) {
        const struct instance *instance = into;
        interface->instance_id = instance->id;
    }
    struct json_cursor groups = json_member(at, "Groups");
    if (groups.node != NULL) {
        GUARD(each(reader, &groups, read_group_id, &gathered));
        interface->groups = group_set_of(reader, gathered.groups.items, gathered.groups.count);
    }
    GUARD(each_if_present(reader, at, "TagSet", read_tag, &gathered));
    if (gathered.tags.count > UINT16_MAX)
        return json_fail(at, reader->error, "more tags than an interface can have");
    interface->tags = kept_tags(reader, &gathered);
    interface->tag_count = (uint16_t)gathered.tags.count;
    GUARD(read_addresses(reader, at, interface, &gathered));
    *vector_add(reader->arena, &reader->estate->interfaces) = interface;
    return true;
}

static bool read_instance(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct instance *instance = arena_new_of(reader->arena, struct instance);
    struct gathered gathered = {0};
    GUARD(text_of(reader, at, "InstanceId", &instance->id));
    struct json_cursor state = json_member(at, "State");
    if (state.node != NULL) {
        GUARD(json_expect_object(&state, reader->error));
        GUARD(interned_of(reader, &state, "Name", &instance->state));
    }
    struct json_cursor metadata = json_member(at, "MetadataOptions");
    if (metadata.node != NULL) {
        GUARD(json_expect_object(&metadata, reader->error));
        GUARD(optional_interned(reader, &metadata, "HttpTokens", &instance->http_tokens));
    }
    instance->evidence = reader->name;
    GUARD(each_if_present(reader, at, "Tags", read_tag, &gathered));
    instance->tags = kept_tags(reader, &gathered);
    instance->tag_count = gathered.tags.count;
    map_put(reader->arena, &reader->estate->instances, instance->id, instance);
    return each_if_present(reader, at, "NetworkInterfaces", read_interface, instance);
}

bool read_reservation(struct reader *reader, const struct json_cursor *at, void *into)
{
    return each_of(reader, at, "Instances", read_instance, into);
}
