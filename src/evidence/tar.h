// A bundle as one file: POSIX ustar (IEEE Std 1003.1, pax, "ustar Interchange Format").
#pragma once

#include "evidence/manifest.h"

// Appends an archive of the bundle in `folder` to *out: `name`/ and below it everything that the manifest lists and
// what stands beside it. The same bundle gives the same bytes: sorted, times and owners zero.
bool tar_write(struct arena *arena, const char *folder, const char *name, const struct manifest *manifest,
               struct text *out, struct error *error);
