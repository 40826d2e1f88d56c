// The one table of AWS calls: what is asked for, under which name it is kept, what its answer tells, and what rests on
// it. Reading live, recognising documents, completeness, notes and the IAM policy all follow from it.
#pragma once

#include "aws/documents/reader.h"

// When a call is made.
enum call_scope {
    CALL_NEVER,        // documents of it are read; or it needs no permission
    CALL_IDENTITY,     // who we are, which regions and accounts there are
    CALL_REGION,       // in each region, before what refers to its answers
    CALL_ONCE,         // once an account, of its network
    CALL_LAST,         // in each region, when all of CALL_REGION is answered
    CALL_ACCOUNT,      // once an account
    CALL_GUARDRAIL,    // in each region, of what guards the account rather than its network
    CALL_ORGANIZATION, // of the organization and its IAM Identity Center, by the keys of who reads
    CALL_ABOUT         // about each element of another call's answer
};

// Where a call about elements is made.
enum call_when {
    CALL_ALWAYS,
    CALL_AT_HOME, // where the trail is at home
    CALL_WITHOUT_DETAILS,
    CALL_IN_BATCHES // about many elements at once, with what the other call was asked
};

// What a call is for: sgproof works without all but the first.
enum call_purpose {
    FOR_EXPOSURE, // what the internet reaches
    FOR_SEGMENTS, // what gets out, and who reaches whom inside; without it that is possible, and named
    FOR_BRIDGES,  // what services bring the internet to; without it that is possible, and named
    FOR_OWNERS    // who stands behind an interface, and what of it is public without one
};

enum call_reliance {
    RELIES_NOTHING, // no answer
    RELIES_DEFAULT, // where it is absent, AWS's default is taken, and that is said
    RELIES_ALL      // every answer of that account and region
};

// How a member of a document is taken.
enum call_form {
    FORM_UNUSED, // it is kept for other ends
    FORM_LIST,   // a list of records
    FORM_WHOLE   // one value
};

struct aws_call {
    const char *service; // as botocore names it
    const char *operation;
    const char *file; // the document's name without ".json"; NULL: not kept, or another row of the same operation
    const char *key;  // top-level key; NULL where no document is kept
    enum kind kind;   // KIND_COUNT: none
    enum call_form form;
    element_reader read; // of each record, or of the value; NULL: that it is there is all
    bool late;           // it must be read when all others are
    // Where answers of other services share the key: whether a record, or a whole value, is one of ours. NULL: it is.
    bool (*is_ours)(const cJSON *record);
    bool strings_elsewhere; // other services list strings under the key
    bool counts_elsewhere;  // other services count under the key
    enum call_reliance reliance;
    const char *assumption; // what is taken where it is absent
    enum call_scope scope;
    enum call_purpose purpose;
    // Its answer has the key of another row, which it is no page of; and tells whether that one's kind is whole, or
    // not.
    enum { KEY_OWN, KEY_SHARED_TELLING, KEY_SHARED } key_is;
    bool named_where_empty; // an empty list is one of these only where the file's name says so
    bool counts;            // of what it names, some is public without an interface, or may be
    bool optional;          // where the service does not know the call, nothing is missed
    bool spare;             // the same where it is not permitted: what is judged without it says so
    struct {
        const char *operation; // whose answer tells of what
        const char *list;      // its top-level key
        const char *member;    // of each element: what is passed; NULL: the element itself, which is a string
        const char *parameter; // as this
        const char *name;      // of each element: what the file is named after; NULL: the member
        enum call_when when;
        size_t batch;            // CALL_IN_BATCHES: of how many elements at most
        const char *const *also; // what else is asked: name, value, name, value..., NULL; or NULL
    } about;
};

extern const struct aws_call aws_calls[];
extern const size_t aws_call_count;

// The row that reads a top-level key, or NULL.
const struct aws_call *call_of_key(const char *key);
// The first row of an operation, or NULL.
const struct aws_call *call_of_operation(const char *service, const char *operation);
// The row whose document a file is named after ("describe-vpcs", "ec2.DescribeVpcs_1"), or NULL.
const struct aws_call *call_of_file(const char *name);
// "elasticloadbalancing:DescribeLoadBalancers"
const char *call_action(struct arena *arena, const char *service, const char *operation);

// The IAM policy that lets sgproof make its calls, as JSON.
void call_policy(struct text *out);
