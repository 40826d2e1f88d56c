// What a bundle holds beside what follows from it: files that nothing is derived from, and what it remembers of others.
#pragma once

#include "pipeline/derive.h"
#include "evidence/check.h"

// The first file of the manifest that evidence does not have: nothing follows from it, and it follows from nothing.
// NULL where there is none. ERROR_INCOMPLETE where this machine could not look.
const char *verify_stranger(struct arena *arena, const struct checked_bundle *bundle, struct error *error);

// Checks what the bundle says of earlier runs against those of them that are given beside it: `bundles`, itself among
// them. Says nothing where it remembers none.
void verify_history(struct checks *checks, const struct checked_bundle *bundle, const struct derivation *derivation,
                    const struct checked_bundle *bundles, size_t count);
