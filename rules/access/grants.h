// What the policies of one principal grant it, made ready to be asked: its own policies and those of its groups, the
// permissions boundary, and denials.
//
// A statement with a condition may hold: its Allow counts, its Deny does not. So what is granted is never too little.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
#pragma once

#include "model/account.h"
#include "rules/access/action_list.h"
#include "rules/access/organization_limits.h"

struct grant {
    const struct iam_statement *statement;
    const struct iam_policy *policy;
    const struct iam_identity *group; // that holds the policy, or NULL: the principal itself
    const action_word *actions;       // that it stands for, of those listed
    text_list unlisted;               // patterns of actions that the list does not hold
    text_list resources;              // with variables put in
};

typedef VECTOR(struct grant) grant_list;

// What all principals of an account share.
struct granting {
    struct arena *arena;
    const struct account *account;
    struct action_list *actions;
    struct map sets;                          // words of a statement -> action_word *
    const struct organization_limits *limits; // of the organization; NULL: none is known
    struct map groups;                        // name -> const struct iam_identity *
};

struct grants {
    const struct iam_identity *principal;
    grant_list allows;
    grant_list denies; // those that hold for certain, of the boundary and the organization too
    bool bounded;      // only what the limits allow as well
    grant_list limits;
    bool personal;       // of this principal alone; otherwise of all who have the same policies
    const char *unknown; // what else may grant something and is not known, or NULL
};

struct granting *granting_new(struct arena *arena, const struct account *account);

// Of a user, a group or a role. In the arena.
struct grants *grants_of(struct granting *granting, const struct iam_identity *principal);
// The same without the boundary; of the policies on the identity itself alone, without its groups'; and with all
// allowed that nothing else forbids, as if it could write its own policies.
struct grants *grants_unbounded(struct granting *granting, const struct iam_identity *principal);
struct grants *grants_of_its_own(struct granting *granting, const struct iam_identity *principal);
struct grants *grants_raised(struct granting *granting, const struct grants *grants);
// One version of a managed policy, as if it were all that the principal has.
struct grants *grants_of_policy(struct granting *granting, const struct iam_identity *principal,
                                const struct iam_policy *policy);

// The statement that lets the principal do an action to a resource, or NULL: none does, something denies it, or the
// boundary does not have it.
const struct grant *grants_allow(const struct grants *grants, size_t action, const char *resource);
// Whether a Deny holds for it: what the policies of a resource allow then counts for nothing.
bool grants_deny(const struct grants *grants, size_t action, const char *resource);
// Whether the organization leaves it to the principal, whatever grants it.
bool grants_within_organization(const struct granting *granting, const struct grants *grants, size_t action);
// Whether the boundary, where there is one, lets it through.
bool grants_within_limits(const struct grants *grants, size_t action, const char *resource);
// Resources whose ARN matches a pattern, and to which it may do an action: some for each that its statements tell
// apart.
void grants_some(struct granting *granting, const struct grants *grants, size_t action, const char *pattern,
                 text_list *resources);

// Whether a statement speaks of a resource.
bool grant_covers(const struct grant *grant, const char *resource);
// Texts that stand for all resources that a statement speaks of, as far as others of the principal tell them apart.
void grant_witnesses(struct granting *granting, const struct grants *grants, const struct grant *grant,
                     text_list *witnesses);
