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

// How long what stands for one character is; *literal: that one, or NULL where it stands for any.
static size_t step(const char *at, const char **literal)
{
    bool escaped = *at == '\\' && at[1] != '\0';
    *literal = *at == '?' ? NULL : at + escaped;
    return escaped ? 2 : 1;
}

bool pattern_matches(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL, *literal;
    while (*text != '\0') {
        size_t length = step(pattern, &literal);
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern != '\0' && (literal == NULL || *literal == *text)) {
            pattern += length;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

enum { LONGEST = 512, ANY_ONE = -1, ANY_NUMBER = -2 };

// One number a character; how many there are.
static size_t characters(const char *pattern, int *found)
{
    size_t count = 0;
    const char *literal;
    for (const char *at = pattern; *at != '\0';) {
        size_t length = step(at, &literal);
        found[count++] = *at == '*' ? ANY_NUMBER : literal == NULL ? ANY_ONE : (unsigned char)*literal;
        at += length;
    }
    return count;
}

// meet[j] is whether what is left of one pattern and what is left of the other from j on have a text in common: worked
// out from their ends.
bool patterns_meet(const char *a, const char *b)
{
    int left[LONGEST], right[LONGEST];
    bool meet[LONGEST + 1], next[LONGEST + 1] = {false};
    if (strlen(a) > LONGEST || strlen(b) > LONGEST)
        return true;
    size_t height = characters(a, left), width = characters(b, right);
    for (size_t i = height + 1; i-- > 0;) {
        for (size_t j = width + 1; j-- > 0;) {
            bool ends = i == height, stops = j == width;
            if (ends && stops)
                meet[j] = true;
            else if (!ends && left[i] == ANY_NUMBER)
                meet[j] = next[j] || (!stops && meet[j + 1]);
            else if (!stops && right[j] == ANY_NUMBER)
                meet[j] = meet[j + 1] || (!ends && next[j]);
            else
                meet[j] = !ends && !stops && next[j + 1] &&
                          (left[i] == ANY_ONE || right[j] == ANY_ONE || left[i] == right[j]);
        }
        memcpy(next, meet, (width + 1) * sizeof(*meet));
    }
    return meet[0];
}
