// A temporary folder of this process, held by a lock for as long as the process lives: so the next run knows those of
// runs that died, however they did, and removes them; by the lock, not by age or process number.
#pragma once

#include "base/arena.h"
#include "base/error.h"

struct temporary {
    const char *path;
    const char *name; // in its parent
    int parent;       // descriptors; -1: it is gone or given up
    int folder;
    int lock;
};

// Letters and digits that nobody can foresee, for a new name; false with errno.
enum { TEMPORARY_DRAWN = 6 };
bool temporary_draw(char drawn[TEMPORARY_DRAWN + 1]);

// Makes `beside`.tmp-XXXXXX, for its owner alone, and first removes what dead runs have left in the folder above it:
// folders of such a name that are ours and hold a lock file that nobody holds. Links are never followed.
bool temporary_make(struct arena *arena, const char *beside, struct temporary *temporary, struct error *error);

// Removes it with all that is in it. May be called from a signal handler.
void temporary_remove(struct temporary *temporary);

// Lets go of it as it is: no later run removes it. Gives its path as it is now, or NULL where it is gone.
const char *temporary_keep(struct arena *arena, struct temporary *temporary);
