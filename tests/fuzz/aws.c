// Answers of AWS's, and what its tools leave on disk.
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/documents/calls.h"
#include "aws/read/client_answer.h"
#include "aws/read/collect.h"
#include "aws/read/metadata.h"
#include "aws/read/model.h"
#include "base/file.h"
#include "base/http.h"
#include "base/log.h"
#include "targets.h"

struct writing {
    const struct model *model;
    const struct operation *operation;
    struct text out[XML_LISTS];
    struct json_writer writers[XML_LISTS];
};

static void put_element(void *context, size_t list, const struct xml_node *xml, const cJSON *json)
{
    struct writing *writing = context;
    model_put_element(writing->model, writing->operation, list, xml, json, &writing->writers[list]);
}

// What is parsed of an answer is written as JSON that can be read again.
static void put_output(const struct model *model, const struct operation *operation, struct page page)
{
    struct text out = {0};
    struct error error = {0};
    struct json_writer writer = json_writer_to(&out);
    json_open(&writer, NULL, '{');
    if (operation->list_count == 0)
        model_put_output(model, operation, page, &writer);
    struct writing writing = {.model = model, .operation = operation};
    for (size_t i = 0; i < operation->list_count; i++) {
        writing.writers[i] = json_writer_to(&writing.out[i]);
        json_open(&writing.writers[i], NULL, '[');
    }
    if (model_why_not(model, operation, page) == NULL && !page_each(&page, put_element, &writing))
        abort(); // it was read once
    for (size_t i = 0; i < operation->list_count; i++) {
        json_close(&writing.writers[i], ']');
        json_put_made(&writer, operation->lists[i], &writing.out[i]);
        text_free(&writing.out[i]);
    }
    json_close(&writer, '}');
    cJSON *again = json_parse("output", out.bytes, out.length, &error);
    if (again == NULL)
        abort();
    cJSON_Delete(again);
    text_free(&out);
    model_next(model, operation, page);
}

static const struct model *the_model(void)
{
    static struct model *model;
    if (model == NULL && (model = model_new()) == NULL)
        abort();
    return model;
}

void fuzz_xml(struct arena *arena, const uint8_t *data, size_t size)
{
    static const char *const calls[][2] = {
        {"ec2", "DescribeInstances"}, {"ec2", "DescribeNetworkInterfaces"}, {"elbv2", "DescribeLoadBalancers"},
        {"sts", "GetCallerIdentity"}, {"iam", "GetAccountSummary"},         {"iam", "GetAccountAuthorizationDetails"}};
    struct error error = {0};
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct operation operation = model_operation(the_model(), calls[i][0], calls[i][1]);
        struct page_lists lists = model_lists(the_model(), &operation);
        struct page page = {.lists = &lists, .bytes = (const char *)data, .length = size};
        if (!page_read_xml(arena, &page, &error))
            continue;
        page.xml = model_output(&operation, page.xml);
        if (page.xml != NULL)
            put_output(the_model(), &operation, page);
    }
}

// The first byte says which operation of the table was asked; the rest is the answer. It is read as a failure (it has
// no status) and as a good one.
void fuzz_answer(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    const struct aws_call *call = size == 0 ? NULL : &aws_calls[data[0] % aws_call_count];
    if (call == NULL || call->scope == CALL_NEVER)
        return;
    struct operation operation = model_operation(the_model(), call->service, call->operation);
    struct request request = {.url = "https://fuzz", .speaks_json = operation.speaks_json, .arena = arena};
    struct page_lists lists = model_lists(the_model(), &operation);
    struct text body = {0};
    cJSON *json = NULL;
    text_add(&body, (const char *)data + 1, size - 1);
    request.lists = &lists;
    answer_read(&request, &(struct http_exchange){.answer = {.bytes = body.bytes, .length = body.length}}, &json);
    if (request.code == NULL || request.message == NULL)
        abort(); // a failure is told
    struct page page = request.page;
    page.json = json; // also that of what was told as a failure
    if (!operation.speaks_json && page_read_xml(arena, &page, &error))
        page.xml = model_output(&operation, page.xml);
    if (page.xml != NULL || page.json != NULL)
        put_output(the_model(), &operation, page);
    cJSON_Delete(json);
    text_free(&body);
}

// ---- A client that asks nobody: it stands for src/aws/read/client.c. The answers are parts of the input, each behind
// a line "=OPERATION"; the pages of one operation follow each other. What has no answer fails.

struct client {
    uv_loop_t *loop;
};

struct pending {
    uv_timer_t timer; // answers come from the loop
    struct request *request;
};

static const char *script;       // what is left of the answers
static unsigned char asked[256]; // by a hash of the operation's name: how many of its answers were given

struct client *client_new(uv_loop_t *loop, const struct client_options *options)
{
    struct client *client = malloc(sizeof(*client));
    (void)options;
    if (client == NULL)
        abort();
    client->loop = loop;
    return client;
}

void client_free(struct client *client)
{
    uv_run(client->loop, UV_RUN_DEFAULT);
    free(client);
}

static void name_operation(const struct request *request, char name[128])
{
    const char *action = request->body == NULL ? NULL : strstr(request->body, "Action=");
    const char *from = request->target != NULL ? strrchr(request->target, '.') + 1
                       : action != NULL        ? action + strlen("Action=")
                                               : request->url + strlen("https://fuzz/");
    snprintf(name, 128, "%.*s", (int)strcspn(from, "&?"), from);
}

// The n-th part of that name; NULL where there is none.
static const char *find_part(const char *name, unsigned n, size_t *length)
{
    size_t size = strlen(name);
    for (const char *at = script, *next; at != NULL; at = next) {
        const char *end = strchr(at, '\n');
        next = strstr(at, "\n=");
        next = next == NULL ? NULL : next + 1;
        if (end == NULL || (size_t)(end - at) != size + 1 || *at != '=' || memcmp(at + 1, name, size) != 0 || n-- > 0)
            continue;
        *length = next == NULL ? strlen(end + 1) : (size_t)(next - end - 1);
        return end + 1;
    }
    return NULL;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void answer_pending(uv_timer_t *timer)
{
    static const char complete[] =
        "<R><GenerateCredentialReportResult><State>COMPLETE</State></GenerateCredentialReportResult></R>";
    struct pending *pending = timer->data;
    struct request *request = pending->request;
    struct error error = {0};
    char name[128];
    size_t length = 0;
    cJSON *json = NULL;
    name_operation(request, name);
    unsigned char *count = &asked[(strlen(name) * 31 + (unsigned char)name[strlen(name) / 2]) % sizeof(asked)];
    const char *part = *count == 255 ? NULL : find_part(name, *count, &length);
    if (part == NULL)
        part = find_part(name, 0, &length);              // another region's
    if (strcmp(name, "GenerateCredentialReport") == 0) { // else a second would be waited
        part = complete;
        length = sizeof(complete) - 1;
    }
    ++*count;
    struct arena *arena = arena_new(); // the next page's request may stand in the place of this one
    request->arena = arena;
    struct page *page = &request->page;
    *page = (struct page){.lists = request->lists, .bytes = part, .length = length};
    request->failure = FAILURE_NONE;
    if (part != NULL && request->speaks_json)
        page->json = json = page_read_json(page, &error);
    else if (part != NULL)
        page_read_xml(arena, page, &error);
    if (page->xml == NULL && page->json == NULL)
        request_fail(request, part == NULL ? FAILURE_UNSUPPORTED : FAILURE_OTHER, "answer", "none that is understood");
    request->done(request);
    arena_free(arena);
    cJSON_Delete(json);
    uv_close((uv_handle_t *)timer, on_closed);
}

void client_send(struct client *client, struct request *request)
{
    struct pending *pending = calloc(1, sizeof(*pending));
    if (pending == NULL)
        abort();
    pending->request = request;
    pending->timer.data = pending;
    uv_timer_init(client->loop, &pending->timer);
    uv_timer_start(&pending->timer, answer_pending, 0, 0);
}

void fuzz_collect(struct arena *arena, const uint8_t *data, size_t size)
{
    static const char *const regions[] = {"all"};
    struct error error = {0};
    struct aws_config config = {.arena = arena_new(), .profile = "default"};
    struct collected collected = {0};
    const char *folder = arena_printf(arena, "/dev/shm/sgproof-fuzz-%ld-read", (long)getpid());
    log_setup(LOG_ERROR, false); // not who reads, each time
    setenv("AWS_ACCESS_KEY_ID", "fuzz", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "fuzz", 1);
    script = arena_strndup(arena, (const char *)data, size);
    memset(asked, 0, sizeof(asked));
    struct collect_options options = {.config = &config,
                                      .endpoint = "https://fuzz/",
                                      .regions = regions,
                                      .region_count = 1,
                                      .home = "us-east-1",
                                      .organization = size % 2 == 1,
                                      .role = {.arn = "arn:{partition}:iam::{account}:role/fuzz"},
                                      .folder = folder};
    collect(arena, &options, &collected, &error);
    file_remove_tree(folder);
    arena_wipe(config.arena);
}

// ---- One who answers whatever is asked without a signature: stands for src/base/http_send.c. The answers are the
// input's parts between zero bytes, in order; then there is nothing.

#define START_URL "https://fuzz"

static const uint8_t *plain_at, *plain_end;

bool http_send(const struct http_request *request, struct http_answer *answer)
{
    (void)request;
    bool more = plain_at < plain_end;
    const uint8_t *zero = more ? memchr(plain_at, 0, (size_t)(plain_end - plain_at)) : NULL;
    const uint8_t *end = zero == NULL ? plain_end : zero;
    *answer = (struct http_answer){.length = more ? (size_t)(end - plain_at) : 0, .status = more ? 200 : 404};
    answer->bytes = malloc(answer->length + 1);
    if (answer->bytes == NULL)
        abort();
    if (more)
        memcpy(answer->bytes, plain_at, answer->length);
    answer->bytes[answer->length] = '\0';
    plain_at = more ? end + 1 : plain_at;
    return true;
}

void http_forget(struct http_answer *answer)
{
    free(answer->bytes);
    *answer = (struct http_answer){0};
}

static void ask_for_keys(const struct aws_config *config, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct credentials credentials;
    struct role_chain chain;
    plain_at = data;
    plain_end = data + size;
    if (credentials_find(config, &credentials, &chain, &error) && chain.count == 0 &&
        (credentials.key_id == NULL || credentials.secret == NULL))
        abort();
}

// The cache that "aws sso login" leaves in the home folder.
static char home[] = "/dev/shm/sgproof-fuzz-XXXXXX";

static void remove_home(void)
{
    file_remove_tree(home);
}

static void cache_token(struct arena *arena, const void *bytes, size_t length)
{
    static bool made;
    struct error error = {0};
    unsigned char digest[20];
    if (!made && (mkdtemp(home) == NULL || setenv("HOME", home, 1) != 0 || atexit(remove_home) != 0))
        abort();
    made = true;
    EVP_Digest(START_URL, strlen(START_URL), digest, NULL, EVP_sha1(), NULL);
    const char *path = arena_printf(arena, "%s/.aws/sso/cache/", home);
    for (size_t i = 0; i < sizeof(digest); i++)
        path = arena_printf(arena, "%s%02x", path, digest[i]);
    path = arena_printf(arena, "%s.json", path);
    if (!file_make_parents(path, &error))
        abort();
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        abort();
}

void fuzz_identity_center(struct arena *arena, const uint8_t *data, size_t size)
{
    static const char profile[] = "[default]\nsso_start_url = " START_URL "\nsso_region = eu-west-3\n"
                                  "sso_account_id = 111122223333\nsso_role_name = r\n";
    static const char token[] = "{\"accessToken\": \"fuzz\", \"expiresAt\": \"2099-01-01T00:00:00Z\"}";
    struct aws_config config = {.arena = arena, .profile = "default", .profile_given = true};
    struct error error = {0};
    unsetenv("AWS_ACCESS_KEY_ID");
    if (!config_parse(arena, "config", CONFIG_SETTINGS, profile, sizeof(profile) - 1, &config.config, &error))
        abort();
    cache_token(arena, token, sizeof(token) - 1);
    ask_for_keys(&config, data, size);
    cache_token(arena, data, size);
    ask_for_keys(&config, data, size);
}

void fuzz_metadata(struct arena *arena, const uint8_t *data, size_t size)
{
    struct aws_config config = {.arena = arena, .profile = "default"};
    struct metadata metadata = {.arena = arena, .base = "http://fuzz", .header = "fuzz"};
    struct address own = {0}, associated;
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    ask_for_keys(&config, data, size); // of the instance
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/", 1);
    ask_for_keys(&config, data, size);
    plain_at = data;
    plain_end = data + size;
    address_parse("10.0.0.4", &own);
    metadata_public_of(&metadata, own, &associated);
}

void fuzz_credentials(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct credentials credentials = {0};
    for (int form = CREDENTIALS_ENDPOINT; form <= CREDENTIALS_PROCESS; form++)
        credentials_parse(arena, "credentials", (enum credentials_form)form, (const char *)data, size, "fuzz",
                          &credentials, &error);
}
