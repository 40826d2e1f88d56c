// Evidence folders as inputs of other commands: what is read of one must be what was sealed. That says nothing of who
// sealed it, nor that it follows: `sgproof verify` does.
#pragma once

#include "evidence/manifest.h"

// Of a folder that is read as evidence, and of one that is read as a snapshot: whether it is not the other thing.
// ERROR_USAGE says what it is, and what to type.
bool evidence_is_there(struct arena *arena, const char *folder, struct error *error);
bool evidence_is_none(const char *folder, struct error *error);
// The manifest of an evidence folder, which must be the hash of itself. ERROR_USAGE where it is not.
bool evidence_manifest(struct arena *arena, const char *folder, struct manifest *manifest, struct error *error);
// The verdicts of an evidence folder.
bool evidence_verdicts(struct arena *arena, const char *folder, struct verdict_set *set, struct error *error);
// Of a folder that is read as a snapshot: where it is evidence, or lies in some, each document of it must be as it was
// sealed, and no other be there. Of any other folder nothing is asked.
bool evidence_documents_hold(const char *folder, struct error *error);
// Of a file that is read: the same, where it lies in evidence. Of what is no regular file nothing is asked.
bool evidence_input_holds(const char *path, struct error *error);
// Whether what a run was judged by and came to (observations, verdicts and what it knew before, where they are there)
// is as it was sealed.
bool evidence_holds(struct arena *arena, const char *folder, const struct manifest *manifest, struct error *error);
