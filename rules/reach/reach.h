// Reachability: the composition of gateway, network ACL, security groups and the way back (semantics.md) into
// exposures. A pure function of the estate: opens no file and no socket.
#pragma once

#include "rules/reach/claim.h"

// Declared exposure of every endpoint of the estate. The set borrows from the estate, which must outlive it.
// Free with exposure_set_free. Endpoints with the same groups, ACL, route table, gateway and family share one answer.
struct exposure_set *reach_compute(const struct estate *estate);
void exposure_set_free(struct exposure_set *set);
