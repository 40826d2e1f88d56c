// History: runs, endpoints, and verdicts as intervals of runs, in one SQLite file that is its owner's alone. What does
// not change is written once: a thousand runs of a steady estate cost a thousand short rows.
//
// Verdicts, states and severities stand in it as words, each run with the version that made it; what is read is checked
// row by row, and a row that is wrong is an error that names file, table, row and column.
//
// A series is what runs are compared within: the same accounts seen from the same vantage. Everything of a run is
// written in one transaction: a run is there whole, or not at all.
#pragma once

#include "model/answered.h"
#include "model/run_record.h"

struct history;

// Opens the file, making it and its folders where they are not there, and brings an older schema up to date. NULL where
// it cannot be used, is of a newer version or another program's database (ERROR_USAGE); that is left as it is. `make`
// false: it must be there.
struct history *history_open(struct arena *arena, const char *file, bool make, struct error *error);
// Whether the whole file is sound: its pages, and rows that refer to others; reads all of it.
bool history_is_sound(struct history *history, struct error *error);
void history_close(struct history *history); // NULL is allowed

// Records a run with its verdicts; number is filled in. A run_id that is there already is an error.
bool history_record(struct history *history, struct run_record *run, const struct verdict_set *set,
                    struct error *error);

// Runs in order of recording; of one series unless NULL. `most` latest ones, 0 for all.
bool history_list(struct history *history, const char *series, size_t most, run_records *runs, struct error *error);

// The run whose id begins with `prefix`, which must be one.
bool history_find(struct history *history, const char *prefix, struct run_record *run, struct error *error);

// The verdicts as they were in a run: what history keeps of them.
bool history_verdicts(struct history *history, const struct run_record *run, struct verdict_set *set,
                      struct error *error);

// What the runs of a series saw answer, as it was last known: a run that did not ask, or did not learn, changes
// nothing.
bool history_answered(struct history *history, const char *series, struct answered *answered, struct error *error);

struct history_interval {
    struct verdict verdict;
    const char *first_seen; // begin of the first run that had it
    const char *last_seen;  // of the last run that had it
    const char *gone;       // of the first run that no longer had it, or NULL
    const char *series;
};

typedef VECTOR(struct history_interval) history_intervals;

// All that was ever seen of an address, as it is written, by series, place and time.
bool history_of_address(struct history *history, const char *address, history_intervals *intervals,
                        struct error *error);
