// Accounts, and what IAM tells of each as a whole.
#include <stdlib.h>

#include "aws/documents/calls.h"
#include "aws/documents/completeness.h"
#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

struct account *account_named(struct estate *estate, const char *id)
{
    struct account *account = map_get(&estate->accounts, id);
    if (account == NULL) {
        account = arena_new_of(estate->arena, struct account);
        account->id = arena_strdup(estate->arena, id);
        map_put(estate->arena, &estate->accounts, account->id, account);
    }
    return account;
}

// The account that the document's path tells of; else the only one that there is.
struct account *account_of(struct reader *reader)
{
    struct estate *estate = reader->estate;
    const char *only = NULL;
    if (reader->place.account != NULL)
        return account_named(estate, reader->place.account);
    for (size_t i = 0; i < estate->accounts.size; i++) {
        const struct account *account = estate->accounts.slots[i].value;
        if (account == NULL || strcmp(account->id, "unknown") == 0)
            continue;
        if (only != NULL)
            return account_named(estate, "unknown");
        only = account->id;
    }
    return account_named(estate, only == NULL ? "unknown" : only);
}

struct account *account_by_arn(struct reader *reader, const char *arn)
{
    const char *account = NULL, *region = NULL;
    place_of_arn(reader, arn, &account, &region);
    if (account == NULL)
        return account_of(reader);
    seen_at(reader, account, NULL, NULL);
    return account_named(reader->estate, account);
}

// Of root only: whose serial ends so, or whose user is root.
bool read_virtual_device(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct json_cursor user;
    const char *serial = NULL, *arn = NULL;
    lenient_text(reader, at, "SerialNumber", &serial);
    if (lenient_object(reader, at, "User", &user))
        lenient_text(reader, &user, "Arn", &arn);
    struct account *account = account_by_arn(reader, serial != NULL ? serial : arn);
    bool of_root = (serial != NULL && strstr(serial, ":mfa/root-account-mfa-device") != NULL) ||
                   (arn != NULL && strlen(arn) > 5 && strcmp(arn + strlen(arn) - 5, ":root") == 0);
    if (of_root) {
        account->root_has_virtual_device = true;
        account->virtual_devices_evidence = evidence_of(reader, at);
    }
    return true;
}

// Which regions an account has: those that it opted into are not there by default.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Region.html
bool read_region(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *name, *status;
    (void)into;
    GUARD(interned_of(reader, at, "RegionName", &name) && interned_of(reader, at, "OptInStatus", &status));
    struct account *account = account_of(reader);
    text_list_add(reader->arena, &account->told_regions, name);
    if (strcmp(status, "opted-in") == 0)
        text_list_add(reader->arena, &account->opted_regions, name);
    return true;
}

// ---- Summary and password policy

// A figure of which another document tells otherwise is not known.
static void note_figure(struct reader *reader, struct account *account, const struct json_cursor *member)
{
    const char *key = intern(reader, member->key);
    const long *known = map_get(&account->summary, key);
    long *value = arena_new_of(reader->arena, long);
    *value = (long)member->node->valuedouble;
    if (known == NULL && map_get(&account->summary_doubts, key) == NULL) {
        map_put(reader->arena, &account->summary, key, value);
        return;
    }
    if (known == NULL || *known == *value)
        return;
    const char *doubt = NULL;
    reader->doubt = &doubt;
    doubt_at(reader, member, "is %ld, and another document says %ld", *value, *known);
    reader->doubt = NULL;
    if (doubt == NULL) // there are so many that not all are told
        doubt = arena_printf(reader->arena, "unread: %s of two documents differ", key);
    map_put(reader->arena, &account->summary, key, NULL);
    map_put(reader->arena, &account->summary_doubts, key, (void *)(uintptr_t)doubt);
}

// Those that are 1 or 0: whether there is one.
static bool is_flag(const char *figure)
{
    return strcmp(figure, "AccountMFAEnabled") == 0 || strcmp(figure, "AccountPasswordPresent") == 0;
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
bool read_account_summary(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct account *account = account_of(reader);
    const cJSON *node;
    (void)into;
    GUARD(json_expect_object(at, reader->error));
    seen_at(reader, account->id, NULL, NULL);
    account->summary_evidence = evidence_of(reader, at);
    cJSON_ArrayForEach (node, at->node) {
        struct json_cursor member = {.up = at, .file = at->file, .key = node->string, .node = node};
        if (!cJSON_IsNumber(node) || node->valuedouble < 0 || node->valuedouble > 1e15 ||
            node->valuedouble != (double)(long)node->valuedouble) {
            doubt_at(reader, &member, "is no count, expected one");
            continue;
        }
        if (is_flag(node->string) && node->valuedouble > 1) {
            doubt_at(reader, &member, "is %.0f, expected 0 or 1", node->valuedouble);
            continue;
        }
        note_figure(reader, account, &member);
    }
    return true;
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_PasswordPolicy.html
bool read_password_policy(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct iam_password_policy *policy = arena_new_of(reader->arena, struct iam_password_policy);
    struct account *account = account_of(reader);
    bool present;
    (void)into;
    policy->evidence = evidence_of(reader, at);
    GUARD(json_expect_object(at, reader->error));
    seen_at(reader, account->id, NULL, NULL);
    if (account->password_policy != NULL) {
        record_agrees(reader, at, account->password_policy_record, "the password policy",
                      &account->password_policy_doubt);
        return true;
    }
    account->password_policy_record = reader->record;
    reader->doubt = &account->password_policy_doubt;
    const cJSON *length = json_find(at->node, "MinimumPasswordLength");
    if (length == NULL || cJSON_IsNull(length)) // AWS prints it always
        doubt_at(reader, at, "has no MinimumPasswordLength, expected one");
    if (!json_optional_integer(at, "MinimumPasswordLength", 0, 128, &policy->minimum_length, &present, reader->error))
        doubt_failure(reader);
    if (!json_optional_integer(at, "PasswordReusePrevention", 0, 24, &policy->remembered, &present, reader->error))
        doubt_failure(reader);
    if (!json_optional_integer(at, "MaxPasswordAge", 0, 1095, &policy->most_days, &present, reader->error))
        doubt_failure(reader);
    lenient_boolean(reader, at, "HardExpiry", &policy->hard_expiry);
    lenient_boolean(reader, at, "AllowUsersToChangePassword", &policy->users_change);
    lenient_boolean(reader, at, "RequireSymbols", &policy->symbols);
    lenient_boolean(reader, at, "RequireNumbers", &policy->numbers);
    lenient_boolean(reader, at, "RequireUppercaseCharacters", &policy->uppercase);
    lenient_boolean(reader, at, "RequireLowercaseCharacters", &policy->lowercase);
    reader->doubt = NULL;
    account->password_policy = policy;
    return true;
}

// ---- Lists that were asked for, even where they are empty

static void note_list(struct reader *reader, const struct listing *listing, struct account *account)
{
    if (listing->kind == KIND_ACCOUNT_DETAILS)
        account->has_details = true;
    account->has_groups = account->has_groups || listing->read == read_group;
    account->has_roles = account->has_roles || listing->read == read_role;
    if (listing->kind == KIND_VIRTUAL_DEVICES)
        account->has_virtual_devices = true;
    if (listing->kind != KIND_TRAILS)
        return;
    account->has_trails = true;
    if (listing->region != NULL)
        *vector_add(reader->arena, &account->trail_regions) = intern(reader, listing->region);
}

// Of a list that is cut off, or of which a record was not understood, not all is known.
static void note_lost(const struct listing *listing, struct account *account)
{
    account->has_groups = account->has_groups && listing->read != read_group;
    account->has_roles = account->has_roles && listing->read != read_role;
}

// Where the snapshot tells of how accounts are guarded at all, those that have a folder in it and no such document are
// accounts too.
static void note_accounts_of_paths(struct reader *reader)
{
    bool any = false;
    for (size_t i = 0; i < reader->documents->listings.count; i++) {
        enum kind kind = reader->documents->listings.items[i]->kind;
        any = any || (kind >= KIND_ACCOUNT_SUMMARY && kind < KIND_COUNT);
    }
    for (size_t i = 0; i < reader->documents->listings.count && any; i++)
        if (reader->documents->listings.items[i]->account != NULL)
            account_named(reader->estate, reader->documents->listings.items[i]->account);
}

// The account of what was seen; of what does not tell it, the one that it would be.
static struct account *account_seen(struct reader *reader, const char *id)
{
    return id == NULL ? account_of(reader) : account_named(reader->estate, id);
}

void note_account_lists(struct reader *reader)
{
    note_accounts_of_paths(reader);
    for (size_t i = 0; i < reader->documents->listings.count; i++) {
        const struct listing *listing = reader->documents->listings.items[i];
        bool of_details = listing->read == read_group || listing->read == read_role;
        bool of_account = listing->kind >= KIND_ACCOUNT_SUMMARY && listing->kind < KIND_COUNT;
        if ((!of_account && !of_details) || listing->denied != NULL)
            continue;
        reader->place = (struct document_place){listing->account, listing->region};
        for (size_t s = 0; listing->account == NULL && s < listing->seen.count; s++)
            note_list(reader, listing, account_seen(reader, listing->seen.items[s]->account_id));
        if (listing->account != NULL || listing->seen.count == 0)
            note_list(reader, listing, account_of(reader));
    }
    for (size_t i = 0; i < reader->documents->listings.count; i++) {
        const struct listing *listing = reader->documents->listings.items[i];
        reader->place = (struct document_place){listing->account, listing->region};
        for (size_t s = 0; listing->cut && listing->account == NULL && s < listing->seen.count; s++)
            note_lost(listing, account_seen(reader, listing->seen.items[s]->account_id));
        if (listing->cut && (listing->read == read_group || listing->read == read_role))
            note_lost(listing, account_of(reader));
    }
}
