// What the readings of a bundle tell of themselves: before/snapshot.json and after/snapshot.json, where `sgproof read`
// or `run` made them.
#pragma once

#include "evidence/manifest.h"

// When a reading ("before" or "after") ended, as it says, in the arena; NULL where it does not say.
const char *read_until(struct arena *arena, const char *folder, const struct manifest *manifest, const char *reading);
