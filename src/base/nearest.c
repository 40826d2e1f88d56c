#include "base/nearest.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum { LONGEST = 40 }; // letters: a longer text is no mistyped word

static int letter(const char *text, size_t i)
{
    return tolower((unsigned char)text[i]);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

// Restricted edit distance (optimal string alignment).
static int distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int rows[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= a_length; i++)
        rows[i][0] = (int)i;
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = (int)j;
    for (size_t i = 1; i <= a_length; i++)
        for (size_t j = 1; j <= b_length; j++) {
            int other = letter(a, i - 1) != letter(b, j - 1);
            rows[i][j] = least(least(rows[i - 1][j], rows[i][j - 1]) + 1, rows[i - 1][j - 1] + other);
            if (i > 1 && j > 1 && letter(a, i - 1) == letter(b, j - 2) && letter(a, i - 2) == letter(b, j - 1))
                rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    return rows[a_length][b_length];
}

const char *nearest_word(const char *text, const char *const *words)
{
    size_t length = strlen(text);
    int best = length <= 4 ? 2 : length <= 8 ? 3 : 4;
    const char *nearest = NULL;
    for (; length > 0 && length <= LONGEST && *words != NULL; words++) {
        size_t other = strlen(*words);
        int apart = other > LONGEST ? best : distance(text, length, *words, other);
        if (apart >= best || apart >= (int)other)
            continue;
        best = apart;
        nearest = *words;
    }
    return nearest;
}
