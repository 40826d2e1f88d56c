// Snapshot → estate: documents as the AWS CLI prints them, anywhere below a folder, known by their top-level key.
#pragma once

#include "base/error.h"
#include "model/estate.h"

// Reads every *.json below `folder` in byte order of path. On success the estate is complete and its notes list unknown
// documents; on error (unreadable or malformed document, no document at all: ERROR_USAGE) returns NULL and the message
// says where. The caller frees it with estate_free.
struct estate *snapshot_read(const char *folder, struct error *error);
void estate_free(struct estate *estate);

// Paths of the documents that snapshot_read would read, relative to `folder`, in that order.
struct snapshot_files {
    VECTOR(const char *) paths;
};
bool snapshot_list(struct arena *arena, const char *folder, struct snapshot_files *files, struct error *error);
