// The way in: internet gateway, Block Public Access, edge routing, and what kind of interface it is.
#pragma once

#include "rules/reach/claim.h"

enum gate_state { GATE_SHUT, GATE_POSSIBLE, GATE_OPEN };

struct gate {
    enum gate_state state;
    const char *gateway_id;   // of the VPC's internet gateway, or NULL
    const struct reason *why; // what decides
    reason_list doubts;       // why only possible
    const struct lack *lack;  // of an interface: what the snapshot lacks to know it, or NULL
};

// Whether packets from the internet arrive in an interface's subnet at all (semantics.md, 1 and 2).
struct gate gateway_admits(struct arena *arena, const struct estate *estate, const struct network_interface *interface,
                           struct lack_list *missing);

// The same narrowed to one address of an interface: some kinds take nothing in, nor does an internal load balancer,
// private IPv6 space, or an interface that denies what comes by the internet gateway.
struct gate gateway_admits_interface(struct arena *arena, const struct estate *estate,
                                     const struct network_interface *interface, struct address private_address,
                                     enum address_gateway gateway, const struct gate *site);

// What the snapshot lacks to know a subnet: all of them there, or this one.
const struct lack *subnet_lack(struct arena *arena, const struct estate *estate, const struct interface_place *place);

// Why the default of a VPC is not surely that of a subnet which no record of the kind names: records of the kind may be
// missing, or the subnet may not be of that VPC. NULL: it is.
const struct lack *default_lack(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                                enum kind kind);
// That the record `id` of a kind, which is a subnet's, is doubtful or, with no id, that there is none. `what` is the
// kind for people.
struct lack association_lack(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                             enum kind kind, const char *what, const char *id, const char *doubt);

// What of an interface is not sure; it has a doubt.
const struct reason *interface_doubt(struct arena *arena, const struct estate *estate,
                                     const struct network_interface *interface);

// Makes an open gate a possible one and says why.
void gate_doubt(struct arena *arena, struct gate *gate, const struct reason *why);
