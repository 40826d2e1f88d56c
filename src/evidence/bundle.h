// The evidence bundle: a folder that appears whole or not at all, with a manifest that holds the hash of every file.
#pragma once

#include "base/temporary.h"
#include "evidence/manifest.h"

struct bundle;

// Begins a bundle that will be `folder`, which must not exist; until bundle_finish all is in a temporary folder beside
// it. Everything lives in the arena. bundle_abandon removes what was written.
struct bundle *bundle_begin(struct arena *arena, const char *folder, struct error *error);
struct temporary *bundle_temporary(struct bundle *bundle);

// Adds a file; one that is there already by that name is replaced. Folders in `path` are made.
bool bundle_add(struct bundle *bundle, const char *path, const char *bytes, size_t length, struct error *error);
// Copies a file of any size in.
// The same of what `write` writes, which goes to the disk as it comes.
bool bundle_write(struct bundle *bundle, const char *path, void (*write)(void *context, struct text *out),
                  void *context, struct error *error);
bool bundle_copy(struct bundle *bundle, const char *path, const char *from, struct error *error);
// Lists a file of any size that was written at bundle_path(path).
bool bundle_adopt(struct bundle *bundle, const char *path, struct error *error);
// Takes a file out again, if it is there.
void bundle_drop(struct bundle *bundle, const char *path);
// Begins a folder in the bundle.
bool bundle_folder(struct bundle *bundle, const char *path, struct error *error);
// Where a file of the bundle is now: until bundle_finish in the temporary folder, in the arena.
const char *bundle_path(const struct bundle *bundle, const char *path);
// A path in the temporary folder for what is no part of the bundle.
const char *bundle_scratch_path(const struct bundle *bundle, const char *name);

// Writes manifest.json, whose files it fills in. What stands beside the manifest afterwards (signature, timestamp) is
// added with bundle_seal: it is no part of what the manifest lists. May be called again, which takes those away.
bool bundle_close(struct bundle *bundle, struct manifest *manifest, struct text *document, struct error *error);
bool bundle_seal(struct bundle *bundle, const char *path, const void *bytes, size_t length, struct error *error);
// Puts the folder in its place; where another run was faster, beside that one's, as `folder`-2 or the next that is
// free. *where is the place.
bool bundle_finish(struct bundle *bundle, const char **where, struct error *error);
// Leaves what was written in the temporary folder for good, and gives its path; NULL where that is gone.
const char *bundle_keep(struct bundle *bundle);
void bundle_abandon(struct bundle *bundle);
