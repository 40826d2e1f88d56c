// How much the plan of an interface inside asks of what `plan --vantage-interface` would.
#pragma once

#include "pipeline/derive_inside.h"

// Derives the plans of an interface again, from the deepest to that of what is declared, and compares their questions
// with those of the plan given with it (not NULL): in *asked, in the arena, the deepest depth of which nothing is left
// out, and how much of the next one is; or, where even of what is declared something is left out, that: then it gives
// false. `intent` or NULL. False and error->code where the plan cannot be read.
bool inside_asked(struct arena *arena, const struct declared *before, const struct inside_derived *one,
                  const struct inside_given *given, const struct intent *intent, const char **asked,
                  struct error *error);
