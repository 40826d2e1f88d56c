// Load balancers: which interfaces are theirs and where they listen.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
#pragma once

#include "rules/claim.h"

// The key in estate.load_balancers of the load balancer that an interface's mark names.
const char *load_balancer_key(struct arena *arena, const struct network_interface *interface);

// Of a target group behind a network load balancer, which passes its clients' addresses on: whether an attribute of the
// group decides that, and what holds without the attribute. The group's type is known.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation
bool preservation_is_optional(const struct target_group *group);
bool preserves_by_default(const struct target_group *group);

// The load balancer whose interface this is, or NULL. Where the snapshot holds load balancers but lacks this one or its
// listeners, *missing says so: it may listen on every port.
const struct load_balancer *load_balancer_of(struct arena *arena, const struct estate *estate,
                                             const struct network_interface *interface, const char **missing);

bool listener_takes(const struct listener *listener, int protocol);

// Ports on which it listens for a protocol.
struct portset load_balancer_ports(struct arena *arena, const struct load_balancer *balancer, int protocol);

// Adds "NAME:PORT/PROTOCOL" of each listener for a protocol on one of [low, high].
void load_balancer_because(struct arena *arena, const struct load_balancer *balancer, int protocol, uint16_t low,
                           uint16_t high, text_list *because);
