// Whole files in, whole files out.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

// The bytes of a file, NUL-terminated beyond `length`; at most 1 GiB. The caller frees them with free().
char *file_read(const char *path, size_t *length, struct error *error);

// Writes to `path`.tmp-PID beside it, then renames: readers see the old file or the new one, never a half.
bool file_write(const char *path, const char *bytes, size_t length, struct error *error);

// Makes the folder `path` (its parent must exist). Fails where something is there already.
bool file_make_folder(const char *path, struct error *error);

// Removes a folder and all below it; best effort, for cleaning up after a failure.
void file_remove_tree(const char *path);
