// How a role is taken through a service that runs code as it: the published escalation paths that pass a role, and
// those that change what runs as one already. Sources: Rhino Security Labs, "AWS IAM Privilege Escalation" (21 methods,
// by number), and Datadog's pathfinding.cloud (by id); "own-" are ours. Those of IAM itself are in closure.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { LAUNCH_MOST_ACTIONS = 5 };

// In place of a service: a SAML provider of the account, whose document decides who may sign in by it; IAM Identity
// Center's own; and an EKS cluster, which gives pods tokens for roles.
#define LAUNCH_SAML "saml-provider"
#define LAUNCH_IDENTITY_CENTER "identity-center"
#define LAUNCH_EKS_TOKENS "oidc.eks"

struct launch {
    const char *id;                           // "lambda-001"
    const char *service;                      // that the role trusts: "lambda", which is lambda.amazonaws.com
    bool passes;                              // a role, besides the actions: iam:PassRole
    const char *actions[LAUNCH_MOST_ACTIONS]; // all of them are needed; ends with NULL or at the most
};

extern const struct launch launches[];
extern const size_t launch_count;
