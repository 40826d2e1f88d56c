// What the stages of a run before and after the probe have in common.
#pragma once

#include "pipeline/run_stages.h"

// Notes a step that failed, and why: the evidence tells of it, and is incomplete.
void run_note(struct run_job *job, const char *step, const struct error *why);

// Adds a file to the bundle: as text, or as it is derived.
bool run_add_text(struct run_job *job, const char *path, const struct text *text, struct error *error);
bool run_add_derived(struct run_job *job, int file, struct error *error);

// Reads AWS, or else the snapshot again, into the folder `name` of the bundle.
bool run_read_configuration(struct run_job *job, const char *name, struct error *error);

// Without what was remembered the run is compared with nothing.
void run_forget_past(struct run_job *job);
