#include "aws/read/identity_center.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <time.h>

#include "aws/read/endpoint.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/http.h"
#include "base/json.h"
#include "base/log.h"

enum { TRIES = 3, MILLISECONDS = 10000, REFRESH_BEFORE = 900 }; // the last in seconds

struct login {
    const struct aws_config *config;
    const char *profile;
    const char *session; // of an [sso-session], or NULL
    const char *region;
    const char *start_url;
    const char *account;
    const char *role_name;
};

bool identity_center_is_meant(const struct aws_config *config, const char *profile)
{
    static const char *const keys[] = {"sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (aws_config_of(config, profile, keys[i]) != NULL)
            return true;
    return false;
}

// A setting of the sso-session, or without one of the profile. Both may have it where they agree.
static bool shared_setting(struct login *login, const char *key, const char **value, struct error *error)
{
    const struct aws_config *config = login->config;
    const char *own = aws_config_of(config, login->profile, key);
    *value = own;
    if (login->session != NULL) {
        const char *section = arena_printf(config->arena, "sso-session %s", login->session);
        *value = config_value(config->arena, &config->config, section, key);
        if (own != NULL && (*value == NULL || strcmp(own, *value) != 0))
            return error_set(error, ERROR_USAGE, "profile %s: %s belongs in [sso-session %s], which says otherwise",
                             login->profile, key, login->session);
    }
    return *value != NULL ||
           error_set(error, ERROR_USAGE, "profile %s: %s is missing for IAM Identity Center", login->profile, key);
}

static bool read_settings(struct login *login, struct error *error)
{
    const struct aws_config *config = login->config;
    const char *profile = login->profile;
    login->session = aws_config_of(config, profile, "sso_session");
    login->account = aws_config_of(config, profile, "sso_account_id");
    login->role_name = aws_config_of(config, profile, "sso_role_name");
    if (login->session != NULL &&
        map_get(&config->config.sections, arena_printf(config->arena, "sso-session %s", login->session)) == NULL)
        return error_set(error, ERROR_USAGE, "profile %s: there is no [sso-session %s]", profile, login->session);
    GUARD(shared_setting(login, "sso_region", &login->region, error) &&
          shared_setting(login, "sso_start_url", &login->start_url, error));
    if (login->account == NULL || login->role_name == NULL)
        return error_set(error, ERROR_USAGE,
                         "profile %s: sso_account_id and sso_role_name are both needed; a token alone signs no request",
                         profile);
    return endpoint_is_region(login->region) ||
           error_set(error, ERROR_USAGE, "profile %s: sso_region %s: expected a name such as eu-west-3", profile,
                     login->region);
}

// ---- The token: ~/.aws/sso/cache/SHA1.json of the session's name, or of the start URL

struct token {
    const char *access;
    const char *expires;
    const char *refresh; // or NULL, as all that follows
    const char *client_id;
    const char *client_secret;
    const char *registration_expires;
};

static const char *cache_path(const struct login *login)
{
    const char *name = login->session != NULL ? login->session : login->start_url;
    unsigned char digest[EVP_MAX_MD_SIZE];
    char text[41] = "";
    if (EVP_Digest(name, strlen(name), digest, NULL, EVP_sha1(), NULL) == 1)
        for (size_t i = 0; i < 20; i++)
            snprintf(text + i * 2, 3, "%02x", digest[i]);
    struct arena *arena = login->config->arena;
    return arena_printf(arena, "%s/%s.json", config_path(arena, "~/.aws/sso/cache"), text);
}

// A token becomes part of a header.
static bool fits_header(const char *token)
{
    for (const char *p = token; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return false;
    return true;
}

static bool read_token(const struct login *login, const char *path, struct token *token, struct error *error)
{
    struct arena *arena = login->config->arena;
    cJSON *root = json_load(path, error);
    struct json_cursor at = {.file = path, .node = root};
    *token = (struct token){0};
    bool good = root != NULL && json_expect_object(&at, error) &&
                json_string(arena, &at, "accessToken", &token->access, error) &&
                json_string(arena, &at, "expiresAt", &token->expires, error) &&
                json_optional_string(arena, &at, "refreshToken", &token->refresh, error) &&
                json_optional_string(arena, &at, "clientId", &token->client_id, error) &&
                json_optional_string(arena, &at, "clientSecret", &token->client_secret, error) &&
                json_optional_string(arena, &at, "registrationExpiresAt", &token->registration_expires, error);
    json_wipe(root);
    if (good && !fits_header(token->access))
        return error_set(error, ERROR_USAGE, "%s: accessToken: a blank or a line's end in it", path);
    return good;
}

static int64_t seconds_left(const char *moment)
{
    int64_t until;
    return moment != NULL && clock_parse_zone(moment, &until) ? until - time(NULL) : 0;
}

// Written back as the AWS CLI writes it; where that cannot be, the CLI asks for a new login sooner.
static void keep_token(const struct login *login, const char *path, const struct token *token)
{
    struct text out = {.secret = true};
    struct json_writer writer = json_writer_to(&out);
    struct error error;
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "startUrl", login->start_url);
    json_put_string(&writer, "region", login->region);
    json_put_string(&writer, "accessToken", token->access);
    json_put_string(&writer, "expiresAt", token->expires);
    json_put_string(&writer, "clientId", token->client_id);
    json_put_string(&writer, "clientSecret", token->client_secret);
    json_put_string(&writer, "registrationExpiresAt", token->registration_expires);
    if (token->refresh != NULL)
        json_put_string(&writer, "refreshToken", token->refresh);
    json_close(&writer, '}');
    json_end_document(&writer);
    if (!file_write(path, out.bytes, out.length, &error))
        log_line(LOG_WARNING, "the refreshed token of IAM Identity Center is not kept: %s", error.message);
    text_wipe(&out);
}

static bool take_refreshed(const struct login *login, const struct http_answer *answer, struct token *token)
{
    struct arena *arena = login->config->arena;
    struct error ignored;
    cJSON *root = json_parse("token", answer->bytes, answer->length, &ignored);
    struct json_cursor at = {.file = "token", .node = root};
    const char *access, *refresh = NULL;
    long lasts;
    bool good = root != NULL && json_string(arena, &at, "accessToken", &access, &ignored) && fits_header(access) &&
                json_integer(&at, "expiresIn", 1, INT_MAX, &lasts, &ignored) &&
                json_optional_string(arena, &at, "refreshToken", &refresh, &ignored);
    if (good) {
        char expires[CLOCK_TEXT];
        time_t until = time(NULL) + lasts;
        struct tm parts;
        strftime(expires, sizeof(expires), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&until, &parts));
        token->access = access;
        token->expires = arena_strdup(arena, expires);
        token->refresh = refresh;
    }
    json_wipe(root);
    return good;
}

// https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html
static bool refresh(const struct login *login, struct token *token)
{
    struct text body = {.secret = true};
    struct json_writer writer = json_writer_to(&body);
    struct error ignored;
    const char *base = endpoint_url(login->config, NULL, "sso-oidc", login->region, &ignored);
    if (base == NULL) // then that of the credentials, which is asked for next, is not either
        return false;
    json_open_line(&writer, NULL, '{');
    json_put_string(&writer, "clientId", token->client_id);
    json_put_string(&writer, "clientSecret", token->client_secret);
    json_put_string(&writer, "grantType", "refresh_token");
    json_put_string(&writer, "refreshToken", token->refresh);
    json_close(&writer, '}');
    struct http_answer answer;
    bool good = http_try(&(struct http_request){.url = arena_printf(login->config->arena, "%s%stoken", base,
                                                                    base[strlen(base) - 1] == '/' ? "" : "/"),
                                                .method = "POST",
                                                .headers = {"Content-Type: application/json"},
                                                .body = body.bytes,
                                                .body_length = body.length,
                                                .milliseconds = MILLISECONDS,
                                                .until = login->config->until,
                                                .ca_bundle = login->config->ca_bundle},
                         TRIES, &answer) &&
                answer.status == 200 && take_refreshed(login, &answer, token);
    http_forget(&answer);
    text_wipe(&body);
    return good;
}

static const char *find_token(const struct login *login, struct error *error)
{
    const char *path = cache_path(login);
    struct token token;
    struct error why = {0};
    bool there = read_token(login, path, &token, &why);
    int64_t left = there ? seconds_left(token.expires) : 0;
    bool refreshable = there && login->session != NULL && token.refresh != NULL && token.client_id != NULL &&
                       token.client_secret != NULL && seconds_left(token.registration_expires) > 0;
    if (left < REFRESH_BEFORE && refreshable && refresh(login, &token)) {
        keep_token(login, path, &token);
        return token.access;
    }
    if (left > 0)
        return token.access;
    error_set(error, ERROR_USAGE, "profile %s: no valid IAM Identity Center token (%s): run aws sso login --profile %s",
              login->profile, there ? "it has expired" : why.message, login->profile);
    return NULL;
}

// ---- What it gives

static bool read_role_credentials(const struct login *login, const struct http_answer *answer,
                                  struct credentials *credentials, struct error *error)
{
    struct arena *arena = login->config->arena;
    cJSON *root = json_parse("IAM Identity Center", answer->bytes, answer->length, error);
    struct json_cursor top = {.file = "IAM Identity Center", .node = root}, at;
    if (root == NULL)
        return false;
    long expires = 0;
    bool good = json_expect_object(&top, error);
    at = json_member(&top, "roleCredentials");
    good = good && json_expect_object(&at, error) &&
           json_string(arena, &at, "accessKeyId", &credentials->key_id, error) &&
           json_string(arena, &at, "secretAccessKey", &credentials->secret, error) &&
           json_string(arena, &at, "sessionToken", &credentials->token, error) &&
           json_integer(&at, "expiration", 0, LONG_MAX, &expires, error); // milliseconds
    credentials->expires = expires / 1000;
    credentials->account = login->account;
    credentials->source = arena_printf(arena, "IAM Identity Center, profile %s", login->profile);
    json_wipe(root);
    return good && credentials->expires <= time(NULL)
               ? error_set(error, ERROR_USAGE, "profile %s: IAM Identity Center gives credentials that have expired",
                           login->profile)
               : good;
}

// What it says of a failure; "" where that is nothing.
static const char *told(const struct login *login, const struct http_answer *answer)
{
    struct error ignored;
    const char *message = NULL;
    cJSON *root = json_parse("failure", answer->bytes, answer->length, &ignored);
    struct json_cursor at = {.file = "failure", .node = root};
    bool good = root != NULL && json_expect_object(&at, &ignored) &&
                json_optional_string(login->config->arena, &at, "message", &message, &ignored) && message != NULL;
    cJSON_Delete(root);
    return good ? arena_printf(login->config->arena, ": %.200s", message) : "";
}

static bool refuse(const struct login *login, const struct http_answer *answer, struct error *error)
{
    if (answer->problem != NULL)
        return error_set(error, ERROR_USAGE, "profile %s: IAM Identity Center in %s does not answer: %s",
                         login->profile, login->region, answer->problem);
    if (answer->status == 401)
        return error_set(error, ERROR_USAGE,
                         "profile %s: IAM Identity Center does not accept the token%s: run aws sso login --profile %s",
                         login->profile, told(login, answer), login->profile);
    return error_set(error, ERROR_USAGE,
                     "profile %s: IAM Identity Center gives no credentials for role %s in %s: status %ld%s",
                     login->profile, login->role_name, login->account, answer->status, told(login, answer));
}

bool identity_center_find(const struct aws_config *config, const char *profile, struct credentials *credentials,
                          struct error *error)
{
    struct arena *arena = config->arena;
    struct login login = {.config = config, .profile = profile};
    GUARD(read_settings(&login, error));
    const char *token = find_token(&login, error);
    if (token == NULL)
        return false;
    const char *base = endpoint_url(config, NULL, "sso", login.region, error);
    if (base == NULL)
        return false;
    const char *url = arena_printf(arena, "%s%sfederation/credentials?role_name=%s&account_id=%s", base,
                                   base[strlen(base) - 1] == '/' ? "" : "/", http_escape(arena, login.role_name),
                                   http_escape(arena, login.account));
    struct http_answer answer;
    bool good = http_try(&(struct http_request){.url = url,
                                                .method = "GET",
                                                .headers = {arena_printf(arena, "x-amz-sso_bearer_token: %s", token)},
                                                .milliseconds = MILLISECONDS,
                                                .until = config->until,
                                                .ca_bundle = config->ca_bundle},
                         TRIES, &answer);
    good = good && answer.status == 200 ? read_role_credentials(&login, &answer, credentials, error)
                                        : refuse(&login, &answer, error);
    http_forget(&answer);
    return good;
}
