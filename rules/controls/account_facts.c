// Facts of the account itself: users, credentials, password policy, token service.
#include "rules/controls/account_facts.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/access/organization_limits.h"
#include "rules/access/sign_in.h"
#include "rules/access/strangers.h"
#include "rules/intent/intent.h"

// ---- Users

static bool has_group(const struct account *account, const char *name)
{
    for (size_t i = 0; i < account->groups.count; i++)
        if (strcmp(account->groups.items[i].name, name) == 0)
            return true;
    return false;
}

// A group of a user that the details do not tell of, or NULL.
static const char *untold_group(const struct account *account, const struct iam_identity *user)
{
    for (size_t i = 0; i < user->groups.count; i++)
        if (!has_group(account, user->groups.items[i]))
            return user->groups.items[i];
    return NULL;
}

// Where people sign in by another way, there is nothing to look at here; that is not to be taken for a pass.
static void answer_no_users(struct inquiry *inquiry, const struct account *account)
{
    if (account->has_details && account->users.count == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, arena_printf(inquiry->arena, "users of %s", account->id), NULL,
               "there are none in IAM; %susers of IAM Identity Center are not looked at",
               sign_in_words(inquiry->arena, account, fact_access(inquiry->arena, inquiry->memory, account)));
}

static void users_in_groups(struct inquiry *inquiry, const struct account *account)
{
    size_t good = 0;
    account_needs_users(inquiry, account);
    for (size_t i = 0; i < account->users.count; i++) {
        const struct iam_identity *user = &account->users.items[i];
        if (user->doubt != NULL)
            answer_missing(inquiry, "%s", user->doubt);
        else if (user->groups.count == 0)
            answer(inquiry, CONTROL_FAIL, user->arn, user->evidence, "is in no group");
        else if (user->attached.count + user->inlined.count > 0)
            answer(inquiry, CONTROL_FAIL, user->arn, user->evidence,
                   "holds rights of its own, not through its groups: %u attached and %u inline policies",
                   user->attached.count, user->inlined.count);
        else if (untold_group(account, user) != NULL)
            answer_missing(inquiry, "group %s", untold_group(account, user));
        else
            good++;
    }
    answer_rest(inquiry, good, "user", "users", "in groups, from which alone their rights come");
    answer_no_users(inquiry, account);
}

// Whether all is known of what a user may do; if not, what is missing is answered.
static bool is_known(struct inquiry *inquiry, const struct access *access, const struct iam_identity *user)
{
    const char *missing = access->unknown != NULL ? access->unknown : user->doubt;
    if (missing != NULL)
        answer_missing(inquiry, "%s", missing);
    return missing == NULL;
}

static void no_direct_administrators(struct inquiry *inquiry, const struct account *account)
{
    size_t good = 0;
    struct access_map *map = fact_access(inquiry->arena, inquiry->memory, account);
    account_needs_users(inquiry, account);
    for (size_t i = 0; i < account->users.count; i++) {
        const struct iam_identity *user = &account->users.items[i];
        struct access access = access_of_its_own(map, user);
        // What a Deny of its groups takes away is on nobody.
        if (access.level == ACCESS_ADMIN && access_of(map, user)->level == ACCESS_ADMIN)
            answer(inquiry, CONTROL_FAIL, user->arn, access.reference, "administrator access is on the user itself: %s",
                   access.path);
        else
            good += is_known(inquiry, &access, user);
    }
    answer_rest(inquiry, good, "user", "users", "no administrator access on the user itself");
}

// By the token of a provider that may sign in people as well as programs: the intent tells that it is meant. What an
// application's users may do to what is theirs is the application's matter, until it is all.
static void who_signs_in_by_token(struct inquiry *inquiry, const struct iam_identity *role, const struct access *access)
{
    const struct intent *intent = inquiry->input->intent;
    bool application = false, named = intent != NULL && intent_is_administrator(intent, role->arn);
    const char *provider = strangers_token_provider(role, &application);
    if (provider == NULL || access->level <= (application ? ACCESS_WRITE : ACCESS_UNKNOWN))
        return;
    if (named)
        answer(inquiry, CONTROL_PASS, role->arn, access->reference,
               "who signs in to it by %s may do more than read, and it is named in the intent: %s", provider,
               access->path);
    else
        answer_missing(inquiry,
                       "who signs in to %s by %s, and may do more than read: administrators of the intent name the "
                       "role where it is meant",
                       role->arn, provider);
}

// Roles that strangers may assume: what they can do, all can, reading too. And those that people of a SAML provider, or
// of IAM Identity Center, sign in to: these are users as well, of whom no other document tells.
static void roles_for_others(struct inquiry *inquiry, const struct account *account, const struct access_map *map)
{
    const struct intent *intent = inquiry->input->intent;
    for (size_t i = 0; i < account->roles.count; i++) {
        const struct iam_identity *role = &account->roles.items[i];
        const struct access *access = access_of(map, role);
        const char *unsure = NULL, *who = strangers_of(inquiry->arena, account, role, &unsure);
        const char *path = access->path != NULL ? access->path : "";
        const char *provider = strangers_saml_provider(role);
        bool may = access->level == ACCESS_READ || access->level > ACCESS_UNKNOWN;
        bool more = access->level > ACCESS_UNKNOWN;
        if (who != NULL && may)
            answer(inquiry, CONTROL_FAIL, role->arn, role->trust->evidence,
                   "its trust policy lets %s assume it, and it may %s: %s", who, more ? "do more than read" : "read",
                   path);
        else if (role->trust == NULL && access->level != ACCESS_NONE)
            answer_missing(inquiry, "the trust policy of role %s", role->name);
        else if (unsure != NULL && may)
            answer_missing(inquiry, "%s", unsure);
        else if (provider != NULL && more && intent != NULL && intent_is_administrator(intent, role->arn))
            answer(inquiry, CONTROL_PASS, role->arn, access->reference,
                   "who signs in to it by %s may do more than read, and it is named in the intent: %s", provider, path);
        else if (provider != NULL && more)
            answer(inquiry, CONTROL_FAIL, role->arn, access->reference,
                   "who signs in to it by %s may do more than read, and it is not among the intent's administrators: "
                   "%s",
                   provider, path);
        else
            who_signs_in_by_token(inquiry, role, access);
        if ((who != NULL || provider != NULL) && access->level == ACCESS_UNKNOWN && access->unknown != NULL)
            answer_missing(inquiry, "%s", access->unknown);
    }
}

static void users_read_only(struct inquiry *inquiry, const struct account *account)
{
    static const char *const words[ACCESS_LEVELS] = {
        [ACCESS_WRITE] = "may do more than read",
        [ACCESS_ESCALATES] = "may make itself an administrator",
        [ACCESS_ADMIN] = "is an administrator",
    };
    size_t good = 0;
    const struct intent *intent = inquiry->input->intent;
    struct access_map *map = fact_access(inquiry->arena, inquiry->memory, account);
    account_needs_users(inquiry, account);
    for (size_t i = 0; i < account->users.count; i++) {
        const struct iam_identity *user = &account->users.items[i];
        const struct access *access = access_of(map, user);
        bool named = intent != NULL && intent_is_administrator(intent, user->arn);
        if (access->level > ACCESS_UNKNOWN && named)
            answer(inquiry, CONTROL_PASS, user->arn, access->reference, "%s, and is named in the intent: %s",
                   words[access->level], access->path);
        else if (access->level > ACCESS_UNKNOWN)
            answer(inquiry, CONTROL_FAIL, user->arn, access->reference,
                   "%s, and is not among the intent's administrators: %s", words[access->level], access->path);
        else
            good += is_known(inquiry, access, user);
    }
    roles_for_others(inquiry, account, map);
    const char *organization = organization_words(inquiry->arena, account);
    answer_rest(inquiry, good, "user", "users",
                organization == NULL
                    ? "read only, by IAM's policies and roles (policies of buckets, keys and other resources, users of "
                      "IAM Identity Center and the organization's SCP and RCP are not looked at)"
                    : arena_printf(inquiry->arena,
                                   "read only, by IAM's policies and roles (policies of buckets, keys and other "
                                   "resources and users of IAM Identity Center are not looked at; %s)",
                                   organization));
    answer_no_users(inquiry, account);
}

static bool listed(const char *globs, const char *name, struct arena *arena)
{
    char *copy = arena_strdup(arena, globs), *rest = NULL;
    for (char *glob = strtok_r(copy, ", ", &rest); glob != NULL; glob = strtok_r(NULL, ", ", &rest))
        if (fnmatch(glob, name, FNM_CASEFOLD) == 0)
            return true;
    return false;
}

static void users_are_persons(struct inquiry *inquiry, const struct account *account)
{
    const char *generic = fact_text(inquiry, "generic_names",
                                    "admin,administrator,root,user*,test*,shared*,team*,ops,dev,devops,common,guest");
    size_t good = 0;
    account_needs_users(inquiry, account);
    for (size_t i = 0; i < account->users.count; i++) {
        const struct iam_identity *user = &account->users.items[i];
        if (listed(generic, user->name, inquiry->arena))
            answer(inquiry, CONTROL_FAIL, user->arn, user->evidence, "its name is nobody's: one user, one person");
        else
            good++;
    }
    answer_rest(inquiry, good, "user", "users", "named");
    answer_no_users(inquiry, account);
}

static void users_have_mfa(struct inquiry *inquiry, const struct account *account)
{
    bool console = strcmp(fact_text(inquiry, "console_only", "false"), "true") == 0;
    size_t good = 0, spared = 0;
    account_needs_credentials(inquiry, account);
    for (size_t i = 0; i < account->credentials.count; i++) {
        const struct iam_credentials *of = &account->credentials.items[i];
        if (account_is_root(of))
            continue;
        if (console && of->password_enabled == TOLD_NO)
            spared++;
        else if (of->mfa_active == TOLD_YES)
            good++;
        else if (of->mfa_active == TOLD_NOTHING || (console && of->password_enabled == TOLD_NOTHING))
            answer_missing(inquiry, "mfa_active or password_enabled of %s in get-credential-report", of->arn);
        else
            answer(inquiry, CONTROL_FAIL, of->arn, of->evidence, "has no MFA device%s",
                   of->password_enabled == TOLD_YES ? " and may sign in by password" : "");
    }
    answer_rest(inquiry, good, "user", "users", "with MFA");
    answer_rest(inquiry, spared, "user", "users", "without a password");
}

// ---- Access keys

// Ages count to the day on which the report was made: what it says is of then.
static void describe_key(struct inquiry *inquiry, const struct account *account, const struct iam_credentials *of,
                         int number, long most_days)
{
    const struct iam_access_key *key = &of->keys[number];
    const char *day = account->report_made != NULL ? account->report_made : inquiry->input->today;
    long age = account_days_since(key->last_rotated, day);
    const char *old = age < 0 ? "of unknown age" : arena_printf(inquiry->arena, "%ld days old on %.10s", age, day);
    const char *used =
        key->last_used == NULL ? "never used" : arena_printf(inquiry->arena, "last used %.10s", key->last_used);
    bool fine = most_days > 0 && age >= 0 && age <= most_days;
    answer(inquiry, fine ? CONTROL_PASS : CONTROL_FAIL, of->arn, of->evidence, "access key %d is active, %s, %s%s",
           number + 1, old, used,
           fine            ? ""
           : most_days > 0 ? ": rotate it"
                           : ": a role gives temporary credentials");
    if (!fine && fix_is_plain(of->user)) // which of its keys, `aws iam list-access-keys` tells
        answer_fix(inquiry,
                   "aws iam list-access-keys --user-name %s && aws iam update-access-key --user-name %s "
                   "--status Inactive --access-key-id KEY",
                   of->user, of->user);
}

// As long-lived as a key. Root's is asked about with root's keys.
static void answer_certificate(struct inquiry *inquiry, const struct iam_credentials *of)
{
    answer(inquiry, CONTROL_FAIL, of->arn, of->evidence,
           "an X.509 signing certificate is active: a role gives temporary credentials");
    if (fix_is_plain(of->user))
        answer_fix(inquiry,
                   "aws iam list-signing-certificates --user-name %s && aws iam update-signing-certificate "
                   "--user-name %s --status Inactive --certificate-id CERTIFICATE",
                   of->user, of->user);
}

static void no_long_lived_keys(struct inquiry *inquiry, const struct account *account)
{
    long most_days = fact_number(inquiry, "max_age_days", 0);
    size_t good = 0;
    account_needs_credentials(inquiry, account);
    for (size_t i = 0; i < account->credentials.count; i++) {
        const struct iam_credentials *of = &account->credentials.items[i];
        for (int k = 0; k < 2; k++)
            if (of->keys[k].active == TOLD_YES)
                describe_key(inquiry, account, of, k, most_days);
            else if (of->keys[k].active == TOLD_NOTHING)
                answer_missing(inquiry, "access_key_%d_active of %s in get-credential-report", k + 1, of->arn);
        bool certificate = of->certificate && most_days == 0 && !account_is_root(of);
        if (certificate)
            answer_certificate(inquiry, of);
        good += of->keys[0].active == TOLD_NO && of->keys[1].active == TOLD_NO && !certificate;
    }
    answer_rest(inquiry, good, "user", "users", "without access keys");
}

// ---- Passwords. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html

// The command sets all of the policy anew and what it leaves out goes back to its default; so it keeps what is set, and
// asks for what the pack's other controls of passwords do: `fix_minimum_length`, `fix_remembered`.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html
static void fix_password_policy(struct inquiry *inquiry, const struct iam_password_policy *policy, long length,
                                long remembered)
{
    enum { SHORTEST = 6 };
    const long lengths[] = {policy->minimum_length, length, fact_number(inquiry, "fix_minimum_length", 0), SHORTEST};
    const long counts[] = {policy->remembered, remembered, fact_number(inquiry, "fix_remembered", 0), 0};
    long longest = 0, most = 0;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        longest = lengths[i] > longest ? lengths[i] : longest;
        most = counts[i] > most ? counts[i] : most;
    }
    struct arena *arena = inquiry->arena;
    answer_fix(inquiry,
               "aws iam update-account-password-policy --minimum-password-length %ld --require-uppercase-characters "
               "--require-lowercase-characters --require-numbers --require-symbols%s%s%s%s",
               longest, most == 0 ? "" : arena_printf(arena, " --password-reuse-prevention %ld", most),
               policy->most_days == 0 ? "" : arena_printf(arena, " --max-password-age %ld", policy->most_days),
               policy->hard_expiry ? " --hard-expiry" : "",
               policy->users_change ? " --allow-users-to-change-password" : "");
}

static void password_policy(struct inquiry *inquiry, const struct account *account)
{
    // What applies where an account has set none: 8 characters, three of the four classes, not the account's name.
    static const struct iam_password_policy by_default = {.minimum_length = 8};
    long length = fact_number(inquiry, "minimum_length", 8), classes = fact_number(inquiry, "classes", 3);
    const struct iam_password_policy *policy = account->password_policy;
    const char *subject = arena_printf(inquiry->arena, "password policy of %s", account->id);
    if (policy == NULL && !account->password_policy_absent) {
        account_lacks(inquiry, account, "get-account-password-policy");
        return;
    }
    if (account->password_policy_doubt != NULL || (policy != NULL && account->password_policy_absent)) {
        answer_missing(inquiry, "%s",
                       account->password_policy_doubt != NULL
                           ? account->password_policy_doubt
                           : "get-account-password-policy: one tells of a policy, another of none");
        return;
    }
    bool absent = policy == NULL;
    if (absent)
        policy = &by_default;
    long asked = absent ? 3 : policy->symbols + policy->numbers + policy->uppercase + policy->lowercase;
    long remembered = fact_number(inquiry, "remembered", 0);
    bool good = policy->minimum_length >= length && asked >= classes && policy->remembered >= remembered;
    const char *reuse =
        remembered == 0 ? "" : arena_printf(inquiry->arena, ", the last %ld not again", policy->remembered);
    const char *wanted = remembered == 0 ? "" : arena_printf(inquiry->arena, ", and %ld not again", remembered);
    answer(inquiry, good ? CONTROL_PASS : CONTROL_FAIL, subject, absent ? "snapshot.json" : policy->evidence,
           "%s: at least %ld characters and %ld of the four classes%s%s", absent ? "IAM's default applies" : "set",
           policy->minimum_length, asked, reuse,
           good ? "" : arena_printf(inquiry->arena, ", asked for are %ld and %ld%s", length, classes, wanted));
    if (!good)
        fix_password_policy(inquiry, policy, length, remembered);
}

// ---- STS. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html

// Regions that an account must enable: their STS takes no version 1 tokens.
static bool is_opt_in(const char *region)
{
    static const char *const names[] = {
        "af-south-1",     "ap-east-1",      "ap-east-2",      "ap-south-2", "ap-southeast-3", "ap-southeast-4",
        "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1",  "eu-central-2",   "eu-south-1",
        "eu-south-2",     "il-central-1",   "me-central-1",   "me-south-1", "mx-central-1",   NULL};
    return text_among(region, names);
}

// Those that every account has: a list without one of them is no list of all, and none that `describe-regions` tells.
static const char *region_untold(const struct account *account)
{
    static const char *const names[] = {
        "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
        "ca-central-1",   "eu-central-1",   "eu-north-1",     "eu-west-1",  "eu-west-2",      "eu-west-3",
        "sa-east-1",      "us-east-1",      "us-east-2",      "us-west-1",  "us-west-2",      NULL};
    for (const char *const *name = names; *name != NULL; name++)
        if (!text_list_holds(&account->told_regions, *name))
            return *name;
    return NULL;
}

static void sts_token_version(struct inquiry *inquiry, const struct account *account)
{
    const long *version = account_summary(account, "GlobalEndpointTokenVersion");
    const char *subject = arena_printf(inquiry->arena, "STS of %s", account->id), *opted = NULL;
    if (version == NULL) {
        account_lacks_figure(inquiry, account, "GlobalEndpointTokenVersion");
        return;
    }
    const char *reference = account_reference(inquiry, account, "GlobalEndpointTokenVersion");
    for (size_t i = 0; i < account->trail_regions.count && opted == NULL; i++)
        opted = is_opt_in(account->trail_regions.items[i]) ? account->trail_regions.items[i] : NULL;
    if (opted == NULL && account->opted_regions.count > 0)
        opted = account->opted_regions.items[0];
    if (*version == 2)
        answer(inquiry, CONTROL_PASS, subject, reference,
               "tokens of the global endpoint are of version 2: valid in every region");
    else if (*version != 1)
        answer_missing(inquiry, "what GlobalEndpointTokenVersion %ld of account %s means: 1 and 2 are known", *version,
                       account->id);
    else if (opted != NULL) {
        answer(inquiry, CONTROL_FAIL, subject, reference,
               "tokens of the global endpoint are of version 1: not valid in %s, which is in use", opted);
        answer_fix(inquiry, "aws iam set-security-token-service-preferences --global-endpoint-token-version v2Token");
    } else if (account->told_regions.count == 0)
        account_lacks(inquiry, account, "describe-regions, which regions are opted into,");
    else if (region_untold(account) != NULL)
        answer_missing(inquiry, "describe-regions of account %s, whole: it does not tell of %s", account->id,
                       region_untold(account));
    else
        answer(inquiry, CONTROL_PASS, subject, reference,
               "tokens of the global endpoint are of version 1: valid only in regions that are enabled by default, and "
               "no other is opted into");
}

ACCOUNT_FACT(users_in_groups)
ACCOUNT_FACT(no_direct_administrators)
ACCOUNT_FACT(users_read_only)
ACCOUNT_FACT(users_are_persons)
ACCOUNT_FACT(users_have_mfa)
ACCOUNT_FACT(no_long_lived_keys)
ACCOUNT_FACT(password_policy)
ACCOUNT_FACT(sts_token_version)

static const char *const none[] = {NULL};

const struct fact account_facts[] = {
    {"users-are-in-groups", true, none, each_users_in_groups},
    {"no-direct-administrators", true, none, each_no_direct_administrators},
    {"users-read-only-unless-named", true, none, each_users_read_only},
    {"users-are-persons", true, (const char *const[]){"generic_names=text", NULL}, each_users_are_persons},
    {"users-have-mfa", true, (const char *const[]){"console_only=flag", NULL}, each_users_have_mfa},
    {"no-long-lived-access-keys", true, (const char *const[]){"max_age_days=count", NULL}, each_no_long_lived_keys},
    {"password-policy", true,
     (const char *const[]){"minimum_length=count", "classes=count", "remembered=count", "fix_minimum_length=count",
                           "fix_remembered=count", NULL},
     each_password_policy},
    {"sts-token-version", true, none, each_sts_token_version},
    {NULL, false, NULL, NULL},
};
