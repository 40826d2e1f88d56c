// --fail-on: what makes a run fail.
#pragma once

#include "cli/options.h"
#include "pipeline/fail_on.h"
#include "pipeline/pack_list.h"

#define OPTION_FAIL_ON                                                                                                 \
    {                                                                                                                  \
        "fail-on", 0, "WHAT",                                                                                          \
            "exit 1 for: a severity and above, a verdict, control:ID with *, none; a list (default high)", true        \
    }

// --fail-on (repeatable, each a list): severities from which on, verdicts, controls by glob.
bool cli_fail_on(struct arena *arena, const struct options *options, struct fail_on *fail_on, struct error *error);

// That a glob of --fail-on matches a control of the packs; of some that are of the account, where that is asked.
bool cli_control_exists(struct arena *arena, const struct pack_list *packs, bool of_account, const char *glob,
                        struct error *error);
