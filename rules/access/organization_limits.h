// What the organization's control policies take away in an account, as far as the snapshot tells of them: Deny where it
// certainly applies, and what no Allow of some level (account, units, root) grants. A level that is not known whole
// grants everything; a condition or a resource of an Allow narrows nothing. So what is taken away is never too much.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
#pragma once

#include "model/account.h"
#include "rules/access/action_list.h"

struct control_statement {
    const struct iam_policy *policy;
    const struct iam_statement *statement;
};

struct organization_limits {
    const struct organization *of;
    action_word *within; // listed actions that every level grants
    VECTOR(struct control_statement) denies;
};

// NULL where nothing limits the account's principals, or nothing is known to. In the arena.
const struct organization_limits *organization_limits_of(struct arena *arena, const struct account *account,
                                                         struct action_list *actions);

// Whether some level grants nothing of an action that is not listed, or of a pattern of such.
bool organization_limits_bar(const struct organization_limits *limits, const char *action);

// Whether a resource control policy lets nobody take a role by an action ("sts:AssumeRoleWithWebIdentity"): a Deny for
// everyone, without a condition, or on one that `counts` (NULL: none does).
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
bool organization_bars_role(const struct account *account, const struct iam_identity *role, const char *action,
                            bool (*counts)(const struct iam_statement *));

// What is to be said of control policies: what is taken into account, what is not there and so not looked at. In the
// arena.
const char *organization_words(struct arena *arena, const struct account *account);
