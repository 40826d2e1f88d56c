// The evidence bundle: a folder that appears whole or not at all, with a manifest that holds the hash of every file.
#pragma once

#include "evidence/manifest.h"

struct bundle;

// Begins a bundle that will be `folder`, which must not exist; until bundle_finish all is in `folder`.tmp-PID.
// Everything lives in the arena. bundle_abandon removes what was written.
struct bundle *bundle_begin(struct arena *arena, const char *folder, struct error *error);
bool bundle_add(struct bundle *bundle, const char *path, const char *bytes, size_t length, struct error *error);
// Copies a file of any size in; folders in `path` are made.
bool bundle_copy(struct bundle *bundle, const char *path, const char *from, struct error *error);
// Begins a folder in the bundle.
bool bundle_folder(struct bundle *bundle, const char *path, struct error *error);
// Where a file of the bundle is now: until bundle_finish under the temporary name, in the arena.
const char *bundle_path(const struct bundle *bundle, const char *path);

// Writes manifest.json, whose files it fills in. What stands beside the manifest afterwards (signature, timestamp) is
// added with bundle_seal: it is no part of what the manifest lists.
bool bundle_close(struct bundle *bundle, struct manifest *manifest, struct text *document, struct error *error);
bool bundle_seal(struct bundle *bundle, const char *path, const void *bytes, size_t length, struct error *error);
// Puts the folder in its place.
bool bundle_finish(struct bundle *bundle, struct error *error);
void bundle_abandon(struct bundle *bundle);
