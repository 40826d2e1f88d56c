// Account and region in a document's path: ACCOUNT/REGION/file.json, as `sgproof read` lays snapshots out, or either of
// them in a folder's or the file's name.
#include <string.h>

#include "aws/documents/completeness.h"

static bool is_account(const char *text, size_t length)
{
    return length == 12 && strspn(text, "0123456789") >= 12;
}

// "eu-west-3", "us-gov-east-1", "us-iso-east-1": letters, then words of letters, then a number. "global" is where
// `sgproof read` puts what is of an account as a whole.
static size_t region_at(const char *text)
{
    size_t at = strspn(text, "abcdefghijklmnopqrstuvwxyz"), words = 1;
    if (at == 6 && strncmp(text, "global", 6) == 0)
        return 6;
    if (at != 2 && (at < 3 || at > 5)) // eu, us, usgov is no prefix of AWS's, eusc is
        return 0;
    while (text[at] == '-') {
        size_t letters = strspn(text + at + 1, "abcdefghijklmnopqrstuvwxyz");
        if (letters == 0)
            break;
        at += 1 + letters;
        words++;
    }
    if (text[at] != '-' || words < 2 || words > 4)
        return 0;
    size_t digits = strspn(text + at + 1, "0123456789");
    return digits == 0 || digits > 2 ? 0 : at + 1 + digits;
}

static bool ends_word(char byte)
{
    return byte == '\0' || strchr("/._ -", byte) != NULL;
}

struct document_place place_of_path(struct arena *arena, const char *path)
{
    struct document_place place = {0};
    for (const char *at = path; *at != '\0'; at++) {
        if (at != path && !ends_word(at[-1]))
            continue;
        if (is_account(at, strcspn(at, "/._ -")))
            place.account = arena_strndup(arena, at, 12);
        size_t length = region_at(at);
        if (length > 0 && ends_word(at[length]) && (length != 6 || at[length] == '/')) {
            place.region = arena_strndup(arena, at, length);
            at += length - 1;
        }
    }
    return place;
}
