// TCP ports that rules of security groups name, VPC by VPC: an endpoint is asked what its own VPC is about.
#pragma once

#include "model/exposure.h"

struct named_ports {
    struct arena *arena;
    struct map of_vpc;     // id -> struct named_vpc
    struct named_vpc *any; // of an interface whose VPC is not known: what every rule names
};

struct named_vpc {
    struct portset ports; // without 0, which is reserved (RFC 6335)
};

// What the groups of each VPC name that an endpoint of `exposures` lies in, and the groups of its endpoints, wherever
// they are (a group may be associated with other VPCs). A group of which is not known where it is counts everywhere.
// Of a rule over more than 1024 ports its two ends. Lives in `arena`, as does the result.
void named_ports_find(struct arena *arena, const struct estate *estate, const struct exposure_set *exposures,
                      struct named_ports *named);

// Those of an interface's VPC; never NULL. Interfaces of one VPC have the same.
const struct named_vpc *named_ports_of(const struct named_ports *named, const struct network_interface *interface);
