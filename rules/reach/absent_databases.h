// Publicly accessible databases whose interface is not in the snapshot. RDS's interfaces do not say of which database
// they are; each is of one.
#pragma once

#include "rules/reach/claim.h"

// Adds what is missing to `set->missing`.
void absent_databases(struct exposure_set *set, const struct estate *estate, struct arena *scratch);
