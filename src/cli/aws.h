// Options of the commands that read AWS, named as the AWS CLI names them, and the reading itself.
#pragma once

#include "aws/read/collect.h"
#include "cli/options.h"

#define OPTIONS_AWS                                                                                                    \
    {"profile", 0, "NAME", "profile of the AWS shared config and credentials files", false},                           \
        {"region", 0, "NAME", "region to read, or all (default AWS_REGION, then the profile's)", true},                \
        {"org", 0, NULL, "read every active account of the organization, by --role-name", false},                      \
        {"org-unit", 0, "ID", "read the accounts of this organizational unit and of those below it", true},            \
        {"org-exclude", 0, "ID", "leave out this account, or unit and those below it", true},                          \
        {"accounts", 0, "FILE", "read these accounts: a line each, 12 digits, # comments", false},                     \
        {"role-name", 0, "NAME", "role to assume in each account but one's own, with its path", false},                \
        {"role-arn", 0, "ARN",                                                                                         \
         "the same by ARN, where {account} and {partition} are filled in; without them the one role, whose account "   \
         "is read",                                                                                                    \
         false},                                                                                                       \
        {"external-id", 0, "ID", "what the role's trust policy asks for (sts:ExternalId)", false},                     \
        {"role-session-name", 0, "NAME", "name of the role's session in CloudTrail (default sgproof)", false},         \
        {"endpoint-url", 0, "URL", "ask this endpoint instead of AWS's", false},                                       \
        {"ca-bundle", 0, "FILE", "certificate authorities to trust (default AWS_CA_BUNDLE, then the system's)",        \
         false},                                                                                                       \
        {"max-attempts", 0, "N", "most tries of a request, 1 to 20 (default AWS_MAX_ATTEMPTS, then 3)", false},        \
        {"parallel", 0, "N", "most requests at once, 1 to 256 (default 64; 8 an account, region and service)", false}, \
    {                                                                                                                  \
        "deadline", 0, "SECONDS", "most time for reading, 1 to 86400 (default 3600)", false                            \
    }

// The file of authorities to trust, or NULL: the system's.
const char *cli_ca_bundle(const struct options *options);

// The accounts to read, and the role to enter them by. ERROR_USAGE where options do not go together.
bool cli_accounts(struct arena *arena, const struct options *options, struct collect_options *wanted,
                  struct error *error);

// Reads into `folder`, or with NULL only finds out who we are, and says on stderr what could not be read.
// `network_only` leaves out IAM and CloudTrail.
bool cli_collect(struct arena *arena, const struct options *options, const char *folder, bool network_only,
                 struct collected *collected, struct error *error);
