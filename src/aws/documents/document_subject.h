// What a member of a document is of, where its file's name or what stands beside it tells: a prefix list's entries, a
// target group's health, attributes, a transit gateway route table, a trail, a target of an organisation. For
// document.c.
#pragma once

#include "aws/documents/document.h"

// Gives the reader of the member in hand, which `call` answers with, what its records are of (`into`), and where doubts
// of them go.
void subject_begin(struct file *file, const struct aws_call *call);

// The document is read: what it tells of a trail must be of the trail that its file is named for.
void subject_end(struct file *file);

// The prefix list that the file's name holds, or NULL.
struct prefix_list *subject_prefix_list(struct reader *reader);

bool subject_is_transit_table(enum kind kind);

// "elbv2 describe-listeners"; NULL of a row that names no document.
const char *subject_call_words(struct arena *arena, const struct aws_call *call);
