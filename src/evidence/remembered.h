// What evidence holds of the runs before it, so that the report's history and changes can be derived again: the
// history's rows as they were then. Nothing else in the bundle vouches for them; they are the maker's word.
#pragma once

#include "base/json.h"
#include "model/run_record.h"

#define REMEMBERED_RUNS "history/runs.json"
#define REMEMBERED_ANSWERS "history/answered.json"  // what earlier runs saw answer, as sgproof/answered/v1
#define REMEMBERED_VERDICTS "history/verdicts.json" // of the last of them, as sgproof/verdicts/v1

// The document of schema sgproof/remembered/v1: runs in order, the last one last.
void remembered_write(const run_records *runs, struct text *out);
bool remembered_read(struct arena *arena, const char *file, run_records *runs, struct error *error);
