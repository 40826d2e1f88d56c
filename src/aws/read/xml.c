#include "aws/read/xml.h"

#include <expat.h>
#include <limits.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"

enum { DEEPEST = 64, MOST_ELEMENTS = 3000000 }; // of a page of a thousand records

struct builder {
    struct arena *arena;
    XML_Parser parser;
    struct xml_node *open[DEEPEST + 1];
    int depth;
    size_t elements;
    struct text text;
    struct xml_node *root;
    const char *refused; // why parsing was stopped
};

static void refuse(struct builder *builder, const char *why)
{
    builder->refused = why;
    XML_StopParser(builder->parser, XML_FALSE);
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct builder *builder = context;
    (void)attributes;
    if (builder->depth == DEEPEST) {
        refuse(builder, "more than 64 elements deep");
        return;
    }
    if (++builder->elements > MOST_ELEMENTS) {
        refuse(builder, "more than three million elements");
        return;
    }
    struct xml_node *node = arena_new_of(builder->arena, struct xml_node);
    node->name = arena_strdup(builder->arena, name);
    node->text = "";
    if (builder->depth > 0)
        *vector_add(builder->arena, &builder->open[builder->depth - 1]->children) = node;
    else
        builder->root = node;
    builder->open[builder->depth++] = node;
    builder->text.length = 0;
}

static void on_end(void *context, const XML_Char *name)
{
    struct builder *builder = context;
    struct xml_node *node = builder->open[--builder->depth];
    (void)name;
    if (node->children.count == 0 && builder->text.length > 0)
        node->text = arena_strndup(builder->arena, builder->text.bytes, builder->text.length);
    builder->text.length = 0;
}

static void on_text(void *context, const XML_Char *bytes, int length)
{
    struct builder *builder = context;
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

struct xml_node *xml_parse(struct arena *arena, const char *bytes, size_t length, struct error *error)
{
    static const XML_Memory_Handling_Suite memory = {memory_take, memory_grow, free};
    struct builder builder = {.arena = arena, .parser = XML_ParserCreate_MM("UTF-8", &memory, NULL)};
    bool whole = false;
    if (builder.parser == NULL || length > INT_MAX) {
        error_set(error, ERROR_INCOMPLETE, "1:1: too large to be parsed");
    } else {
        XML_SetUserData(builder.parser, &builder);
        XML_SetElementHandler(builder.parser, on_start, on_end);
        XML_SetCharacterDataHandler(builder.parser, on_text);
        XML_SetStartDoctypeDeclHandler(builder.parser, on_document_type);
        whole = XML_Parse(builder.parser, bytes, (int)length, XML_TRUE) == XML_STATUS_OK;
        if (!whole)
            error_set(error, ERROR_INCOMPLETE, "%lu:%lu: %s", (unsigned long)XML_GetCurrentLineNumber(builder.parser),
                      (unsigned long)XML_GetCurrentColumnNumber(builder.parser) + 1,
                      builder.refused != NULL ? builder.refused : XML_ErrorString(XML_GetErrorCode(builder.parser)));
    }
    XML_ParserFree(builder.parser);
    text_free(&builder.text);
    return whole ? builder.root : NULL;
}

const struct xml_node *xml_child(const struct xml_node *node, const char *name)
{
    for (size_t i = 0; node != NULL && i < node->children.count; i++)
        if (strcmp(node->children.items[i]->name, name) == 0)
            return node->children.items[i];
    return NULL;
}

const char *xml_text(const struct xml_node *node, const char *name)
{
    const struct xml_node *child = xml_child(node, name);
    return child == NULL ? NULL : child->text;
}
