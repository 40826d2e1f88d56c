#include "aws/read/credentials.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "aws/read/container.h"
#include "aws/read/endpoint.h"
#include "aws/read/metadata.h"
#include "aws/read/plain.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

static const char *path_of(struct arena *arena, const char *variable, const char *below_home)
{
    const char *given = variable == NULL ? NULL : config_environment(variable), *home = config_environment("HOME");
    return given != NULL ? given : arena_printf(arena, "%s/%s", home == NULL ? "" : home, below_home);
}

// The section of a profile in the config file, which the credentials file calls by its bare name.
static const char *section_of(struct arena *arena, const char *profile)
{
    return strcmp(profile, "default") == 0 ? profile : arena_printf(arena, "profile %s", profile);
}

static bool has_profile(const struct aws_config *config, const char *profile)
{
    return map_get(&config->shared.sections, profile) != NULL ||
           map_get(&config->config.sections, section_of(config->arena, profile)) != NULL;
}

bool aws_config_read(struct arena *arena, const char *profile, struct aws_config *config, struct error *error)
{
    const char *named = profile != NULL ? profile : config_environment("AWS_PROFILE");
    const char *files[] = {path_of(arena, "AWS_CONFIG_FILE", ".aws/config"),
                           path_of(arena, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")};
    named = named != NULL ? named : config_environment("AWS_DEFAULT_PROFILE");
    *config = (struct aws_config){.arena = arena,
                                  .profile = named == NULL ? "default" : named,
                                  .profile_given = named != NULL,
                                  .profile_option = profile != NULL};
    if (!config_file_read(arena, files[0], &config->config, error) ||
        !config_file_read(arena, files[1], &config->shared, error))
        return false;
    if (config->profile_given && !has_profile(config, config->profile))
        return error_set(error, ERROR_USAGE, "profile %s is in neither %s nor %s", named, files[0], files[1]);
    return true;
}

// Not parsed: so it is known before anything else is.
bool aws_config_names_process(void)
{
    struct arena *arena = arena_new();
    const char *files[] = {path_of(arena, "AWS_CONFIG_FILE", ".aws/config"),
                           path_of(arena, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")};
    bool found = false;
    for (int i = 0; i < 2 && !found; i++) {
        struct error ignored;
        size_t length;
        char *text = access(files[i], R_OK) == 0 ? file_read(files[i], &length, &ignored) : NULL;
        found = text != NULL && strcasestr(text, "credential_process") != NULL;
        if (text != NULL)
            explicit_bzero(text, length);
        free(text);
    }
    arena_free(arena);
    return found;
}

static const char *setting_of(const struct aws_config *config, const char *profile, const char *key)
{
    const char *value = config_value(config->arena, &config->shared, profile, key);
    return value != NULL ? value
                         : config_value(config->arena, &config->config, section_of(config->arena, profile), key);
}

const char *aws_config_setting(const struct aws_config *config, const char *key)
{
    return setting_of(config, config->profile, key);
}

bool credentials_parse(struct arena *arena, const char *name, const char *text, size_t length, const char *source,
                       struct credentials *credentials, struct error *error)
{
    cJSON *root = json_parse(name, text, length, error);
    struct json_cursor at = {.file = name, .node = root};
    if (root == NULL)
        return false;
    const char *token = NULL, *session = NULL, *expires = NULL;
    bool good = json_expect_object(&at, error) && json_string(arena, &at, "AccessKeyId", &credentials->key_id, error) &&
                json_string(arena, &at, "SecretAccessKey", &credentials->secret, error) &&
                json_optional_string(arena, &at, "Token", &token, error) &&
                json_optional_string(arena, &at, "SessionToken", &session, error) &&
                json_optional_string(arena, &at, "Expiration", &expires, error);
    credentials->expires = 0;
    if (good && expires != NULL && !clock_parse(expires, &credentials->expires)) {
        struct json_cursor expiration = json_member(&at, "Expiration");
        good = json_fail(&expiration, error, "expected a moment as 2026-11-25T01:02:03Z");
    }
    credentials->token = token != NULL ? token : session;
    credentials->source = source;
    json_wipe(root);
    return good;
}

static bool from_environment(struct credentials *credentials)
{
    const char *key_id = config_environment("AWS_ACCESS_KEY_ID"), *secret = config_environment("AWS_SECRET_ACCESS_KEY");
    if (key_id == NULL || secret == NULL)
        return false;
    *credentials = (struct credentials){.key_id = key_id,
                                        .secret = secret,
                                        .token = config_environment("AWS_SESSION_TOKEN"),
                                        .source = "environment (AWS_ACCESS_KEY_ID)"};
    return true;
}

// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
static bool from_process(const struct aws_config *config, const char *profile, const char *command,
                         struct credentials *credentials, struct error *error)
{
    struct text answer = {.secret = true};
    char bytes[4096];
    FILE *pipe = popen(command, "re");
    if (pipe == NULL)
        return error_system(error, ERROR_USAGE, errno, "profile %s: credential_process cannot be run", profile);
    setvbuf(pipe, NULL, _IONBF, 0); // a buffer of its own would keep the keys
    for (size_t got; (got = fread(bytes, 1, sizeof(bytes), pipe)) > 0 && answer.length < 1 << 20;)
        text_add(&answer, bytes, got);
    explicit_bzero(bytes, sizeof(bytes));
    int status = pclose(pipe);
    bool good = false;
    if (status != 0 || answer.length == 0)
        error_set(error, ERROR_USAGE, "profile %s: credential_process ended with status %d", profile,
                  WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    else
        good = credentials_parse(config->arena, "credential_process", answer.bytes, answer.length,
                                 arena_printf(config->arena, "credential_process of profile %s", profile), credentials,
                                 error);
    text_wipe(&answer);
    return good;
}

// https://docs.aws.amazon.com/sdkref/latest/guide/access-assume-role-web.html: the role is assumed with the token
// alone.
static void from_web_identity(const struct aws_config *config, const char *token_file, const char *role_arn,
                              const char *session, const char *source, struct credentials *credentials,
                              struct role_chain *chain)
{
    *credentials = (struct credentials){.source = arena_printf(config->arena, "web identity token %s", token_file)};
    chain->roles[0] =
        (struct role){.arn = role_arn, .session_name = session, .token_file = token_file, .source = source};
    chain->count = 1;
}

// One unsigned request, within so many milliseconds. NULL where there is no good answer.
static char *ask(const char *url, const char *header, long milliseconds, size_t *length)
{
    return plain_ask(
        &(struct plain_request){.url = url, .method = "GET", .header = header, .milliseconds = milliseconds}, length,
        NULL);
}

// The token that aws sso login left: ~/.aws/sso/cache/SHA1.json of the session's name, or of the start URL.
static const char *cached_token(const struct aws_config *config, const char *profile, const char *name,
                                struct error *error)
{
    struct arena *arena = config->arena;
    unsigned char digest[20];
    char text[41];
    EVP_Digest(name, strlen(name), digest, NULL, EVP_sha1(), NULL);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(text + i * 2, 3, "%02x", digest[i]);
    const char *path = arena_printf(arena, "%s/%s.json", path_of(arena, NULL, ".aws/sso/cache"), text);
    struct error ignored;
    const char *token = NULL, *expires = NULL;
    cJSON *root = json_load(path, &ignored);
    struct json_cursor at = {.file = path, .node = root};
    bool good = root != NULL && json_string(arena, &at, "accessToken", &token, &ignored) &&
                json_string(arena, &at, "expiresAt", &expires, &ignored);
    json_wipe(root);
    int64_t until;
    good = good && clock_parse(expires, &until);
    if (!good || until < time(NULL)) {
        error_set(error, ERROR_USAGE, "profile %s: no valid IAM Identity Center token: run aws sso login --profile %s",
                  profile, profile);
        return NULL;
    }
    return token;
}

static bool read_role_credentials(const struct aws_config *config, const char *profile, char *answer, size_t length,
                                  struct credentials *credentials, struct error *error)
{
    cJSON *root = json_parse("IAM Identity Center", answer, length, error);
    struct json_cursor top = {.file = "IAM Identity Center", .node = root}, at;
    if (root == NULL)
        return false;
    long expires = 0;
    at = json_member(&top, "roleCredentials");
    bool good = json_expect_object(&at, error) &&
                json_string(config->arena, &at, "accessKeyId", &credentials->key_id, error) &&
                json_string(config->arena, &at, "secretAccessKey", &credentials->secret, error) &&
                json_string(config->arena, &at, "sessionToken", &credentials->token, error) &&
                json_integer(&at, "expiration", 0, LONG_MAX, &expires, error); // milliseconds
    credentials->expires = expires / 1000;
    credentials->source = arena_printf(config->arena, "IAM Identity Center, profile %s", profile);
    json_wipe(root);
    return good;
}

// https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html
static bool from_identity_center(const struct aws_config *config, const char *profile, struct credentials *credentials,
                                 struct error *error)
{
    struct arena *arena = config->arena;
    const char *session = setting_of(config, profile, "sso_session");
    const char *section = session == NULL ? section_of(arena, profile) : arena_printf(arena, "sso-session %s", session);
    const char *region = config_value(arena, &config->config, section, "sso_region");
    const char *start = config_value(arena, &config->config, section, "sso_start_url");
    const char *account = setting_of(config, profile, "sso_account_id");
    const char *role_name = setting_of(config, profile, "sso_role_name");
    if (region == NULL || start == NULL || account == NULL || role_name == NULL)
        return error_set(error, ERROR_USAGE,
                         "profile %s: expected sso_region, sso_start_url, sso_account_id and sso_role_name", profile);
    if (!endpoint_is_region(region))
        return error_set(error, ERROR_USAGE, "profile %s: sso_region %s: expected a name such as eu-west-3", profile,
                         region);
    const char *token = cached_token(config, profile, session != NULL ? session : start, error);
    if (token == NULL)
        return false;
    const char *base = config_environment("AWS_ENDPOINT_URL_SSO");
    base = base != NULL ? base : arena_printf(arena, "https://portal.sso.%s.amazonaws.com", region);
    char *name = curl_easy_escape(NULL, role_name, 0);
    const char *url = arena_printf(arena, "%s/federation/credentials?role_name=%s&account_id=%s", base,
                                   name == NULL ? "" : name, account);
    curl_free(name);
    size_t length;
    char *answer = ask(url, arena_printf(arena, "x-amz-sso_bearer_token: %s", token), 10000, &length);
    if (answer == NULL)
        return error_set(error, ERROR_USAGE, "profile %s: IAM Identity Center gives no credentials for role %s in %s",
                         profile, role_name, account);
    bool good = read_role_credentials(config, profile, answer, length, credentials, error);
    explicit_bzero(answer, length);
    free(answer);
    return good;
}

static bool take_json(const struct aws_config *config, char *answer, size_t length, const char *source,
                      struct credentials *credentials, struct error *error)
{
    bool good = credentials_parse(config->arena, source, answer, length, source, credentials, error);
    explicit_bzero(answer, length);
    free(answer);
    return good;
}

static bool from_container(const struct aws_config *config, struct credentials *credentials, bool *found,
                           struct error *error)
{
    size_t length;
    char *answer;
    GUARD(container_ask(config->arena, &answer, &length, error));
    if (answer == NULL)
        return true;
    *found = take_json(config, answer, length, "container endpoint", credentials, error);
    return *found;
}

// https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html, version 2 only
static bool from_instance(const struct aws_config *config, struct credentials *credentials, bool *found,
                          struct error *error)
{
    static const char path[] = "iam/security-credentials/";
    size_t length;
    struct metadata metadata;
    if (!metadata_open(config->arena, &metadata))
        return true; // not on an instance, or more hops away than its metadata options allow
    char *name = metadata_get(&metadata, path, &length), *answer = NULL;
    if (name != NULL) {
        name[strcspn(name, "\r\n")] = '\0';
        answer = metadata_get(&metadata, arena_printf(config->arena, "%s%s", path, name), &length);
    }
    free(name);
    if (answer == NULL)
        return error_set(error, ERROR_USAGE, "this instance has no role (its metadata service names none)");
    *found = take_json(config, answer, length, "instance metadata", credentials, error);
    return *found;
}

static bool from_profile(const struct aws_config *config, const char *profile, int depth,
                         struct credentials *credentials, struct role_chain *chain, bool *found, struct error *error);

// What a role of a profile is assumed with.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
static bool from_source(const struct aws_config *config, const char *profile, int depth,
                        struct credentials *credentials, struct role_chain *chain, bool *found, struct error *error)
{
    const char *source = setting_of(config, profile, "source_profile");
    const char *from = setting_of(config, profile, "credential_source");
    if (source != NULL && strcmp(source, profile) == 0) { // the profile's own keys
        *credentials = (struct credentials){.key_id = setting_of(config, profile, "aws_access_key_id"),
                                            .secret = setting_of(config, profile, "aws_secret_access_key"),
                                            .token = setting_of(config, profile, "aws_session_token"),
                                            .source = arena_printf(config->arena, "profile %s", profile)};
        *found = credentials->key_id != NULL && credentials->secret != NULL;
        return true;
    }
    if (source != NULL)
        return from_profile(config, source, depth + 1, credentials, chain, found, error);
    if (from != NULL && strcmp(from, "Environment") == 0) {
        *found = from_environment(credentials);
        return true;
    }
    if (from != NULL && strcmp(from, "EcsContainer") == 0)
        return from_container(config, credentials, found, error);
    if (from != NULL && strcmp(from, "Ec2InstanceMetadata") == 0)
        return from_instance(config, credentials, found, error);
    return error_set(error, ERROR_USAGE,
                     "profile %s has role_arn, but neither source_profile nor a credential_source (Environment, "
                     "EcsContainer or Ec2InstanceMetadata)",
                     profile);
}

static bool with_role(const struct aws_config *config, const char *profile, const char *role_arn, int depth,
                      struct credentials *credentials, struct role_chain *chain, bool *found, struct error *error)
{
    const char *token_file = setting_of(config, profile, "web_identity_token_file");
    const char *source = arena_printf(config->arena, "profile %s", profile);
    if (token_file != NULL) {
        from_web_identity(config, token_file, role_arn, setting_of(config, profile, "role_session_name"), source,
                          credentials, chain);
        *found = true;
        return true;
    }
    if (setting_of(config, profile, "mfa_serial") != NULL)
        return error_set(
            error, ERROR_USAGE,
            "profile %s needs a code of an MFA device, which is not asked for here: get a session with "
            "aws sts assume-role and give it by AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
            profile);
    if (depth >= ROLES)
        return error_set(error, ERROR_USAGE, "profile %s: more than %d roles one on the other, or a loop of them",
                         config->profile, ROLES);
    GUARD(from_source(config, profile, depth, credentials, chain, found, error));
    if (!*found)
        return error_set(error, ERROR_USAGE, "profile %s: no credentials to assume %s with", profile, role_arn);
    chain->roles[chain->count++] = (struct role){.arn = role_arn,
                                                 .external_id = setting_of(config, profile, "external_id"),
                                                 .session_name = setting_of(config, profile, "role_session_name"),
                                                 .source = source};
    return true;
}

static bool from_profile(const struct aws_config *config, const char *profile, int depth,
                         struct credentials *credentials, struct role_chain *chain, bool *found, struct error *error)
{
    const char *role_arn = setting_of(config, profile, "role_arn");
    const char *command = setting_of(config, profile, "credential_process");
    const char *key_id = setting_of(config, profile, "aws_access_key_id");
    *found = false;
    if (!has_profile(config, profile))
        return depth == 0 || error_set(error, ERROR_USAGE, "source_profile %s is not there", profile);
    if (role_arn != NULL)
        return with_role(config, profile, role_arn, depth, credentials, chain, found, error);
    if (key_id != NULL) {
        *credentials = (struct credentials){.key_id = key_id,
                                            .secret = setting_of(config, profile, "aws_secret_access_key"),
                                            .token = setting_of(config, profile, "aws_session_token"),
                                            .source = arena_printf(config->arena, "profile %s", profile)};
        *found = credentials->secret != NULL;
        return *found || error_set(error, ERROR_USAGE, "profile %s has a key without aws_secret_access_key", profile);
    }
    if (command != NULL) {
        *found = from_process(config, profile, command, credentials, error);
        return *found;
    }
    if (setting_of(config, profile, "sso_session") != NULL || setting_of(config, profile, "sso_start_url") != NULL) {
        *found = from_identity_center(config, profile, credentials, error);
        return *found;
    }
    return true;
}

bool credentials_find(const struct aws_config *config, struct credentials *credentials, struct role_chain *chain,
                      struct error *error)
{
    bool found = false;
    *credentials = (struct credentials){0};
    *chain = (struct role_chain){0};
    if (!config->profile_option && from_environment(credentials))
        return true;
    const char *token_file = config_environment("AWS_WEB_IDENTITY_TOKEN_FILE"),
               *role_arn = config_environment("AWS_ROLE_ARN");
    if (!config->profile_option && token_file != NULL && role_arn != NULL) {
        from_web_identity(config, token_file, role_arn, config_environment("AWS_ROLE_SESSION_NAME"), "environment",
                          credentials, chain);
        return true;
    }
    if (!from_profile(config, config->profile, 0, credentials, chain, &found, error))
        return false;
    if (!found && config->profile_given)
        return error_set(error, ERROR_USAGE, "profile %s holds no credentials", config->profile);
    if (!found && !from_container(config, credentials, &found, error))
        return false;
    if (!found && !from_instance(config, credentials, &found, error))
        return false;
    return found || error_set(error, ERROR_USAGE,
                              "no credentials: looked in the environment (AWS_ACCESS_KEY_ID), profile %s of the shared "
                              "files, the container endpoint and the instance metadata service (%s)",
                              config->profile,
                              metadata_disabled() ? "switched off by AWS_EC2_METADATA_DISABLED"
                                                  : "no answer in a second; in a container on an instance, the "
                                                    "instance's HttpPutResponseHopLimit must be 2 or more");
}
