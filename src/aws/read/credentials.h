// Credentials, found in the order in which the AWS SDKs look for them; where the SDKs themselves part, so that two of
// them would read as two identities, none is chosen and the message says why.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
#pragma once

#include <stdint.h>

#include "aws/read/aws_config.h"

struct credentials {
    const char *key_id;
    const char *secret;
    const char *token;   // session token, or NULL
    int64_t expires;     // seconds since 1970, or 0 where that is not told
    const char *source;  // where they were found, for people; never holds a secret
    const char *account; // that whoever gave them says they are of, or NULL
};

// A role to assume with the credentials found.
struct role {
    const char *arn; // or NULL: none
    const char *external_id;
    const char *session_name;
    const char *duration;   // seconds that its keys are to last, or NULL for AWS's hour
    const char *token_file; // of a web identity, which then stands for credentials; or NULL
    const char *source;     // where it is configured
};

// Roles to assume one on the other, beginning with the credentials found.
enum { ROLES = 8 };
struct role_chain {
    struct role roles[ROLES];
    size_t count;
};

// Finds credentials, and in *chain the roles that the profile has them assume. On failure the message says where was
// looked. Secrets live in the configuration's arena, which is to be wiped.
bool credentials_find(const struct aws_config *config, struct credentials *credentials, struct role_chain *chain,
                      struct error *error);

enum credentials_form {
    CREDENTIALS_ENDPOINT, // of containers: {"Code": "Success" or none, ..., "Token": ...}
    CREDENTIALS_INSTANCE, // the same of instances, whose metadata may be late with new ones: AWS judges those
    CREDENTIALS_PROCESS,  // of credential_process: {"Version": 1, ..., "SessionToken": ...}
};

// Reads {"AccessKeyId": ..., "SecretAccessKey": ..., "Expiration": ...} in either form. Fails where they have expired.
bool credentials_parse(struct arena *arena, const char *name, enum credentials_form form, const char *text,
                       size_t length, const char *source, struct credentials *credentials, struct error *error);
