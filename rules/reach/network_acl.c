#include "rules/reach/network_acl.h"

#include <stdlib.h>

#include "model/protocol.h"
#include "rules/reach/gateway.h"

static bool applies(const struct network_acl_entry *entry, bool egress, int protocol)
{
    return entry->egress == egress && (entry->protocol == PROTOCOL_ANY || entry->protocol == protocol);
}

struct reason network_acl_reason(const struct network_acl *acl, const struct network_acl_entry *entry)
{
    return (struct reason){.stage = entry->egress ? REASON_ACL_OUT : REASON_ACL_IN,
                           .stops = !entry->allow,
                           .form = REASON_ENTRY,
                           .id = acl->id,
                           .entry = entry};
}

struct acl_view network_acl_view(struct arena *arena, const struct network_acl *acl, bool egress, enum family family,
                                 int protocol)
{
    struct acl_view view = {0};
    VECTOR(const struct network_acl_entry *) entries = {0};
    VECTOR(uint32_t) starts = {0};
    VECTOR(struct port_segment) allowed = {0};
    *vector_add(arena, &starts) = 0;
    *vector_add(arena, &starts) = PORT_LAST + 1;
    for (size_t i = 0; i < acl->entries.count; i++) {
        const struct network_acl_entry *entry = &acl->entries.items[i];
        if (!applies(entry, egress, protocol) || entry->prefix.family != family)
            continue;
        *vector_add(arena, &entries) = entry;
        *vector_add(arena, &starts) = entry->low;
        *vector_add(arena, &starts) = (uint32_t)entry->high + 1;
    }
    sort_numbers(starts.items, starts.count);
    struct firsts {
        VECTOR(struct port_segment) items;
    } *firsts = arena_array(arena, struct firsts, entries.count);
    for (size_t s = 0; s + 1 < starts.count; s++) {
        if (starts.items[s] == starts.items[s + 1])
            continue;
        uint16_t low = (uint16_t)starts.items[s], high = (uint16_t)(starts.items[s + 1] - 1);
        struct prefixset left = prefixset_all(arena, family);
        for (size_t i = 0; i < entries.count && !prefixset_is_empty(left); i++) {
            const struct network_acl_entry *entry = entries.items[i];
            if (entry->low > low || entry->high < low)
                continue;
            struct prefixset matched = prefixset_of(arena, entry->prefix);
            struct prefixset first = prefixset_intersect(arena, left, matched);
            if (prefixset_is_empty(first))
                continue;
            left = prefixset_subtract(arena, left, matched);
            if (!entry->allow)
                continue;
            struct port_segment segment = {low, high, first};
            *vector_add(arena, &firsts[i].items) = segment;
            struct port_segment *last = allowed.count > 0 ? &allowed.items[allowed.count - 1] : NULL;
            if (last != NULL && last->low == low)
                last->sources = prefixset_union(arena, last->sources, first);
            else
                *vector_add(arena, &allowed) = segment;
        }
    }
    view.parts = arena_array(arena, struct acl_part, entries.count);
    for (size_t i = 0; i < entries.count; i++) {
        if (firsts[i].items.count == 0)
            continue;
        view.parts[view.part_count++] =
            (struct acl_part){.reason = network_acl_reason(acl, entries.items[i]),
                              .first = {.count = firsts[i].items.count, .segments = firsts[i].items.items}};
    }
    struct portmap disjoint = {.count = allowed.count, .segments = allowed.items};
    view.allows = portmap_on_ports(arena, disjoint, portset_all); // joins equal neighbours
    return view;
}

void network_acl_because(struct arena *arena, const struct acl_view *view, struct portset numbers,
                         struct prefixset others, reason_list *because)
{
    for (size_t i = 0; i < view->part_count; i++)
        if (portmap_meets(view->parts[i].first, numbers, others))
            *vector_add(arena, because) = &view->parts[i].reason;
}

const struct network_acl_entry *network_acl_decides(const struct network_acl *acl, bool egress, int protocol,
                                                    uint16_t number, struct address other)
{
    for (size_t i = 0; i < acl->entries.count; i++) {
        const struct network_acl_entry *entry = &acl->entries.items[i];
        if (applies(entry, egress, protocol) && entry->low <= number && number <= entry->high &&
            prefix_holds(entry->prefix, other))
            return entry;
    }
    return NULL;
}

const struct network_acl *network_acl_of(struct arena *arena, const struct estate *estate,
                                         const struct network_interface *interface, struct lack *missing)
{
    const struct interface_place *place = interface->place;
    const struct network_acl *acl = map_get(&estate->acl_of_subnet, place->subnet_id);
    const struct lack *lack = NULL;
    if (acl == NULL) { // the VPC's default ACL is that of subnets which no other names
        lack = default_lack(arena, estate, place, KIND_NETWORK_ACLS);
        acl = lack != NULL ? NULL : map_get(&estate->default_acl_of_vpc, place->vpc_id);
    }
    if (acl != NULL && acl->doubt == NULL)
        return acl;
    *missing = lack != NULL ? *lack
                            : association_lack(arena, estate, place, KIND_NETWORK_ACLS, "network ACL",
                                               acl == NULL ? NULL : acl->id, acl == NULL ? NULL : acl->doubt);
    return NULL;
}
