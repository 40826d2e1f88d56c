// --baseline: an earlier run, of which only what is not in it is reported.
#pragma once

#include "cli/options.h"
#include "verdicts/drift.h"

#define OPTION_BASELINE                                                                                                \
    {                                                                                                                  \
        "baseline", 0, "EVIDENCE", "report only what is not in this earlier evidence", false                           \
    }

// --baseline, an evidence folder or file of verdicts; *baseline is NULL where the option was not given.
bool cli_baseline_read(struct arena *arena, const struct options *options, const struct verdict_set **baseline,
                       struct error *error);
// What of a set is not in a baseline; all of it where that is NULL. *known counts what is in it.
struct verdict_set cli_baseline_fresh(struct arena *arena, const struct verdict_set *set,
                                      const struct verdict_set *baseline, struct drift_known *known);
// One line of what is critical or high and no news; "" where nothing is: silence is for where nothing is wrong.
const char *cli_still_wrong(struct arena *arena, const struct drift_known *known);
