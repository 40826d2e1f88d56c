// What the commands that make evidence have in common before the first stage: privileges, and everything that can be
// checked before anything is done.
#pragma once

#include "cli/run_stages.h"

// Before an option or a file is looked at, who signs is forked, what needs the right to raw sockets is opened, and
// every privilege given up; then `with`, whose exit status it gives.
int run_privileged(struct arena *arena, int argc, char **argv,
                   int (*with)(struct arena *arena, struct signer *signer, struct probe_raw *raw, int argc,
                               char **argv));

// --out without slashes at its end, else NAME-TIME.
const char *run_out(struct arena *arena, const struct options *options, const char *name);

// Checks the options that all of them have, and fills in the job by them: `snapshot` and `out` are there. `depth` is
// that of the plan where no --depth is given.
bool run_check(struct run_job *job, const char *depth, struct error *error);
