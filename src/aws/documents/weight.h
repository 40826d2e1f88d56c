// What of an estate is too much to work out: rules and entries of a document, or of a plan, that overlap in more ways
// than AWS admits by far. They are left out, and what has them may say anything.
#pragma once

#include "model/estate.h"

struct too_heavy {
    const char *file;    // that told of it; or NULL
    record_place record; // where there is no file
    const char *text;    // in the estate's arena
    const char **doubt;  // of what has them; may be set
};

struct weighing {
    struct estate *estate;
    void (*leave_out)(void *context, const struct too_heavy *what); // says so, and sets the doubt where there is none
    void *context;
};

// Once documents are settled, and again after each plan that is applied.
void estate_weigh(const struct weighing *weighing);
