// Roles that instances carry, by their instance profiles: who takes such an instance can do what they can.
#pragma once

#include "rules/access/access.h"

// What principals can reach, as far as it was asked: account -> struct access_map *.
struct access_map *access_known(struct arena *arena, struct map *accesses, const struct account *account);

// What the role of an instance profile can do; the profile's ARN names the account. In the arena.
struct carried_role carried_role_of(struct arena *arena, struct map *accesses, const struct estate *estate,
                                    const char *profile);

// The same of each instance with a public address in the snapshot: instance id -> struct carried_role *.
struct map carried_roles(struct arena *arena, const struct exposure_set *exposures, const struct estate *estate);
