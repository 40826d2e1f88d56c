// Credentials, found in the order in which the AWS SDKs look for them.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
#pragma once

#include <stdint.h>

#include "aws/read/config_file.h"

struct credentials {
    const char *key_id;
    const char *secret;
    const char *token;  // session token, or NULL
    int64_t expires;    // seconds since 1970, or 0 where that is not told
    const char *source; // where they were found, for people; never holds a secret
};

// A role to assume with the credentials found.
struct role {
    const char *arn; // or NULL: none
    const char *external_id;
    const char *session_name;
    const char *token_file; // of a web identity, which then stands for credentials; or NULL
    const char *source;     // where it is configured
};

// Roles to assume one on the other, beginning with the credentials found.
enum { ROLES = 8 };
struct role_chain {
    struct role roles[ROLES];
    size_t count;
};

// What is configured: the profile's files and the environment.
struct aws_config {
    struct arena *arena;
    struct config_file config;
    struct config_file shared; // credentials
    const char *profile;
    bool profile_given;  // by option or environment
    bool profile_option; // by option: then the environment's keys are not looked at
};

// Reads the files. `profile` is an option's value or NULL. A profile that is given must be there.
bool aws_config_read(struct arena *arena, const char *profile, struct aws_config *config, struct error *error);

// Whether one of the files names a credential_process, of whichever profile: then another program may be started.
bool aws_config_names_process(void);

// A setting of the profile (config file), or NULL.
const char *aws_config_setting(const struct aws_config *config, const char *key);

// Finds credentials, and in *chain the roles that the profile has them assume. On failure the message says where was
// looked. Secrets live in the configuration's arena, which is to be wiped.
bool credentials_find(const struct aws_config *config, struct credentials *credentials, struct role_chain *chain,
                      struct error *error);

// Reads the JSON that credential_process, container and instance endpoints print: {"AccessKeyId": ...,
// "SecretAccessKey": ..., "Token" or "SessionToken": ..., "Expiration": ...}.
bool credentials_parse(struct arena *arena, const char *name, const char *text, size_t length, const char *source,
                       struct credentials *credentials, struct error *error);
