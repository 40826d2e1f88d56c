// What all SARIF documents of ours have alike. For the files of src/report only.
#pragma once

#include "base/json.h"
#include "model/verdict.h"

// From the beginning to the tool's rules, which are the caller's: an array that it opens and closes.
void sarif_begin(struct json_writer *writer);
// Behind them; `id` is of the run.
void sarif_end_tool(struct json_writer *writer, const char *id);
// Behind the invocations: opens `results`; and closes it, and the document.
void sarif_begin_results(struct json_writer *writer);
void sarif_end(struct json_writer *writer);

void sarif_put_message(struct json_writer *writer, const char *key, const char *text);

// The members of a rule; its object stays open.
void sarif_begin_rule(struct json_writer *writer, const char *id, const char *name, const char *text, const char *help,
                      const char *level);

// "error", "warning", "note" or "none".
const char *sarif_level(enum severity severity);
// The member `properties` of a rule or a result, by which GitHub and others sort.
void sarif_put_score(struct json_writer *writer, enum severity severity);

// The member `physicalLocation`: SARIF wants a file.
void sarif_put_file(struct json_writer *writer, const char *file);
// The same at a line, of a path that others chose: it is written as a URI reference.
void sarif_put_place(struct json_writer *writer, struct arena *arena, const char *path, size_t line);

// The member by which a result is known from run to run.
void sarif_put_fingerprint(struct json_writer *writer, const char *id);
// The same for what has no id but a key: half of its SHA-256.
void sarif_put_key(struct json_writer *writer, struct arena *arena, const char *key);
