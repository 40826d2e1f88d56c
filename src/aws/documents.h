// One describe-* document → the estate. Field names: botocore's published EC2 model, version 2016-11-15.
#pragma once

#include "base/json.h"
#include "model/estate.h"

struct document_place {
    const char *account; // from the path, or NULL
    const char *region;
};

// Adds what a document's top-level object holds. Unknown keys are noted.
bool document_read(struct estate *estate, const struct json_cursor *root, struct document_place place,
                   struct error *error);
