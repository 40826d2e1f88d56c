// Where this process, and what it forks, may still write files: Landlock,
// https://docs.kernel.org/userspace-api/landlock.html
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum landlock_right {
    LANDLOCK_WRITE,   // of a folder, all that is below it: make, write, rename, remove. Of a file: write
    LANDLOCK_FOLDERS, // make, rename and remove folders below it, and no file
};

struct landlock_place {
    const char *path;
    enum landlock_right right;
};

// From here on nothing is written but below these places, and no program is started; reading is as it was. Layers add
// up: a later call only takes away. A place that is not there is left out. Needs no_new_privs (rights.h) and
// Linux 5.19: *version is the kernel's of Landlock. False where it has none, or who confines us already does not allow
// it: the error says why, and all is as before.
bool landlock_limit(const struct landlock_place *places, size_t count, int *version, struct error *error);
