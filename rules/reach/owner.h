// Who stands behind a network interface, by what the snapshot tells: documents that name it first, then who asked for
// it, then what its description and its type say.
#pragma once

#include "model/estate.h"
#include "model/owner.h"

// NULL where nothing tells. Owned by `arena`.
const struct owner *owner_of(struct arena *arena, const struct estate *estate,
                             const struct network_interface *interface);
