// Documents of IAM and CloudTrail, which tell how the account itself is guarded.
#include <curl/curl.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "aws/documents/reader.h"

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

static struct account *account_of(struct reader *reader)
{
    return account_named(reader->estate, reader->place.account == NULL ? "unknown" : reader->place.account);
}

// ---- Policies. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html

// A string or an array of strings.
static bool read_words(struct reader *reader, const struct json_cursor *object, const char *key, const char *not_key,
                       text_list *words, bool *negated)
{
    struct json_cursor at = json_member(object, key);
    if (at.node == NULL) {
        at = json_member(object, not_key);
        *negated = at.node != NULL;
    }
    if (cJSON_IsString(at.node)) {
        *vector_add(reader->arena, words) = intern(reader, at.node->valuestring);
        return true;
    }
    if (at.node == NULL)
        return true;
    GUARD(json_expect_array(&at, reader->error));
    const cJSON *node;
    size_t index = 0;
    cJSON_ArrayForEach (node, at.node) {
        struct json_cursor word = json_element(&at, index++, node);
        if (!cJSON_IsString(node))
            return json_fail(&word, reader->error, "expected a string");
        *vector_add(reader->arena, words) = intern(reader, node->valuestring);
    }
    return true;
}

static bool read_statement(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct iam_policy *policy = into;
    struct iam_statement *statement = vector_add(reader->arena, &policy->statements);
    const char *effect;
    GUARD(json_borrow_string(at, "Effect", &effect, reader->error));
    statement->allow = effect != NULL && strcmp(effect, "Allow") == 0;
    statement->conditional = json_member(at, "Condition").node != NULL;
    return read_words(reader, at, "Action", "NotAction", &statement->actions, &statement->not_actions) &&
           read_words(reader, at, "Resource", "NotResource", &statement->resources, &statement->not_resources);
}

static bool read_statements(struct reader *reader, const struct json_cursor *document, struct iam_policy *policy)
{
    struct json_cursor statements = json_member(document, "Statement");
    GUARD(json_expect_object(document, reader->error));
    if (cJSON_IsObject(statements.node))
        return read_statement(reader, &statements, policy);
    return statements.node == NULL || each(reader, &statements, read_statement, policy);
}

// As the AWS CLI prints it, an object; as the API sends it, JSON in a percent-encoded string.
static bool read_policy_document(struct reader *reader, const struct json_cursor *at, const char *key,
                                 struct iam_policy *policy)
{
    struct json_cursor document = json_member(at, key);
    if (!cJSON_IsString(document.node))
        return document.node == NULL || read_statements(reader, &document, policy);
    int length = 0;
    size_t wrong;
    char *decoded = curl_easy_unescape(NULL, document.node->valuestring, 0, &length);
    cJSON *root = decoded == NULL ? NULL : json_parse_slice(decoded, (size_t)length, &wrong, reader->error);
    struct json_cursor inner = {.up = document.up, .file = document.file, .key = document.key, .node = root};
    bool good = root != NULL ? read_statements(reader, &inner, policy)
                             : json_fail(&document, reader->error, "is no policy document");
    cJSON_Delete(root);
    curl_free(decoded);
    return good;
}

static bool read_policy_version(struct reader *reader, const struct json_cursor *at, void *into)
{
    bool is_default = false;
    GUARD(json_optional_boolean(at, "IsDefaultVersion", &is_default, reader->error));
    return !is_default || read_policy_document(reader, at, "Document", into);
}

bool read_managed_policy(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct iam_policy *policy = arena_new_of(reader->arena, struct iam_policy);
    struct account *account = account_of(reader);
    GUARD(text_of(reader, at, "Arn", &policy->arn) && optional_text(reader, at, "PolicyName", &policy->name));
    policy->evidence = evidence_of(reader, at);
    if (json_member(at, "PolicyVersionList").node == NULL) // list-policies tells names only
        return true;
    GUARD(each_of(reader, at, "PolicyVersionList", read_policy_version, policy));
    map_put(reader->arena, &account->policies, policy->arn, policy);
    return true;
}

// ---- Identities. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html

static bool read_inline_policy(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct iam_identity *identity = into;
    struct iam_policy *policy = vector_add(reader->arena, &identity->inlined);
    GUARD(optional_text(reader, at, "PolicyName", &policy->name));
    policy->evidence = evidence_of(reader, at);
    return read_policy_document(reader, at, "PolicyDocument", policy);
}

static bool read_attached_policy(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct iam_identity *identity = into;
    return interned_of(reader, at, "PolicyArn", vector_add(reader->arena, &identity->attached));
}

static bool read_identity(struct reader *reader, const struct json_cursor *at, const char *name, const char *inlined,
                          struct iam_identity *identity)
{
    struct json_cursor boundary = json_member(at, "PermissionsBoundary");
    bool negated;
    identity->evidence = evidence_of(reader, at);
    GUARD(text_of(reader, at, name, &identity->name) && text_of(reader, at, "Arn", &identity->arn));
    if (boundary.node != NULL) {
        GUARD(json_expect_object(&boundary, reader->error));
        GUARD(optional_interned(reader, &boundary, "PermissionsBoundaryArn", &identity->boundary));
    }
    return read_words(reader, at, "GroupList", "GroupList", &identity->groups, &negated) &&
           each_if_present(reader, at, "AttachedManagedPolicies", read_attached_policy, identity) &&
           each_if_present(reader, at, inlined, read_inline_policy, identity);
}

bool read_user(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct iam_identity *user = vector_add(reader->arena, &account_of(reader)->users);
    user->kind = IAM_USER;
    return read_identity(reader, at, "UserName", "UserPolicyList", user);
}

bool read_group(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct iam_identity *group = vector_add(reader->arena, &account_of(reader)->groups);
    group->kind = IAM_GROUP;
    return read_identity(reader, at, "GroupName", "GroupPolicyList", group);
}

bool read_role(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct iam_identity *role = vector_add(reader->arena, &account_of(reader)->roles);
    role->kind = IAM_ROLE;
    return read_identity(reader, at, "RoleName", "RolePolicyList", role);
}

// Of root only: whose serial ends so, or whose user is root.
bool read_virtual_device(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct account *account = account_of(reader);
    struct json_cursor user = json_member(at, "User");
    const char *serial, *arn = NULL;
    GUARD(json_borrow_string(at, "SerialNumber", &serial, reader->error));
    GUARD(user.node == NULL ||
          (json_expect_object(&user, reader->error) && json_borrow_string(&user, "Arn", &arn, reader->error)));
    bool of_root = (serial != NULL && strstr(serial, ":mfa/root-account-mfa-device") != NULL) ||
                   (arn != NULL && strlen(arn) > 5 && strcmp(arn + strlen(arn) - 5, ":root") == 0);
    if (of_root) {
        account->root_has_virtual_device = true;
        account->virtual_devices_evidence = evidence_of(reader, at);
    }
    return true;
}

// ---- The credential report: CSV.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html

// The next field of a line, unquoted in place; *at moves behind it. NULL at the end of the line.
static char *next_field(char **at)
{
    char *start = *at, *into = *at;
    if (start == NULL)
        return NULL;
    bool quoted = *start == '"';
    char *from = start + quoted;
    while (*from != '\0' && (quoted || *from != ',')) {
        if (quoted && from[0] == '"' && from[1] != '"') {
            from++;
            quoted = false;
            continue;
        }
        from += quoted && from[0] == '"';
        *into++ = *from++;
    }
    *at = *from == ',' ? from + 1 : NULL;
    *into = '\0';
    return start;
}

static const char *moment_or_null(struct reader *reader, const char *text)
{
    bool moment = text != NULL && text[0] >= '0' && text[0] <= '9'; // else N/A, no_information, not_supported
    return moment ? arena_strdup(reader->arena, text) : NULL;
}

enum { MOST_COLUMNS = 64 };

static const char *column(char *const *names, char *const *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return fields[i];
    return "";
}

static size_t split(char *line, char **fields)
{
    size_t count = 0;
    char *field;
    line[strcspn(line, "\r")] = '\0';
    while (count < MOST_COLUMNS && (field = next_field(&line)) != NULL)
        fields[count++] = field;
    return count;
}

static void read_report(struct reader *reader, char *csv)
{
    struct account *account = account_of(reader);
    char *names[MOST_COLUMNS], *fields[MOST_COLUMNS], *rest = NULL;
    char *line = strtok_r(csv, "\n", &rest);
    size_t count = line == NULL ? 0 : split(line, names);
    for (size_t row = 1; count > 0 && (line = strtok_r(NULL, "\n", &rest)) != NULL; row++) {
        if (split(line, fields) != count)
            continue;
        struct iam_credentials *of = vector_add(reader->arena, &account->credentials);
        of->user = arena_strdup(reader->arena, column(names, fields, count, "user"));
        of->arn = arena_strdup(reader->arena, column(names, fields, count, "arn"));
        of->evidence = arena_printf(reader->arena, "%s#/Content (row %zu)", reader->name, row);
        of->password_enabled = strcmp(column(names, fields, count, "password_enabled"), "true") == 0;
        of->mfa_active = strcmp(column(names, fields, count, "mfa_active"), "true") == 0;
        of->password_last_used = moment_or_null(reader, column(names, fields, count, "password_last_used"));
        for (int k = 0; k < 2; k++) {
            const char *start = k == 0 ? "access_key_1" : "access_key_2";
            struct iam_access_key *key = &of->keys[k];
            char name[64];
            snprintf(name, sizeof(name), "%s_active", start);
            key->active = strcmp(column(names, fields, count, name), "true") == 0;
            snprintf(name, sizeof(name), "%s_last_rotated", start);
            key->last_rotated = moment_or_null(reader, column(names, fields, count, name));
            snprintf(name, sizeof(name), "%s_last_used_date", start);
            key->last_used = moment_or_null(reader, column(names, fields, count, name));
        }
    }
    account->has_credentials = true;
}

// Base64, as the AWS CLI prints it.
static bool read_report_content(struct reader *reader, const struct json_cursor *at)
{
    if (!cJSON_IsString(at->node))
        return json_fail(at, reader->error, "expected base64");
    size_t length = strlen(at->node->valuestring);
    char *csv = arena_alloc(reader->scratch, length + 4);
    int decoded =
        length % 4 != 0 || length > 1 << 28
            ? -1
            : EVP_DecodeBlock((unsigned char *)csv, (const unsigned char *)at->node->valuestring, (int)length);
    if (decoded < 0)
        return json_fail(at, reader->error, "is no base64");
    for (size_t i = length; i > 0 && at->node->valuestring[i - 1] == '=' && decoded > 0; i--)
        decoded--; // padding is decoded as zeros
    if (!text_is_utf8(csv, (size_t)decoded))
        return json_fail(at, reader->error, "holds no CSV in UTF-8");
    csv[decoded] = '\0';
    read_report(reader, csv);
    return true;
}

// ---- Summary and password policy

static void read_summary(struct reader *reader, const struct json_cursor *at)
{
    struct account *account = account_of(reader);
    const cJSON *node;
    account->summary_evidence = evidence_of(reader, at);
    cJSON_ArrayForEach (node, at->node) {
        if (!cJSON_IsNumber(node) || node->valuedouble < -1e15 || node->valuedouble > 1e15)
            continue;
        long *value = arena_new_of(reader->arena, long);
        *value = (long)node->valuedouble;
        map_put(reader->arena, &account->summary, intern(reader, node->string), value);
    }
}

static bool read_password_policy(struct reader *reader, const struct json_cursor *at)
{
    struct iam_password_policy *policy = arena_new_of(reader->arena, struct iam_password_policy);
    bool present;
    policy->evidence = evidence_of(reader, at);
    GUARD(json_expect_object(at, reader->error));
    GUARD(
        json_optional_integer(at, "MinimumPasswordLength", 0, 1000, &policy->minimum_length, &present, reader->error));
    GUARD(json_optional_boolean(at, "RequireSymbols", &policy->symbols, reader->error));
    GUARD(json_optional_boolean(at, "RequireNumbers", &policy->numbers, reader->error));
    GUARD(json_optional_boolean(at, "RequireUppercaseCharacters", &policy->uppercase, reader->error));
    GUARD(json_optional_boolean(at, "RequireLowercaseCharacters", &policy->lowercase, reader->error));
    account_of(reader)->password_policy = policy;
    return true;
}

// ---- Trails. https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html

bool read_trail(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct account *account = account_of(reader);
    const char *arn;
    struct trail *trail = NULL;
    GUARD(interned_of(reader, at, "TrailARN", &arn));
    for (size_t i = 0; i < account->trails.count && trail == NULL; i++)
        if (strcmp(account->trails.items[i].arn, arn) == 0)
            trail = &account->trails.items[i];
    if (trail != NULL) // each region that it reaches lists it
        return true;
    trail = vector_add(reader->arena, &account->trails);
    trail->arn = arn;
    trail->evidence = evidence_of(reader, at);
    return text_of(reader, at, "Name", &trail->name) &&
           optional_interned(reader, at, "HomeRegion", &trail->home_region) &&
           json_optional_boolean(at, "IsMultiRegionTrail", &trail->multi_region, reader->error) &&
           json_optional_boolean(at, "LogFileValidationEnabled", &trail->validation, reader->error);
}

// get-trail-status and get-event-selectors files are named after the trail; the longest name that fits is it.
struct trail *trail_of_file(struct reader *reader)
{
    struct account *account = account_of(reader);
    const char *base = strrchr(reader->name, '/') == NULL ? reader->name : strrchr(reader->name, '/') + 1;
    struct trail *best = NULL;
    for (size_t i = 0; i < account->trails.count; i++) {
        struct trail *trail = &account->trails.items[i];
        bool fits = strstr(base, trail->name) != NULL || account->trails.count == 1;
        if (fits && (best == NULL || strlen(trail->name) > strlen(best->name)))
            best = trail;
    }
    return best;
}

// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html
bool read_event_selector(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct trail *trail = into;
    bool included = true; // the default
    const char *which;
    GUARD(json_optional_boolean(at, "IncludeManagementEvents", &included, reader->error));
    GUARD(json_borrow_string(at, "ReadWriteType", &which, reader->error));
    enum trail_events events = !included                                    ? TRAIL_EVENTS_NONE
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
    if (field != NULL && strcmp(field, "eventCategory") != 0)
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
    GUARD(each_if_present(reader, at, "FieldSelectors", read_field_selector, &selector));
    enum trail_events events = !selector.management ? TRAIL_EVENTS_NONE
                               : selector.narrowed  ? TRAIL_EVENTS_SOME
                                                    : TRAIL_EVENTS_ALL;
    trail->management = events > trail->management ? events : trail->management;
    return true;
}

void note_account_list(struct reader *reader, const char *key)
{
    struct account *account = account_of(reader);
    if (strcmp(key, "UserDetailList") == 0)
        account->has_details = true;
    if (strcmp(key, "VirtualMFADevices") == 0)
        account->has_virtual_devices = true;
    if (strcmp(key, "trailList") != 0)
        return;
    account->has_trails = true;
    if (reader->place.region != NULL)
        *vector_add(reader->arena, &account->trail_regions) = intern(reader, reader->place.region);
}

bool read_account_member(struct reader *reader, const struct json_cursor *at)
{
    if (strcmp(at->key, "SummaryMap") == 0 && cJSON_IsObject(at->node))
        read_summary(reader, at);
    if (strcmp(at->key, "PasswordPolicy") == 0)
        return read_password_policy(reader, at);
    if (strcmp(at->key, "Content") == 0)
        return read_report_content(reader, at);
    if (strcmp(at->key, "IsLogging") == 0) {
        struct trail *trail = trail_of_file(reader);
        if (trail != NULL)
            trail->logging = cJSON_IsTrue(at->node) ? TOLD_YES : TOLD_NO;
    }
    return true;
}
