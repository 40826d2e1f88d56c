// What a run knows of the runs before it, and how it is remembered itself.
#pragma once

#include "model/answered.h"
#include "model/exposure.h"
#include "history/history.h"
#include "verdicts/drift.h"

struct past {
    struct arena *arena;
    struct history *history; // NULL: --no-history, or nowhere to keep it
    const char *series;
    run_records runs;         // of the series, the latest ones
    struct verdict_set last;  // of the last run
    struct answered answered; // by all of the series, as it was last known
};

// Opens the history (NULL: there is none), before anything is done that would be in vain.
bool past_open(struct past *past, struct arena *arena, const char *file, struct error *error);
// The same, only to look at it: nothing is made where nothing is there.
bool past_open_to_look(struct past *past, struct arena *arena, const char *file, struct error *error);
// Looks up what is known from before this run. `series` may be NULL: it is that of the accounts of the endpoints
// and the vantage (or NULL).
bool past_recall(struct past *past, const char *series, const struct exposure_set *exposures, const char *vantage,
                 struct error *error);
void past_close(struct past *past);
// The same where it could not be read: nothing of it is known then, and nothing is added to it.
void past_forget(struct past *past);

// What a run's evidence (a folder, or a file of verdicts alone) knows to answer: what it saw itself, and what was known
// before it. A folder without verdicts knows nothing of its own.
bool past_answers(struct arena *arena, const char *evidence, struct answered *answered, struct error *error);
// Takes the run of an evidence folder for the last one: where it is of the series, what came after it is left out, else
// all of the series is.
bool past_follow(struct past *past, const char *folder, struct error *error);

// What evidence tells of the runs before it: their records, the verdicts of the last of them, and what has changed
// since in `set`.
bool past_of_evidence(struct arena *arena, const char *folder, const struct verdict_set *set, run_records *runs,
                      struct verdict_set *last, drift_list *drift, struct error *error);

// What of the runs that are remembered cannot be, in words; NULL where nothing: rows that are none, a run twice, one
// that ended after `now` (seconds since 1970), or a last one that does not count as its verdicts do.
const char *past_difference(struct arena *arena, const run_records *runs, const struct verdict_set *last, int64_t now);

// The run before this one, or NULL.
const struct run_record *past_last(const struct past *past);
