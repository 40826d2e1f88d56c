// Files of sgproof that stand where another kind is expected: told by what they are, and what to type.
#pragma once

#include "base/error.h"

// Whether the file at `path` may be what is `wanted` (the name in its schema: "verdicts", "plan"..., "observations";
// NULL: no file of ours at all), `expected` in words. False, ERROR_USAGE, only where it is another file of ours;
// whoever reads it says what else is wrong with it.
bool file_kind_may_be(const char *path, const char *wanted, const char *expected, struct error *error);
