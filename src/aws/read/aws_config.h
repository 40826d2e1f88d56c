// What is configured for AWS: the shared files, the profile that is meant, and settings in the SDKs' order.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html and settings-reference.html
#pragma once

#include "aws/read/config_file.h"

struct aws_config {
    struct arena *arena;
    struct config_file config;
    struct config_file shared; // credentials
    const char *files[2];      // where those are
    const char *profile;
    bool profile_given;  // by option or environment
    bool profile_option; // by option: then the environment's keys are not looked at
    bool fips;           // a region was named as one with FIPS endpoints
    uint64_t until;      // clock_steady_ms when all reading is to be done, or 0: whoever gives credentials has no more
    bool (*stopped)(void); // whether it is to end, or NULL
    const char *ca_bundle; // PEM file of authorities to trust, or NULL: the system's
};

// Where the shared files are: AWS_CONFIG_FILE or ~/.aws/config, AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials.
const char *aws_config_file(struct arena *arena);
const char *aws_credentials_file(struct arena *arena);

// Reads the files. `profile` is an option's value or NULL: then AWS_PROFILE, AWS_DEFAULT_PROFILE, "default". A profile
// that is given must be there, and the two variables must not differ.
bool aws_config_read(struct arena *arena, const char *profile, struct aws_config *config, struct error *error);

// Fails where the AWS CLI and other SDKs would read a profile's sections in two ways, and may take two identities.
bool aws_config_expect_clear(const struct aws_config *config, const char *profile, struct error *error);

// Whether one of the files names a credential_process, of whichever profile: then another program may be started. They
// are not parsed for it, so that this is known before anything is.
bool aws_config_names_process(void);

// Whether either file has a profile.
bool aws_config_has(const struct aws_config *config, const char *profile);

// A setting of a profile, or NULL: the credentials file's before the config file's.
const char *aws_config_of(const struct aws_config *config, const char *profile, const char *key);

// The same of one of the files alone.
const char *aws_config_in(const struct aws_config *config, const char *profile, const char *key, enum config_kind kind);

// Whether a profile has a setting, be it an empty one.
bool aws_config_sets(const struct aws_config *config, const char *profile, const char *key);

// A setting of the profile that is meant, or NULL.
const char *aws_config_setting(const struct aws_config *config, const char *key);

// The same, but the environment's variable comes first.
const char *aws_config_either(const struct aws_config *config, const char *variable, const char *key);

// Whether such a switch is on: "true" in any case.
bool aws_config_switch(const struct aws_config *config, const char *variable, const char *key);

// Milliseconds that are left for reading, at most `most`; 0 where it is to end.
long aws_config_left(const struct aws_config *config, long most);
