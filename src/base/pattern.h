// Patterns as AWS has them for hosts and paths: "*" stands for any number of characters, "?" for one.
#pragma once

#include <stdbool.h>

// Whether a pattern surely matches whatever another one does: what is wild in that one is matched by a star of the
// first alone. False where it is not sure; one with a backslash covers only itself.
bool pattern_covers(const char *pattern, const char *other);

// Whether a pattern matches a text; a backslash takes what follows it as it is.
bool pattern_matches(const char *pattern, const char *text);

// Whether some text may be matched by both; true of ones that are longer than 512 bytes, which AWS's are not.
bool patterns_meet(const char *a, const char *b);
