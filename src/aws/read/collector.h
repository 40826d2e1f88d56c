// What the files of the collector share: its calls, and the accounts they are made in. For src/aws/read/collect*.c
// only.
#pragma once

#include "aws/documents/calls.h"
#include "aws/read/collect.h"
#include "aws/read/model.h"

// Names in answers, as a follower's `into`.
struct name_list {
    VECTOR(const char *) items;
};

// An account that is read, with the keys for it.
struct read_account {
    const char *id;
    struct credentials credentials;
    struct role role; // how to get new keys; without an ARN: as our own were found
    int64_t renewed;  // seconds since 1970
};

// What an interface refers to.
struct reference {
    const struct read_account *account;
    const char *region;
    const char *operation; // that tells of it
    const char *id;
};

struct collector {
    struct arena *arena;
    const struct collect_options *options;
    struct collected *collected;
    struct model *model;
    uv_loop_t loop;
    struct client *client;
    struct read_account self;
    bool finding; // our own keys
    VECTOR(struct read_account *) accounts;
    struct name_list excluded;  // accounts
    const char *home;           // region of what is asked once
    const char *const *regions; // that are read
    size_t region_count;
    const char *folder; // temporary
    uint64_t began_us;
    VECTOR(struct call *) calls;
    struct map files; // of calls
    struct map asked; // about which elements of answers
    struct map known; // subnets, instances and groups, by id
    struct map referred;
    VECTOR(struct reference *) references;
    size_t open; // calls not ended
    struct error *error;
    bool failed; // something could not be written
};

struct parameter {
    const char *name;
    const char *value;
    const char *const *values; // in place of one value, in the JSON protocol; NULL: there is one
    size_t value_count;
};

struct call;
// Called once when a call has ended: with its document, or with NULL where it failed.
typedef void (*call_follow)(struct call *call, const cJSON *document);

// One call, all its pages.
struct call {
    struct request request;
    struct collector *collector;
    const struct read_account *account;
    const struct read_account *by; // whose keys sign it; NULL: the account's own
    const struct aws_call *what;
    call_follow follow; // or NULL
    struct operation operation;
    const char *meant;  // region
    const char *region; // that requests are signed for: another one where the service has one place for all
    const struct parameter *parameters;
    size_t parameter_count;
    const char *file; // ACCOUNT/REGION/..., or NULL
    void *into;       // the follower's
    uint64_t began_us;
    struct page_lists names; // of its lists in answers
    bool followed;           // its document is looked into when it is whole
    // The document, being made: the first of its lists stands in [0], the others are made beside it until it ends.
    struct part {
        struct text text; // in memory
        const char *file; // what came before that, or NULL
        struct json_writer writer;
    } parts[XML_LISTS];
    const char *elsewhere; // why one of its records is of another place than was asked, or NULL
    const char *wrong;     // why one of its records is none, or NULL
    size_t bytes;          // of the document so far
    size_t records;        // of its first list so far
    size_t counted;        // as many as its pages say that there are, or 0
    struct map tokens;     // of the pages asked for
    size_t pages;
    const char *sha256; // of the file written, or NULL
    VECTOR(const char *) request_ids;
    enum failure_kind failure; // how it ended
    const char *code;
    const char *message;
};

// ---- collect_calls.c

// Begins a call; it ends while the loop runs. `suffix` is added to its file's name after a dot, or NULL.
struct call *call_start(struct collector *collector, const struct read_account *account, const char *region,
                        const struct aws_call *what, call_follow follow, const char *suffix,
                        const struct parameter *parameters, size_t parameter_count);
// The same with the keys of another account.
struct call *call_start_by(struct collector *collector, const struct read_account *account,
                           const struct read_account *by, const char *region, const struct aws_call *what,
                           call_follow follow, const char *suffix, const struct parameter *parameters,
                           size_t parameter_count);
// Makes the same call again in place of what it brought before.
void call_again(struct call *call);
// Runs until all calls have ended.
void calls_run(struct collector *collector);
// A text, or what an ARN ends with, as part of a file's name.
const char *file_word(struct arena *arena, const char *text);
// Notes that something of an account could not be read.
void note_unread(const struct call *call);
// The same of what an answer tells that cannot be asked about, whatever became of the rest.
void note_wrong(const struct call *call, const char *why);
// Takes out of what could not be read what is not there: a service whose host is not found, while others of its region
// are, and which botocore lists nowhere in that region.
void settle_unread(struct collector *collector);
// A string of an object, borrowed, or NULL.
const char *string_of(const cJSON *object, const char *key);

// ---- collect_document.c

// Makes a call's document, page by page, as the AWS CLI prints it; what gets large waits in files. False where a page
// cannot be read.
void document_begin(struct call *call);
bool document_add(struct call *call, const struct page *page);
void document_end(struct call *call);
// Puts it where it belongs, in call->file. False where it cannot be written, which ends all reading.
bool document_write(struct call *call);
// It, parsed; to be given to json_wipe. NULL where it is none.
cJSON *document_parse(const struct call *call);
void document_forget(struct call *call);

// ---- collect_identity.c

// Makes one call and waits for it. True where it succeeded.
bool call_ask(struct collector *collector, const struct read_account *account, const struct aws_call *what,
              call_follow follow, const struct parameter *parameters, size_t count, void *into);
// Begins to assume a role with our own keys; its keys go into *into.
struct call *role_start(struct collector *collector, const struct role *role, struct credentials *into);

// What is no such name is not read, and said so.
void name_add(struct call *call, const char *what, const char *name, bool (*is_name)(const char *text),
              const char *expected);
bool name_is_account(const char *text); // 12 digits
// Finds our keys and says who we are.
bool identity_find(struct collector *collector);
// Milliseconds that a client has from now on, of the time for all reading.
long collect_deadline(const struct collect_options *options);
// Assumes the one role that is named, and says who we are then.
bool identity_of_role(struct collector *collector);
// The regions to read.
bool regions_find(struct collector *collector);
// For the client: gets new keys before old ones expire.
void credentials_renew(void *collector, const struct credentials *credentials);

// ---- collect_accounts.c

// Enters every account that is asked for; one that cannot be entered is noted, and costs only itself.
bool accounts_enter(struct collector *collector);

// ---- collect_place.c

// Where a part of a call's document has a record of another region or account than was asked: which. Else NULL.
const char *call_elsewhere(const struct call *call, const char *text);

// ---- collect_whole.c

// Where a part of a call's document is about another thing than was asked about by name: which. Else NULL.
const char *call_of_another(const struct call *call, const char *text);

// Why the answer of a call that asks by name is not of all that was asked (several are in the last parameter), or is of
// another one; else NULL.
const char *call_not_whole(const struct call *call, const cJSON *answer);

// ---- collect_table.c

// Begins the calls of the table that are made in a scope; in each region that is read, or once an account.
void table_begin(struct collector *collector, const struct read_account *account, enum call_scope scope);
// Whether what follows a call looks into its document.
bool follow_needs_document(const struct call *call);

// ---- collect_organization.c

// Begins the calls that tell of control policies on the accounts that are read, and of IAM Identity Center; when it is
// answered which of them are in an organization.
void organization_begin(struct collector *collector);
// ---- collect_again.c

// Takes from a part of a call's document what it holds and what it refers to.
void references_note(const struct call *call, const char *text);
// Reads again what interfaces refer to and is younger than our reading of it.
void references_read_missing(struct collector *collector);

// ---- collect_record.c

bool record_write(struct collector *collector);
