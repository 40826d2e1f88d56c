// XML as AWS's query protocols answer it: elements and texts, no attributes wanted, no document type allowed.
#pragma once

#include "base/error.h"
#include "base/vector.h"

struct xml_node {
    const char *name;
    const char *text; // of an element without children; never NULL
    VECTOR(struct xml_node *) children;
};

// Parses a document with expat. On error (malformed, truncated, a document type, more than 64 levels deep) NULL and the
// message, which begins with LINE:COLUMN. Lives in `arena`.
struct xml_node *xml_parse(struct arena *arena, const char *bytes, size_t length, struct error *error);

// The first child with a name, or NULL. `node` may be NULL.
const struct xml_node *xml_child(const struct xml_node *node, const char *name);
// Its text, or NULL.
const char *xml_text(const struct xml_node *node, const char *name);
