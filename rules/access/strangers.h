// Whom of the world, beyond the account and those that it knows, a role's trust policy lets in.
//
// A *shared* provider signs in everyone's users or programs under one address (GitHub, GitLab, Cognito): only a claim
// of its token tells whose they are, and a trust policy without a condition on it is for all of them.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
#pragma once

#include "model/account.h"

// "anybody", "anybody of gitlab.com"; NULL where nobody is let in whom the policy does not tell of. *unsure is what
// would have to be known to say so, or NULL. Both are in the arena.
const char *strangers_of(struct arena *arena, const struct account *account, const struct iam_identity *role,
                         const char **unsure);

// Of a role that people take by signing in elsewhere: the ARN of the SAML provider of the account, or NULL.
const char *strangers_saml_provider(const struct iam_identity *role);

// Of a role that people or programs take by a token of a provider of which the policy does not tell which of the two it
// signs in: "login.example.com", "accounts.google.com", "cognito-identity.amazonaws.com" (people of an application,
// *application is set); NULL where of none. Clusters of EKS and services that run builds sign in programs.
const char *strangers_token_provider(const struct iam_identity *role, bool *application);
