// Facts of IAM users and policies that CIS asks about beside SEC-002: credentials that nobody uses, keys, policies that
// are attached where they should not be.
#include "rules/controls/account_facts.h"

#include <string.h>

// ---- Credentials that nobody uses

// Days for which a credential was not used, to the day of the report; -1 where that is not told. What was never used
// counts from when it was set.
static long idle_days(const struct account *account, const struct inquiry *inquiry, const char *used, const char *set)
{
    const char *day = account->report_made != NULL ? account->report_made : inquiry->input->today;
    return account_days_since(used != NULL ? used : set, day);
}

static bool is_idle(struct inquiry *inquiry, const struct account *account, const struct iam_credentials *of,
                    const char *what, const char *used, const char *set)
{
    long most = fact_number(inquiry, "days", 45), days = idle_days(account, inquiry, used, set);
    if (days < 0) {
        answer_missing(inquiry, "when %s of %s was used or set, in get-credential-report", what, of->arn);
        return false;
    }
    if (days < most)
        return false;
    answer(inquiry, CONTROL_FAIL, of->arn, of->evidence, "%s was %s for %ld days", what,
           used != NULL ? "not used" : "never used, and is set", days);
    return true;
}

static void credentials_in_use(struct inquiry *inquiry, const struct account *account)
{
    size_t good = 0;
    account_needs_credentials(inquiry, account);
    for (size_t i = 0; i < account->credentials.count; i++) {
        const struct iam_credentials *of = &account->credentials.items[i];
        bool idle = false;
        if (account_is_root(of))
            continue;
        if (!of->use_told)
            answer_missing(inquiry, "the columns of last use in get-credential-report");
        if (of->password_enabled == TOLD_NOTHING)
            answer_missing(inquiry, "password_enabled of %s in get-credential-report", of->arn);
        if (of->password_enabled == TOLD_YES &&
            is_idle(inquiry, account, of, "the password", of->password_last_used, of->password_changed)) {
            idle = true;
            if (fix_is_plain(of->user))
                answer_fix(inquiry, "aws iam delete-login-profile --user-name %s", of->user);
        }
        for (int k = 0; k < 2; k++) {
            const struct iam_access_key *key = &of->keys[k];
            const char *what = arena_printf(inquiry->arena, "access key %d", k + 1);
            if (key->active == TOLD_NOTHING)
                answer_missing(inquiry, "access_key_%d_active of %s in get-credential-report", k + 1, of->arn);
            if (key->active == TOLD_YES && is_idle(inquiry, account, of, what, key->last_used, key->last_rotated)) {
                idle = true;
                if (fix_is_plain(of->user))
                    answer_fix(inquiry,
                               "aws iam list-access-keys --user-name %s && aws iam update-access-key --user-name %s "
                               "--status Inactive --access-key-id KEY",
                               of->user, of->user);
            }
        }
        good += !idle;
    }
    answer_rest(inquiry, good, "user", "users", "with no credential that lies idle");
}

static void answer_two_keys(struct inquiry *inquiry, const struct iam_credentials *of)
{
    answer(inquiry, CONTROL_FAIL, of->arn, of->evidence, "has two active access keys");
    if (fix_is_plain(of->user)) // which of its keys, `aws iam list-access-keys` tells
        answer_fix(inquiry,
                   "aws iam list-access-keys --user-name %s && aws iam update-access-key --user-name %s "
                   "--status Inactive --access-key-id KEY",
                   of->user, of->user);
}

static void one_active_key(struct inquiry *inquiry, const struct account *account)
{
    size_t good = 0;
    account_needs_credentials(inquiry, account);
    for (size_t i = 0; i < account->credentials.count; i++) {
        const struct iam_credentials *of = &account->credentials.items[i];
        if (account_is_root(of))
            continue;
        if (of->keys[0].active == TOLD_YES && of->keys[1].active == TOLD_YES)
            answer_two_keys(inquiry, of);
        else if (of->keys[0].active != TOLD_NOTHING && of->keys[1].active != TOLD_NOTHING)
            good++;
        else
            answer_missing(inquiry, "access_key_1_active and access_key_2_active of %s in get-credential-report",
                           of->arn);
    }
    answer_rest(inquiry, good, "user", "users", "with at most one active access key");
}

// ---- Policies

static void permissions_through_groups(struct inquiry *inquiry, const struct account *account)
{
    size_t good = 0;
    account_needs_users(inquiry, account);
    for (size_t i = 0; i < account->users.count; i++) {
        const struct iam_identity *user = &account->users.items[i];
        if (user->attached.count + user->inlined.count == 0) {
            good += user->doubt == NULL;
            if (user->doubt != NULL)
                answer_missing(inquiry, "%s", user->doubt);
            continue;
        }
        answer(inquiry, CONTROL_FAIL, user->arn, user->evidence, "has %u attached and %u inline policies of its own",
               user->attached.count, user->inlined.count);
        if (user->attached.count > 0 && fix_is_plain(user->name) && fix_is_plain(user->attached.items[0]))
            answer_fix(inquiry, "aws iam detach-user-policy --user-name %s --policy-arn %s", user->name,
                       user->attached.items[0]);
        else if (user->inlined.count > 0 && fix_is_plain(user->name) && fix_is_plain(user->inlined.items[0].name))
            answer_fix(inquiry, "aws iam delete-user-policy --user-name %s --policy-name %s", user->name,
                       user->inlined.items[0].name);
    }
    answer_rest(inquiry, good, "user", "users", "with no policy but its groups'");
}

// A pattern that everything matches: "*", "?*", "*:*", "arn:*:*", "arn:aws-cn:*".
static bool is_all(const char *pattern, bool resource)
{
    if (resource && strncmp(pattern, "arn:", 4) == 0) {
        pattern += 4;
        pattern += strncmp(pattern, "aws", 3) == 0 ? strcspn(pattern, ":*?") : 0;
    }
    return pattern[0] != '\0' && pattern[strspn(pattern, "*:?")] == '\0' && strchr(pattern, '*') != NULL;
}

static bool holds_all(const text_list *list, bool resource)
{
    for (size_t i = 0; i < list->count; i++)
        if (is_all(list->items[i], resource))
            return true;
    return false;
}

static bool allows_all(const struct iam_policy *policy)
{
    for (size_t i = 0; i < policy->statements.count; i++) {
        const struct iam_statement *one = &policy->statements.items[i];
        if (one->allow && !one->not_actions && !one->not_resources && holds_all(&one->actions, false) &&
            holds_all(&one->resources, true))
            return true;
    }
    return false;
}

// AWS's own policies whose documents are not in the snapshot, and that are known to grant less.
static bool is_known_less(const char *arn)
{
    static const char *const names[] = {"ReadOnlyAccess",  "SecurityAudit", "job-function/ViewOnlyAccess",
                                        "PowerUserAccess", "IAMFullAccess", NULL};
    const char *name = strstr(arn, ":iam::aws:policy/");
    return name != NULL && text_among(name + strlen(":iam::aws:policy/"), names);
}

static bool is_administrators(const char *arn)
{
    const char *name = strstr(arn, ":iam::aws:policy/");
    return name != NULL && strcmp(name + strlen(":iam::aws:policy/"), "AdministratorAccess") == 0;
}

static bool attached_fails(struct inquiry *inquiry, const struct account *account, const struct iam_identity *identity)
{
    static const char *const words[] = {[IAM_USER] = "user", [IAM_GROUP] = "group", [IAM_ROLE] = "role"};
    bool fails = false;
    for (size_t i = 0; i < identity->attached.count; i++) {
        const char *arn = identity->attached.items[i];
        const struct iam_policy *policy = map_get(&account->policies, arn);
        if (policy == NULL && !is_administrators(arn) && !is_known_less(arn))
            answer_missing(inquiry, "the document of policy %s", arn);
        else if (policy != NULL && policy->doubt != NULL)
            answer_missing(inquiry, "%s", policy->doubt);
        if (policy == NULL ? !is_administrators(arn) : !allows_all(policy))
            continue;
        fails = true;
        answer(inquiry, CONTROL_FAIL, identity->arn, identity->evidence,
               "policy %s, which allows * on *, is attached to it", arn);
        if (fix_is_plain(identity->name) && fix_is_plain(arn))
            answer_fix(inquiry, "aws iam detach-%s-policy --%s-name %s --policy-arn %s", words[identity->kind],
                       words[identity->kind], identity->name, arn);
    }
    for (size_t i = 0; i < identity->inlined.count; i++) {
        if (!allows_all(&identity->inlined.items[i]))
            continue;
        fails = true;
        answer(inquiry, CONTROL_FAIL, identity->arn, identity->inlined.items[i].evidence,
               "its inline policy %s allows * on *", identity->inlined.items[i].name);
        if (fix_is_plain(identity->name) && fix_is_plain(identity->inlined.items[i].name))
            answer_fix(inquiry, "aws iam delete-%s-policy --%s-name %s --policy-name %s", words[identity->kind],
                       words[identity->kind], identity->name, identity->inlined.items[i].name);
    }
    if (identity->doubt != NULL)
        answer_missing(inquiry, "%s", identity->doubt);
    return fails;
}

static void no_full_administrators(struct inquiry *inquiry, const struct account *account)
{
    const iam_identity_list *const lists[] = {&account->users, &account->groups, &account->roles};
    size_t good = 0;
    account_needs_users(inquiry, account);
    for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++)
        for (size_t i = 0; i < lists[l]->count; i++)
            good += !attached_fails(inquiry, account, &lists[l]->items[i]);
    answer_rest(inquiry, good, "user, group or role", "users, groups and roles", "without a policy that allows * on *");
}

ACCOUNT_FACT(credentials_in_use)
ACCOUNT_FACT(one_active_key)
ACCOUNT_FACT(permissions_through_groups)
ACCOUNT_FACT(no_full_administrators)

static const char *const none[] = {NULL};

const struct fact credential_facts[] = {
    {"credentials-in-use", true, (const char *const[]){"days=count", NULL}, each_credentials_in_use},
    {"one-active-access-key", true, none, each_one_active_key},
    {"permissions-through-groups", true, none, each_permissions_through_groups},
    {"no-full-administrator-policies", true, none, each_no_full_administrators},
    {NULL, false, NULL, NULL},
};
