// Credentials of IAM Identity Center, by the token that `aws sso login` left.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html
#pragma once

#include "aws/read/credentials.h"

// Whether a profile has settings of it.
bool identity_center_is_meant(const struct aws_config *config, const char *profile);

// Gets the role's credentials. A token of an sso-session that has expired is replaced by its refresh token, and written
// back where the AWS CLI and the SDKs find it. ERROR_USAGE, with what to do.
bool identity_center_find(const struct aws_config *config, const char *profile, struct credentials *credentials,
                          struct error *error);
