// The evidence bundle: a folder that appears whole or not at all, with a manifest that holds the hash of every file.
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "model/verdict.h"

struct bundle;

// Begins a bundle that will be `folder`, which must not exist; until bundle_finish all is in `folder`.tmp-PID.
// Everything lives in the arena. bundle_abandon removes what was written.
struct bundle *bundle_begin(struct arena *arena, const char *folder, struct error *error);
bool bundle_add(struct bundle *bundle, const char *path, const char *bytes, size_t length, struct error *error);
// Copies a file in; folders in `path` are made.
bool bundle_copy(struct bundle *bundle, const char *path, const char *from, struct error *error);
// Begins a folder in the bundle.
bool bundle_folder(struct bundle *bundle, const char *path, struct error *error);

struct bundle_about {
    const char *tool_version;
    const char *const *command; // argv
    size_t command_count;
    const char *begin; // RFC 3339 UTC
    const char *end;
    const struct verdict_set *verdicts;
};

// Writes manifest.json and puts the folder in its place.
bool bundle_finish(struct bundle *bundle, const struct bundle_about *about, struct error *error);
void bundle_abandon(struct bundle *bundle);
