#include "cli/past_file.h"

#include <stdlib.h>

#include "base/redact.h"
#include "cli/places.h"

const char *past_file(struct arena *arena, const struct options *options)
{
    const char *given = options_value(options, "history"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (given != NULL)
        return given;
    // https://specifications.freedesktop.org/basedir-spec/latest/: a relative path is to be ignored.
    if (state != NULL && state[0] == '/')
        return arena_printf(arena, "%s/sgproof/history.sqlite", state);
    return home != NULL && home[0] == '/' ? arena_printf(arena, "%s/.local/state/sgproof/history.sqlite", home) : NULL;
}

const char *past_file_used(struct arena *arena, const struct options *options)
{
    return options_value(options, "no-history") != NULL ? NULL : past_file(arena, options);
}

bool past_file_may_keep(struct arena *arena, const struct options *options, struct error *error)
{
    const char *file = past_file_used(arena, options), *series = options_value(options, "series");
    if (series != NULL && redact_argument(arena, series) != series)
        return error_set(error, ERROR_USAGE, "--series: is a URI that may hold a secret, and is kept: expected a name");
    return file == NULL || place_is_outside_evidence(file, error);
}
