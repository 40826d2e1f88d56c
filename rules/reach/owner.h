// Who stands behind a network interface, by what the snapshot tells: documents that name it first, then who asked for
// it, then what its description and its type say.
#pragma once

#include "model/estate.h"
#include "model/owner.h"

// NULL where nothing tells. Owned by `arena`.
const struct owner *owner_of(struct arena *arena, const struct estate *estate,
                             const struct network_interface *interface);

// Whether an interface of RDS's, which do not say of which database they are, may be that of this one. What its record
// says must be so of the interface: subnet, zone, groups, and whether it is public.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
bool owner_may_be_database(const struct estate *estate, const struct db_instance *database,
                           const struct network_interface *interface);
