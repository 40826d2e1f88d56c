// diff of two runs: what moved between what was observed, rather than between what is declared.
#pragma once

#include "cli/options.h"

// Whether the operands are runs: evidence folders, or ids of runs in the history.
bool diff_is_of_runs(struct arena *arena, const struct options *options);

// Its exit status.
int diff_runs(struct arena *arena, const struct options *options);
