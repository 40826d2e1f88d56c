#include "aws/read/credentials.h"

#include <stdlib.h>
#include <time.h>

#include "aws/read/container.h"
#include "aws/read/credential_process.h"
#include "aws/read/former_files.h"
#include "aws/read/identity_center.h"
#include "aws/read/metadata.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"

bool credentials_parse(struct arena *arena, const char *name, enum credentials_form form, const char *text,
                       size_t length, const char *source, struct credentials *credentials, struct error *error)
{
    cJSON *root = json_parse(name, text, length, error);
    struct json_cursor at = {.file = name, .node = root};
    if (root == NULL)
        return false;
    const char *code = NULL, *expires = NULL;
    long version;
    bool process = form == CREDENTIALS_PROCESS;
    bool good = json_expect_object(&at, error) && (process ? json_integer(&at, "Version", 1, 1, &version, error)
                                                           : json_optional_string(arena, &at, "Code", &code, error));
    if (good && code != NULL && strcmp(code, "Success") != 0)
        good = error_set(error, ERROR_USAGE, "%s gives no credentials: %.100s", name, code);
    good = good && json_string(arena, &at, "AccessKeyId", &credentials->key_id, error) &&
           json_string(arena, &at, "SecretAccessKey", &credentials->secret, error) &&
           json_optional_string(arena, &at, process ? "SessionToken" : "Token", &credentials->token, error) &&
           json_optional_string(arena, &at, "Expiration", &expires, error);
    const char *account = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "AccountId"));
    credentials->account = account == NULL || account[0] == '\0' ? NULL : arena_strdup(arena, account);
    credentials->expires = 0;
    if (good && expires != NULL && !clock_parse_zone(expires, &credentials->expires)) {
        struct json_cursor expiration = json_member(&at, "Expiration");
        good = json_fail(&expiration, error, "expected a moment as 2026-11-25T01:02:03Z");
    }
    credentials->source = source;
    json_wipe(root);
    if (good && credentials->expires != 0 && credentials->expires <= time(NULL) && form != CREDENTIALS_INSTANCE)
        good = error_set(error, ERROR_USAGE, "%s gives credentials that expired at %s", name, expires);
    return good;
}

// A variable without the blanks around it, or NULL: one of blanks alone is none.
static const char *from_variable(struct arena *arena, const char *name)
{
    const char *value = config_environment(name);
    if (value == NULL)
        return NULL;
    value += strspn(value, " \t\r\n");
    size_t length = strlen(value);
    while (length > 0 && strchr(" \t\r\n", value[length - 1]) != NULL)
        length--;
    return length == 0 ? NULL : arena_strndup(arena, value, length);
}

// Of two session tokens the AWS CLI takes the one by the older name, and other SDKs know only the other.
static bool take_token(struct credentials *credentials, const char *token, const char *older, const char *where,
                       struct error *error)
{
    credentials->token = token != NULL ? token : older;
    return token == NULL || older == NULL || strcmp(token, older) == 0 ||
           error_set(error, ERROR_USAGE,
                     "%s: two session tokens that differ, of which SDKs take one or the other: take out "
                     "aws_security_token (AWS_SECURITY_TOKEN) or aws_session_token (AWS_SESSION_TOKEN)",
                     where);
}

static bool from_environment(const struct aws_config *config, struct credentials *credentials, bool *found,
                             struct error *error)
{
    struct arena *arena = config->arena;
    const char *key_id = from_variable(arena, "AWS_ACCESS_KEY_ID");
    const char *secret = from_variable(arena, "AWS_SECRET_ACCESS_KEY");
    *found = key_id != NULL && secret != NULL;
    if (key_id != NULL && secret == NULL)
        return error_set(error, ERROR_USAGE, "AWS_ACCESS_KEY_ID is set, but not AWS_SECRET_ACCESS_KEY");
    if (!*found)
        return true;
    *credentials =
        (struct credentials){.key_id = key_id, .secret = secret, .source = "environment (AWS_ACCESS_KEY_ID)"};
    GUARD(take_token(credentials, from_variable(arena, "AWS_SESSION_TOKEN"), from_variable(arena, "AWS_SECURITY_TOKEN"),
                     credentials->source, error));
    const char *expires = from_variable(arena, "AWS_CREDENTIAL_EXPIRATION");
    if (expires != NULL && !clock_parse_zone(expires, &credentials->expires))
        return error_set(error, ERROR_USAGE,
                         "AWS_CREDENTIAL_EXPIRATION %.60s: expected a moment as 2026-11-25T01:02:03Z", expires);
    return expires == NULL || credentials->expires > time(NULL) ||
           error_set(error, ERROR_USAGE,
                     "AWS_ACCESS_KEY_ID: these credentials expired at %.60s (AWS_CREDENTIAL_EXPIRATION)", expires);
}

static bool take_json(const struct aws_config *config, enum credentials_form form, char *answer, size_t length,
                      const char *source, struct credentials *credentials, struct error *error)
{
    bool good = credentials_parse(config->arena, source, form, answer, length, source, credentials, error);
    memory_wipe(answer, length);
    free(answer);
    return good;
}

static bool from_container(const struct aws_config *config, struct credentials *credentials, bool *found,
                           struct error *error)
{
    size_t length;
    char *answer;
    GUARD(container_ask(config->arena, config->until, &answer, &length, error));
    if (answer == NULL)
        return true;
    *found = take_json(config, CREDENTIALS_ENDPOINT, answer, length, "container endpoint", credentials, error);
    return *found;
}

// https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html, version 2 only. Where there is no such
// service, *found is false and the error says why.
static bool from_instance(const struct aws_config *config, struct credentials *credentials, bool *found,
                          struct error *error)
{
    static const char path[] = "iam/security-credentials/";
    size_t length;
    long status;
    struct metadata metadata;
    if (!metadata_open(config->arena, config, &metadata, error))
        return error->code != ERROR_USAGE;
    char *name = metadata_get(&metadata, path, &length, &status), *answer = NULL;
    if (name != NULL) {
        name[strcspn(name, "\r\n")] = '\0';
        answer = metadata_get(&metadata, arena_printf(config->arena, "%s%s", path, name), &length, &status);
    }
    free(name);
    if (answer == NULL)
        return error_set(error, ERROR_USAGE,
                         status == 404 ? "no credentials: this instance has no role (its metadata service names none)"
                                       : "no credentials: the instance metadata service fails with status %ld",
                         status);
    *found = take_json(config, CREDENTIALS_INSTANCE, answer, length, "instance metadata", credentials, error);
    return *found;
}

// ---- Profiles

// What the search of a profile's credentials carries along.
struct search {
    const struct aws_config *config;
    struct credentials *credentials;
    struct role_chain *chain;
    const char *visited[ROLES]; // profiles, each the source of the one before it
    size_t depth;
};

static const char *setting(const struct search *search, const char *profile, const char *key)
{
    return aws_config_of(search->config, profile, key);
}

static bool has_keys(const struct search *search, const char *profile)
{
    return setting(search, profile, "aws_access_key_id") != NULL ||
           setting(search, profile, "aws_secret_access_key") != NULL;
}

// A key, its secret and its token are of one file, the one that has the key's id.
static bool from_keys(const struct search *search, const char *profile, bool *found, struct error *error)
{
    const struct aws_config *config = search->config;
    enum config_kind kind = aws_config_in(config, profile, "aws_access_key_id", CONFIG_CREDENTIALS) != NULL ||
                                    aws_config_in(config, profile, "aws_access_key_id", CONFIG_SETTINGS) == NULL
                                ? CONFIG_CREDENTIALS
                                : CONFIG_SETTINGS;
    *search->credentials = (struct credentials){.key_id = aws_config_in(config, profile, "aws_access_key_id", kind),
                                                .secret = aws_config_in(config, profile, "aws_secret_access_key", kind),
                                                .source = arena_printf(config->arena, "profile %s", profile)};
    *found = search->credentials->key_id != NULL && search->credentials->secret != NULL;
    GUARD(take_token(search->credentials, aws_config_in(config, profile, "aws_session_token", kind),
                     aws_config_in(config, profile, "aws_security_token", kind), search->credentials->source, error));
    return *found || error_set(error, ERROR_USAGE, "profile %s has a key without %s in %s", profile,
                               search->credentials->key_id == NULL ? "aws_access_key_id" : "aws_secret_access_key",
                               config->files[kind]);
}

// https://docs.aws.amazon.com/sdkref/latest/guide/access-assume-role-web.html: the role is assumed with the token
// alone.
static void from_web_identity(const struct search *search, const char *token_file, const char *role_arn,
                              const char *session, const char *source)
{
    struct arena *arena = search->config->arena;
    const char *path = config_path(arena, token_file);
    *search->credentials = (struct credentials){.source = arena_printf(arena, "web identity token %s", path)};
    search->chain->roles[search->chain->count++] =
        (struct role){.arn = role_arn, .session_name = session, .token_file = path, .source = source};
}

// Credentials that a profile holds itself, in the AWS CLI's order: IAM Identity Center, keys of the credentials file,
// credential_process, keys of the config file.
static bool from_own(const struct search *search, const char *profile, bool *found, struct error *error)
{
    const struct aws_config *config = search->config;
    const char *command = setting(search, profile, "credential_process");
    const char *section = arena_printf(config->arena, "profile %s", profile);
    if (identity_center_is_meant(config, profile)) {
        *found = identity_center_find(config, profile, search->credentials, error);
        return *found;
    }
    if (config_value(config->arena, &config->shared, section, "aws_access_key_id") != NULL)
        return from_keys(search, profile, found, error);
    if (setting(search, profile, "login_session") != NULL)
        return error_set(error, ERROR_USAGE,
                         "profile %s is one of aws login (login_session), which sgproof cannot read: add "
                         "credential_process = aws configure export-credentials --profile %s to another profile, "
                         "and read with that",
                         profile, profile);
    if (command != NULL) {
        *found = credential_process_run(config, profile, command, search->credentials, error);
        return *found;
    }
    return !has_keys(search, profile) || from_keys(search, profile, found, error);
}

static bool from_profile(struct search *search, const char *profile, bool *found, struct error *error);

// What a role of a profile is assumed with.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
static bool from_source(struct search *search, const char *profile, bool *found, struct error *error)
{
    const struct aws_config *config = search->config;
    const char *source = setting(search, profile, "source_profile");
    const char *from = setting(search, profile, "credential_source");
    if (source != NULL && from != NULL)
        return error_set(error, ERROR_USAGE, "profile %s has both source_profile and credential_source, expected one",
                         profile);
    if (source != NULL && strcmp(source, profile) == 0)
        return from_own(search, profile, found, error);
    if (source != NULL)
        return from_profile(search, source, found, error);
    if (from != NULL && strcmp(from, "Environment") == 0)
        return from_environment(config, search->credentials, found, error);
    if (from != NULL && strcmp(from, "EcsContainer") == 0)
        return from_container(config, search->credentials, found, error);
    if (from != NULL && strcmp(from, "Ec2InstanceMetadata") == 0) {
        GUARD(from_instance(config, search->credentials, found, error));
        return *found || error_set(error, ERROR_USAGE, "profile %s: no credentials of the instance: %.500s", profile,
                                   arena_strdup(config->arena, error->message));
    }
    return error_set(error, ERROR_USAGE,
                     "profile %s has role_arn, but neither source_profile nor a credential_source (Environment, "
                     "EcsContainer or Ec2InstanceMetadata)",
                     profile);
}

// The seconds that a role's keys are to last; NULL where the profile does not say.
static bool read_duration(const struct search *search, const char *profile, const char **duration, struct error *error)
{
    enum { LEAST = 900, MOST = 43200 };
    *duration = setting(search, profile, "duration_seconds");
    char *end;
    long seconds = *duration == NULL ? LEAST : strtol(*duration, &end, 10);
    return *duration == NULL ||
           (strspn(*duration, "0123456789") == strlen(*duration) && seconds >= LEAST && seconds <= MOST) ||
           error_set(error, ERROR_USAGE, "profile %s: duration_seconds %.40s: expected a number from %d to %d", profile,
                     *duration, LEAST, MOST);
}

static bool with_role(struct search *search, const char *profile, const char *role_arn, bool *found,
                      struct error *error)
{
    if (setting(search, profile, "mfa_serial") != NULL)
        return error_set(
            error, ERROR_USAGE,
            "profile %s needs a code of an MFA device, which is not asked for here: get a session with "
            "aws sts assume-role and give it by AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
            profile);
    const char *duration;
    GUARD(read_duration(search, profile, &duration, error) && from_source(search, profile, found, error));
    if (!*found)
        return error_set(error, ERROR_USAGE, "profile %s: no credentials to assume %s with", profile, role_arn);
    search->chain->roles[search->chain->count++] =
        (struct role){.arn = role_arn,
                      .external_id = setting(search, profile, "external_id"),
                      .session_name = setting(search, profile, "role_session_name"),
                      .duration = duration,
                      .source = arena_printf(search->config->arena, "profile %s", profile)};
    return true;
}

// An empty setting is one for the AWS CLI, which then takes a role away from its profile or fails, and none for other
// SDKs, which go on to whatever comes next: two identities.
static bool expect_filled(const struct search *search, const char *profile, struct error *error)
{
    static const char *const keys[] = {"role_arn",          "web_identity_token_file", "source_profile",
                                       "credential_source", "aws_access_key_id",       "aws_secret_access_key",
                                       "sso_session",       "sso_start_url",           "sso_region",
                                       "sso_account_id",    "sso_role_name",           "credential_process",
                                       "login_session"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (setting(search, profile, keys[i]) == NULL && aws_config_sets(search->config, profile, keys[i]))
            return error_set(error, ERROR_USAGE,
                             "profile %s: %s is empty, which the AWS CLI takes for a setting and other SDKs for none: "
                             "expected a value, or no such line",
                             profile, keys[i]);
    return true;
}

// The role of a profile's web identity. Without --profile AWS_ROLE_ARN comes before the profile's own for the AWS CLI,
// and counts for nothing without a token of the environment's for other SDKs: two identities.
static bool from_own_token(const struct search *search, const char *profile, const char *token_file, bool *found,
                           struct error *error)
{
    struct arena *arena = search->config->arena;
    bool heeded = search->depth == 1 && !search->config->profile_option;
    if (heeded && getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != NULL) // an empty one, or it had come before the profile
        return error_set(error, ERROR_USAGE,
                         "AWS_WEB_IDENTITY_TOKEN_FILE is set, but empty: for the AWS CLI it hides that of profile %s, "
                         "and other SDKs take the profile's: unset it, or give --profile %s",
                         profile, profile);
    const char *own = setting(search, profile, "role_arn"), *arn = heeded ? config_environment("AWS_ROLE_ARN") : NULL;
    const char *session = heeded ? config_environment("AWS_ROLE_SESSION_NAME") : NULL;
    if (arn != NULL && own != NULL && strcmp(arn, own) != 0)
        return error_set(error, ERROR_USAGE,
                         "profile %s and AWS_ROLE_ARN stand for two identities, of which SDKs take one or the other: "
                         "give --profile %s for the profile's role, or unset AWS_ROLE_ARN",
                         profile, profile);
    if (arn == NULL && own == NULL)
        return error_set(error, ERROR_USAGE, "profile %s has web_identity_token_file, but no role_arn", profile);
    from_web_identity(search, token_file, arn != NULL ? arn : own,
                      session != NULL ? session : setting(search, profile, "role_session_name"),
                      arena_printf(arena, "profile %s", profile));
    *found = true;
    return true;
}

static bool from_profile(struct search *search, const char *profile, bool *found, struct error *error)
{
    const char *role_arn = setting(search, profile, "role_arn");
    const char *token_file = setting(search, profile, "web_identity_token_file");
    bool is_source = search->depth > 0;
    *found = false;
    GUARD(!is_source || aws_config_expect_clear(search->config, profile, error));
    if (!aws_config_has(search->config, profile))
        return !is_source || error_set(error, ERROR_USAGE, "source_profile %s is not there", profile);
    for (size_t i = 0; i < search->depth; i++)
        if (strcmp(search->visited[i], profile) == 0)
            return error_set(error, ERROR_USAGE, "profile %s: its source profiles form a loop", profile);
    if (search->depth == ROLES)
        return error_set(error, ERROR_USAGE, "profile %s: more than %d roles one on the other", search->config->profile,
                         ROLES);
    search->visited[search->depth++] = profile;
    GUARD(expect_filled(search, profile, error));
    if (is_source && has_keys(search, profile) && token_file == NULL) // what a source has itself comes before its role
        return from_own(search, profile, found, error);
    if (token_file != NULL)
        return from_own_token(search, profile, token_file, found, error);
    if (role_arn != NULL)
        return with_role(search, profile, role_arn, found, error);
    return from_own(search, profile, found, error);
}

// Of a web identity in the environment beside a profile with credentials of its own the AWS CLI takes the former, and
// other SDKs the latter: two identities. A role that a profile assumes comes first for all of them.
static bool from_environments_token(const struct search *search, const char *token_file, bool *found,
                                    struct error *error)
{
    const struct aws_config *config = search->config;
    const char *profile = config->profile, *role_arn = config_environment("AWS_ROLE_ARN");
    const char *own_file = setting(search, profile, "web_identity_token_file");
    bool has_own = own_file != NULL || has_keys(search, profile) || identity_center_is_meant(config, profile) ||
                   setting(search, profile, "credential_process") != NULL ||
                   setting(search, profile, "login_session") != NULL;
    if (own_file == NULL && setting(search, profile, "role_arn") != NULL)
        return true;
    if (role_arn == NULL)
        return error_set(error, ERROR_USAGE, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but not AWS_ROLE_ARN");
    bool same = own_file != NULL && strcmp(own_file, token_file) == 0 &&
                text_same(setting(search, profile, "role_arn"), role_arn);
    if (has_own && !same)
        return error_set(error, ERROR_USAGE,
                         "profile %s and AWS_WEB_IDENTITY_TOKEN_FILE stand for two identities, of which SDKs take one "
                         "or the other: give --profile %s for the profile, or unset AWS_PROFILE and use a config file "
                         "without its credentials for the web identity",
                         profile, profile);
    const char *session = config_environment("AWS_ROLE_SESSION_NAME");
    from_web_identity(search, token_file, role_arn,
                      session != NULL ? session : setting(search, profile, "role_session_name"), "environment");
    *found = true;
    return true;
}

static bool find(struct search *search, bool *found, struct error *error)
{
    const struct aws_config *config = search->config;
    const char *token_file = config->profile_option ? NULL : config_environment("AWS_WEB_IDENTITY_TOKEN_FILE");
    struct error instance = {0};
    if (!config->profile_option)
        GUARD(from_environment(config, search->credentials, found, error));
    if (!*found && token_file != NULL)
        GUARD(from_environments_token(search, token_file, found, error));
    if (!*found)
        GUARD(from_profile(search, config->profile, found, error));
    if (!*found)
        GUARD(former_files_find(config, search->credentials, found, error));
    if (!*found)
        GUARD(from_container(config, search->credentials, found, error));
    if (!*found && !from_instance(config, search->credentials, found, &instance)) {
        *error = instance;
        return false;
    }
    return *found ||
           error_set(error, ERROR_USAGE,
                     "no credentials: looked in the environment (AWS_ACCESS_KEY_ID), profile %s of %s and %s, "
                     "the container endpoint and the instance metadata service (%s)",
                     config->profile, config->files[0], config->files[1], instance.message);
}

bool credentials_find(const struct aws_config *config, struct credentials *credentials, struct role_chain *chain,
                      struct error *error)
{
    struct search search = {.config = config, .credentials = credentials, .chain = chain};
    bool found = false;
    *credentials = (struct credentials){0};
    *chain = (struct role_chain){0};
    GUARD(find(&search, &found, error));
    const char *const parts[] = {credentials->key_id, credentials->secret, credentials->token};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) // they become parts of headers
        if (parts[i] != NULL && strpbrk(parts[i], " \t\r\n") != NULL)
            return error_set(error, ERROR_USAGE, "credentials of %s: a key with a blank or a line's end in it",
                             credentials->source);
    return true;
}
