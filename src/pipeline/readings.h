// What the readings of a bundle tell of themselves: before/snapshot.json and after/snapshot.json, where `sgproof read`
// or `run` made them.
#pragma once

#include "pipeline/derive.h"
#include "evidence/check.h"

// When a reading ("before" or "after") ended, as it says, in the arena; NULL where it does not say.
const char *read_until(struct arena *arena, const char *folder, const struct manifest *manifest, const char *reading);

// Whether the records of a snapshot folder, of nested folders too, can be believed: they tell moments that have been,
// and the files beside them are those that were read. A run that takes it makes evidence of that, which would not hold
// else. ERROR_USAGE.
bool reading_can_be_taken(struct arena *arena, const char *folder, struct error *error);

// What the records of a bundle's readings, of nested folders too, contradict of when its packets left, in words in the
// arena; NULL where nothing: before/ and base/ were read before the first one, after/ after the last one.
const char *readings_packets_difference(struct arena *arena, const struct checked_bundle *bundle, uint64_t first_us,
                                        uint64_t last_us);

// Checks the readings of a bundle against each other and against the run: when they were made, and that after/ tells of
// every account and region that before/ does. Says only what is wrong, what the records leave out, and what shows
// nothing. After derive_again; when the
// first packet left is for pipeline/packets.h.
void readings_check(struct checks *checks, const struct checked_bundle *bundle, const struct derivation *derivation);
