#include "rules/reach/party.h"

#include <stdlib.h>

#include "model/interface_kind.h"
#include "model/protocol.h"

// ---- Members of groups

static struct group_members *members_at(struct traffic *traffic, const char *vpc_id, const char *group)
{
    char buffer[256];
    snprintf(buffer, sizeof(buffer), "%s|%s", vpc_id, group);
    struct group_members *members = map_get(&traffic->members, buffer);
    if (members == NULL) {
        members = arena_new_of(traffic->arena, struct group_members);
        map_put(traffic->arena, &traffic->members, arena_strdup(traffic->arena, buffer), members);
    }
    return members;
}

const struct group_members *traffic_members(struct traffic *traffic, const char *vpc_id, const char *group)
{
    return members_at(traffic, vpc_id, group);
}

// Ranges of members while they are gathered.
struct gathered {
    struct group_members *members;
    bool unknown;
    VECTOR(struct address_range) ranges[2];
};

static void gather(struct arena *scratch, struct gathered *gathered, const struct prefixset own[2])
{
    for (int f = 0; f < 2; f++)
        for (size_t r = 0; r < own[f].count; r++)
            *vector_add(scratch, &gathered->ranges[f]) = own[f].ranges[r];
}

static struct gathered *gathered_of(struct traffic *traffic, struct arena *scratch, struct map *all, const char *vpc_id,
                                    const char *group)
{
    struct group_members *members = members_at(traffic, vpc_id, group);
    struct gathered *gathered = map_get_pointer(all, members);
    if (gathered == NULL) {
        gathered = arena_new_of(scratch, struct gathered);
        gathered->members = members;
        gathered->unknown = group[0] == '\0';
        map_put_pointer(scratch, all, members, gathered);
    }
    return gathered;
}

bool party_is_gone(const struct estate *estate, const struct network_interface *interface)
{
    const struct instance *instance = map_get(&estate->instances, interface->instance_id);
    return interface->goes || (!interface->stays && instance != NULL && text_same(instance->state, "terminated"));
}

// All of its addresses of a family inside its VPC, delegated prefixes too.
static struct prefixset held_addresses(struct arena *arena, const struct network_interface *interface,
                                       enum family family)
{
    VECTOR(struct address_range) ranges = {0};
    for (size_t i = 0; family == FAMILY_IPV4 && i < interface->private_ipv4_count; i++)
        *vector_add(arena, &ranges) = (struct address_range){interface->private_ipv4[i], interface->private_ipv4[i]};
    for (size_t i = 0; family == FAMILY_IPV4 && i < interface->ipv4_prefix_count; i++)
        *vector_add(arena, &ranges) =
            (struct address_range){interface->ipv4_prefixes[i].first, prefix_last(interface->ipv4_prefixes[i])};
    for (size_t i = 0; family == FAMILY_IPV6 && i < interface->address_count; i++)
        if (interface->addresses[i].address.family == FAMILY_IPV6)
            *vector_add(arena, &ranges) = (struct address_range){interface->addresses[i].address.first,
                                                                 prefix_last(interface->addresses[i].address)};
    return ranges.count == 0 ? prefixset_empty : prefixset_from(arena, ranges.items, ranges.count);
}

static void gather_members(struct traffic *traffic)
{
    struct arena *scratch = arena_new();
    struct map all = {0};
    for (size_t i = 0; i < traffic->estate->interfaces.count; i++) {
        const struct network_interface *interface = traffic->estate->interfaces.items[i];
        if (party_is_gone(traffic->estate, interface))
            continue;
        struct prefixset own[2] = {held_addresses(scratch, interface, FAMILY_IPV4),
                                   held_addresses(scratch, interface, FAMILY_IPV6)};
        const char *vpc_id = interface->place->vpc_id;
        if (interface->groups == NULL || interface->groups_unsure)
            gather(scratch, gathered_of(traffic, scratch, &all, vpc_id, ""), own);
        for (size_t g = 0; interface->groups != NULL && g < interface->groups->count; g++)
            gather(scratch, gathered_of(traffic, scratch, &all, vpc_id, interface->groups->ids[g]), own);
    }
    for (size_t i = 0; i < all.size; i++) {
        struct gathered *gathered = all.slots[i].value;
        for (int f = 0; gathered != NULL && f < 2; f++) {
            struct prefixset set = prefixset_from(traffic->arena, gathered->ranges[f].items, gathered->ranges[f].count);
            if (gathered->unknown)
                gathered->members->may[f] = set;
            else
                gathered->members->must[f] = set;
        }
    }
    arena_free(scratch);
}

// ---- Parties

static void leave_out(struct traffic *traffic, const char *what)
{
    struct left_out *left = map_get(&traffic->left_out, what);
    if (left == NULL) {
        left = arena_new_of(traffic->arena, struct left_out);
        left->what = what;
        map_put(traffic->arena, &traffic->left_out, what, left);
    }
    left->count++;
}

// What of an interface itself decides.
struct standing {
    bool sends;
    bool takes;
    reason_list doubts;
};

// Which kinds only ask, only answer; false: it is in no segment.
static bool stands(struct traffic *traffic, const struct network_interface *interface, struct standing *standing)
{
    struct arena *arena = traffic->arena;
    const struct interface_kind *kind = interface_kind_of(interface->type);
    *standing = (struct standing){.sends = true, .takes = true};
    enum interface_part part = interface_part_of(interface->type);
    if (part == INTERFACE_PASSES_ON)
        return false;
    standing->sends = part != INTERFACE_ANSWERS;
    standing->takes = part != INTERFACE_ASKS;
    if (interface->doubt != NULL)
        reason_add(arena, &standing->doubts, interface_doubt(arena, traffic->estate, interface));
    else if (kind == NULL || kind->admission == INTERFACE_UNMODELLED || kind->admission == INTERFACE_BRINGS_IN)
        reason_add(arena, &standing->doubts,
                   reason_doubt(arena, REASON_GATEWAY, interface->id, settle_by_probe,
                                arena_printf(arena, "%s is %s: what it asks and takes is not modelled", interface->id,
                                             kind == NULL ? interface->type : kind->what)));
    return true;
}

static const struct reason *unknown_groups(struct traffic *traffic, const struct network_interface *interface)
{
    struct arena *arena = traffic->arena;
    const struct interface_place *place = interface->place;
    if (interface->groups_unsure)
        return reason_doubt(arena, REASON_GATEWAY, interface->id, settle_by_probe, interface->doubt);
    const char *text =
        interface->doubt != NULL ? interface->doubt : arena_printf(arena, "missing: Groups of %s", interface->id);
    const struct lack lack = {kind_name(KIND_NETWORK_INTERFACES), place->account_id, place->region, interface->id,
                              text};
    return reason_lack(arena, REASON_GROUP, &lack);
}

// A party while its interfaces are gathered.
struct gathering {
    struct party *party;
    const char *key;
    VECTOR(struct address_range) ranges, publics;
    struct map subnets; // id -> struct subnet_ranges
};
struct subnet_ranges {
    const char *id;
    VECTOR(struct address_range) ranges;
};

static const char *party_key(struct arena *scratch, const struct network_interface *interface,
                             const struct ground *ground, const struct standing *standing, enum family family,
                             const segment_numbers *numbers)
{
    struct text key = {0};
    bool known = interface->groups != NULL && !interface->groups_unsure;
    text_printf(&key, "%s|%d|%s|%s|%d%d", interface->place->vpc_id, (int)family, ground->key,
                known ? interface->groups->key : interface->id, standing->sends, standing->takes);
    for (size_t i = 0; i < standing->doubts.count; i++)
        text_printf(&key, "|%s", standing->doubts.items[i]->text);
    for (size_t i = 0; i < numbers->count; i++)
        text_printf(&key, "|%u", numbers->items[i]);
    const char *kept = arena_strdup(scratch, key.bytes);
    text_free(&key);
    return kept;
}

static struct party party_with(struct traffic *traffic, const struct network_interface *interface,
                               const struct ground *ground, const struct standing *standing, enum family family)
{
    bool known = interface->groups != NULL && !interface->groups_unsure;
    return (struct party){.groups = known ? interface->groups : NULL,
                          .groups_unknown = known ? NULL : unknown_groups(traffic, interface),
                          .ground = ground,
                          .vpc_id = interface->place->vpc_id,
                          .family = family,
                          .sends = standing->sends,
                          .takes = standing->takes,
                          .doubts = standing->doubts};
}

static struct gathering *party_at(struct traffic *traffic, struct arena *scratch, struct map *parties,
                                  const struct network_interface *interface, const struct standing *standing,
                                  enum family family, const segment_numbers *numbers)
{
    const struct ground *ground = ground_of(traffic, interface);
    const char *key = party_key(scratch, interface, ground, standing, family, numbers);
    struct gathering *gathering = map_get(parties, key);
    if (gathering != NULL)
        return gathering;
    struct arena *arena = traffic->arena;
    gathering = arena_new_of(scratch, struct gathering);
    gathering->key = key;
    struct party *party = gathering->party = arena_new_of(arena, struct party);
    *party = party_with(traffic, interface, ground, standing, family);
    for (size_t i = 0; i < numbers->count; i++)
        *vector_add(arena, &party->segments) = numbers->items[i];
    map_put(scratch, parties, key, gathering);
    return gathering;
}

// Whether the internet sees an address by a public IPv4 one, at an internet gateway.
static bool is_public(const struct interface_address *address)
{
    return address->private_address.family == FAMILY_IPV4 && address->gateway == GATEWAY_INTERNET;
}

static void add_publics(struct traffic *traffic, struct arena *scratch, struct gathering *gathering,
                        const struct network_interface *interface)
{
    for (size_t a = 0; gathering->party->family == FAMILY_IPV4 && a < interface->address_count; a++) {
        const struct interface_address *address = &interface->addresses[a];
        if (!is_public(address))
            continue;
        *vector_add(traffic->arena, &gathering->party->seen) =
            (struct seen_address){address->private_address, address->address};
        *vector_add(scratch, &gathering->publics) =
            (struct address_range){address->private_address.bits, address->private_address.bits};
    }
}

bool party_alone(struct traffic *traffic, const struct network_interface *interface, enum family family,
                 struct party *party)
{
    struct standing standing;
    if (party_is_gone(traffic->estate, interface) || !stands(traffic, interface, &standing))
        return false;
    *party = party_with(traffic, interface, ground_of(traffic, interface), &standing, family);
    if (family == FAMILY_IPV6)
        *vector_add(traffic->arena, &party->interfaces) = interface;
    for (size_t a = 0; family == FAMILY_IPV4 && a < interface->address_count; a++)
        if (is_public(&interface->addresses[a]))
            party->has_public =
                prefixset_union(traffic->arena, party->has_public,
                                prefixset_of(traffic->arena, prefix_of(interface->addresses[a].private_address)));
    return true;
}

static struct site *site_at(struct traffic *traffic, const struct network_interface *interface)
{
    struct site *site = map_get_pointer(&traffic->sites, interface->place);
    if (site == NULL) {
        site = site_behind(traffic->arena, traffic->estate, interface, GATEWAY_INTERNET);
        map_put_pointer(traffic->arena, &traffic->sites, interface->place, site);
    }
    return site;
}

const struct party_entry *party_entry(struct traffic *traffic, struct party *party)
{
    struct arena *arena = traffic->arena;
    VECTOR(struct address_range) ranges[2] = {0};
    if (party->entry != NULL)
        return party->entry;
    struct party_entry *entry = arena_new_of(arena, struct party_entry);
    for (size_t i = 0; i < party->interfaces.count; i++) {
        const struct network_interface *interface = party->interfaces.items[i];
        for (size_t a = 0; a < interface->address_count; a++) {
            const struct interface_address *one = &interface->addresses[a];
            if (one->address.family != FAMILY_IPV6)
                continue;
            struct gate gate =
                site_gate(arena, site_at(traffic, interface), interface, one->address, one->private_address);
            if (gate.state == GATE_SHUT) {
                entry->why = gate.why;
                continue;
            }
            *vector_add(arena, &ranges[gate.state == GATE_OPEN]) =
                (struct address_range){one->address.first, prefix_last(one->address)};
            reason_add_all(arena, &entry->doubts, &gate.doubts);
            for (size_t l = 0; l < site_at(traffic, interface)->missing.items.count; l++)
                lack_add(arena, &traffic->missing, &site_at(traffic, interface)->missing.items.items[l]);
        }
    }
    entry->may = prefixset_from(arena, ranges[0].items, ranges[0].count);
    entry->must = prefixset_from(arena, ranges[1].items, ranges[1].count);
    return party->entry = entry;
}

static void join(struct traffic *traffic, struct arena *scratch, struct gathering *gathering,
                 const struct network_interface *interface, struct prefixset own)
{
    const char *subnet_id = interface->place->subnet_id == NULL ? "" : interface->place->subnet_id;
    struct subnet_ranges *subnet = map_get(&gathering->subnets, subnet_id);
    if (subnet == NULL) {
        subnet = arena_new_of(scratch, struct subnet_ranges);
        subnet->id = subnet_id;
        map_put(scratch, &gathering->subnets, subnet_id, subnet);
    }
    for (size_t r = 0; r < own.count; r++) {
        *vector_add(scratch, &gathering->ranges) = own.ranges[r];
        *vector_add(scratch, &subnet->ranges) = own.ranges[r];
    }
    add_publics(traffic, scratch, gathering, interface);
    if (gathering->party->family == FAMILY_IPV6)
        *vector_add(traffic->arena, &gathering->party->interfaces) = interface;
}

static int by_private_address(const void *left, const void *right)
{
    const struct seen_address *a = left, *b = right;
    int order = address_compare(a->private_address, b->private_address);
    return order != 0 ? order
                      : (a->public_address.first > b->public_address.first) -
                            (a->public_address.first < b->public_address.first);
}

static void settle_party(struct traffic *traffic, struct arena *scratch, struct gathering *gathering)
{
    struct arena *arena = traffic->arena;
    struct party *party = gathering->party;
    party->addresses = prefixset_from(arena, gathering->ranges.items, gathering->ranges.count);
    party->has_public = prefixset_from(arena, gathering->publics.items, gathering->publics.count);
    if (party->seen.count > 1)
        qsort(party->seen.items, party->seen.count, sizeof(*party->seen.items), by_private_address);
    map_slots subnets = map_sorted(scratch, &gathering->subnets);
    for (size_t i = 0; i < subnets.count; i++) {
        const struct subnet_ranges *subnet = subnets.items[i]->value;
        *vector_add(arena, &party->subnets) =
            (struct party_subnet){subnet->id, prefixset_from(arena, subnet->ranges.items, subnet->ranges.count)};
    }
    *vector_add(arena, &traffic->parties) = party;
}

// The protocols that some rule or entry names by number: each may have an answer of its own.
static void name_protocols(struct traffic *traffic)
{
    bool named[256] = {[PROTOCOL_TCP] = true, [PROTOCOL_UDP] = true, [PROTOCOL_ICMP] = true, [PROTOCOL_ICMPV6] = true};
    const struct estate *estate = traffic->estate;
    for (size_t i = 0; i < estate->security_groups.size; i++) {
        const struct security_group *group = estate->security_groups.slots[i].value;
        for (int egress = 0; group != NULL && egress < 2; egress++) {
            const security_group_rule_list *rules = egress ? &group->egress : &group->ingress;
            for (size_t r = 0; r < rules->count; r++)
                if (rules->items[r].protocol >= 0)
                    named[rules->items[r].protocol & 255] = true;
        }
    }
    for (size_t i = 0; i < estate->network_acls.size; i++) {
        const struct network_acl *acl = estate->network_acls.slots[i].value;
        for (size_t e = 0; acl != NULL && e < acl->entries.count; e++)
            if (acl->entries.items[e].protocol >= 0)
                named[acl->entries.items[e].protocol & 255] = true;
    }
    for (int protocol = 0; protocol < 256; protocol++)
        if (named[protocol])
            *vector_add(traffic->arena, &traffic->protocols) = protocol;
    *vector_add(traffic->arena, &traffic->protocols) = PROTOCOL_UNNAMED;
}

void traffic_begin(struct traffic *traffic, struct arena *arena, const struct estate *estate, segment_of *segments,
                   void *context)
{
    struct arena *scratch = arena_new();
    struct map parties = {0};
    *traffic = (struct traffic){.arena = arena, .estate = estate, .scratch = arena_new()};
    traffic->groups = (struct group_cache){.arena = arena, .estate = estate};
    gather_members(traffic);
    name_protocols(traffic);
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *interface = estate->interfaces.items[i];
        struct standing standing;
        segment_numbers numbers = {0};
        if (party_is_gone(estate, interface))
            continue;
        if (!stands(traffic, interface, &standing)) {
            leave_out(traffic, interface_kind_of(interface->type)->what);
            continue;
        }
        segments(context, interface, &numbers);
        for (int f = 0; numbers.count > 0 && f < 2; f++) {
            enum family family = f == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
            struct prefixset own = held_addresses(scratch, interface, family);
            if (!prefixset_is_empty(own))
                join(traffic, scratch, party_at(traffic, scratch, &parties, interface, &standing, family, &numbers),
                     interface, own);
        }
    }
    map_slots sorted = map_sorted(scratch, &parties);
    for (size_t i = 0; i < sorted.count; i++)
        settle_party(traffic, scratch, sorted.items[i]->value);
    arena_free(scratch);
}

void traffic_lacks(struct traffic *traffic, const reason_list *doubts)
{
    for (size_t i = 0; i < doubts->count; i++)
        if (doubts->items[i]->lack != NULL)
            lack_add(traffic->arena, &traffic->missing, doubts->items[i]->lack);
}
