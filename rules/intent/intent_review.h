// What an intent file itself deserves to be told: rules that have expired, that select nothing, or that earlier rules
// leave nothing to decide.
#pragma once

#include "rules/intent/intent_index.h"

// Appends to set->intent_notes. Exact over (endpoint × protocol × port × source): a rule is shadowed where no packet to
// any endpoint of the set that it selects is left to it. An allowing rule that has expired on `today` shadows nothing.
void intent_review(struct arena *arena, const struct intent_index *index, const struct exposure_set *exposures,
                   const char *today, struct verdict_set *set);
