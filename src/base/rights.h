// Privileges of this process: capabilities(7).
#pragma once

#include <stdbool.h>

#include "base/error.h"

// Gives up, for good, all capabilities but those of the superuser over files, which reading and writing as root may
// need, and looks whether they are gone. `bars`: none can be gained by exec either (no_new_privs). ERROR_INCOMPLETE where
// they could not be given up.
bool rights_drop(bool bars, struct error *error);
