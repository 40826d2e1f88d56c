// Documents of IAM and CloudTrail, which tell how the account itself is guarded.
#include <ctype.h>
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

// ---- Policies. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html

// An array of strings, none of them empty.
static bool read_word_array(struct reader *reader, const struct json_cursor *array, text_list *words)
{
    GUARD(json_expect_array(array, reader->error));
    const cJSON *node;
    size_t index = 0;
    cJSON_ArrayForEach (node, array->node) {
        struct json_cursor word = json_element(array, index++, node);
        if (!cJSON_IsString(node) || node->valuestring[0] == '\0')
            return json_fail(&word, reader->error, "is no word, expected one");
        *vector_add(reader->arena, words) = intern(reader, node->valuestring);
    }
    return true;
}

// A string or an array of strings, under one key or the other; without either, or without a word, a doubt.
static bool read_words(struct reader *reader, const struct json_cursor *object, const char *key, const char *not_key,
                       text_list *words, bool *negated)
{
    struct json_cursor at = member_of(reader, object, key);
    *negated = false;
    if (at.node == NULL) {
        at = member_of(reader, object, not_key);
        *negated = at.node != NULL;
    }
    if (at.node == NULL)
        return json_find(object->node, key) != NULL || json_find(object->node, not_key) != NULL || // null: told
               doubt_at(reader, object, "has no %s, expected one", key);
    if (cJSON_IsString(at.node)) {
        *vector_add(reader->arena, words) = intern(reader, at.node->valuestring);
        return true;
    }
    if (cJSON_IsArray(at.node) && at.node->child == NULL)
        return json_fail(&at, reader->error, "is empty, expected a word");
    return read_word_array(reader, &at, words);
}

// The groups of a user, which may be none.
static void read_groups_of(struct reader *reader, const struct json_cursor *at, text_list *groups)
{
    struct json_cursor array = member_of(reader, at, "GroupList");
    if (json_find(at->node, "GroupList") == NULL)
        doubt_at(reader, at, "has no GroupList, expected one");
    else if (array.node != NULL && !read_word_array(reader, &array, groups))
        doubt_failure(reader);
}

static bool read_statement(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct iam_policy *policy = into;
    struct iam_statement statement = {0};
    const char *effect;
    GUARD(json_borrow_string(at, "Effect", &effect, reader->error));
    statement.allow = effect == NULL || strcmp(effect, "Deny") != 0;
    if (effect == NULL || (strcmp(effect, "Allow") != 0 && strcmp(effect, "Deny") != 0)) {
        struct json_cursor wrong = member_of(reader, at, "Effect");
        doubt_at(reader, &wrong, "is %s, expected Allow or Deny", effect == NULL ? "missing" : effect);
    }
    statement.conditional = member_of(reader, at, "Condition").node != NULL;
    GUARD(read_words(reader, at, "Action", "NotAction", &statement.actions, &statement.not_actions));
    GUARD(read_words(reader, at, "Resource", "NotResource", &statement.resources, &statement.not_resources));
    *vector_add(reader->arena, &policy->statements) = statement;
    return true;
}

static bool read_statements(struct reader *reader, const struct json_cursor *document, struct iam_policy *policy)
{
    struct json_cursor statements = member_of(reader, document, "Statement");
    GUARD(json_expect_object(document, reader->error));
    if (cJSON_IsObject(statements.node))
        return read_statement(reader, &statements, policy);
    if (cJSON_IsArray(statements.node) && statements.node->child == NULL)
        return doubt_at(reader, &statements, "is empty, expected a statement");
    return each_of(reader, document, "Statement", read_statement, policy);
}

// Percent-decoding (RFC 3986, 2.1), in scratch memory.
static char *percent_decoded(struct reader *reader, const char *text)
{
    char *decoded = arena_alloc(reader->scratch, strlen(text) + 1), *out = decoded;
    for (; *text != '\0'; text++) {
        bool escape = text[0] == '%' && isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2]);
        char digits[3] = {text[1], escape ? text[2] : '\0', '\0'};
        *out++ = escape ? (char)strtol(digits, NULL, 16) : *text;
        text += escape ? 2 : 0;
    }
    *out = '\0';
    return decoded;
}

// As the AWS CLI prints it, an object; as the API sends it, JSON in a percent-encoded string.
static bool read_policy_document(struct reader *reader, const struct json_cursor *at, const char *key,
                                 struct iam_policy *policy)
{
    struct json_cursor document = member_of(reader, at, key);
    if (document.node == NULL)
        return json_fail(&document, reader->error, "is missing, expected a policy document");
    if (!cJSON_IsString(document.node))
        return read_statements(reader, &document, policy);
    size_t wrong;
    const char *decoded = percent_decoded(reader, document.node->valuestring);
    cJSON *root = json_parse_slice(decoded, strlen(decoded), &wrong, reader->error);
    struct json_cursor inner = {.up = document.up, .file = document.file, .key = document.key, .node = root};
    bool good = root != NULL && json_repeated_key(root) == NULL
                    ? read_statements(reader, &inner, policy)
                    : json_fail(&document, reader->error, "is no policy document");
    cJSON_Delete(root);
    return good;
}

struct versions {
    struct iam_policy *policy;
    const char *named; // DefaultVersionId, or NULL
    bool has_default;
};

static bool read_policy_version(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct versions *versions = into;
    bool is_default = false;
    const char *id = NULL;
    GUARD(json_optional_boolean(at, "IsDefaultVersion", &is_default, reader->error));
    GUARD(json_borrow_string(at, "VersionId", &id, reader->error));
    if (is_default && versions->named != NULL && id != NULL && strcmp(id, versions->named) != 0)
        doubt_at(reader, at, "is the default version, and DefaultVersionId is %s", versions->named);
    versions->has_default = versions->has_default || is_default;
    return !is_default || read_policy_document(reader, at, "Document", versions->policy);
}

bool read_managed_policy(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct iam_policy *policy = arena_new_of(reader->arena, struct iam_policy);
    GUARD(text_of(reader, at, "Arn", &policy->arn));
    lenient_text(reader, at, "PolicyName", &policy->name);
    policy->evidence = evidence_of(reader, at);
    if (member_of(reader, at, "PolicyVersionList").node == NULL) // list-policies tells names only
        return true;
    struct account *account = account_by_arn(reader, policy->arn);
    struct iam_policy *known = map_get(&account->policies, policy->arn);
    if (known != NULL) {
        record_agrees(reader, at, known->record, policy->arn, &known->doubt);
        return true;
    }
    policy->record = reader->record;
    reader->doubt = &policy->doubt;
    struct versions versions = {.policy = policy};
    lenient_text(reader, at, "DefaultVersionId", &versions.named);
    each_of(reader, at, "PolicyVersionList", read_policy_version, &versions);
    if (!versions.has_default)
        doubt_at(reader, at, "has no default version, expected one in PolicyVersionList");
    map_put(reader->arena, &account->policies, policy->arn, policy);
    return true;
}

// ---- Identities. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html

static bool read_inline_policy(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct iam_identity *identity = into;
    struct iam_policy policy = {0};
    lenient_text(reader, at, "PolicyName", &policy.name);
    policy.evidence = evidence_of(reader, at);
    GUARD(read_policy_document(reader, at, "PolicyDocument", &policy));
    *vector_add(reader->arena, &identity->inlined) = policy;
    return true;
}

static bool read_attached_policy(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct iam_identity *identity = into;
    const char *arn;
    GUARD(interned_of(reader, at, "PolicyArn", &arn));
    *vector_add(reader->arena, &identity->attached) = arn;
    return true;
}

static iam_identity_list *identities_of(struct account *account, enum iam_kind kind)
{
    return kind == IAM_USER ? &account->users : kind == IAM_GROUP ? &account->groups : &account->roles;
}

// Each identity once; what of it was not understood stands in its doubt.
static bool read_identity(struct reader *reader, const struct json_cursor *at, enum iam_kind kind, const char *name,
                          const char *inlined)
{
    struct iam_identity identity = {.kind = kind, .evidence = evidence_of(reader, at)};
    struct json_cursor boundary;
    GUARD(text_of(reader, at, name, &identity.name) && text_of(reader, at, "Arn", &identity.arn));
    struct account *account = account_by_arn(reader, identity.arn);
    iam_identity_list *known = identities_of(account, kind);
    for (size_t i = 0; i < known->count; i++)
        if (strcmp(known->items[i].arn, identity.arn) == 0) {
            record_agrees(reader, at, known->items[i].record, identity.arn, &known->items[i].doubt);
            return true;
        }
    identity.record = reader->record;
    reader->doubt = &identity.doubt;
    if (lenient_object(reader, at, "PermissionsBoundary", &boundary))
        lenient_text(reader, &boundary, "PermissionsBoundaryArn", &identity.boundary);
    if (kind == IAM_USER)
        read_groups_of(reader, at, &identity.groups);
    each_if_present(reader, at, "AttachedManagedPolicies", read_attached_policy, &identity);
    each_if_present(reader, at, inlined, read_inline_policy, &identity);
    reader->doubt = NULL;
    *vector_add(reader->arena, known) = identity;
    return true;
}

bool read_user(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    return read_identity(reader, at, IAM_USER, "UserName", "UserPolicyList");
}

bool read_group(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    return read_identity(reader, at, IAM_GROUP, "GroupName", "GroupPolicyList");
}

bool read_role(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    return read_identity(reader, at, IAM_ROLE, "RoleName", "RolePolicyList");
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

// ---- Summary and password policy

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
        if (!cJSON_IsNumber(node) || node->valuedouble < -1e15 || node->valuedouble > 1e15) {
            doubt_at(reader, &member, "is no number, expected one");
            continue;
        }
        long *value = arena_new_of(reader->arena, long);
        *value = (long)node->valuedouble;
        map_put(reader->arena, &account->summary, intern(reader, node->string), value);
    }
    return true;
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_PasswordPolicy.html
bool read_password_policy(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct iam_password_policy *policy = arena_new_of(reader->arena, struct iam_password_policy);
    bool present;
    (void)into;
    policy->evidence = evidence_of(reader, at);
    GUARD(json_expect_object(at, reader->error));
    seen_at(reader, account_of(reader)->id, NULL, NULL);
    if (!json_optional_integer(at, "MinimumPasswordLength", 0, INT32_MAX, &policy->minimum_length, &present,
                               reader->error))
        doubt_failure(reader);
    lenient_boolean(reader, at, "RequireSymbols", &policy->symbols);
    lenient_boolean(reader, at, "RequireNumbers", &policy->numbers);
    lenient_boolean(reader, at, "RequireUppercaseCharacters", &policy->uppercase);
    lenient_boolean(reader, at, "RequireLowercaseCharacters", &policy->lowercase);
    account_of(reader)->password_policy = policy;
    return true;
}

// ---- Trails. https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html

bool read_trail(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *arn;
    GUARD(interned_of(reader, at, "TrailARN", &arn));
    struct account *account = reader->place.account != NULL ? account_of(reader) : account_by_arn(reader, arn);
    for (size_t i = 0; i < account->trails.count; i++)
        if (strcmp(account->trails.items[i].arn, arn) == 0) { // each region that it reaches lists it
            struct trail *old = &account->trails.items[i];
            record_agrees(reader, at, old->record, arn, &old->doubt);
            return true;
        }
    struct trail trail = {.arn = arn, .evidence = evidence_of(reader, at), .record = reader->record};
    GUARD(text_of(reader, at, "Name", &trail.name));
    reader->doubt = &trail.doubt;
    lenient_text(reader, at, "HomeRegion", &trail.home_region);
    lenient_boolean(reader, at, "IsMultiRegionTrail", &trail.multi_region);
    lenient_boolean(reader, at, "LogFileValidationEnabled", &trail.validation);
    reader->doubt = NULL;
    *vector_add(reader->arena, &account->trails) = trail;
    return true;
}

// get-trail-status and get-event-selectors files are named after the trail; the longest name that fits is it.
struct trail *trail_of_file(struct reader *reader)
{
    struct account *account = account_of(reader);
    const char *base = text_behind_slash(reader->name);
    struct trail *best = NULL;
    const struct aws_call *call = call_of_file(base);
    bool named = call != NULL && strchr(base + strlen(call->file), '.') != strrchr(base, '.'); // for another
    for (size_t i = 0; i < account->trails.count; i++) {
        struct trail *trail = &account->trails.items[i];
        bool fits = strstr(base, trail->name) != NULL || (account->trails.count == 1 && !named);
        if (fits && (best == NULL || strlen(trail->name) > strlen(best->name)))
            best = trail;
    }
    return best;
}

bool read_logging(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct trail *trail = into;
    if (!cJSON_IsBool(at->node))
        return json_fail(at, reader->error, "is no boolean, expected one");
    enum told told = cJSON_IsTrue(at->node) ? TOLD_YES : TOLD_NO;
    if (trail != NULL && trail->logging != TOLD_NOTHING && trail->logging != told)
        return doubt_at(reader, at, "is not what another file says of trail %s", trail->name);
    if (trail != NULL)
        trail->logging = told;
    return true;
}

// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html
bool read_event_selector(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct trail *trail = into;
    struct json_cursor included = json_member(at, "IncludeManagementEvents");
    const char *which = NULL;
    if (trail == NULL)
        return true;
    GUARD(json_borrow_string(at, "ReadWriteType", &which, reader->error));
    if (!cJSON_IsBool(included.node))
        doubt_at(reader, &included, "is %s, expected true or false", json_kind(included.node));
    if (which == NULL)
        doubt_at(reader, at, "has no ReadWriteType, expected one");
    struct json_cursor excluded = member_of(reader, at, "ExcludeManagementEventSources");
    for (const cJSON *one = excluded.node == NULL ? NULL : excluded.node->child; one != NULL; one = one->next)
        if (!cJSON_IsString(one))
            doubt_at(reader, &excluded, "holds %s, expected strings", json_kind(one));
    if (excluded.node != NULL && !cJSON_IsArray(excluded.node))
        doubt_at(reader, &excluded, "is %s, expected an array", json_kind(excluded.node));
    enum trail_events events = !cJSON_IsTrue(included.node)                 ? TRAIL_EVENTS_NONE
                               : which == NULL || strcmp(which, "All") == 0 ? TRAIL_EVENTS_ALL
                                                                            : TRAIL_EVENTS_SOME;
    trail->management = events > trail->management ? events : trail->management;
    return true;
}

struct selector {
    bool management;
    bool narrowed; // to some of the events
};

static bool read_field_selector(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct selector *selector = into;
    const char *field;
    GUARD(json_borrow_string(at, "Field", &field, reader->error));
    const cJSON *equals = cJSON_GetObjectItemCaseSensitive(at->node, "Equals"), *node;
    if (field == NULL || strcmp(field, "eventCategory") != 0)
        selector->narrowed = true;
    cJSON_ArrayForEach (node, equals)
        if (field != NULL && strcmp(field, "eventCategory") == 0 && cJSON_IsString(node) &&
            strcmp(node->valuestring, "Management") == 0)
            selector->management = true;
    return true;
}

// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html
bool read_advanced_event_selector(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct trail *trail = into;
    struct selector selector = {0};
    if (trail == NULL)
        return true;
    each_of(reader, at, "FieldSelectors", read_field_selector, &selector);
    enum trail_events events = !selector.management ? TRAIL_EVENTS_NONE
                               : selector.narrowed  ? TRAIL_EVENTS_SOME
                                                    : TRAIL_EVENTS_ALL;
    trail->management = events > trail->management ? events : trail->management;
    return true;
}

// ---- Lists that were asked for, even where they are empty

static void note_list(struct reader *reader, const struct listing *listing, struct account *account)
{
    if (listing->kind == KIND_ACCOUNT_DETAILS)
        account->has_details = true;
    if (listing->kind == KIND_VIRTUAL_DEVICES)
        account->has_virtual_devices = true;
    if (listing->kind != KIND_TRAILS)
        return;
    account->has_trails = true;
    if (listing->region != NULL)
        *vector_add(reader->arena, &account->trail_regions) = intern(reader, listing->region);
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

void note_account_lists(struct reader *reader)
{
    note_accounts_of_paths(reader);
    for (size_t i = 0; i < reader->documents->listings.count; i++) {
        const struct listing *listing = reader->documents->listings.items[i];
        if (listing->kind < KIND_ACCOUNT_SUMMARY || listing->kind >= KIND_COUNT || listing->denied != NULL)
            continue;
        reader->place = (struct document_place){listing->account, listing->region};
        for (size_t s = 0; listing->account == NULL && s < listing->seen.count; s++)
            note_list(reader, listing, account_named(reader->estate, listing->seen.items[s]->account_id));
        if (listing->account != NULL || listing->seen.count == 0)
            note_list(reader, listing, account_of(reader));
    }
}
