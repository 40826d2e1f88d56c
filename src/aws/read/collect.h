// Reading an account's network configuration from AWS into a snapshot folder.
#pragma once

#include "aws/read/client.h"

struct collect_options {
    const struct aws_config *config;
    const char *endpoint;       // --endpoint-url, or NULL
    const char *const *regions; // names, or one "all"
    size_t region_count;
    const char *home;         // region of what is asked once
    bool network_only;        // leaves out IAM and CloudTrail
    bool organization;        // every active account of the organization, or of its units that are named
    const char *const *units; // organizational units or the root, with what is below them
    size_t unit_count;
    const char *const *excluded; // accounts and units of the organization
    size_t excluded_count;
    const char *const *accounts; // 12 digits each: these, or with none and no organization our own
    size_t account_count;
    struct role role;   // to assume in each account but our own: its ARN has COLLECT_ACCOUNT in it; one without is
                        // assumed in any case, in the one account of `accounts`
    const char *folder; // to be made; what is there already is never written over. NULL: only find out who we are
    struct client_options client;
    bool progress; // a line on stderr
};

#define COLLECT_ACCOUNT "{account}"
#define COLLECT_PARTITION "{partition}"

// Whether a text is the id of an organizational unit or a root: "ou-ab12-cdef3456", "r-ab12".
bool collect_is_unit(const char *text);

struct identity {
    const char *account;
    const char *arn;
    const char *partition; // "aws", "aws-cn"...
    const char *source;    // where the credentials were found
    int64_t expires;       // seconds since 1970 when they do, or 0 where that is not told
};

struct failed_call {
    const char *account;
    const char *region;
    const char *service;
    const char *operation;
    const char *code;
    const char *message;
    const char *action; // the IAM action that is lacking, or NULL
};

struct collected {
    struct identity identity;
    size_t accounts; // that could be entered
    size_t files;
    VECTOR(struct failed_call) unread; // could not be read: the snapshot is not complete
    VECTOR(struct failed_call)
    unavailable;       // is not there to be read: a call the service does not know, a thing not set
    double clock_skew; // seconds
};

// ERROR_USAGE: no identity, or nothing can be written. Otherwise true, and what could not be read is in *collected.
bool collect(struct arena *arena, const struct collect_options *options, struct collected *collected,
             struct error *error);
