// How much IAM policies let an identity do, at most.
//
// What is granted is judged from Allow statements alone: a Deny only takes away, and conditions may hold, so the level
// is never too low. A permissions boundary caps it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
#pragma once

#include "model/account.h"

enum access_level {
    ACCESS_NONE,
    ACCESS_READ,  // of any kind, or of one's own credentials
    ACCESS_WRITE, // more than read
    ACCESS_ADMIN, // everything, or enough to take it: all of IAM
};

struct access {
    enum access_level level;
    const char *why;       // "policy X lets it do A on R", of the widest grant; in the arena; NULL where none
    const char *reference; // where the snapshot tells of that policy
    const char *unknown;   // what may grant more and is not known: a policy, a group, what was not understood; or NULL
};

struct role_index; // of the account: role_index.h

// All that reaches an identity: its own policies, and for a user those of its groups. Roles that it may assume count
// where they are the account's own; where they are not known, assuming one is more than read.
struct access policy_access(struct arena *arena, const struct account *account, struct role_index *roles,
                            const struct iam_identity *identity);

// The account's group of that name, or NULL.
const struct iam_identity *policy_group(const struct account *account, const char *name);

// As policy_access, of the policies that are on the identity itself, not through groups, and of no role.
struct access policy_own_access(struct arena *arena, const struct account *account,
                                const struct iam_identity *identity);
