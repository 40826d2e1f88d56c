// Controls judged: each pack's controls by the facts that decide them, and the platform's table.
#pragma once

#include "rules/controls/facts.h"
#include "rules/intent/intent.h"

struct controls_options {
    const struct pack *const *packs;
    size_t pack_count;
    bool account_only; // controls that ask about the account, and no table
};

// Whether a control, or some control of a pack, asks about the account.
bool control_is_of_account(const struct pack_control *control);
bool pack_is_of_account(const struct pack *pack);

// Everything is in the arena; borrows from the input. A control passes where every fact passes; one that fails makes it
// fail; else what is missing leaves it not evaluated.
void controls_judge(struct arena *arena, const struct fact_input *input, const struct controls_options *options,
                    struct control_report *report);
