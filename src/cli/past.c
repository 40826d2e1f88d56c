#include "cli/past.h"

#include <stdlib.h>

#include "cli/places.h"
#include "evidence/remembered.h"

enum { REMEMBERED = 30 };

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

static const char *series_of(struct arena *arena, const struct exposure_set *exposures, const struct verdict_set *set)
{
    text_list accounts = {0};
    const char *text = "";
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        const char *id = exposures->endpoints.items[i].interface->place->account_id;
        if (id != NULL)
            text_list_add(arena, &accounts, id);
    }
    if (accounts.count > 1)
        sort_texts(accounts.items, accounts.count);
    for (size_t a = 0; a < accounts.count; a++)
        text = arena_printf(arena, "%s%s%s", text, a > 0 ? ", " : "", accounts.items[a]);
    return arena_printf(arena, "%s from %s", accounts.count == 0 ? "no account" : text,
                        set->vantage == NULL ? "the internet" : set->vantage);
}

bool past_open(struct past *past, struct arena *arena, const struct options *options, struct error *error)
{
    const char *file = past_file(arena, options);
    *past = (struct past){.arena = arena};
    if (file == NULL || options_value(options, "no-history") != NULL)
        return true;
    GUARD(place_is_outside_evidence(file, error));
    past->history = history_open(arena, file, true, error);
    return past->history != NULL && history_is_sound(past->history, error);
}

bool past_recall(struct past *past, const struct options *options, const struct exposure_set *exposures,
                 const struct verdict_set *set, struct error *error)
{
    const char *series = options_value(options, "series");
    past->series = series != NULL ? series : series_of(past->arena, exposures, set);
    if (past->history == NULL)
        return true;
    GUARD(history_list(past->history, past->series, REMEMBERED, &past->runs, error));
    const struct run_record *last = past_last(past);
    return last == NULL || history_verdicts(past->history, last, &past->last, error);
}

void past_close(struct past *past)
{
    history_close(past->history);
    past->history = NULL;
}

void past_forget(struct past *past)
{
    past_close(past);
    past->runs.count = 0;
}

bool past_of_evidence(struct arena *arena, const char *folder, const struct verdict_set *set, run_records *runs,
                      struct verdict_set *last, drift_list *drift, struct error *error)
{
    GUARD(remembered_read(arena, arena_printf(arena, "%s/" REMEMBERED_RUNS, folder), runs, error));
    GUARD(verdicts_read(arena, arena_printf(arena, "%s/" REMEMBERED_VERDICTS, folder), last, error));
    drift_compute(arena, last, set, drift);
    return true;
}

const struct run_record *past_last(const struct past *past)
{
    return past->runs.count == 0 ? NULL : &past->runs.items[past->runs.count - 1];
}
