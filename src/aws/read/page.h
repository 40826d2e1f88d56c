// One page of an answer, in either protocol: what stands in it beside the elements of its lists, which may be many and
// are read one at a time.
#pragma once

#include <cjson/cJSON.h>

#include "aws/read/xml.h"

// The members of an answer that pages split, by their names in it.
struct page_lists {
    const char *holder; // XML's element below the root that they are in, or ""
    const char *names[XML_LISTS];
    size_t count;
};

struct page {
    const struct xml_node *xml; // or NULL
    const cJSON *json;          // or NULL
    const struct page_lists *lists;
    const char *bytes; // the answer as it came
    size_t length;
    bool mapped; // the bytes are a file's that is mapped
};

// Parses an answer as a whole, all elements of its lists included, and leaves them out of what it returns: the lists
// are there, and empty. False on error, with the place and what is wrong. XML lives in the arena, JSON is to be given
// to json_wipe.
bool page_read_xml(struct arena *arena, struct page *page, struct error *error);
cJSON *page_read_json(const struct page *page, struct error *error);

// An element of the n-th list: XML's or JSON's, the other is NULL. It lives as long as the call.
typedef void (*page_take)(void *context, size_t list, const struct xml_node *xml, const cJSON *json);
// Reads the elements of a page that was parsed. False where they cannot be read once more.
bool page_each(const struct page *page, page_take take, void *context);
