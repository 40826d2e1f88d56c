#include "base/pattern.h"

#include <string.h>

bool pattern_covers(const char *pattern, const char *other)
{
    const char *star = NULL, *retry = NULL;
    if (strchr(pattern, '\\') != NULL || strchr(other, '\\') != NULL)
        return strcmp(pattern, other) == 0;
    while (*other != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            retry = other;
        } else if (*other != '*' && (*pattern == *other || *pattern == '?')) {
            pattern++;
            other++;
        } else if (star != NULL) { // the star takes one character more
            pattern = star + 1;
            other = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}
