// What is not there: kinds of document that answers rest on, and public things that have no interface.
#pragma once

#include "model/exposure.h"

// Adds to `set`, whose endpoints are computed, what the snapshot lacks, what is assumed in place of what it lacks, and
// what is not covered; and puts all that in order.
void absence_list(struct exposure_set *set, const struct estate *estate);

// Adds the interfaces that documents of other things tell of and that are not there: whatever they ask or are asked.
void absence_interfaces(struct arena *arena, const struct estate *estate, struct lack_list *missing);
