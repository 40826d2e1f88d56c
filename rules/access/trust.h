// Whom a role's trust policy lets assume it. What has a condition may hold: its Allow counts, its Deny does not.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
#pragma once

#include "model/account.h"

struct trust {
    bool known;         // the policy was read, and understood
    bool account;       // whom in the account an own policy lets
    bool everyone;      // all, whatever their own policies say
    bool nobody;        // a Deny takes away everyone of the account
    bool barred;        // a resource control policy does, whatever the trust policy becomes
    text_list named;    // ARNs of users and roles, whatever their own policies say
    text_list sessions; // those of roles of which a session is named, whatever their boundary says
    text_list denied;   // ARNs that a Deny names
    text_list services; // "lambda.amazonaws.com", and LAUNCH_SAML where a SAML provider of the account may
};

// Where no policy is known, it is taken to trust the account.
struct trust trust_of(struct arena *arena, const struct account *account, const struct iam_identity *role);

// Whether a statement of a trust policy is about an action: "sts:AssumeRole".
bool trust_speaks_of(const struct iam_statement *statement, const char *action);

// Whether a service is among them: "ec2" is ec2.amazonaws.com, or the same of another partition.
bool trust_has_service(const struct trust *trust, const char *service);
