// What a run must have asked again: history/answered.json follows from what runs before it saw.
#pragma once

#include "pipeline/derive.h"
#include "evidence/check.h"

// Checks that all that is known to have answered before stands in the bundle's REMEMBERED_ANSWERS, so that it was
// planned: what its own REMEMBERED_VERDICTS tell, and what those of `bundles` tell that it follows. Says only what is
// wrong, or could not be read.
void verify_answered(struct checks *checks, const struct checked_bundle *bundle, const struct derivation *derivation,
                     const struct checked_bundle *bundles, size_t count);
// Of a change: that its base/ is the before/ of the evidence that it follows, where that is given.
void verify_base(struct checks *checks, const struct checked_bundle *bundle, const struct derivation *derivation,
                 const struct checked_bundle *bundles, size_t count);
// The bundle whose manifest has that hash; NULL where it is not given.
const struct checked_bundle *bundle_of(const struct checked_bundle *bundles, size_t count, const char *sha256);
