// What guards an account: identities and what policies let them do, credentials, password policy, trails. Told by IAM's
// and CloudTrail's documents in a snapshot.
//
// `evidence` of each thing is where the snapshot tells of it: the document's path, # and a JSON pointer (RFC 6901).
#pragma once

#include "model/exposure.h"

enum told { TOLD_NOTHING, TOLD_NO, TOLD_YES };

// One key of a Condition: all of them must hold, of the values one.
struct iam_condition {
    const char *operator; // "StringLike", "ForAnyValue:StringEquals", "ArnLikeIfExists"
    const char *key;      // "aws:PrincipalOrgID"
    text_list values;     // numbers and booleans as JSON has them
};

struct iam_statement {
    bool allow;
    bool not_actions;   // NotAction: every action but these
    bool not_resources; // NotResource
    bool conditional;   // has a Condition
    text_list actions;
    text_list resources;  // not of trust policies
    text_list principals; // of those of resources, and trust policies: "AWS:arn:...", "Service:ec2.amazonaws.com";
                          // "AWS:*" is everyone
    bool not_principals;  // NotPrincipal
    VECTOR(struct iam_condition) conditions; // of trust policies, as far as they are understood
};

struct iam_policy {
    const char *name;
    const char *arn; // NULL for inline ones
    const char *evidence;
    bool trust;     // a role's trust policy
    bool resource;  // of resources: it names principals, and resources too
    bool variables; // of version 2012-10-17: ${aws:username} stands for a name
    VECTOR(struct iam_statement) statements;
    int64_t attached;    // to so many users, groups and roles, as it says itself; 0: or not told, -1: not understood
    const char *version; // of those that are not the default, its id
    VECTOR(struct iam_policy) others; // versions that are not the default
    const char *doubt;                // what of it was not understood, or contradicts another record; or NULL
    record_place record;
};

enum iam_kind { IAM_USER, IAM_GROUP, IAM_ROLE };

struct iam_identity {
    enum iam_kind kind;
    const char *name;
    const char *arn;
    const char *evidence;
    const char *boundary; // ARN of the permissions boundary, or NULL
    text_list groups;     // names, of users
    text_list attached;   // ARNs of managed policies
    text_list profiles;   // ARNs of a role's instance profiles
    bool profiles_told;
    VECTOR(struct iam_policy) inlined;
    const struct iam_policy *trust; // of a role: who may assume it; NULL where that is not known
    const char *doubt;              // what of it was not understood, or contradicts another record; or NULL
    record_place record;
};

typedef VECTOR(struct iam_identity) iam_identity_list;

struct iam_access_key {
    enum told active;
    const char *last_rotated; // RFC 3339, or NULL
    const char *last_used;    // RFC 3339, or NULL: never
};

// A row of the credential report.
struct iam_credentials {
    const char *user; // "<root_account>" for root
    const char *arn;
    const char *evidence;
    const char *created;            // when the user was: RFC 3339, or NULL
    bool use_told;                  // the columns of last use are there
    const char *password_last_used; // RFC 3339, or NULL
    const char *password_changed;   // when it was set last: RFC 3339, or NULL
    bool certificate;               // an X.509 signing certificate is active
    enum told password_enabled;
    enum told mfa_active;
    struct iam_access_key keys[2];
};

struct iam_password_policy {
    const char *evidence;
    long minimum_length;
    long remembered; // passwords that may not be used again; 0: none
    bool symbols;
    bool numbers;
    bool uppercase;
    bool lowercase;
    long most_days;    // after which a password expires; 0: never
    bool hard_expiry;  // an administrator must then set it
    bool users_change; // users may change their own
};

// Of the management events that only read, and of the others: whether a trail records them, and of which services it
// leaves them out.
enum { EVENTS_READ, EVENTS_WRITE, EVENTS_HALVES };
struct trail_events {
    bool told;      // the selectors were read
    bool selectors; // there are some
    size_t partly;  // selectors that record some management events by other fields than those below
    bool basic;     // some are basic ones
    bool advanced;  // some are advanced ones: a trail has one kind
    bool others;    // some select events that are not of management, or may
    bool covered[EVENTS_HALVES];
    text_list excluded[EVENTS_HALVES]; // "kms.amazonaws.com"
    text_list named[EVENTS_HALVES];    // sources of which alone some selector records that half
};

struct trail {
    const char *name;
    const char *arn;
    const char *home_region;
    const char *evidence;
    bool multi_region;
    bool validation; // of log files
    enum told logging;
    struct trail_events events;
    bool organization;          // the organization's: of its management account, and listed in each member
    const char *delivery_error; // what the last delivery to its bucket ended with, or NULL
    const char *digest_error;   // the same of digest files, by which log files are validated
    const char *delivered;      // when it last delivered, RFC 3339, or NULL
    const char *digested;       // the same of digest files
    const char *started;        // when it was last told to log, RFC 3339, or NULL
    const char *stopped;        // the same of not to
    const char *doubt;          // as an identity's
    record_place record;
};

// An event data store of CloudTrail Lake.
struct event_store {
    const char *name;
    const char *arn;
    const char *evidence;
    const char *status; // ENABLED...
    bool multi_region;
    bool organization;
};

// Policies of the organization that bear on an account: service control policies (SCP) limit its principals, resource
// control policies (RCP) who may use its resources.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_authorization_policies.html
enum control_policy { CONTROL_POLICY_SERVICE, CONTROL_POLICY_RESOURCE, CONTROL_POLICIES };

// The account itself, a unit that it is in, or the root.
struct organization_level {
    const char *id;
    bool whole[CONTROL_POLICIES]; // all that are attached here are told, with their documents
    VECTOR(const struct iam_policy *) policies[CONTROL_POLICIES]; // those that are understood
};

struct organization {
    bool told;                                // some document tells of its policies
    bool none;                                // the account is in no organization: it was asked
    bool management;                          // it is the management account: neither kind limits it
    bool without_policies;                    // it has consolidated billing only: no policy limits anything
    VECTOR(struct organization_level) levels; // from the account up
    text_list lacks[CONTROL_POLICIES];        // what is not there, or not understood: documents
};

// Who may take a permission set of IAM Identity Center in the account.
struct sign_in_assignment {
    const char *permission_set; // its name, or the last part of its ARN where no document tells
    bool named;                 // it is its name
    const char *principal;      // "GROUP 906750...", "USER ..."
};

struct account {
    const char *id;               // 12 digits, or "unknown"
    struct map summary;           // AccountMFAEnabled... -> long *
    const char *summary_evidence; // of the document, to which "/KEY" is added; NULL where it is absent
    struct map summary_doubts;    // key -> text, of what two documents tell otherwise: it is not in `summary`
    bool has_details;             // GetAccountAuthorizationDetails
    bool has_groups;              // its list of groups
    bool has_roles;
    bool has_credentials;     // the credential report
    bool has_virtual_devices; // ListVirtualMFADevices
    bool has_trails;          // DescribeTrails, of some region
    bool root_has_virtual_device;
    const char *virtual_devices_evidence;
    const struct iam_password_policy *password_policy; // or NULL
    const char *password_policy_doubt;                 // another document tells otherwise; or NULL
    record_place password_policy_record;
    bool password_policy_absent; // asked for, and the account has none
    struct map policies;         // ARN -> struct iam_policy
    iam_identity_list users;     // as told
    iam_identity_list groups;
    iam_identity_list roles;
    struct map identities;   // ARN -> size_t *, its place in users, groups or roles
    struct map listed_users; // ARN -> itself, of those that ListUsers names
    const char *report_made; // when the credential report was made: RFC 3339, or NULL
    VECTOR(struct iam_credentials) credentials;
    const char *credentials_doubt; // two reports, or rows, tell otherwise; or NULL
    VECTOR(struct trail) trails;   // each once
    VECTOR(struct event_store) event_stores;
    bool has_event_stores; // ListEventDataStores, of some region
    struct organization organization;
    VECTOR(struct sign_in_assignment) assignments; // each once
    text_list trail_regions;                       // in which trails were asked for
    text_list opted_regions;                       // that DescribeRegions says are opted into
    text_list told_regions;                        // that it tells of
};
