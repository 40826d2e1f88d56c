// The blocks of one file of a configuration in JSON (*.tf.json), and the resources of a CloudFormation template, in
// JSON or YAML, with the line on which each begins.
// https://developer.hashicorp.com/terraform/language/syntax/json
#include <string.h>

#include "aws/terraform/source.h"
#include "base/json.h"

struct members {
    const char *bytes;
    size_t length;
    size_t at; // behind a brace, or a member's value
    // The member that was found.
    const char *key; // without its quotes, as it is written
    size_t key_length;
    size_t begin; // of its value
};

static void skip_space(struct members *members)
{
    while (members->at < members->length && strchr(" \t\r\n,", members->bytes[members->at]) != NULL &&
           members->bytes[members->at] != '\0')
        members->at++;
}

// Begins with an object, or a list of objects, at `at`. False where it is neither.
static bool enter(struct members *members, const char *bytes, size_t length, size_t at)
{
    size_t end = at;
    *members = (struct members){.bytes = bytes, .length = length, .at = at};
    if (json_skip(bytes, length, &end))
        members->length = end;
    skip_space(members);
    if (members->at == length || (bytes[members->at] != '{' && bytes[members->at] != '['))
        return false;
    members->at++;
    return true;
}

// The next member. Objects of a list are taken for one.
static bool next_member(struct members *members)
{
    for (;;) {
        skip_space(members);
        if (members->at == members->length)
            return false;
        char first = members->bytes[members->at];
        if (first == '{' || first == '}' || first == ']') { // of a list's objects
            members->at++;
            size_t behind = members->at;
            skip_space(members);
            bool ends = first != '{' && (members->at == members->length || members->bytes[members->at] != '{');
            bool separated = memchr(members->bytes + behind, ',', members->at - behind) != NULL;
            if (ends || (first == '}' && !separated))
                return false;
            continue;
        }
        size_t end = members->at;
        if (first != '"' || !json_skip(members->bytes, members->length, &end))
            return false;
        members->key = members->bytes + members->at + 1;
        members->key_length = end - members->at - 2;
        members->at = end;
        skip_space(members);
        if (members->at == members->length || members->bytes[members->at] != ':')
            return false;
        members->begin = ++members->at;
        return json_skip(members->bytes, members->length, &members->at);
    }
}

static bool key_is(const struct members *members, const char *text)
{
    return members->key_length == strlen(text) && memcmp(members->key, text, members->key_length) == 0;
}

static const char *key_of(struct arena *arena, const struct members *members)
{
    return arena_strndup(arena, members->key, members->key_length);
}

// `source` of a module's call, where it is a text.
static const char *source_of(struct arena *arena, const struct members *call)
{
    struct members inner;
    if (!enter(&inner, call->bytes, call->length, call->begin))
        return NULL;
    while (next_member(&inner)) {
        size_t at = inner.begin;
        while (at < inner.length && strchr(" \t\r\n", inner.bytes[at]) != NULL)
            at++;
        if (key_is(&inner, "source") && at < inner.at && inner.bytes[at] == '"')
            return arena_strndup(arena, inner.bytes + at + 1, inner.at - at - 2);
    }
    return NULL;
}

// Adds the labels of `dynamic` of a resource.
static void take_dynamic(struct arena *arena, const struct members *resource, struct source_block *block)
{
    struct members inner, labels;
    if (!enter(&inner, resource->bytes, resource->length, resource->begin))
        return;
    while (next_member(&inner))
        if (key_is(&inner, "dynamic") && enter(&labels, inner.bytes, inner.length, inner.begin))
            while (next_member(&labels))
                *vector_add(arena, &block->dynamic) = key_of(arena, &labels);
}

// Adds the arguments of a block, at whatever depth.
static void take_arguments(struct arena *arena, const struct members *outer, struct source_block *block, int depth)
{
    struct members inner;
    if (depth == 16 || !enter(&inner, outer->bytes, outer->length, outer->begin))
        return;
    while (next_member(&inner)) {
        const char *key = key_of(arena, &inner);
        if (source_keeps(block, key))
            *vector_add(arena, &block->arguments) =
                (struct source_argument){key, arena_strndup(arena, inner.bytes + inner.begin, inner.at - inner.begin)};
        if (block->kind == BLOCK_RESOURCE && strcmp(key, "dynamic") != 0)
            take_arguments(arena, &inner, block, depth + 1);
    }
}

static void add_named(struct arena *arena, const struct members *outer, struct source_block block,
                      struct source_blocks *blocks)
{
    struct members inner;
    if (!enter(&inner, outer->bytes, outer->length, outer->begin))
        return;
    while (next_member(&inner)) {
        block.name = key_of(arena, &inner);
        block.line = (size_t)(inner.key - inner.bytes); // a line once all are found
        block.source = block.kind == BLOCK_MODULE ? source_of(arena, &inner) : NULL;
        block.dynamic.items = NULL;
        block.dynamic.count = block.dynamic.capacity = 0;
        block.arguments.items = NULL;
        block.arguments.count = block.arguments.capacity = 0;
        if (block.kind == BLOCK_RESOURCE || block.kind == BLOCK_DATA)
            take_dynamic(arena, &inner, &block);
        take_arguments(arena, &inner, &block, 0);
        *vector_add(arena, &blocks->items) = block;
    }
}

static void add_typed(struct arena *arena, const struct members *outer, struct source_block block,
                      struct source_blocks *blocks)
{
    struct members inner;
    if (!enter(&inner, outer->bytes, outer->length, outer->begin))
        return;
    while (next_member(&inner)) {
        block.type = key_of(arena, &inner);
        add_named(arena, &inner, block, blocks);
    }
}

static void add_locals(struct arena *arena, const struct members *locals, struct source_blocks *blocks)
{
    struct source_block block = {.kind = BLOCK_LOCALS, .type = "", .name = ""};
    take_arguments(arena, locals, &block, 0);
    *vector_add(arena, &blocks->items) = block;
}

// Of offsets, which ascend, to lines.
static void count_lines(const char *bytes, struct source_blocks *blocks, size_t first)
{
    size_t line = 1, at = 0;
    for (size_t i = first; i < blocks->items.count; i++) {
        for (; at < blocks->items.items[i].line; at++)
            line += bytes[at] == '\n';
        blocks->items.items[i].line = line;
    }
}

void source_blocks_read_json(struct arena *arena, const char *bytes, size_t length, struct source_blocks *blocks)
{
    struct members root;
    size_t first = blocks->items.count;
    if (!enter(&root, bytes, length, 0))
        return;
    while (next_member(&root)) {
        if (key_is(&root, "resource"))
            add_typed(arena, &root, (struct source_block){.kind = BLOCK_RESOURCE}, blocks);
        else if (key_is(&root, "data"))
            add_typed(arena, &root, (struct source_block){.kind = BLOCK_DATA}, blocks);
        else if (key_is(&root, "module"))
            add_named(arena, &root, (struct source_block){.kind = BLOCK_MODULE, .type = ""}, blocks);
        else if (key_is(&root, "output"))
            add_named(arena, &root, (struct source_block){.kind = BLOCK_OUTPUT, .type = ""}, blocks);
        else if (key_is(&root, "variable"))
            add_named(arena, &root, (struct source_block){.kind = BLOCK_VARIABLE, .type = ""}, blocks);
        else if (key_is(&root, "locals"))
            add_locals(arena, &root, blocks);
        else if (key_is(&root, "Resources"))
            add_named(arena, &root, (struct source_block){.kind = BLOCK_RESOURCE, .type = ""}, blocks);
    }
    count_lines(bytes, blocks, first);
}

// ---- Templates in YAML: a key that stands where its parent's members begin is one of them, whatever else is there.

static size_t indentation(const char *line, const char *end)
{
    size_t count = 0;
    while (line + count < end && line[count] == ' ')
        count++;
    return count;
}

// The key of "key:" at the start of a line, without quotes; NULL where there is none.
static const char *key_at(struct arena *arena, const char *at, const char *end)
{
    char quote = at < end && (*at == '"' || *at == '\'') ? *at++ : '\0';
    const char *first = at;
    while (at < end && ((*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9')))
        at++;
    const char *key = arena_strndup(arena, first, (size_t)(at - first));
    if (quote != '\0' && (at == end || *at++ != quote))
        return NULL;
    while (at < end && *at == ' ')
        at++;
    bool ends = at < end && *at == ':' && (at + 1 == end || strchr(" \t\r", at[1]) != NULL);
    return ends && key[0] != '\0' ? key : NULL;
}

void template_resources_read(struct arena *arena, const char *bytes, size_t length, struct source_blocks *blocks)
{
    size_t line = 0, depth = 0;
    bool inside = false;
    const char *last = bytes + length, *first = bytes;
    while (first < last && strchr(" \t\r\n", *first) != NULL)
        first++;
    if (first < last && *first == '{') {
        source_blocks_read_json(arena, bytes, length, blocks);
        return;
    }
    for (const char *at = bytes, *end; at < last; at = end + 1) {
        end = memchr(at, '\n', (size_t)(last - at));
        end = end == NULL ? last : end;
        line++;
        size_t indented = indentation(at, end);
        if (at + indented == end || at[indented] == '#' || at[indented] == '\r')
            continue;
        const char *key = key_at(arena, at + indented, end);
        if (indented == 0) {
            inside = key != NULL && strcmp(key, "Resources") == 0;
            depth = 0;
            continue;
        }
        if (inside && depth == 0)
            depth = indented;
        if (inside && indented == depth && key != NULL)
            *vector_add(arena, &blocks->items) =
                (struct source_block){.kind = BLOCK_RESOURCE, .type = "", .name = key, .line = line};
    }
}
