// The blocks of one file of a Terraform configuration: comments, texts with templates in them, heredocs and brackets
// are understood as far as it takes to know where a block of the file itself begins.
#include <string.h>

#include "aws/terraform/kinds.h"
#include "aws/terraform/source.h"

struct scanner {
    struct arena *arena;
    const char *at;
    const char *end;
    size_t line;
};

static bool is_name(char one)
{
    return (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z') || (one >= '0' && one <= '9') || one == '_' ||
           one == '-';
}

static bool stands(const struct scanner *scanner, const char *text)
{
    size_t length = strlen(text);
    return (size_t)(scanner->end - scanner->at) >= length && memcmp(scanner->at, text, length) == 0;
}

static void step(struct scanner *scanner)
{
    scanner->line += *scanner->at == '\n';
    scanner->at++;
}

static void skip_line(struct scanner *scanner)
{
    while (scanner->at < scanner->end && *scanner->at != '\n')
        scanner->at++;
}

// Behind a text's closing quote. Quotes within "${...}" and "%{...}" are of texts within: how deep they lie is counted,
// not followed.
static void skip_text(struct scanner *scanner)
{
    enum { DEEPEST = 64 };
    bool inside[DEEPEST] = {true}; // a text, else a template within one
    int depth = 0;
    step(scanner);
    while (scanner->at < scanner->end && depth >= 0) {
        bool in_text = inside[depth];
        if (in_text && *scanner->at == '\\' && scanner->at + 1 < scanner->end) {
            step(scanner);
        } else if (in_text && (stands(scanner, "$${") || stands(scanner, "%%{"))) {
            scanner->at += 2;
        } else if (in_text && (stands(scanner, "${") || stands(scanner, "%{")) && depth + 1 < DEEPEST) {
            scanner->at++;
            inside[++depth] = false;
        } else if (*scanner->at == '"') {
            if (in_text)
                depth--;
            else if (depth + 1 < DEEPEST)
                inside[++depth] = true;
        } else if (!in_text && *scanner->at == '{' && depth + 1 < DEEPEST) {
            inside[++depth] = false;
        } else if (!in_text && *scanner->at == '}') {
            depth--;
        } else if (in_text && depth == 0 && *scanner->at == '\n') {
            return; // a plain text ends with its line: what is broken costs one line
        }
        step(scanner);
    }
}

// "<<EOF" or "<<-EOF": up to the line that holds the name alone.
static void skip_heredoc(struct scanner *scanner)
{
    const char *name = scanner->at + 2 + (scanner->at + 2 < scanner->end && scanner->at[2] == '-');
    size_t length = 0;
    while (name + length < scanner->end && is_name(name[length]))
        length++;
    scanner->at += 2;
    if (length == 0)
        return;
    for (skip_line(scanner); scanner->at < scanner->end; skip_line(scanner)) {
        step(scanner);
        const char *first = scanner->at;
        while (first < scanner->end && (*first == ' ' || *first == '\t'))
            first++;
        const char *last = first + length;
        if ((size_t)(scanner->end - first) < length || memcmp(first, name, length) != 0)
            continue;
        while (last < scanner->end && (*last == ' ' || *last == '\t' || *last == '\r'))
            last++;
        if (last == scanner->end || *last == '\n') {
            scanner->at = last;
            return;
        }
    }
}

static bool skip_comment(struct scanner *scanner)
{
    if (*scanner->at == '#' || stands(scanner, "//")) {
        skip_line(scanner);
        return true;
    }
    if (!stands(scanner, "/*"))
        return false;
    for (scanner->at += 2; scanner->at < scanner->end && !stands(scanner, "*/"); step(scanner))
        ;
    scanner->at += scanner->at < scanner->end ? 2 : 0;
    return true;
}

static const char *name_at(struct scanner *scanner)
{
    const char *first = scanner->at;
    while (scanner->at < scanner->end && is_name(*scanner->at))
        scanner->at++;
    return arena_strndup(scanner->arena, first, (size_t)(scanner->at - first));
}

static const char *text_at(struct scanner *scanner)
{
    const char *first = scanner->at + 1;
    skip_text(scanner);
    size_t length = scanner->at > first ? (size_t)(scanner->at - first) - 1 : 0;
    return arena_strndup(scanner->arena, first, length);
}

static void skip_blanks(struct scanner *scanner)
{
    while (scanner->at < scanner->end && (*scanner->at == ' ' || *scanner->at == '\t'))
        scanner->at++;
}

bool source_keeps(const struct source_block *block, const char *key)
{
    static const char *const blocks[] = {"ingress", "egress", "route", "entry", "subnet_mapping", NULL};
    if (block->kind == BLOCK_MODULE)
        return strcmp(key, "source") != 0;
    if (block->kind == BLOCK_OUTPUT)
        return strcmp(key, "value") == 0;
    if (block->kind == BLOCK_VARIABLE)
        return strcmp(key, "type") == 0 || strcmp(key, "nullable") == 0;
    if (block->kind == BLOCK_DATA)
        return strcmp(key, "id") == 0 || strcmp(key, "for_each") == 0;
    if (block->kind == BLOCK_LOCALS)
        return true;
    return block->kind == BLOCK_RESOURCE &&
           (kind_types(key) != NULL || text_among(key, blocks) || strcmp(key, "for_each") == 0 ||
            strncmp(key, "dynamic ", 8) == 0 || strcmp(key, "launch_template.id") == 0);
}

// Behind an expression: it ends with its line, or with the block that it is the last of, but for brackets.
static const char *expression_at(struct scanner *scanner)
{
    const char *first = scanner->at;
    size_t depth = 0;
    while (scanner->at < scanner->end) {
        char one = *scanner->at;
        if (depth == 0 && (one == '\n' || one == '}'))
            break;
        if (skip_comment(scanner))
            continue;
        if (one == '"') {
            skip_text(scanner);
        } else if (stands(scanner, "<<")) {
            skip_heredoc(scanner);
        } else {
            depth += one == '(' || one == '[' || one == '{';
            depth -= depth > 0 && (one == ')' || one == ']' || one == '}');
            step(scanner);
        }
    }
    return arena_strndup(scanner->arena, first, (size_t)(scanner->at - first));
}

// The keyword of a block, its labels and its opening brace; adds it. False where it is something else.
static bool begin_block(struct scanner *scanner, const char *word, size_t line, struct source_blocks *blocks)
{
    static const struct {
        const char *word;
        int kind;
        int labels;
    } kinds[] = {{"resource", BLOCK_RESOURCE, 2}, {"data", BLOCK_DATA, 2},     {"module", BLOCK_MODULE, 1},
                 {"output", BLOCK_OUTPUT, 1},     {"locals", BLOCK_LOCALS, 0}, {"variable", BLOCK_VARIABLE, 1}};
    enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };
    const char *labels[2] = {"", ""};
    size_t kind = 0;
    while (kind < KINDS && strcmp(word, kinds[kind].word) != 0)
        kind++;
    for (int i = kind < KINDS ? 2 - kinds[kind].labels : 2; i < 2; i++) {
        skip_blanks(scanner);
        if (scanner->at < scanner->end && *scanner->at == '"')
            labels[i] = text_at(scanner);
        else if (scanner->at < scanner->end && is_name(*scanner->at))
            labels[i] = name_at(scanner);
        else
            return false;
    }
    skip_blanks(scanner);
    if (kind == KINDS || scanner->at == scanner->end || *scanner->at != '{')
        return false;
    struct source_block *block = vector_add(scanner->arena, &blocks->items);
    *block = (struct source_block){.type = labels[0], .name = labels[1], .line = line};
    block->kind = kinds[kind].kind;
    return true;
}

// `KEY = ...`: with `source` of a module's call where that is a text.
static void take_argument(struct scanner *scanner, struct source_block *block, const char *key)
{
    scanner->at++; // the "="
    skip_blanks(scanner);
    if (block->kind == BLOCK_MODULE && strcmp(key, "source") == 0 && block->source == NULL &&
        scanner->at < scanner->end && *scanner->at == '"')
        block->source = text_at(scanner);
    const char *text = expression_at(scanner);
    if (source_keeps(block, key))
        *vector_add(scanner->arena, &block->arguments) = (struct source_argument){key, text};
}

// `dynamic "LABEL"` of a resource.
static void take_dynamic(struct scanner *scanner, struct source_block *block)
{
    skip_blanks(scanner);
    if (scanner->at < scanner->end && *scanner->at == '"')
        *vector_add(scanner->arena, &block->dynamic) = text_at(scanner);
    else if (scanner->at < scanner->end && is_name(*scanner->at))
        *vector_add(scanner->arena, &block->dynamic) = name_at(scanner);
}

// Whether "=" follows a name.
static bool is_set(struct scanner *scanner)
{
    skip_blanks(scanner);
    return stands(scanner, "=") && !stands(scanner, "==") && !stands(scanner, "=>");
}

// By which name an argument at this depth is kept: a for_each is of the block itself, or of the dynamic block in it
// that began last; an id is of the block that it stands in.
static const char *named(const struct source_block *block, struct arena *arena, const char *inner, const char *word,
                         size_t depth)
{
    bool dynamic = strcmp(inner, "dynamic") == 0 && block->dynamic.count > 0;
    const char *label = dynamic ? block->dynamic.items[block->dynamic.count - 1] : inner;
    if (depth < 2 || (strcmp(word, "for_each") != 0 && strcmp(word, "id") != 0))
        return word;
    if (word[0] == 'f')
        return dynamic && depth == 2 ? arena_printf(arena, "dynamic %s", label) : "";
    return arena_printf(arena, "%s.id", label);
}

void source_blocks_read(struct arena *arena, const char *bytes, size_t length, struct source_blocks *blocks)
{
    struct scanner scanner = {arena, bytes, bytes + length, 1};
    size_t depth = 0;
    struct source_block *current = NULL; // whose members these are
    const char *inner = "";              // the block in it, or "dynamic"
    while (scanner.at < scanner.end) {
        if (skip_comment(&scanner))
            continue;
        if (*scanner.at == '"') {
            skip_text(&scanner);
        } else if (stands(&scanner, "<<")) {
            skip_heredoc(&scanner);
        } else if (is_name(*scanner.at)) {
            size_t line = scanner.line;
            const char *word = name_at(&scanner);
            bool set = depth > 0 && current != NULL && is_set(&scanner);
            inner = depth == 1 && !set ? word : inner;
            if (depth == 0)
                current =
                    begin_block(&scanner, word, line, blocks) ? &blocks->items.items[blocks->items.count - 1] : NULL;
            else if (set)
                take_argument(&scanner, current, named(current, arena, inner, word, depth));
            else if (depth == 1 && current != NULL && strcmp(word, "dynamic") == 0)
                take_dynamic(&scanner, current);
        } else {
            depth += *scanner.at == '{';
            depth -= *scanner.at == '}' && depth > 0;
            step(&scanner);
        }
    }
}
