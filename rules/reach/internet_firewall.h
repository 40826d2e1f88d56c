// Automated Internet Firewall: a firewall between a VPC and its internet gateway, without a route to it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkFirewallAssociation.html
#pragma once

#include "model/estate.h"
#include "model/reason.h"

// Why one may drop what passes the internet gateway to or from a subnet, or NULL. `table`: the subnet's, or NULL where
// it is not known.
const struct reason *internet_firewall_doubt(struct arena *arena, const struct estate *estate,
                                             const struct interface_place *place, const struct route_table *table);

// Why one may let out by the internet gateway what has no public IPv4 address, or NULL: for subnets whose connectivity
// is "flexible" or "outbound-only" it translates addresses.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html
const struct reason *internet_firewall_translates(struct arena *arena, const struct estate *estate,
                                                  const struct interface_place *place);
