// A bundle as one file: POSIX ustar (IEEE Std 1003.1, pax, "ustar Interchange Format").
#pragma once

#include <assert.h>

#include "evidence/manifest.h"

enum { TAR_BLOCK = 512 };

// Offsets and sizes of the fields: IEEE Std 1003.1, pax, table "ustar Header Block".
struct tar_header {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char link[100];
    char magic[6];
    char version[2];
    char user[32];
    char group[32];
    char major[8];
    char minor[8];
    char prefix[155];
    char rest[12];
};
static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a header is one block");

// Appends an archive of the bundle in `folder` to *out: `name`/ and below it everything that the manifest lists and
// what stands beside it. ERROR_USAGE where a file is not the one that the manifest lists. The same bundle gives the
// same bytes: sorted, times and owners zero.
bool tar_write(struct arena *arena, const char *folder, const char *name, const struct manifest *manifest,
               struct text *out, struct error *error);
