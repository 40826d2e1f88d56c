// XML as AWS's query protocols answer it: elements and texts, no attributes wanted, no document type allowed.
#pragma once

#include "base/error.h"
#include "base/vector.h"

struct xml_node {
    const char *name;
    const char *text; // of an element without children; never NULL
    VECTOR(struct xml_node *) children;
};

// Elements of lists that are taken one at a time, so that memory holds one of them.
enum { XML_LISTS = 4, XML_ITEMS = 1000000 }; // of all lists; AWS's pages have a thousand
struct xml_taking {
    const char *holder; // child of the root that the lists are in; "": the root itself
    const char *lists[XML_LISTS];
    size_t count;
    // Called with each child of the n-th list, which lives as long as the call. NULL: they are only passed over.
    void (*take)(void *context, size_t list, const struct xml_node *item);
    void *context;
    bool mapped; // the document is of a file that is mapped: what was read of it is given back
};

// Parses a document with expat. On error (malformed, truncated, a document type, more than 64 levels deep, a list of
// `taking` twice) NULL and the message, which begins with LINE:COLUMN. Lives in `arena`, without the children of the
// lists of `taking`, which may be NULL.
struct xml_node *xml_parse(struct arena *arena, const char *bytes, size_t length, const struct xml_taking *taking,
                           struct error *error);

// The first child with a name, or NULL. `node` may be NULL.
const struct xml_node *xml_child(const struct xml_node *node, const char *name);
// Whether there is no child with a name, but one with it in other letters (a for A) that holds something.
bool xml_holds_respelt(const struct xml_node *node, const char *name);
// The text of the first child with a name, or NULL.
const char *xml_text(const struct xml_node *node, const char *name);
