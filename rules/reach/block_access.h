// VPC Block Public Access: what it stops of what passes an internet gateway or an egress-only one, in either direction.
// For the files of rules/ only.
// https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html
#pragma once

#include "rules/reach/gateway.h"

// Shuts a gate to what comes from the internet, or doubts it.
void block_access_inbound(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                          struct gate *gate, struct lack_list *missing);
// The same of what leaves: block-ingress does not stop it, and either kind of exclusion lifts it.
void block_access_outbound(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                           struct gate *gate, struct lack_list *missing);
