#include "aws/read/xml.h"

#include <expat.h>
#include <stdlib.h>
#include <strings.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/pages.h"

// As many elements may be in memory at once, and in a document; a text may have so many bytes, as it is in memory
// several times. A piece is what is parsed at a time.
enum { DEEPEST = 64, MOST_HELD = 1000000, MOST_ELEMENTS = 50000000, MOST_TEXT = 16 << 20, PIECE = 1 << 20 };

struct builder {
    struct arena *arena;
    struct arena *scratch; // of one child of a list
    const struct xml_taking *taking;
    XML_Parser parser;
    struct xml_node *open[DEEPEST + 1];
    int depth;
    size_t held, elements, items;
    bool seen[XML_LISTS];
    size_t list;    // whose children come, or XML_LISTS
    int list_depth; // of these children
    bool inside;    // one of them
    struct text text;
    size_t text_length; // of it, whether it is kept or not
    struct xml_node *root;
    const char *refused; // why parsing was stopped
};

static void refuse(struct builder *builder, const char *why)
{
    builder->refused = why;
    XML_StopParser(builder->parser, XML_FALSE);
}

// Whether an element that begins is a list whose children are taken one by one.
static void find_list(struct builder *builder, const char *name)
{
    const struct xml_taking *taking = builder->taking;
    bool held = taking->holder[0] != '\0';
    if (builder->depth != (held ? 2 : 1) || (held && strcmp(builder->open[1]->name, taking->holder) != 0))
        return;
    for (size_t i = 0; i < taking->count; i++) {
        if (strcmp(taking->lists[i], name) != 0)
            continue;
        if (builder->seen[i])
            refuse(builder, "one of its lists is there twice");
        builder->seen[i] = true;
        builder->list = i;
        builder->list_depth = builder->depth + 1;
    }
}

static void add_node(struct builder *builder, const char *name)
{
    struct arena *arena = builder->inside ? builder->scratch : builder->arena;
    struct xml_node *node = arena_new_of(arena, struct xml_node);
    bool apart = builder->inside && builder->depth == builder->list_depth; // it is no child of its list's
    node->name = arena_strdup(arena, name);
    node->text = "";
    if (builder->depth > 0 && !apart)
        *vector_add(arena, &builder->open[builder->depth - 1]->children) = node;
    else if (builder->depth == 0)
        builder->root = node;
    builder->open[builder->depth] = node;
    builder->text.length = 0;
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct builder *builder = context;
    (void)attributes;
    builder->text_length = 0;
    if (builder->depth == DEEPEST) {
        refuse(builder, "more than 64 elements deep");
        return;
    }
    if (builder->list < XML_LISTS) {
        builder->items += !builder->inside;
        builder->inside = true;
    } else if (builder->taking != NULL) {
        find_list(builder, name);
    }
    bool passed_over = builder->inside && builder->taking->take == NULL;
    builder->held += !passed_over;
    if (++builder->elements > MOST_ELEMENTS || builder->held > MOST_HELD || builder->items > XML_ITEMS) {
        refuse(builder, "more elements than any answer has");
        return;
    }
    if (!passed_over)
        add_node(builder, name);
    builder->depth++;
}

static void end_child(struct builder *builder)
{
    const struct xml_taking *taking = builder->taking;
    builder->inside = false;
    if (taking->take == NULL)
        return;
    taking->take(taking->context, builder->list, builder->open[builder->depth]);
    arena_reset(builder->scratch);
    builder->held = 0;
}

static void on_end(void *context, const XML_Char *name)
{
    struct builder *builder = context;
    (void)name;
    builder->text_length = 0;
    builder->depth--;
    if (!builder->inside || builder->taking->take != NULL) {
        struct xml_node *node = builder->open[builder->depth];
        if (node->children.count == 0 && builder->text.length > 0)
            node->text = arena_strndup(builder->inside ? builder->scratch : builder->arena, builder->text.bytes,
                                       builder->text.length);
        builder->text.length = 0;
    }
    if (builder->list < XML_LISTS && builder->depth == builder->list_depth)
        end_child(builder);
    else if (builder->list < XML_LISTS && builder->depth == builder->list_depth - 1)
        builder->list = XML_LISTS;
}

static void on_text(void *context, const XML_Char *bytes, int length)
{
    struct builder *builder = context;
    builder->text_length += (size_t)length;
    if (builder->text_length > MOST_TEXT)
        refuse(builder, "a text longer than any answer has");
    else if (!builder->inside || builder->taking->take != NULL)
        text_add(&builder->text, bytes, (size_t)length);
}

// Entities are how a small document becomes a huge one; AWS sends none.
static void on_document_type(void *context, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
                             int has_internal_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal_subset;
    refuse(context, "it declares a document type, which no answer of AWS's does");
}

// Pieces, so that what was read can be given back.
static bool parse_pieces(struct builder *builder, const char *bytes, size_t length)
{
    bool mapped = builder->taking != NULL && builder->taking->mapped, good = true;
    for (size_t at = 0, piece; good && at < length; at += piece) {
        piece = length - at < PIECE ? length - at : PIECE;
        good = XML_Parse(builder->parser, bytes + at, (int)piece, XML_FALSE) == XML_STATUS_OK;
        if (mapped)
            pages_forget(bytes + at, piece);
    }
    return good && XML_Parse(builder->parser, "", 0, XML_TRUE) == XML_STATUS_OK;
}

struct xml_node *xml_parse(struct arena *arena, const char *bytes, size_t length, const struct xml_taking *taking,
                           struct error *error)
{
    static const XML_Memory_Handling_Suite memory = {memory_take, memory_grow, free};
    struct builder builder = {.arena = arena,
                              .scratch = arena_new(),
                              .taking = taking,
                              .parser = memory_must(XML_ParserCreate_MM("UTF-8", &memory, NULL)),
                              .list = XML_LISTS};
    XML_SetUserData(builder.parser, &builder);
    XML_SetElementHandler(builder.parser, on_start, on_end);
    XML_SetCharacterDataHandler(builder.parser, on_text);
    XML_SetStartDoctypeDeclHandler(builder.parser, on_document_type);
    bool whole = parse_pieces(&builder, bytes, length);
    if (!whole)
        error_set(error, ERROR_INCOMPLETE, "%lu:%lu: %s", (unsigned long)XML_GetCurrentLineNumber(builder.parser),
                  (unsigned long)XML_GetCurrentColumnNumber(builder.parser) + 1,
                  builder.refused != NULL ? builder.refused : XML_ErrorString(XML_GetErrorCode(builder.parser)));
    XML_ParserFree(builder.parser);
    text_free(&builder.text);
    arena_wipe(builder.scratch);
    return whole ? builder.root : NULL;
}

const struct xml_node *xml_child(const struct xml_node *node, const char *name)
{
    for (size_t i = 0; node != NULL && i < node->children.count; i++)
        if (strcmp(node->children.items[i]->name, name) == 0)
            return node->children.items[i];
    return NULL;
}

bool xml_holds_respelt(const struct xml_node *node, const char *name)
{
    bool found = false;
    for (size_t i = 0; xml_child(node, name) == NULL && node != NULL && i < node->children.count; i++) {
        const struct xml_node *one = node->children.items[i];
        found = found || (strcasecmp(one->name, name) == 0 && (one->children.count > 0 || one->text[0] != '\0'));
    }
    return found;
}

const char *xml_text(const struct xml_node *node, const char *name)
{
    const struct xml_node *child = xml_child(node, name);
    return child == NULL ? NULL : child->text;
}
