// Which interfaces of an instance are, or may be, its primary one: what is registered by an instance's id is sent
// there. For the files of rules/ only.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-register-targets.html
#pragma once

#include "model/estate.h"

struct instance_home {
    VECTOR(const struct network_interface *) primary; // by its device index, which only one should have
    VECTOR(const struct network_interface *) untold;  // those whose index is not told
    bool has_secondary;                               // and others that are surely not
};

// Adds the home of each instance that has an interface: id -> struct instance_home.
void instance_homes(struct arena *arena, const struct estate *estate, struct map *homes);

// Its interfaces that may be the primary one, *sure where it is the only one that can be; no more than that they are
// secondary is known where there are none.
const struct network_interface *const *instance_home_interfaces(const struct instance_home *home, size_t *count,
                                                                bool *sure);

// Why which of them is the primary one is not sure.
const char *instance_home_doubt(struct arena *arena, const char *instance_id);
