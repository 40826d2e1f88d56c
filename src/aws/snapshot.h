// Snapshot → estate: documents as the AWS CLI prints them, anywhere below a folder, known by their top-level key.
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "model/estate.h"

// Of snapshot.json, the record that `sgproof read` leaves beside documents.
#define SNAPSHOT_SCHEMA "sgproof/snapshot/v1"

// Reads every *.json, *.jsonl and *.ndjson below `folder` in byte order of path. What of it cannot be understood, and
// what is not read, is listed in the estate; only a folder that cannot be opened or holds nothing of use is an error
// (ERROR_USAGE): then NULL. Links, pipes and devices are not opened. The caller frees it with estate_free.
struct estate *snapshot_read(const char *folder, struct error *error);
void estate_free(struct estate *estate);

// Paths of the documents that snapshot_read would read, relative to `folder`, in that order.
struct snapshot_files {
    VECTOR(const char *) paths;
    VECTOR(struct ignored) left_out; // what is there, and is not read, though it might be a document
    VECTOR(struct ignored) unread;   // folders that documents may lie in, and could not be looked into
};
bool snapshot_list(struct arena *arena, const char *folder, struct snapshot_files *files, struct error *error);

// The record, to be a copy's SNAPSHOT_LOST/snapshot.json, of what was not copied: snapshot_read says of it what it
// would have said of the folder itself.
#define SNAPSHOT_LOST "not-read"
void snapshot_lost_write(const struct snapshot_files *files, struct text *out);

// The first thing in a record (snapshot.json), which is an object, that `sgproof read` and snapshot_lost_write do not
// write: another schema, a key of nobody's, a list that is none. In words in the arena; NULL where there is nothing.
// What such a record says is missing counts; what it says can be done without does not.
const char *snapshot_record_odd(struct arena *arena, const cJSON *root);
