// Where what earlier runs saw is kept, by the options.
#pragma once

#include "cli/options.h"

#define OPTIONS_HISTORY                                                                                                \
    {                                                                                                                  \
        "history", 0, "FILE", "history of runs (default $XDG_STATE_HOME/sgproof/history.sqlite)", false                \
    }

// --history, else the default under the XDG state directory; NULL where there is neither that nor a home.
const char *past_file(struct arena *arena, const struct options *options);

// The history that a command uses: past_file, but NULL with --no-history.
const char *past_file_used(struct arena *arena, const struct options *options);
// Whether it, and --series, are what a run may keep itself in. ERROR_USAGE.
bool past_file_may_keep(struct arena *arena, const struct options *options, struct error *error);
