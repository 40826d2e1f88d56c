// Places that commands write to, and what they must not touch there.
#pragma once

#include "base/error.h"

// Whether a file or folder may be put at `path`, as far as it lies in evidence: an evidence folder takes nothing in
// and nothing of it is written over, or `verify` would find it changed. ERROR_USAGE.
bool place_is_outside_evidence(const char *path, struct error *error);

// The same, and file_may_write.
bool place_may_write(const char *path, struct error *error);

// What this command makes from here on (evidence, snapshots, captures, history) is for its owner alone: 0600 and 0700.
void place_keep_private(void);
