// Public addresses that a document gives to a load balancer, NAT gateway, task or cluster: whether an interface that
// has one may be that thing's.
#pragma once

#include "rules/reach/claim.h"

// Whether an interface is the load balancer's with this key.
bool is_of_balancer(struct arena *arena, const struct network_interface *interface, const char *key);
// Whether it is, or may be, that of a public place whose owner is `owner`: what its service made and does not name may
// be.
bool is_of_place(const struct network_interface *interface, const struct owner *owner,
                 const struct public_place *place);

// Why an address of an interface may be somewhere else: a thing that is not this interface's is said to have it. NULL
// where nothing says so.
const struct reason *claimed_elsewhere(struct arena *arena, const struct estate *estate,
                                       const struct network_interface *interface, struct prefix address);
