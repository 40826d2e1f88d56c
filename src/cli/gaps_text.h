// What a snapshot lacks and could not tell, as text for people: a line each, and of long lists the first, unless `all`.
#pragma once

#include "model/exposure.h"

// Of all that exposure rests on, and what was assumed, not covered and ignored. How many lines there were.
size_t gaps_text(const struct exposure_set *set, bool all, struct text *out);
// Of what the account itself rests on. How many things were unread.
size_t gaps_text_of_account(const struct estate *estate, bool all, struct text *out);
// Of one side of a comparison.
void gaps_text_of_side(const struct exposure_set *set, const char *side, bool all, struct text *out);

// Says on stderr what the snapshot lacks; true where nothing is missing.
bool cli_say_missing(const struct exposure_set *set);
