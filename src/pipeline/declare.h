// From a folder of documents to what they declare.
#pragma once

#include "base/error.h"
#include "model/exposure.h"

// A snapshot and what it declares. Both are freed with declared_free.
struct declared {
    struct estate *estate;
    struct exposure_set *exposures;
};

// Fails too where the folder holds no document of a network; declared_read_any takes those of accounts alone. Documents
// of evidence must be as they were sealed (pipeline/evidence_files.h), but for declared_read_checked: there it is known
// already, or nothing is sealed yet.
bool declared_read(const char *folder, struct declared *declared, struct error *error);
bool declared_read_checked(const char *folder, struct declared *declared, struct error *error);
bool declared_read_any(const char *folder, struct declared *declared, struct error *error);
void declared_free(struct declared *declared);
