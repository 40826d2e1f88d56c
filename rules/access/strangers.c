#include "rules/access/strangers.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "net/prefix_set.h"
#include "rules/access/organization_limits.h"
#include "rules/access/trust.h"

enum { MOST_CLAIMS = 12 };

// Claims that tell whose a token is. Those of the shared providers that AWS lists, and with GitHub's those that STS has
// known since January 2026; of Google, Facebook and Amazon the application, or the person.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
static const struct shared_provider {
    const char *address;
    const char *claims[MOST_CLAIMS];
} shared_providers[] = {
    {"token.actions.githubusercontent.com",
     {"sub", "repository", "repository_id", "repository_owner", "repository_owner_id", "job_workflow_ref", "actor",
      "actor_id", "enterprise", "enterprise_id"}},
    {"vstoken.actions.githubusercontent.com", {"sub"}},
    {"oidc-configuration.audit-log.githubusercontent.com", {"sub"}},
    {"gitlab.com", {"sub"}},
    {"app.terraform.io", {"sub"}},
    {"agent.buildkite.com", {"sub"}},
    {"oidc.codefresh.io", {"sub"}},
    {"studio.datachain.ai/api", {"sub"}},
    {"scalr.io", {"sub"}},
    {"tokens.cloud.shisho.dev", {"sub"}},
    {"proidc.upbound.io", {"sub"}},
    {"api.pulumi.com/oidc", {"aud", "sub"}},
    {"sandboxes.cloud", {"aud", "sub"}},
    {"oidc.vercel.com", {"aud", "sub"}},
    {"accounts.google.com", {"aud", "oaud", "azp", "sub"}},
    {"graph.facebook.com", {"app_id", "id"}},
    {"www.amazon.com", {"app_id", "user_id"}},
};

// Keys that AWS fills in, by which a policy for everyone is one for some. What the caller writes itself (tags, names of
// sessions, the external id, which is no secret) keeps nobody out.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
static const char *const caller_keys[] = {"aws:PrincipalArn",
                                          "aws:PrincipalAccount",
                                          "aws:PrincipalOrgID",
                                          "aws:PrincipalOrgPaths",
                                          "aws:userid",
                                          "aws:SourceIp",
                                          "aws:SourceVpc",
                                          "aws:SourceVpce",
                                          "aws:VpcSourceIp",
                                          "aws:SourceAccount",
                                          "aws:SourceArn",
                                          "aws:SourceOrgID",
                                          "aws:PrincipalServiceName",
                                          "aws:SourceOrgPaths",
                                          "aws:SourceVpcArn",
                                          "aws:VpceAccount",
                                          "aws:VpceOrgID",
                                          "aws:VpceOrgPaths",
                                          NULL};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcasecmp(text + length - tail, end) == 0;
}

// Of a condition's operator without what stands before and behind it: whether it asks for a likeness (or, `negated`,
// for none) to its values, and whether "*" is a wildcard in them.
static bool asks_for_likeness(const char *operator, bool negated, bool *wild)
{
    static const struct {
        const char *name, *not_name;
        bool wild;
    } operators[] = {{"StringEquals", "StringNotEquals", false},
                     {"StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", false},
                     {"StringLike", "StringNotLike", true},
                     {"ArnEquals", "ArnNotEquals", true},
                     {"ArnLike", "ArnNotLike", true},
                     {"IpAddress", "NotIpAddress", false}};
    size_t length = strlen(operator) - (ends_with(operator, "IfExists") ? 8 : 0);
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        const char *name = negated ? operators[i].not_name : operators[i].name;
        *wild = operators[i].wild;
        if (strlen(name) == length && strncasecmp(operator, name, length) == 0)
            return true;
    }
    return false;
}

static bool key_is(const char *key, const char *provider, const char *claim)
{
    size_t length = strlen(provider);
    return strncasecmp(key, provider, length) == 0 && key[length] == ':' && strcasecmp(key + length + 1, claim) == 0;
}

// Words before an owner's name in subjects that do not begin with it: GitHub's are made of the claims that the owner of
// a repository chose (a branch, an environment: of anybody's), Pulumi's say first what for.
// https://docs.github.com/en/actions/reference/openid-connect-reference
// https://www.pulumi.com/docs/esc/guides/configuring-oidc/aws/
static const char *const *owner_words(const char *key)
{
    static const char *const github[] =
        {"repo",          "repository", "repository_id", "repository_owner", "repository_owner_id", "enterprise",
         "enterprise_id", "actor",      "actor_id",      "job_workflow_ref", "workflow_ref",        NULL},
                             *const pulumi[] = {"org", "pulumi.organization.login", NULL};
    return key_is(key, "token.actions.githubusercontent.com", "sub") ||
                   key_is(key, "vstoken.actions.githubusercontent.com", "sub")
               ? github
           : key_is(key, "api.pulumi.com/oidc", "sub") ? pulumi
                                                       : NULL;
}

static bool is_word(const char *text, size_t length, const char *const *words)
{
    while (*words != NULL && (strlen(*words) != length || strncmp(*words, text, length) != 0))
        words++;
    return *words != NULL;
}

static bool has_wildcard(const char *text, size_t length)
{
    return memchr(text, '*', length) != NULL || memchr(text, '?', length) != NULL;
}

// What stands behind the first of some words in "WORD:NAME:WORD:NAME"; the empty end where none does, or a wildcard
// stands before it.
static const char *behind_word(const char *value, const char *const *words)
{
    while (*value != '\0') {
        size_t length = strcspn(value, ":");
        bool found = value[length] == ':' && is_word(value, length, words);
        if (has_wildcard(value, length))
            return "";
        value += length + (value[length] == ':');
        if (found)
            return value;
    }
    return value;
}

// The part of a value that tells whose it is: the account of an ARN; of a subject or an audience
// ("repo:OWNER/NAME:...", "organization:NAME:...", "eu-west-3:POOL", "https://HOST/NAME") the first name; else all up
// to a slash
// ("o-1/r-2/ou-3/*").
static void owner_part(const char *key, const char *value, const char **from, size_t *length)
{
    static const char secure[] = "https://";
    bool names = ends_with(key, ":sub") || ends_with(key, ":aud");
    size_t kind = strcspn(value, ":/");
    if (strncasecmp(value, "arn:", 4) == 0) {
        for (int i = 0; i < 4 && *value != '\0'; i++)
            value += strcspn(value, ":") + (value[strcspn(value, ":")] == ':');
        *length = strcspn(value, ":");
    } else if (names && strncmp(value, secure, strlen(secure)) == 0) {
        size_t host = strcspn(value += strlen(secure), "/");
        value += has_wildcard(value, host) ? 0 : host + (value[host] == '/');
        *length = strcspn(value, "/");
    } else {
        if (owner_words(key) != NULL)
            value = behind_word(value, owner_words(key));
        else if (names && value[kind] == ':' && !has_wildcard(value, kind))
            value += kind + 1;
        *length = strcspn(value, ":/");
    }
    *from = value;
}

// Ranges that are together wider than what anybody has: 0.0.0.0/0, by its halves too, 2000::/3.
static bool are_wide(const text_list *ranges)
{
    enum { WIDEST_IPV4 = 8, WIDEST_IPV6 = 16 };
    struct arena *arena = arena_new();
    struct prefixset sets[2] = {prefixset_empty, prefixset_empty};
    bool wide = false;
    for (size_t i = 0; i < ranges->count; i++) {
        struct prefix prefix;
        if (prefix_parse(ranges->items[i], true, &prefix) == PREFIX_MALFORMED)
            continue;
        struct prefixset *set = &sets[prefix.family == FAMILY_IPV6];
        *set = prefixset_union(arena, *set, prefixset_of(arena, prefix));
    }
    for (int six = 0; six < 2; six++) {
        size_t count;
        double share = 0; // of all addresses
        const struct prefix *parts = prefixset_prefixes(arena, six == 0 ? FAMILY_IPV4 : FAMILY_IPV6, sets[six], &count);
        for (size_t i = 0; i < count; i++)
            share += ldexp(1, -(int)parts[i].length);
        wide = wide || share > ldexp(1, six == 0 ? -WIDEST_IPV4 : -WIDEST_IPV6);
    }
    arena_free(arena);
    return wide;
}

// A variable is what the caller brings along, unless it is of the role itself ("${aws:ResourceOrgID}"). A subject
// without an owner's name is anybody's, though it is told in full.
static bool is_for_all(const char *key, const char *value, bool wild)
{
    static const char of_role[] = "${aws:Resource";
    const char *part;
    size_t length;
    if (strstr(value, "${") != NULL)
        return strncasecmp(value, of_role, sizeof(of_role) - 1) != 0;
    if (!wild && owner_words(key) == NULL)
        return false;
    owner_part(key, value, &part, &length);
    return length == 0 || (wild && has_wildcard(part, length));
}

// Whether a condition lets in those alone that its values tell of (`negated`: a Deny's, all but those).
static bool tells_whose(const struct iam_condition *condition, bool negated)
{
    const char *operator= condition->operator;
    bool wild, always = ends_with(condition->key, ":sub") || strcasecmp(condition->key, "aws:PrincipalArn") == 0 ||
                        strcasecmp(condition->key, "aws:PrincipalAccount") == 0;
    if (strncasecmp(operator, "ForAnyValue:", 12) == 0 && !negated)
        operator+= 12;
    if (ends_with(operator, "IfExists") && !always && !negated) // where the key is not there, it holds
        return false;
    if (!asks_for_likeness(operator, negated, &wild) || condition->values.count == 0)
        return false;
    for (size_t i = 0; i < condition->values.count; i++)
        if (is_for_all(condition->key, condition->values.items[i], wild))
            return false;
    return !are_wide(&condition->values);
}

// Whether one of a statement's conditions tells whose tokens of a provider it means.
static bool names_claim(const struct iam_statement *statement, const char *provider, const char *const *claims)
{
    for (size_t i = 0; i < statement->conditions.count; i++)
        for (size_t c = 0; c < MOST_CLAIMS && claims[c] != NULL; c++)
            if (key_is(statement->conditions.items[i].key, provider, claims[c]) &&
                tells_whose(&statement->conditions.items[i], false))
                return true;
    return false;
}

static bool is_service(const struct iam_condition *condition, const char *operator, const char * value)
{
    return strcasecmp(condition->key, "aws:PrincipalIsAWSService") == 0 && condition->values.count == 1 &&
           strcasecmp(condition->operator, operator) == 0 && strcasecmp(condition->values.items[0], value) == 0;
}

static bool names_caller(const struct iam_condition *condition, bool negated)
{
    bool is_key = false;
    for (const char *const *key = caller_keys; *key != NULL && !is_key; key++)
        is_key = strcasecmp(condition->key, *key) == 0;
    return is_key && tells_whose(condition, negated);
}

static bool names_some_caller(const struct iam_statement *statement)
{
    for (size_t i = 0; i < statement->conditions.count; i++)
        if (is_service(&statement->conditions.items[i], "Bool", "true") ||
            names_caller(&statement->conditions.items[i], false))
            return true;
    return false;
}

// Whether the conditions of a Deny, all of which must hold, let through those alone that they tell of.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html
static bool spares_the_named(const struct iam_statement *deny)
{
    for (size_t i = 0; i < deny->conditions.count; i++) {
        const struct iam_condition *one = &deny->conditions.items[i];
        if (!is_service(one, "Bool", "false") && !is_service(one, "BoolIfExists", "false") && !names_caller(one, true))
            return false;
    }
    return deny->conditions.count > 0;
}

// Identity pools of Cognito let guests in where the pool is set so, which no document here tells.
// https://docs.aws.amazon.com/cognito/latest/developerguide/role-trust-and-permissions.html
static const char *guests_of_pool(struct arena *arena, const struct iam_statement *statement, const char *pools,
                                  const struct iam_identity *role, const char **unsure)
{
    static const char *const pool[MOST_CLAIMS] = {"aud", "sub"};
    if (!names_claim(statement, pools, pool))
        return "anybody, by an identity pool of Amazon Cognito of any account,";
    for (size_t i = 0; i < statement->conditions.count; i++) {
        const struct iam_condition *one = &statement->conditions.items[i];
        if (!key_is(one->key, pools, "amr") || !tells_whose(one, false))
            continue;
        return text_list_holds(&one->values, "unauthenticated") ? "guests of an identity pool of Amazon Cognito" : NULL;
    }
    *unsure = arena_printf(arena,
                           "whether guests are let in by the identity pool that the trust policy of %s names: it has "
                           "no condition on %s:amr",
                           role->arn, pools);
    return NULL;
}

static const char web_identity[] = "sts:AssumeRoleWithWebIdentity", by_any_provider[] = "anybody, by any provider,";

static const char *strangers_by_provider(struct arena *arena, const struct iam_statement *statement, const char *action,
                                         const char *principal, const struct iam_identity *role, const char **unsure)
{
    const char *address = strstr(principal, ":oidc-provider/");
    address = address != NULL ? address + strlen(":oidc-provider/") : principal;
    if (strcmp(principal, "*") == 0)
        return by_any_provider;
    if (strcmp(action, web_identity) != 0)
        return NULL;
    if (strncasecmp(address, "cognito-identity.", 17) == 0)
        return guests_of_pool(arena, statement, address, role, unsure);
    for (size_t i = 0; i < sizeof(shared_providers) / sizeof(shared_providers[0]); i++)
        if (strcasecmp(shared_providers[i].address, address) == 0)
            return names_claim(statement, address, shared_providers[i].claims)
                       ? NULL
                       : arena_printf(arena, "anybody of %s", address);
    return NULL;
}

// Whether a condition tells whose tokens of some shared provider are meant.
static bool names_some_claim(const struct iam_statement *statement)
{
    for (size_t i = 0; i < sizeof(shared_providers) / sizeof(shared_providers[0]); i++)
        if (names_claim(statement, shared_providers[i].address, shared_providers[i].claims))
            return true;
    return false;
}

// Whether a Deny keeps out everyone who comes by an action, or all but those that it tells of.
static bool keeps_strangers_out(const struct iam_statement *statement, const char *action)
{
    return !statement->allow && !statement->not_principals && text_list_holds(&statement->principals, "AWS:*") &&
           trust_speaks_of(statement, action) && (!statement->conditional || spares_the_named(statement));
}

// Everyone, of any account or, by a token, of any provider that needs no record in the account.
static const char *anybody(const struct iam_statement *statement, const char *action)
{
    bool token = strcmp(action, web_identity) == 0;
    if (names_some_caller(statement) || (token && names_some_claim(statement)))
        return NULL;
    return token                                                  ? by_any_provider
           : statement->conditional && !statement->not_principals ? "anybody who meets its conditions"
                                                                  : "anybody";
}

static const char *strangers_by_statement(struct arena *arena, const struct iam_statement *statement,
                                          const char *action, const struct iam_identity *role, const char **unsure)
{
    bool saml = strcmp(action, "sts:AssumeRoleWithSAML") == 0; // whose providers are the account's own
    if (!statement->allow || !trust_speaks_of(statement, action))
        return NULL;
    if (statement->not_principals)
        return saml ? NULL : anybody(statement, action);
    for (size_t i = 0; i < statement->principals.count; i++) {
        const char *principal = statement->principals.items[i], *who = NULL;
        if (strcmp(principal, "AWS:*") == 0 && !saml)
            who = anybody(statement, action);
        if (strncmp(principal, "Federated:", 10) == 0)
            who = strangers_by_provider(arena, statement, action, principal + 10, role, unsure);
        if (who != NULL)
            return who;
    }
    return NULL;
}

const char *strangers_of(struct arena *arena, const struct account *account, const struct iam_identity *role,
                         const char **unsure)
{
    static const char *const actions[] = {"sts:AssumeRole", web_identity, "sts:AssumeRoleWithSAML"};
    *unsure = NULL;
    for (size_t a = 0; role->trust != NULL && a < sizeof(actions) / sizeof(actions[0]); a++) {
        bool out = organization_bars_role(account, role, actions[a], spares_the_named);
        for (size_t i = 0; i < role->trust->statements.count && !out; i++)
            out = keeps_strangers_out(&role->trust->statements.items[i], actions[a]);
        for (size_t i = 0; i < role->trust->statements.count && !out; i++) {
            const char *who =
                strangers_by_statement(arena, &role->trust->statements.items[i], actions[a], role, unsure);
            if (who != NULL)
                return who;
        }
    }
    return NULL;
}

// One that the statement names, or any of the account's where it speaks of everyone; NULL where of none.
static const char *saml_provider_of(const struct iam_statement *statement)
{
    if (!statement->allow || !trust_speaks_of(statement, "sts:AssumeRoleWithSAML"))
        return NULL;
    if (statement->not_principals || text_list_holds(&statement->principals, "AWS:*"))
        return "any SAML provider";
    for (size_t p = 0; p < statement->principals.count; p++)
        if (strncmp(statement->principals.items[p], "Federated:", 10) == 0 &&
            strstr(statement->principals.items[p], ":saml-provider/") != NULL)
            return statement->principals.items[p] + 10;
    return NULL;
}

const char *strangers_saml_provider(const struct iam_identity *role)
{
    const char *provider = NULL;
    for (size_t i = 0; role->trust != NULL && i < role->trust->statements.count && provider == NULL; i++)
        provider = saml_provider_of(&role->trust->statements.items[i]);
    return provider;
}

static bool signs_in_programs(const char *address)
{
    static const char *const of_people[] = {"accounts.google.com", "graph.facebook.com", "www.amazon.com", NULL};
    for (size_t i = 0; i < sizeof(shared_providers) / sizeof(shared_providers[0]); i++) {
        size_t length = strlen(shared_providers[i].address); // GitHub's of an enterprise have its name behind a slash
        if (strncasecmp(shared_providers[i].address, address, length) == 0 &&
            (address[length] == '\0' || address[length] == '/'))
            return !text_among(shared_providers[i].address, of_people);
    }
    return strncasecmp(address, "oidc.eks.", strlen("oidc.eks.")) == 0;
}

const char *strangers_token_provider(const struct iam_identity *role, bool *application)
{
    for (size_t i = 0; role->trust != NULL && i < role->trust->statements.count; i++) {
        const struct iam_statement *statement = &role->trust->statements.items[i];
        for (size_t p = 0; p < statement->principals.count; p++) {
            const char *principal = statement->principals.items[p];
            if (!statement->allow || statement->not_principals || strncmp(principal, "Federated:", 10) != 0 ||
                strstr(principal, ":saml-provider/") != NULL || !trust_speaks_of(statement, web_identity))
                continue;
            const char *address = strstr(principal, ":oidc-provider/");
            address = address == NULL ? principal + 10 : address + strlen(":oidc-provider/");
            *application = strncasecmp(address, "cognito-identity.", strlen("cognito-identity.")) == 0;
            if (!signs_in_programs(address))
                return address;
        }
    }
    return NULL;
}
