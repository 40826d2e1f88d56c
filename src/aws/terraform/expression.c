// What a Terraform expression says besides what its references lead to: the ids that it writes out, whether it chooses,
// and whether some of it is not followed. Nothing is evaluated: what is no list of ids, references and functions that
// join them is opaque.
// https://developer.hashicorp.com/terraform/language/expressions
#include <string.h>

#include "aws/terraform/kinds.h"
#include "aws/terraform/source.h"

// What has all of its arguments in its result, and what has some of them.
static const char *const joining[] = {"concat",  "compact", "flatten",  "distinct",     "tolist",    "toset",    "sort",
                                      "reverse", "values",  "setunion", "nonsensitive", "sensitive", "tostring", NULL};
static const char *const choosing[] = {
    "try", "coalesce", "coalescelist", "element",         "one",         "slice", "lookup",
    "can", "length",   "contains",     "setintersection", "setsubtract", NULL};

enum { DEEPEST = 8 };

static bool is_letter(char one)
{
    return (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z') || one == '_';
}

static bool is_digit(char one)
{
    return one >= '0' && one <= '9';
}

static size_t name_length(const char *at)
{
    size_t length = 0;
    while (is_letter(at[length]) || is_digit(at[length]) || (length > 0 && at[length] == '-'))
        length++;
    return length;
}

static const char *behind_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static void read(struct arena *arena, const char *text, struct source_expression *into, int depth);

// "sg-0a1b", and not "sg-0a1b,sg-2c3d".
static bool is_one_id(const char *text)
{
    return is_an_id(text) && text[strcspn(text, ", \t\n|;%$\"\\")] == '\0';
}

// A text: an id, one template alone, or something else, which is an id only where templates make it one.
static void read_text(struct arena *arena, const char *text, struct source_expression *into, int depth)
{
    size_t length = strlen(text);
    const char *first = strstr(text, "${");
    if (is_one_id(text)) {
        *vector_add(arena, &into->list.literals) = text;
    } else if (first == text && length > 2 && text[length - 1] == '}' && strstr(text + 2, "${") == NULL) {
        read(arena, arena_strndup(arena, text + 2, length - 3), into, depth + 1);
    } else if (first != NULL || strstr(text, "%{") != NULL || is_an_id(text)) {
        into->opaque = true;
    }
}

// Behind the closing quote of the text that begins at `at`.
static const char *text_end(const char *at)
{
    int depth = 0; // of templates
    for (at++; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        else if ((*at == '$' || *at == '%') && at[1] == '{')
            depth++, at++;
        else if (*at == '}' && depth > 0)
            depth--;
        else if (*at == '"' && depth == 0)
            return at + 1;
    }
    return at;
}

// "var.NAME", "module.NAME.OUTPUT", "local.NAME", "each.value", a resource, or a function. Behind what was read.
static const char *read_name(struct arena *arena, const char *at, struct source_expression *into)
{
    size_t length = name_length(at);
    const char *word = arena_strndup(arena, at, length), *rest = behind_blanks(at + length);
    if (*rest == '(') {
        into->list.chosen = into->list.chosen || text_among(word, choosing);
        into->opaque = into->opaque || (!text_among(word, joining) && !text_among(word, choosing));
        return rest;
    }
    if (strcmp(word, "if") == 0)
        into->list.chosen = true;
    if (*rest != '.')
        return at + length;
    const char *name = arena_strndup(arena, rest + 1, name_length(rest + 1));
    at = rest + 1 + strlen(name);
    if (strcmp(word, "var") == 0)
        *vector_add(arena, &into->inputs) = name;
    else if (strcmp(word, "each") == 0 && strcmp(name, "value") == 0)
        into->opaque = true;
    else if (strcmp(word, "module") == 0) {
        at += index_length(at);
        size_t output = *at == '.' ? name_length(at + 1) : 0;
        if (output == 0)
            into->opaque = true;
        else
            *vector_add(arena, &into->outputs) = arena_printf(arena, "%s.%.*s", name, (int)output, at + 1);
        at += output > 0 ? output + 1 : 0;
    }
    while ((*at == '.' && (is_letter(at[1]) || at[1] == '*' || is_digit(at[1]))) || (at[0] == '[' && at[1] == '"'))
        at += *at == '[' ? (index_length(at) > 0 ? index_length(at) : 1) : at[1] == '*' ? 2 : 1 + name_length(at + 1);
    return at;
}

static void read(struct arena *arena, const char *text, struct source_expression *into, int depth)
{
    if (depth == DEEPEST) {
        into->opaque = true;
        return;
    }
    for (const char *at = text; *at != '\0';) {
        if (*at == '#' || (at[0] == '/' && at[1] == '/')) {
            at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            const char *end = strstr(at + 2, "*/");
            at = end == NULL ? at + strlen(at) : end + 2;
        } else if (*at == '"') {
            const char *end = text_end(at);
            size_t length = (size_t)(end - at);
            read_text(arena, arena_strndup(arena, at + 1, length < 2 ? 0 : length - 2), into, depth);
            at = end;
        } else if (at[0] == '<' && at[1] == '<') {
            into->opaque = true; // a heredoc
            at += strlen(at);
        } else if (is_letter(*at)) {
            at = read_name(arena, at, into);
        } else {
            into->list.chosen = into->list.chosen || *at == '?';
            at++;
        }
    }
}

void source_expression_read(struct arena *arena, const char *text, struct source_expression *expression)
{
    read(arena, text, expression, 0);
}
