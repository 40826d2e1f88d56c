// What became of a change: declared movements × what was observed (contract.md, Change).
#pragma once

#include "model/change.h"
#include "verdicts/drift.h"

struct outcome_input {
    const movement_list *movements; // what was meant, and what the configuration did
    const struct verdict_set *now;
    const struct verdict_set *before; // NULL: what answered before is not known
    const drift_list *drift;          // between the two
};

// Adds the pieces and settles the report, in whose `complete` and `missing` the rest is told already.
void outcome_judge(struct arena *arena, const struct outcome_input *input, struct change_report *report);
