// The AWS client's shared files, credentials and endpoints, case by case as tests/data/client has them (those of
// shared/field/client.md's defects are named so; of endpoints, 9, 10 and 15 are all their cases). Nothing is asked:
// whatever would be sent is compared with what a case expects, and answered by it.
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/read/client_answer.h"
#include "aws/read/credentials.h"
#include "aws/read/endpoint.h"
#include "aws/read/metadata.h"
#include "base/http.h"
#include "base/file.h"
#include "base/json.h"

extern char **environ;

static const char *other_cases; // a file in place of ours

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *text_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(member(object, key));
}

static cJSON *load(const char *name)
{
    char path[512];
    struct error error = {0};
    snprintf(path, sizeof(path), "%s/%s", CLIENT_DATA, name);
    cJSON *cases = json_load(other_cases != NULL ? other_cases : path, &error);
    if (cases == NULL)
        fail_msg("%s", error.message);
    return cases;
}

// Tries each case of a file, and prints what is wrong with it by the check, which returns NULL where nothing is.
static void each_case(const char *file, const char *name, const char *(*check)(struct arena *arena, const cJSON *one))
{
    cJSON *cases = load(file);
    const cJSON *one;
    size_t wrong = 0;
    cJSON_ArrayForEach (one, cases) {
        struct arena *arena = arena_new();
        const char *what = check(arena, one);
        if (what != NULL)
            fprintf(stderr, "%s: %s\n", text_of(one, name), what);
        wrong += what != NULL;
        arena_wipe(arena);
    }
    cJSON_Delete(cases);
    assert_int_equal(wrong, 0);
}

// Whether a case that should fail, or not, did.
static bool ended_well(const cJSON *one, bool good, const struct error *error)
{
    const char *expected = text_of(one, "error");
    return good == (expected == NULL) && (good || strstr(error->message, expected) != NULL);
}

// ---- Shared files

static bool parse(struct arena *arena, const cJSON *one, struct aws_config *config, struct error *error)
{
    const cJSON *settings = member(one, "config");
    const char *texts[] = {cJSON_GetStringValue(settings), text_of(one, "credentials")};
    *config = (struct aws_config){.arena = arena, .profile = "default"};
    for (int kind = CONFIG_SETTINGS; kind <= CONFIG_CREDENTIALS; kind++)
        if (texts[kind] != NULL && !config_parse(arena, kind == CONFIG_SETTINGS ? "config" : "credentials",
                                                 (enum config_kind)kind, texts[kind], strlen(texts[kind]),
                                                 kind == CONFIG_SETTINGS ? &config->config : &config->shared, error))
            return false;
    return true;
}

// Whether everything of a file that counts, in sections of such a prefix, is expected.
static bool is_expected(const struct aws_config *config, const struct config_file *file, const char *prefix,
                        const cJSON *expected)
{
    size_t length = strlen(prefix);
    for (size_t i = 0; i < file->sections.size; i++) {
        const char *section = file->sections.slots[i].key;
        if (section == NULL || strncmp(section, prefix, length) != 0 ||
            (length > 10 ? false : !aws_config_has(config, section + length)))
            continue;
        const cJSON *wanted = member(expected, section + length);
        if (wanted == NULL)
            return false;
        size_t own = strlen(section);
        for (size_t v = 0; v < file->values.size; v++) {
            const char *key = file->values.slots[v].key;
            if (key != NULL && strncmp(key, section, own) == 0 && key[own] == '|' &&
                member(wanted, key + own + 1) == NULL)
                return false;
        }
    }
    return true;
}

static const char *value_in(const struct aws_config *config, const char *prefix, const char *name, const char *key)
{
    const char *value =
        strcmp(prefix, "profile ") == 0
            ? aws_config_of(config, name, key)
            : config_value(config->arena, &config->config, arena_printf(config->arena, "%s%s", prefix, name), key);
    return value == NULL ? "" : value;
}

static bool has_all(const struct aws_config *config, const char *prefix, const cJSON *expected)
{
    const cJSON *name, *key;
    cJSON_ArrayForEach (name, expected) {
        if (strcmp(prefix, "profile ") == 0 && !aws_config_has(config, name->string))
            return false;
        cJSON_ArrayForEach (key, name)
            if (strcmp(value_in(config, prefix, name->string, key->string), key->valuestring) != 0)
                return false;
    }
    return true;
}

static const char *wrong_in_files(struct arena *arena, const cJSON *one)
{
    struct aws_config config;
    struct error error = {0};
    bool good = parse(arena, one, &config, &error);
    if (!ended_well(one, good, &error))
        return good ? "is read, expected a failure" : arena_strdup(arena, error.message);
    return !good || (is_expected(&config, &config.config, "profile ", member(one, "profiles")) &&
                     is_expected(&config, &config.shared, "profile ", member(one, "profiles")) &&
                     is_expected(&config, &config.config, "sso-session ", member(one, "sessions")) &&
                     has_all(&config, "profile ", member(one, "profiles")) &&
                     has_all(&config, "sso-session ", member(one, "sessions")))
               ? NULL
               : "other profiles or values";
}

static void shared_files_are_read_as_the_sdks_read_them(void **state)
{
    (void)state;
    each_case("shared-files.json", "case", wrong_in_files);
}

// ---- The environment of a case

static char home[] = "/tmp/sgproof-client-XXXXXX";

static void forget_environment(void)
{
    for (char **one = environ; *one != NULL;)
        if (strncmp(*one, "AWS_", 4) == 0 || strncmp(*one, "HOME=", 5) == 0 || strncmp(*one, "BOTO_CONFIG=", 12) == 0) {
            char name[128];
            snprintf(name, sizeof(name), "%.*s", (int)strcspn(*one, "="), *one);
            unsetenv(name);
        } else {
            one++;
        }
}

static const char *with_home(struct arena *arena, const char *text)
{
    const char *at = strstr(text, "{home}");
    return at == NULL ? text : arena_printf(arena, "%.*s%s%s", (int)(at - text), text, home, at + 6);
}

static void put(struct arena *arena, const char *path, const char *text)
{
    struct error error = {0};
    const char *whole = arena_printf(arena, "%s/%s", home, path);
    if (!file_make_parents(whole, &error) || !file_write(whole, text, strlen(text), &error))
        fail_msg("%s", error.message);
}

static void set_up(struct arena *arena, const cJSON *one)
{
    const cJSON *item;
    forget_environment();
    setenv("HOME", home, 1);
    cJSON_ArrayForEach (item, member(one, "environment"))
        setenv(item->string, with_home(arena, item->valuestring), 1);
    if (text_of(one, "config") != NULL)
        put(arena, ".aws/config", with_home(arena, text_of(one, "config")));
    if (text_of(one, "credentials") != NULL)
        put(arena, ".aws/credentials", text_of(one, "credentials"));
    cJSON_ArrayForEach (item, member(one, "files"))
        put(arena, item->string, item->valuestring);
}

static void clear_up(void)
{
    file_remove_tree(home);
    assert_int_equal(mkdir(home, 0700), 0);
}

// ---- What is sent, and answered: [method, URL, status, body, part of its header or body, its milliseconds], the last
// two where they are told; status 0: no answer

static const cJSON *awaited;
static const char *other_sent;

bool __wrap_http_send(const struct http_request *request, struct http_answer *answer);

bool __wrap_http_send(const struct http_request *request, struct http_answer *answer)
{
    static char sent[600];
    *answer = (struct http_answer){.end = HTTP_BROKEN, .problem = "nothing is there"};
    const char *method = request->method == NULL ? request->body == NULL ? "GET" : "POST" : request->method;
    if (awaited == NULL || strcmp(cJSON_GetArrayItem(awaited, 0)->valuestring, method) != 0 ||
        strcmp(cJSON_GetArrayItem(awaited, 1)->valuestring, request->url) != 0) {
        snprintf(sent, sizeof(sent), "asked %s %s", method, request->url);
        other_sent = sent;
        return false;
    }
    const char *part = cJSON_GetStringValue(cJSON_GetArrayItem(awaited, 4));
    if (part != NULL && (request->headers[0] == NULL || strstr(request->headers[0], part) == NULL) &&
        (request->body == NULL || strstr(request->body, part) == NULL)) {
        snprintf(sent, sizeof(sent), "asked %s without %s", request->url, part);
        other_sent = sent;
    }
    const cJSON *time = cJSON_GetArrayItem(awaited, 5);
    if (time != NULL && request->milliseconds != time->valueint) {
        snprintf(sent, sizeof(sent), "asked %s for %ld ms", request->url, request->milliseconds);
        other_sent = sent;
    }
    answer->status = cJSON_GetArrayItem(awaited, 2)->valueint;
    const char *body = cJSON_GetStringValue(cJSON_GetArrayItem(awaited, 3));
    awaited = awaited->next;
    if (answer->status == 0)
        return false;
    answer->bytes = strdup(body == NULL ? "" : body);
    answer->length = strlen(answer->bytes);
    answer->problem = NULL;
    return true;
}

// ---- Credentials

static bool same_role(const struct role *role, const cJSON *expected)
{
    return text_same(role->arn, text_of(expected, "arn")) &&
           text_same(role->session_name, text_of(expected, "session")) &&
           text_same(role->external_id, text_of(expected, "external_id")) &&
           text_same(role->token_file, text_of(expected, "token_file"));
}

static const char *difference(const cJSON *one, const struct credentials *found, const struct role_chain *chain)
{
    const cJSON *roles = member(one, "roles"), *expires = member(one, "expires");
    if (!text_same(found->key_id, text_of(one, "key")) || !text_same(found->secret, text_of(one, "secret")) ||
        !text_same(found->token, text_of(one, "token")))
        return "other keys";
    if (expires != NULL && found->expires != (int64_t)expires->valuedouble)
        return "another moment of expiry";
    if ((int)chain->count != cJSON_GetArraySize(roles))
        return "other roles";
    for (size_t i = 0; i < chain->count; i++)
        if (!same_role(&chain->roles[i], cJSON_GetArrayItem(roles, (int)i)))
            return "another role";
    return NULL;
}

static const char *wrong_in_credentials(struct arena *arena, const cJSON *one)
{
    struct aws_config config;
    struct credentials found = {0};
    struct role_chain chain = {0};
    struct error error = {0};
    const char *other;
    set_up(arena, one);
    cJSON *answers = cJSON_Duplicate(member(one, "answers"), true);
    awaited = answers == NULL ? NULL : answers->child;
    other_sent = NULL;
    bool good = aws_config_read(arena, text_of(one, "option"), &config, &error) &&
                credentials_find(&config, &found, &chain, &error);
    cJSON_Delete(answers);
    clear_up();
    if (other_sent != NULL)
        return other_sent;
    if (awaited != NULL)
        return "did not ask all that it should";
    if (!ended_well(one, good, &error))
        return good ? arena_printf(arena, "found %s of %s", found.key_id, found.source)
                    : arena_strdup(arena, error.message);
    return good && (other = difference(one, &found, &chain)) != NULL
               ? arena_printf(arena, "%s: %s, %zu roles", other, found.source, chain.count)
               : NULL;
}

static void credentials_are_found_as_the_sdks_find_them(void **state)
{
    (void)state;
    each_case("credentials.json", "case", wrong_in_credentials);
}

// ---- Endpoints: "SERVICE REGION [fips] [dual]" and "URL [REGION that is signed for]", or what is said of a failure

static const char *found_place(struct arena *arena, struct aws_config *config, const cJSON *one, struct error *error)
{
    char *rest = NULL, *words = arena_strdup(arena, text_of(one, "ask"));
    const char *service = strtok_r(words, " ", &rest), *meant = strtok_r(NULL, " ", &rest);
    for (const char *word; (word = strtok_r(NULL, " ", &rest)) != NULL;)
        setenv(strcmp(word, "fips") == 0 ? "AWS_USE_FIPS_ENDPOINT" : "AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
    const char *region = endpoint_region(config, text_of(one, "option"), service, meant);
    const char *url = endpoint_url(config, text_of(one, "option"), service, meant, error);
    return url == NULL || strcmp(region, meant) == 0 ? url : arena_printf(arena, "%s %s", url, region);
}

// NULL where an address is the one that a case expects, or the failure is.
static const char *wrong_place(struct arena *arena, const cJSON *one, const char *place, const struct error *error)
{
    const char *expected = text_of(one, "error");
    if (text_same(place, text_of(one, "url")) && (expected == NULL || strstr(error->message, expected) != NULL))
        return NULL;
    return place == NULL ? arena_strdup(arena, error->message) : place;
}

static const char *wrong_in_endpoints(struct arena *arena, const cJSON *one)
{
    struct aws_config config = {.arena = arena, .profile = "default"};
    struct error error = {0};
    bool set = member(one, "environment") != NULL || member(one, "config") != NULL;
    forget_environment();
    if (set) {
        set_up(arena, one);
        assert_true(aws_config_read(arena, NULL, &config, &error));
    }
    const char *place = found_place(arena, &config, one, &error);
    if (set)
        clear_up();
    return wrong_place(arena, one, place, &error);
}

static void services_answer_where_the_rules_say(void **state)
{
    (void)state;
    each_case("endpoints.json", "ask", wrong_in_endpoints);
}

// ---- Where the metadata service is, and the files

static const char *wrong_in_metadata(struct arena *arena, const cJSON *one)
{
    struct aws_config config;
    struct error error = {0};
    set_up(arena, one);
    assert_true(aws_config_read(arena, NULL, &config, &error));
    const char *url = metadata_endpoint(arena, &config, &error);
    clear_up();
    return wrong_place(arena, one, url, &error);
}

static void the_metadata_service_is_where_settings_say(void **state)
{
    (void)state;
    each_case("metadata.json", "case", wrong_in_metadata);
}

static void shared_files_are_where_the_environment_says(void **state)
{
    static const char *const cases[][5] = {
        // HOME, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, config, credentials
        {"/home/user", NULL, NULL, "/home/user/.aws/config", "/home/user/.aws/credentials"},
        {"/home/user", "/other/config", NULL, "/other/config", "/home/user/.aws/credentials"},
        {"/home/user", NULL, "/other/credentials", "/home/user/.aws/config", "/other/credentials"},
        {"/home/user", "~/mine", "~/its/keys", "/home/user/mine", "/home/user/its/keys"},
        {"/home/user", "a~/mine", "~", "a~/mine", "/home/user"},
        {"/home/user", "$HOME/mine", "a${HOME}$HOME", "/home/user/mine", "a/home/user/home/user"},
        {"~", "$HOME/mine", "$NOT_SET/${NOT_SET}/${HOME/$/$$", "~/mine", "$NOT_SET/${NOT_SET}/${HOME/$/$$"},
    };
    struct arena *arena = arena_new();
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        forget_environment();
        setenv("HOME", cases[i][0], 1);
        if (cases[i][1] != NULL)
            setenv("AWS_CONFIG_FILE", cases[i][1], 1);
        if (cases[i][2] != NULL)
            setenv("AWS_SHARED_CREDENTIALS_FILE", cases[i][2], 1);
        assert_string_equal(aws_config_file(arena), cases[i][3]);
        assert_string_equal(aws_credentials_file(arena), cases[i][4]);
    }
    forget_environment();
    assert_string_not_equal(aws_config_file(arena), "~/.aws/config"); // the user's home, which is known without HOME
    arena_free(arena);
}

// A page that is none of AWS's says that a call is not known only where a server of the user's own is asked.
static void what_stands_between_does_not_say_that_a_call_is_not_known(void **state)
{
    static const long statuses[] = {404, 405, 500, 501};
    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        for (int place = 0; place < 3; place++) // AWS, one of the environment, --endpoint-url
            for (int json = 0; json < 2; json++) {
                char page[] = "<html>a proxy</html>";
                struct http_exchange http = {.answer = {.bytes = page, .length = strlen(page), .status = statuses[i]}};
                struct request request = {
                    .arena = arena_new(), .elsewhere = place > 0, .by_option = place > 1, .speaks_json = json};
                cJSON *parsed = NULL;
                answer_read(&request, &http, &parsed);
                assert_int_equal(request.failure, place > (statuses[i] == 500) ? FAILURE_UNSUPPORTED : FAILURE_OTHER);
                json_wipe(parsed);
                arena_free(request.arena);
            }
}

// With arguments, CHECK FILE: one check, with a file of the same form in place of ours.
int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        struct CMUnitTest test;
    } checks[] = {{"shared-files", cmocka_unit_test(shared_files_are_read_as_the_sdks_read_them)},
                  {"credentials", cmocka_unit_test(credentials_are_found_as_the_sdks_find_them)},
                  {"endpoints", cmocka_unit_test(services_answer_where_the_rules_say)},
                  {"metadata", cmocka_unit_test(the_metadata_service_is_where_settings_say)},
                  {"answers", cmocka_unit_test(what_stands_between_does_not_say_that_a_call_is_not_known)},
                  {"places", cmocka_unit_test(shared_files_are_where_the_environment_says)}};
    enum { CHECKS = sizeof(checks) / sizeof(checks[0]) };
    struct CMUnitTest tests[CHECKS];
    size_t count = 0;
    other_cases = argc > 2 ? argv[2] : NULL;
    for (size_t i = 0; i < CHECKS; i++)
        if (argc < 2 || strcmp(argv[1], checks[i].name) == 0)
            tests[count++] = checks[i].test;
    if (count == 0 || mkdtemp(home) == NULL)
        return 1;
    int failed = _cmocka_run_group_tests("test_client", tests, count, NULL, NULL);
    file_remove_tree(home);
    return failed;
}
