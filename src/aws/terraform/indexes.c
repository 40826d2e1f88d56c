// By which index an expression picks one of several instances: "aws_subnet.s[count.index].id" is known from
// "aws_subnet.s[(count.index + 1) % 2].id" by its text alone, as a plan tells of both that they refer to aws_subnet.s
// and to count.index.
// https://developer.hashicorp.com/terraform/language/expressions/references
#include <string.h>

#include "aws/terraform/kinds.h"
#include "aws/terraform/source.h"

// What leaves the order of its arguments as it is.
static const char *const plain[] = {"concat", "compact", "flatten",      "distinct",  "tolist",
                                    "toset",  "element", "nonsensitive", "sensitive", NULL};

static bool is_word(char one)
{
    return (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z') || (one >= '0' && one <= '9') || one == '_' ||
           one == '-';
}

static const char *behind_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static size_t word_length(const char *at)
{
    size_t length = 0;
    while (is_word(at[length]))
        length++;
    return length;
}

static const char *trimmed(struct arena *arena, const char *first, const char *end)
{
    first = behind_blanks(first);
    while (end > first && strchr(" \t\r\n", end[-1]) != NULL)
        end--;
    return arena_strndup(arena, first, end > first ? (size_t)(end - first) : 0);
}

// ".id", ".*" and the like.
static const char *behind_attributes(const char *at)
{
    while (at[0] == '.' && (is_word(at[1]) || at[1] == '*'))
        at += at[1] == '*' ? 2 : 1 + word_length(at + 1);
    return at;
}

// Reads what stands behind a reference: "[INDEX].attribute", ".*.attribute[INDEX]", or the rest of
// "element(REFERENCE[*].attribute, INDEX)". False where it picks none of them.
static bool read_index(struct arena *arena, const char *at, bool of_element, struct source_index *index)
{
    bool all = strncmp(at, "[*]", 3) == 0;
    const char *attributes = all ? at + 3 : at, *end = behind_attributes(attributes);
    size_t length = index_length(end);
    if (length > 0) {
        index->index = trimmed(arena, end + 1, end + length - 1);
        const char *rest = end + length;
        index->behind = end > attributes ? arena_strndup(arena, attributes, (size_t)(end - attributes))
                                         : arena_strndup(arena, rest, (size_t)(behind_attributes(rest) - rest));
    } else if (of_element && *(at = behind_blanks(end)) == ',') {
        index->index = trimmed(arena, at + 1, at + 1 + strcspn(at + 1, ")"));
        index->behind = arena_strndup(arena, attributes, (size_t)(end - attributes));
        index->wraps = true;
    } else {
        return false;
    }
    index->behind = strncmp(index->behind, ".*", 2) == 0 ? index->behind + 2 : index->behind;
    return strcmp(index->index, "*") != 0;
}

bool source_index_read(struct arena *arena, const char *text, const char *reference, struct source_index *index)
{
    size_t length = strlen(reference);
    bool found = false, of_element = false;
    for (const char *at = text; *at != '\0';) {
        if (!is_word(*at)) {
            if (strchr("[](),.*{}$\" \t\r\n", *at) == NULL)
                return false; // an operator, a condition, a comment: not followed
            of_element = of_element && strchr("( \t\r\n", *at) != NULL;
            at++;
            continue;
        }
        if (strncmp(at, reference, length) == 0 && !is_word(at[length])) {
            struct source_index one = {0};
            if (!read_index(arena, at + length, of_element, &one) ||
                (found && (strcmp(one.index, index->index) != 0 || strcmp(one.behind, index->behind) != 0)))
                return false;
            *index = one;
            found = true;
        }
        size_t word = word_length(at);
        const char *name = arena_strndup(arena, at, word);
        bool call = *behind_blanks(at + word) == '(';
        if ((call && !text_among(name, plain)) || strcmp(name, "for") == 0)
            return false;
        of_element = call && strcmp(name, "element") == 0;
        at = behind_attributes(at + word);
    }
    return found;
}
