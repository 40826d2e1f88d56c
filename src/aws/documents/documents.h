// Documents → estate: bytes in, nouns out. Opens nothing itself.
//
// A file holds one or more JSON values one after the other; each object is a document, known by its top-level keys
// (calls.h), and an array of objects holds one in each. A record of a document's list is the unit of failure: what is
// not understood is listed in the estate as unread, what belongs to others as ignored, and both cost nothing else.
#pragma once

#include "aws/documents/reader.h"

struct document_bytes {
    const char *bytes;
    size_t length;
    void *handle; // the opener's
};

// How the bytes of a file are had. `open` fills *bytes, or fails with an error that says why.
struct document_opener {
    void *context;
    bool (*open)(void *context, const char *name, struct document_bytes *bytes, struct error *error);
    void (*close)(void *context, struct document_bytes *bytes);
    // What comes before byte `upto` will not be looked at soon. May be NULL.
    void (*release)(void *context, struct document_bytes *bytes, size_t upto);
};

// The files of a snapshot, by their paths in it.
struct document_files {
    const char *const *names; // in the order that decides
    size_t count;
    const struct ignored *left_out; // that are not read: they show what places there are
    size_t left_out_count;
};

// Reads files into an empty estate and settles it. A place ACCOUNT/REGION in a path counts for what the records
// themselves do not tell. False, with ERROR_USAGE, where none of them holds anything that could be used.
bool documents_read(struct estate *estate, const struct document_opener *opener, const struct document_files *files,
                    struct error *error);

// ---- For the files of this folder

struct lacking {
    const char *name; // of the document
    const char *id;
    const char *key;
    const char *subnet_id; // of an interface
    const char **doubt;
    struct listing *listing;
};

struct expectation {
    bool met;
    VECTOR(struct lacking) lacking;
};

// Of a record that the estate does not keep.
struct record_known {
    record_place record;
    const char *doubt; // another says something else
};

// What one document tells of what is in a prefix list.
struct entries_answer {
    struct prefix_list *list;
    const char *name;
    size_t first; // its entries in the list
    size_t count; // settle.c
    bool more;    // another page follows
};

// What one document tells of a transit gateway's route table: routes, associations or propagations (transit.c).
struct transit_answer {
    struct transit_route_table *table;
    enum kind kind;
    const char *name;
    uint64_t sum; // of what it tells
    bool more;    // another page follows, or there are more than it tells
    bool settled;
};

// A distribution that was read.
struct distribution_known {
    uint64_t sum; // of what it tells
    const char *name;
    const char *differs; // that another record of it says something else; or NULL
};

// That a distribution has a VPC origin.
struct origin_use {
    const char *origin;
    const char *distribution;
    const char *why; // it may not send every viewer there; or NULL
    bool ipv4_only;
    bool https_only; // no viewer who comes over plain HTTP is sent there
};

// An address, or block, of a range that its owner brought (BYOIP).
struct brought {
    const char *what; // its pool, or the block
    struct prefix prefix;
};

// An account, a unit or the root of an organization, as list-parents tells of it.
struct organization_target {
    const char *parent; // NULL: not told
    const char *doubt;  // what of it was not understood, or contradicts another document
};

// What one file tells of the control policies that are attached to something.
struct attached_controls {
    const char *target;
    text_list ids[CONTROL_POLICIES];
    bool tells[CONTROL_POLICIES]; // of that kind
    bool more;                    // another page follows
    const char *doubt;
};

// That somebody may take a permission set in an account.
struct told_assignment {
    const char *account;
    struct sign_in_assignment assignment;
};

struct documents {
    struct estate *estate;
    const struct document_opener *opener;
    const char *const *names;
    VECTOR(struct listing *) listings; // in the order of reading
    struct map named_owners;           // interface -> whose documents name it (named_owner.c)
    struct expectation expected[EXPECT_COUNT];
    VECTOR(struct entries_answer) entries_answers;
    VECTOR(struct transit_answer) transit_answers;
    struct map transit_records; // what they tell, each once
    VECTOR(struct origin_use) uses;
    struct map distributions;      // id -> struct distribution_known
    struct map group_associations; // GROUP|VPC -> the state of their association, or what else is so of it
    VECTOR(struct brought) brought;
    struct map vpcs;                    // id -> struct record_known
    struct map listeners;               // ARN -> struct record_known
    bool settling;                      // all is read: what is said now is of a network
    size_t used;                        // documents that held something of use
    const char *any_listener;           // a listener that was not understood, and may be any load balancer's; or NULL
    VECTOR(const char *) empty_answers; // names of documents of accelerators that hold no element
    const char *any_rule;               // the same of a listener's rule
    struct map organizations;           // id -> management account
    struct map organization_of;         // account -> organization
    struct map billing_only;            // organizations that have no control policies
    struct map organization_targets;    // id -> struct organization_target
    struct map attached_controls;       // file -> struct attached_controls
    struct map control_policies;        // id -> struct iam_policy
    struct map permission_sets;         // ARN -> name
    VECTOR(struct told_assignment) assignments;
    size_t strangers;                         // interfaces with an address in no block of their subnet
    const struct network_interface *stranger; // the first of them by id
    bool odd_rule_record;                     // one of DescribeSecurityGroupRules was not understood
};

// 0 where the record at an earlier place says the same as this one, whatever the order of members and elements; else
// which of the two goes first by what they say: negative, this one does. *name is the earlier one's document.
int documents_compare_record(const struct documents *documents, record_place earlier, const cJSON *node,
                             const char **name);

// A sum of what a record says, whatever the order of members and elements.
uint64_t record_sum(const cJSON *node);

// A file's bytes as UTF-8, at *start of them where it begins with a byte order mark. What was UTF-16 is converted:
// *converted is then the caller's to free, else NULL.
struct document_bytes text_decode(struct document_bytes bytes, char **converted);

// Where an account's list was asked for, even if it is empty (account.c).
void note_account_lists(struct reader *reader);

// Settles what can only be known when all is read (settle.c).
void documents_settle(struct reader *reader);
