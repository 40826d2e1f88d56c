// One document of a file: its members, told by their keys (calls.h), and their records. For documents.c.
#pragma once

#include "aws/documents/calls.h"
#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

// One file being read.
struct file {
    struct reader reader;
    size_t number; // among the snapshot's files
    const char *bytes;
    size_t length;
    struct document_bytes *mapped; // the opener's own, or NULL where they were converted
    size_t released;
    bool last;          // the second reading, of what must be read when all others are
    bool later;         // there is something for it
    bool used;          // a member was of use
    const char *unused; // a member that was not
    uint64_t bare;      // which members of a lone record the document has, two bits each
    const char *firewall;
    struct attribute_owner owner;
    // The member in hand.
    const struct aws_call *call;
    void *into;
    size_t ours;
    size_t others;
    const char *first_other; // path of the first record that is another service's
    // Of the document in hand.
    size_t first_listing; // its own from here on
    size_t first_entries;
    size_t first_transit;
    struct trail *trail;                // that it tells of, or NULL
    const char *trail_arn;              // that it names itself, or NULL
    bool selectors;                     // it tells of event selectors
    struct trail_events events;         // what an earlier one told of them
    struct attached_controls *controls; // that it lists, or NULL
    bool more;
    const char *untold;                    // why something that was asked is not in it, or NULL
    VECTOR(const struct aws_call *) begun; // whose keys it had by now
};

// Reads the object that begins at byte *at of the file's first `length`; *at is then behind it. A document that is
// damaged in its middle is listed as unread, and false: what came before stays, and what it tells of is not whole.
bool document_read(struct file *file, size_t length, size_t *at);

// Whether an object is a document: it has a member that some call answers with, or wraps such a one.
bool document_is(const cJSON *object);

// The kind that a record shows by its members, or NULL: for lists without the key that tells (`aws ... --query`), and
// for keys that begin in lower case, as the JavaScript SDK of old and others have them.
const char *document_kind_of(const cJSON *record, bool any_case);

// Nothing of the file was of use. Where its name tells of which prefix list or target group it was to tell, that is
// doubtful; target groups are known when all other files are read.
void document_lacks(struct file *file);

// Lists the reader's file as ignored, and why.
void document_ignore(struct reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));
