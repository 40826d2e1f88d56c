// IAM's policies and who holds them, of GetAccountAuthorizationDetails.
#include <ctype.h>
#include <stdlib.h>

#include "aws/documents/readers.h"

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

// Of whom a trust policy speaks: "*", or lists by kind, each kept as "AWS:ARN".
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
static bool read_principals(struct reader *reader, const struct json_cursor *at, struct iam_statement *statement)
{
    struct json_cursor principal = member_of(reader, at, "Principal");
    if (principal.node == NULL) {
        principal = member_of(reader, at, "NotPrincipal");
        statement->not_principals = principal.node != NULL;
    }
    if (cJSON_IsString(principal.node) && strcmp(principal.node->valuestring, "*") == 0) {
        *vector_add(reader->arena, &statement->principals) = "AWS:*";
        return true;
    }
    GUARD(json_expect_object(&principal, reader->error));
    const cJSON *kind;
    cJSON_ArrayForEach (kind, principal.node) {
        text_list words = {0};
        struct json_cursor one = {.up = &principal, .file = at->file, .key = kind->string, .node = kind};
        if (cJSON_IsString(kind))
            *vector_add(reader->arena, &words) = kind->valuestring;
        else
            GUARD(read_word_array(reader, &one, &words));
        for (size_t i = 0; i < words.count; i++)
            *vector_add(reader->arena, &statement->principals) =
                intern(reader, arena_printf(reader->scratch, "%s:%s", kind->string, words.items[i]));
    }
    return true;
}

// What a statement says beside what we understand, or says twice, would make another statement of it: a misspelled
// Condition, an Action beside a NotAction. AWS takes no such policy.
static void doubt_members(struct reader *reader, const struct json_cursor *at, const struct iam_policy *policy)
{
    static const char *const known[] = {"Sid",       "Effect",   "Principal",   "NotPrincipal", "Action",
                                        "NotAction", "Resource", "NotResource", "Condition",    NULL};
    static const char *const either[][2] = {
        {"Action", "NotAction"}, {"Resource", "NotResource"}, {"Principal", "NotPrincipal"}};
    const cJSON *condition = json_find(at->node, "Condition");
    bool about_others = policy->trust || policy->resource;
    if (!json_expect_keys(at, known, reader->error))
        doubt_failure(reader);
    for (size_t i = 0; i < sizeof(either) / sizeof(either[0]); i++)
        if (json_find(at->node, either[i][0]) != NULL && json_find(at->node, either[i][1]) != NULL)
            doubt_at(reader, at, "has %s and %s, expected one of them", either[i][0], either[i][1]);
    if (condition != NULL && !cJSON_IsObject(condition))
        doubt_at(reader, at, "has %s for a Condition, expected an object", json_kind(condition));
    if (!about_others && (json_find(at->node, "Principal") != NULL || json_find(at->node, "NotPrincipal") != NULL))
        doubt_at(reader, at, "names a principal, which a policy of an identity does not");
    if (policy->trust && (json_find(at->node, "Resource") != NULL || json_find(at->node, "NotResource") != NULL))
        doubt_at(reader, at, "names a resource, which a trust policy does not");
}

// Who meets the Condition of a policy that names principals. What of it is not understood is left out: it keeps nobody
// out. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
static void read_conditions(struct reader *reader, const struct json_cursor *at, struct iam_statement *statement)
{
    const cJSON *operators = json_find(at->node, "Condition"), *operator, * key, *value;
    cJSON_ArrayForEach (operator, operators) {
        cJSON_ArrayForEach (key, operator) {
            if (operator->string == NULL || key->string == NULL)
                continue; // of an array, which is none
            struct iam_condition one = {.operator= intern(reader, operator->string),
                                        .key = intern(reader, key->string)};
            if (cJSON_IsString(key))
                *vector_add(reader->arena, &one.values) = intern(reader, key->valuestring);
            else if (cJSON_IsBool(key))
                *vector_add(reader->arena, &one.values) = cJSON_IsTrue(key) ? "true" : "false";
            else if (cJSON_IsArray(key))
                cJSON_ArrayForEach (value, key)
                    *vector_add(reader->arena, &one.values) =
                        cJSON_IsString(value) ? intern(reader, value->valuestring) : "*";
            *vector_add(reader->arena, &statement->conditions) = one;
        }
    }
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
    doubt_members(reader, at, policy);
    statement.conditional = member_of(reader, at, "Condition").node != NULL;
    if (policy->trust || policy->resource)
        read_conditions(reader, at, &statement);
    GUARD(read_words(reader, at, "Action", "NotAction", &statement.actions, &statement.not_actions));
    if (policy->trust || policy->resource)
        GUARD(read_principals(reader, at, &statement));
    if (!policy->trust)
        GUARD(read_words(reader, at, "Resource", "NotResource", &statement.resources, &statement.not_resources));
    *vector_add(reader->arena, &policy->statements) = statement;
    return true;
}

static bool read_statements(struct reader *reader, const struct json_cursor *document, struct iam_policy *policy)
{
    struct json_cursor statements = member_of(reader, document, "Statement");
    static const char *const known[] = {"Version", "Id", "Statement", NULL};
    const char *version = NULL;
    GUARD(json_expect_object(document, reader->error));
    GUARD(json_borrow_string(document, "Version", &version, reader->error));
    policy->variables = version != NULL && strcmp(version, "2012-10-17") == 0;
    if (!json_expect_keys(document, known, reader->error))
        doubt_failure(reader);
    if (version != NULL && !policy->variables && strcmp(version, "2008-10-17") != 0)
        doubt_at(reader, document, "is of Version %s, expected 2012-10-17 or 2008-10-17", version);
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

// A policy document in a string.
bool read_policy_content(struct reader *reader, const struct json_cursor *document, const char *text,
                         struct iam_policy *policy)
{
    size_t wrong;
    cJSON *root = json_parse_slice(text, strlen(text), &wrong, reader->error);
    struct json_cursor inner = {.up = document->up, .file = document->file, .key = document->key, .node = root};
    bool good = root != NULL && json_repeated_key(root) == NULL
                    ? read_statements(reader, &inner, policy)
                    : json_fail(document, reader->error, "is no policy document");
    cJSON_Delete(root);
    return good;
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
    return read_policy_content(reader, &document, percent_decoded(reader, document.node->valuestring), policy);
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
    if (is_default)
        return read_policy_document(reader, at, "Document", versions->policy);
    struct iam_policy other = {
        .name = versions->policy->name, .arn = versions->policy->arn, .evidence = evidence_of(reader, at)};
    other.version = id == NULL ? "of no name" : intern(reader, id);
    GUARD(read_policy_document(reader, at, "Document", &other));
    *vector_add(reader->arena, &versions->policy->others) = other;
    return true;
}

static bool is_listed(const text_list *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->items[i], word) == 0)
            return true;
    return false;
}

// What AWS's own policies allow whose names say how much:
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/ Nobody but AWS can change one, so a document that
// allows less is not theirs.
static void doubt_policy_of_aws(struct reader *reader, const struct json_cursor *at, const struct iam_policy *policy)
{
    static const struct {
        const char *name, *action; // NULL: all but some
    } wide[] = {{"AdministratorAccess", "*"}, {"IAMFullAccess", "iam:*"}, {"PowerUserAccess", NULL}};
    const char *name = strstr(policy->arn, ":iam::aws:policy/");
    for (size_t i = 0; name != NULL && i < sizeof(wide) / sizeof(wide[0]); i++) {
        bool allows = false, denies = false;
        if (strcmp(name + strlen(":iam::aws:policy/"), wide[i].name) != 0)
            continue;
        for (size_t s = 0; s < policy->statements.count; s++) {
            const struct iam_statement *one = &policy->statements.items[s];
            bool actions = wide[i].action == NULL ? one->not_actions
                                                  : !one->not_actions && is_listed(&one->actions, wide[i].action);
            denies = denies || !one->allow;
            allows = allows || (one->allow && !one->conditional && actions && !one->not_resources &&
                                is_listed(&one->resources, "*"));
        }
        if (!allows || denies)
            doubt_at(reader, at, "is AWS's own %s and allows less than that does: its document is another's",
                     wide[i].name);
    }
}

bool read_managed_policy(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct iam_policy *policy = arena_new_of(reader->arena, struct iam_policy);
    GUARD(text_of(reader, at, "Arn", &policy->arn));
    if (strstr(policy->arn, ":organizations:") != NULL)
        return read_attached_control(reader, at, into);
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
    bool counted;
    lenient_text(reader, at, "DefaultVersionId", &versions.named);
    if (!json_optional_integer(at, "AttachmentCount", 0, INT32_MAX, &policy->attached, &counted, reader->error)) {
        doubt_failure(reader);
        policy->attached = -1;
    }
    each_of(reader, at, "PolicyVersionList", read_policy_version, &versions);
    if (!versions.has_default)
        doubt_at(reader, at, "has no default version, expected one in PolicyVersionList");
    doubt_policy_of_aws(reader, at, policy);
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

static bool read_profile(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct iam_identity *role = into;
    const char *arn;
    GUARD(interned_of(reader, at, "Arn", &arn));
    *vector_add(reader->arena, &role->profiles) = arn;
    return true;
}

// Who may assume a role. Where it is not told, or not understood, `trust` is NULL.
static void read_trust(struct reader *reader, const struct json_cursor *at, struct iam_identity *role)
{
    struct iam_policy *trust = arena_new_of(reader->arena, struct iam_policy);
    *trust = (struct iam_policy){.trust = true, .name = "trust policy", .evidence = role->evidence};
    const char *doubt = role->doubt;
    if (!read_policy_document(reader, at, "AssumeRolePolicyDocument", trust))
        doubt_failure(reader);
    role->trust = role->doubt == doubt ? trust : NULL;
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
    const size_t *place = map_get(&account->identities, identity.arn);
    if (place != NULL && *place < known->count && strcmp(known->items[*place].arn, identity.arn) == 0) {
        record_agrees(reader, at, known->items[*place].record, identity.arn, &known->items[*place].doubt);
        return true;
    }
    identity.record = reader->record;
    reader->doubt = &identity.doubt;
    if (lenient_object(reader, at, "PermissionsBoundary", &boundary))
        lenient_text(reader, &boundary, "PermissionsBoundaryArn", &identity.boundary);
    if (kind == IAM_USER)
        read_groups_of(reader, at, &identity.groups);
    if (json_find(at->node, "AttachedManagedPolicies") == NULL) // AWS prints an empty list
        doubt_at(reader, at, "has no AttachedManagedPolicies, expected one");
    each_if_present(reader, at, "AttachedManagedPolicies", read_attached_policy, &identity);
    each_if_present(reader, at, inlined, read_inline_policy, &identity);
    if (kind == IAM_ROLE)
        read_trust(reader, at, &identity);
    reader->doubt = NULL;
    identity.profiles_told = kind == IAM_ROLE && json_find(at->node, "InstanceProfileList") != NULL;
    if (kind == IAM_ROLE)
        each_if_present(reader, at, "InstanceProfileList", read_profile, &identity);
    size_t *mine = arena_new_of(reader->arena, size_t);
    *mine = known->count;
    map_put(reader->arena, &account->identities, identity.arn, mine);
    *vector_add(reader->arena, known) = identity;
    return true;
}

bool read_user(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    return read_identity(reader, at, IAM_USER, "UserName", "UserPolicyList");
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
bool read_listed_user(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *arn;
    (void)into;
    GUARD(text_of(reader, at, "Arn", &arn));
    map_put(reader->arena, &account_by_arn(reader, arn)->listed_users, arn, (void *)(uintptr_t)arn);
    return true;
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
