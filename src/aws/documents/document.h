// One describe-* document → the estate. Field names: botocore's published EC2 model, version 2016-11-15.
#pragma once

#include "aws/documents/reader.h"

// Adds what a document holds to the estate, reading it element by element. A document that says of which thing it tells
// by its file's name only (prefix list entries, target health) may need others to be read first: then *later is set,
// and the caller reads it again when everything else is read. Unknown keys are noted.
//
// `name` is the document's path in the snapshot, under which the estate refers to it.
bool document_read(struct estate *estate, const char *file, const char *name, struct document_place place, bool last,
                   bool *later, struct error *error);
