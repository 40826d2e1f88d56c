#include "rules/network_acl.h"

#include <stdlib.h>

#include "model/protocol.h"

static bool applies(const struct network_acl_entry *entry, bool egress, int protocol)
{
    return entry->egress == egress && (entry->protocol == PROTOCOL_ANY || entry->protocol == protocol);
}

// Calls `visit` for each elementary interval of numbers inside `within`, with what each entry is first to match there.
typedef void (*interval_visitor)(void *context, uint16_t low, uint16_t high, const struct network_acl_entry *entry,
                                 struct prefixset first_matched);

static void walk(struct arena *arena, const struct network_acl *acl, bool egress, enum family family, int protocol,
                 struct port_range within, struct prefixset others, interval_visitor visit, void *context)
{
    VECTOR(uint32_t) starts = {0};
    *vector_add(arena, &starts) = within.low;
    *vector_add(arena, &starts) = (uint32_t)within.high + 1;
    for (size_t i = 0; i < acl->entries.count; i++) {
        const struct network_acl_entry *entry = &acl->entries.items[i];
        if (!applies(entry, egress, protocol) || entry->prefix.family != family)
            continue;
        uint32_t edges[2] = {entry->low, (uint32_t)entry->high + 1};
        for (int e = 0; e < 2; e++)
            if (edges[e] > within.low && edges[e] <= within.high)
                *vector_add(arena, &starts) = edges[e];
    }
    sort_numbers(starts.items, starts.count);
    for (size_t s = 0; s + 1 < starts.count; s++) {
        if (starts.items[s] == starts.items[s + 1])
            continue;
        struct prefixset left = others;
        for (size_t i = 0; i < acl->entries.count && !prefixset_is_empty(left); i++) {
            const struct network_acl_entry *entry = &acl->entries.items[i];
            if (!applies(entry, egress, protocol) || entry->prefix.family != family || entry->low > starts.items[s] ||
                entry->high < starts.items[s])
                continue;
            struct prefixset matched = prefixset_of(arena, entry->prefix);
            struct prefixset first = prefixset_intersect(arena, left, matched);
            if (!prefixset_is_empty(first))
                visit(context, (uint16_t)starts.items[s], (uint16_t)(starts.items[s + 1] - 1), entry, first);
            left = prefixset_subtract(arena, left, matched);
        }
    }
}

struct allowed {
    struct arena *arena;
    VECTOR(struct port_segment) rectangles;
};

static void keep_allowed(void *context, uint16_t low, uint16_t high, const struct network_acl_entry *entry,
                         struct prefixset first_matched)
{
    struct allowed *allowed = context;
    if (!entry->allow)
        return;
    struct port_segment *last =
        allowed->rectangles.count > 0 ? &allowed->rectangles.items[allowed->rectangles.count - 1] : NULL;
    if (last != NULL && last->low == low)
        last->sources = prefixset_union(allowed->arena, last->sources, first_matched);
    else
        *vector_add(allowed->arena, &allowed->rectangles) = (struct port_segment){low, high, first_matched};
}

struct portmap network_acl_allows(struct arena *arena, const struct network_acl *acl, bool egress, enum family family,
                                  int protocol)
{
    struct allowed allowed = {.arena = arena};
    walk(arena, acl, egress, family, protocol, (struct port_range){0, PORT_LAST}, prefixset_all(arena, family),
         keep_allowed, &allowed);
    struct portmap disjoint = {.count = allowed.rectangles.count, .segments = allowed.rectangles.items};
    return portmap_on_ports(arena, disjoint, portset_all); // joins equal neighbours
}

struct reasons {
    struct arena *arena;
    const struct network_acl *acl;
    text_list *because;
};

static void keep_reason(void *context, uint16_t low, uint16_t high, const struct network_acl_entry *entry,
                        struct prefixset first_matched)
{
    (void)low;
    (void)high;
    (void)first_matched;
    struct reasons *reasons = context;
    if (entry->allow)
        text_list_add(
            reasons->arena, reasons->because,
            arena_printf(reasons->arena, "%s:%s%d", reasons->acl->id, entry->egress ? "egress:" : "", entry->number));
}

void network_acl_because(struct arena *arena, const struct network_acl *acl, bool egress, enum family family,
                         int protocol, struct portset numbers, struct prefixset others, text_list *because)
{
    struct reasons reasons = {.arena = arena, .acl = acl, .because = because};
    for (size_t i = 0; i < numbers.count; i++)
        walk(arena, acl, egress, family, protocol, numbers.ranges[i], others, keep_reason, &reasons);
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
                                         const struct network_interface *interface, const char **missing)
{
    const struct network_acl *acl = map_get(&estate->acl_of_subnet, interface->subnet_id);
    // Without an explicit association the VPC's default ACL applies; that the subnet is one of this VPC must be known.
    if (acl == NULL && map_get(&estate->subnets, interface->subnet_id) != NULL)
        acl = map_get(&estate->default_acl_of_vpc, interface->vpc_id);
    if (acl == NULL)
        *missing = arena_printf(arena, "missing: network ACL of subnet %s",
                                interface->subnet_id == NULL ? "(unknown)" : interface->subnet_id);
    return acl;
}
