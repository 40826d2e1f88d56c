// What must be known of an account before a fact of it is decided: its figures, users, report.
#include "rules/controls/account_facts.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "rules/access/organization_limits.h"
#include "rules/access/sign_in.h"
#include "rules/access/trust.h"
#include "rules/intent/intent.h"

void account_each(struct inquiry *inquiry, account_answer each)
{
    size_t count;
    void **accounts = map_values(inquiry->arena, &inquiry->input->estate->accounts, &count);
    if (count == 0)
        answer_missing(inquiry, "the account's documents (read without --network-only)");
    for (size_t i = 0; i < count; i++)
        each(inquiry, accounts[i]);
}

void account_lacks(struct inquiry *inquiry, const struct account *account, const char *document)
{
    answer_missing(inquiry, "%s of account %s", document, account->id);
}

// That a kind of the account's documents is there, and whole.
void account_needs(struct inquiry *inquiry, const struct account *account, bool there, enum kind kind,
                   const char *document)
{
    if (!there) {
        account_lacks(inquiry, account, document);
        return;
    }
    const struct lack *lack = estate_lack(inquiry->input->estate, inquiry->arena, kind, account->id, "global");
    if (lack != NULL)
        answer_missing(inquiry, "%s", lack->text);
}

bool account_is_root(const struct iam_credentials *of)
{
    return strcmp(of->user, "<root_account>") == 0;
}

// A figure of the summary is not there, or two documents tell it otherwise.
void account_lacks_figure(struct inquiry *inquiry, const struct account *account, const char *key)
{
    const char *doubt = map_get(&account->summary_doubts, key);
    if (doubt != NULL)
        answer_missing(inquiry, "%s", doubt);
    else
        account_lacks(inquiry, account,
                      account->summary_evidence == NULL
                          ? "get-account-summary"
                          : arena_printf(inquiry->arena, "%s in get-account-summary", key));
}

const long *account_summary(const struct account *account, const char *key)
{
    return map_get(&account->summary, key);
}

const char *account_reference(struct inquiry *inquiry, const struct account *account, const char *key)
{
    return arena_printf(inquiry->arena, "%s/%s", account->summary_evidence, key);
}

// Whole days from an RFC 3339 moment to the day of judgement; -1 where there is none.
long account_days_since(const char *moment, const char *today)
{
    int year, month, day, then_year, then_month, then_day;
    if (moment == NULL || sscanf(today, "%d-%d-%d", &year, &month, &day) != 3 ||
        sscanf(moment, "%d-%d-%d", &then_year, &then_month, &then_day) != 3)
        return -1;
    // Days since the civil epoch, after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    long counts[2];
    for (int i = 0; i < 2; i++) {
        int y = i == 0 ? year : then_year, m = i == 0 ? month : then_month, d = i == 0 ? day : then_day;
        long shifted = m <= 2 ? y - 1 : y, era = (shifted >= 0 ? shifted : shifted - 399) / 400;
        long of_era = shifted - era * 400, of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
        counts[i] = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    }
    return counts[0] - counts[1];
}

// Where the summary does not count users, those that the credential report names must be told. (Else it may name some
// that are gone: it is made every four hours at most.)
static void need_reported_users(struct inquiry *inquiry, const struct account *account)
{
    if (!account->has_details || account_summary(account, "Users") != NULL)
        return;
    for (size_t i = 0; i < account->credentials.count; i++) {
        const struct iam_credentials *of = &account->credentials.items[i];
        if (!account_is_root(of) && map_get(&account->identities, of->arn) == NULL)
            answer_missing(inquiry, "get-account-authorization-details of %s, whom get-credential-report names",
                           of->arn);
    }
}

// Nobody whom ListUsers names is left out.
static void need_listed_users(struct inquiry *inquiry, const struct account *account)
{
    size_t count;
    void **listed = map_values(inquiry->arena, &account->listed_users, &count);
    for (size_t i = 0; account->has_details && i < count; i++)
        if (map_get(&account->identities, listed[i]) == NULL)
            answer_missing(inquiry, "get-account-authorization-details of %s, whom list-users names",
                           (const char *)listed[i]);
}

static void count_attached(struct inquiry *inquiry, const iam_identity_list *identities, struct map *counts)
{
    for (size_t i = 0; i < identities->count; i++)
        for (size_t a = 0; a < identities->items[i].attached.count; a++) {
            const char *arn = identities->items[i].attached.items[a];
            int64_t *count = map_get(counts, arn);
            if (count == NULL)
                map_put(inquiry->arena, counts, arn, count = arena_new_of(inquiry->arena, int64_t));
            ++*count;
        }
}

// A policy says itself to how many it is attached: no fewer are told. Whoever else has it is nobody's who is told.
static void need_holders(struct inquiry *inquiry, const struct account *account)
{
    struct map counts = {0};
    size_t count;
    void **policies = map_values(inquiry->arena, &account->policies, &count);
    count_attached(inquiry, &account->users, &counts);
    count_attached(inquiry, &account->groups, &counts);
    count_attached(inquiry, &account->roles, &counts);
    for (size_t i = 0; i < count; i++) {
        const struct iam_policy *policy = policies[i];
        const int64_t *told = map_get(&counts, policy->arn);
        int64_t lacking = policy->attached - (told == NULL ? 0 : *told);
        if (policy->attached < 0)
            answer_missing(inquiry, "AttachmentCount of policy %s", policy->arn);
        else if (lacking > 0)
            answer_missing(inquiry,
                           "get-account-authorization-details of %" PRId64 " users, groups or roles that have policy "
                           "%s: its AttachmentCount is %" PRId64,
                           lacking, policy->arn, policy->attached);
    }
}

// The details of all users, of their groups, and of all roles, which they may assume: no fewer than the summary counts.
void account_needs_users(struct inquiry *inquiry, const struct account *account)
{
    const struct {
        const char *counted, *words;
        size_t told;
    } kinds[] = {{"Users", "users", account->users.count},
                 {"Groups", "groups", account->groups.count},
                 {"Roles", "roles", account->roles.count}};
    account_needs(inquiry, account, account->has_details, KIND_ACCOUNT_DETAILS, "get-account-authorization-details");
    if (account->has_details && !account->has_groups)
        account_lacks(inquiry, account, "GroupDetailList, whole, in get-account-authorization-details");
    if (account->has_details && !account->has_roles)
        account_lacks(inquiry, account, "RoleDetailList, whole, in get-account-authorization-details");
    need_reported_users(inquiry, account);
    need_listed_users(inquiry, account);
    need_holders(inquiry, account);
    for (size_t i = 0; account->has_details && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const long *counted = account_summary(account, kinds[i].counted);
        if (map_get(&account->summary_doubts, kinds[i].counted) != NULL)
            account_lacks_figure(inquiry, account, kinds[i].counted);
        if (counted != NULL && *counted > (long)kinds[i].told)
            answer_missing(inquiry,
                           "get-account-authorization-details of %ld %s, of %ld that get-account-summary counts",
                           *counted - (long)kinds[i].told, kinds[i].words, *counted);
    }
}

static int64_t seconds_of(const char *moment)
{
    int64_t seconds;
    return moment != NULL && clock_parse_zone(moment, &seconds) ? seconds : INT64_MIN;
}

// A row that tells of what was before its user was, or of what was to come when the report was made, is not AWS's.
static void need_possible_moments(struct inquiry *inquiry, const struct account *account,
                                  const struct iam_credentials *of)
{
    const struct {
        const char *column, *moment;
    } told[] = {{"user_creation_time", of->created},
                {"password_last_used", of->password_last_used},
                {"password_last_changed", of->password_changed},
                {"access_key_1_last_rotated", of->keys[0].last_rotated},
                {"access_key_1_last_used_date", of->keys[0].last_used},
                {"access_key_2_last_rotated", of->keys[1].last_rotated},
                {"access_key_2_last_used_date", of->keys[1].last_used}};
    enum { CLOCKS_DIFFER_S = 900 };
    int64_t made = seconds_of(account->report_made), created = seconds_of(of->created);
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        int64_t at = seconds_of(told[i].moment);
        if (at == INT64_MIN)
            continue;
        if (made != INT64_MIN && at > made + CLOCKS_DIFFER_S)
            answer_missing(inquiry,
                           "get-credential-report of %s: %s is %s, and the report was made %s, before that (%s)",
                           of->arn, told[i].column, told[i].moment, account->report_made, of->evidence);
        else if (created != INT64_MIN && at + CLOCKS_DIFFER_S < created)
            answer_missing(inquiry,
                           "get-credential-report of %s: %s is %s, and the user was created %s, after that (%s)",
                           of->arn, told[i].column, told[i].moment, of->created, of->evidence);
    }
}

// A report says what was so when it was made; two that say otherwise, nothing.
void account_needs_fresh_report(struct inquiry *inquiry, const struct account *account)
{
    enum { MOST_DAYS = 30 };
    long age = account_days_since(account->report_made, inquiry->input->today);
    if (account->credentials_doubt != NULL)
        answer_missing(inquiry, "%s", account->credentials_doubt);
    if (account->report_made == NULL)
        account_lacks(inquiry, account, "GeneratedTime, when it was made, of get-credential-report");
    if (account->report_made != NULL && age < -1) // a day more than everywhere on Earth
        answer_missing(inquiry, "get-credential-report of account %s of %s or before: it was made on %.10s, later",
                       account->id, inquiry->input->today, account->report_made);
    if (age > MOST_DAYS)
        answer_missing(inquiry,
                       "get-credential-report of account %s of the %d days before %s: it was made on %.10s, %ld days "
                       "before",
                       account->id, MOST_DAYS, inquiry->input->today, account->report_made, age);
    for (size_t i = 0; i < account->credentials.count; i++)
        need_possible_moments(inquiry, account, &account->credentials.items[i]);
}

// The credentials of root and of each user that the details tell of.
void account_needs_credentials(struct inquiry *inquiry, const struct account *account)
{
    struct map known = {0};
    bool root = false;
    account_needs(inquiry, account, account->has_credentials, KIND_CREDENTIAL_REPORT, "get-credential-report");
    if (!account->has_credentials)
        return;
    account_needs_fresh_report(inquiry, account);
    for (size_t i = 0; i < account->credentials.count; i++) {
        const struct iam_credentials *of = &account->credentials.items[i];
        map_put(inquiry->arena, &known, of->arn, (void *)(uintptr_t)of->arn);
        root = root || account_is_root(of);
    }
    for (size_t i = 0; i < account->users.count; i++)
        if (map_get(&known, account->users.items[i].arn) == NULL)
            answer_missing(inquiry, "get-credential-report of %s", account->users.items[i].arn);
    size_t count;
    void **listed = map_values(inquiry->arena, &account->listed_users, &count);
    for (size_t i = 0; i < count; i++)
        if (map_get(&known, listed[i]) == NULL)
            answer_missing(inquiry, "get-credential-report of %s, whom list-users names", (const char *)listed[i]);
    if (!root)
        answer_missing(inquiry, "get-credential-report of the root user");
    const long *counted = account_summary(account, "Users");
    if (counted != NULL && *counted + root > (long)account->credentials.count)
        answer_missing(inquiry, "get-credential-report of %ld users, of %ld that get-account-summary counts",
                       *counted + root - (long)account->credentials.count, *counted);
}
