#include "rules/reach/own_address.h"

struct address own_address(const struct network_interface *interface, enum family family, size_t index)
{
    struct address none = {0};
    if (family == FAMILY_IPV4)
        return index < interface->private_ipv4_count
                   ? (struct address){.family = FAMILY_IPV4, .bits = interface->private_ipv4[index]}
                   : none;
    for (size_t i = 0; i < interface->address_count; i++)
        if (interface->addresses[i].address.family == FAMILY_IPV6 && interface->addresses[i].address.length == 128 &&
            index-- == 0)
            return interface->addresses[i].private_address;
    return none;
}

struct prefixset own_addresses(struct arena *arena, const struct network_interface *interface, enum family family)
{
    struct prefixset all = prefixset_empty;
    struct address own;
    for (size_t a = 0; (own = own_address(interface, family, a)).family != 0; a++)
        all = prefixset_union(arena, all, prefixset_of(arena, prefix_of(own)));
    return all;
}

bool delegated_prefix_holds(const struct network_interface *interface, struct address address)
{
    for (size_t i = 0; address.family == FAMILY_IPV4 && i < interface->ipv4_prefix_count; i++)
        if (prefix_holds(interface->ipv4_prefixes[i], address))
            return true;
    return false;
}
