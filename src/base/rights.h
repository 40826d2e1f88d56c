// Privileges of this process: capabilities(7), credentials(7).
#pragma once

#include <stdbool.h>

#include "base/error.h"

// Gives up, for good, every capability in every set (permitted, effective, inheritable, ambient, and the bounding set
// where we may), the user and group of a set-user-ID program, and what exec could give (no_new_privs); then reads all
// of it back. Who was root keeps its number, and with it its own files; not the right to those of others.
// ERROR_INCOMPLETE where something could not be given up.
bool rights_drop(struct error *error);
// The same, but for one capability (CAP_...), which stays permitted and effective.
bool rights_keep_only(int capability, struct error *error);

// Whether a capability is effective.
bool rights_hold(int capability);

// Whether this process runs as root without root's right to files of others, which a person may not expect.
bool rights_are_roots_own(void);
