// The addresses of an interface inside its VPC: private IPv4 ones, and whole IPv6 ones.
#pragma once

#include "model/estate.h"

// Its index-th of a family; family 0 where there is none.
struct address own_address(const struct network_interface *interface, enum family family, size_t index);
// All of a family.
struct prefixset own_addresses(struct arena *arena, const struct network_interface *interface, enum family family);

// Whether a private IPv4 prefix that is delegated to it holds the address.
bool delegated_prefix_holds(const struct network_interface *interface, struct address address);
