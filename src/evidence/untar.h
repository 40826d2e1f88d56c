// A bundle that comes as one file: what tar_write makes, and what GNU tar, bsdtar and Python make of a bundle's folder.
#pragma once

#include "base/arena.h"
#include "base/error.h"

// Unpacks an archive into `folder`, which is there and empty, and gives the folder below it that the evidence is. Only
// regular files and folders are taken, each once, none outside `folder`; anything else is ERROR_USAGE, and so is what
// is compressed: nothing becomes larger than the archive. NULL with the error where it is none; what was unpacked
// stays.
const char *tar_unpack(struct arena *arena, const char *file, const char *folder, struct error *error);
