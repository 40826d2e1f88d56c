// What the commands that make evidence have in common before the first stage: privileges, and everything that can be
// checked before anything is done.
#pragma once

#include "pipeline/run_stages.h"

// Before an option or a file is looked at, who signs is forked, what needs the right to raw sockets is opened, and
// every privilege given up; then `with`, whose exit status it gives.
int run_privileged(struct arena *arena, int argc, char **argv,
                   int (*with)(struct arena *arena, struct signer *signer, struct probe_raw *raw, int argc,
                               char **argv));

// Gives up, once the options are read, what they do not ask for: raw sockets of an estimate, and who would sign.
void run_give_up(const struct run_job *job);

// What the checks have let through (`good`; else *error says why not): the estimate, or the work and then `conclude`,
// with `context`. The exit status; the job is freed.
int run_through(struct run_job *job, bool good, int argc, char **argv,
                int (*conclude)(struct run_job *job, void *context), void *context, struct error *error);

// --out without slashes at its end, else NAME-TIME.
const char *run_out(struct arena *arena, const struct options *options, const char *name);

// Checks the options that all of them have, and fills in the job by them: `snapshot` and `out` are there. `depth` is
// that of the plan where no --depth is given.
bool run_check(struct run_job *job, const char *depth, struct error *error);
