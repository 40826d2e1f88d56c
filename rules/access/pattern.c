#include "rules/access/pattern.h"

#include <ctype.h>
#include <string.h>

enum { ANY_TEXT = 1, ANY_LETTER = 2, FRESH = 24 };

static bool same(char a, char b, bool any_case)
{
    return a == b || (any_case && tolower((unsigned char)a) == tolower((unsigned char)b));
}

static bool match(const char *pattern, const char *text, bool any_case)
{
    const char *star = NULL, *resumed = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            resumed = text;
        } else if (*pattern == '?' || same(*pattern, *text, any_case)) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++resumed;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

bool pattern_match(const char *pattern, const char *text)
{
    return match(pattern, text, false);
}

bool pattern_match_any_case(const char *pattern, const char *text)
{
    return match(pattern, text, true);
}

bool pattern_is_literal(const char *pattern)
{
    return strpbrk(pattern, "*?") == NULL;
}

const char *pattern_witness(struct arena *arena, const char *pattern, bool shortest)
{
    size_t stars = 0;
    if (pattern_is_literal(pattern))
        return pattern;
    for (const char *at = pattern; *at != '\0'; at++)
        stars += *at == '*';
    char *witness = arena_alloc(arena, strlen(pattern) + stars * FRESH + 1), *out = witness;
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at != '*')
            *out++ = *at == '?' ? ANY_LETTER : *at;
        for (size_t i = 0; *at == '*' && !shortest && i < FRESH; i++)
            *out++ = ANY_TEXT;
    }
    *out = '\0';
    return witness;
}

// ---- Two patterns at once: meets[i][j] tells whether the rest of one from i and of the other from j share a text.

struct meeting {
    const char *left, *right;
    size_t left_length, right_length;
    bool *meets;
};

static bool meets(const struct meeting *of, size_t i, size_t j)
{
    return of->meets[i * (of->right_length + 1) + j];
}

static void fill(struct meeting *of)
{
    for (size_t i = of->left_length + 1; i-- > 0;)
        for (size_t j = of->right_length + 1; j-- > 0;) {
            char a = of->left[i], b = of->right[j];
            bool good = a == '\0' && b == '\0';
            if (a == '*')
                good = meets(of, i + 1, j) || (b != '\0' && meets(of, i, j + 1));
            if (!good && b == '*')
                good = meets(of, i, j + 1) || (a != '\0' && meets(of, i + 1, j));
            if (!good && a != '\0' && b != '\0' && a != '*' && b != '*' && (a == b || a == '?' || b == '?'))
                good = meets(of, i + 1, j + 1);
            of->meets[i * (of->right_length + 1) + j] = good;
        }
}

// Walks through both where they meet, and keeps "*" where both have one.
static const char *walk(struct arena *arena, const struct meeting *of)
{
    char *pattern = arena_alloc(arena, of->left_length + of->right_length + 1), *out = pattern;
    for (size_t i = 0, j = 0; of->left[i] != '\0' || of->right[j] != '\0';) {
        char a = of->left[i], b = of->right[j];
        if (a == '*' && b == '*') {
            if (out == pattern || out[-1] != '*')
                *out++ = '*';
            bool both = meets(of, i + 1, j + 1), left = meets(of, i + 1, j);
            i += both || left;
            j += both || !left;
        } else if (a == '*') {
            bool take = b != '\0' && meets(of, i, j + 1);
            if (take)
                *out++ = b;
            i += !take;
            j += take;
        } else if (b == '*') {
            bool take = a != '\0' && meets(of, i + 1, j);
            if (take)
                *out++ = a;
            j += !take;
            i += take;
        } else {
            *out++ = a == '?' ? b : a;
            i++;
            j++;
        }
    }
    *out = '\0';
    return pattern;
}

const char *pattern_meet(struct arena *arena, const char *left, const char *right)
{
    if (strcmp(left, "*") == 0 || strcmp(left, right) == 0)
        return right;
    if (strcmp(right, "*") == 0)
        return left;
    if (pattern_is_literal(left))
        return pattern_match(right, left) ? left : NULL;
    if (pattern_is_literal(right))
        return pattern_match(left, right) ? right : NULL;
    struct meeting of = {left, right, strlen(left), strlen(right), NULL};
    struct arena *scratch = arena_new();
    of.meets = arena_array(scratch, bool, (of.left_length + 1) * (of.right_length + 1));
    fill(&of);
    const char *met = meets(&of, 0, 0) ? walk(arena, &of) : NULL;
    arena_free(scratch);
    return met;
}
