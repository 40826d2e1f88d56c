#include "aws/client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "config.h"

enum { LARGEST_ANSWER = 256 * 1024 * 1024 };

// What the SDKs call the retry quota: so many tokens, of which a retry takes some and a success gives some back.
enum { QUOTA = 500, RETRY_COST = 5, TIMEOUT_COST = 10 };

struct client {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer; // curl's
    struct client_options options;
    struct transfer *waiting_first;
    struct transfer *waiting_last;
    unsigned running;
    int quota;
};

struct transfer {
    struct client *client;
    struct request *request;
    struct transfer *next; // waiting
    CURL *easy;
    struct curl_slist *headers;
    struct text answer;
    cJSON *json;
    bool too_large;
    uv_timer_t pause; // before a retry
    int paid;         // quota taken for this retry
};

struct watch {
    uv_poll_t poll;
    struct client *client;
    curl_socket_t socket;
};

static void start_more(struct client *client);
static void finish(struct transfer *transfer);

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    transfer->too_large = transfer->answer.length + size * count > LARGEST_ANSWER;
    if (transfer->too_large)
        return 0;
    text_add(&transfer->answer, bytes, size * count);
    return size * count;
}

static struct curl_slist *header(struct curl_slist *list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(list, text);
    if (longer == NULL) {
        fputs("sgproof: out of memory\n", stderr);
        exit(3);
    }
    return longer;
}

static void sign_request(CURL *easy, const struct request *request, const struct credentials *with)
{
    char sign[128], *pair = NULL;
    snprintf(sign, sizeof(sign), "aws:amz:%s:%s", request->region, request->signing_name);
    curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, sign);
    if (asprintf(&pair, "%s:%s", with->key_id, with->secret) < 0)
        return;
    curl_easy_setopt(easy, CURLOPT_USERPWD, pair);
    explicit_bzero(pair, strlen(pair));
    free(pair);
}

static void begin(struct transfer *transfer)
{
    struct client *client = transfer->client;
    struct request *request = transfer->request;
    CURL *easy = curl_easy_init();
    char *secrets = NULL;
    const struct credentials *with = request->credentials;
    transfer->easy = easy;
    transfer->answer.length = 0;
    transfer->headers = NULL;
    request->tries++;
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L); // a signed request goes where it was signed for
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "sgproof/" SGPROOF_VERSION);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, client->options.connect_timeout);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, client->options.answer_timeout);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    if (client->options.ca_bundle != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, client->options.ca_bundle);
    if (with->key_id != NULL)
        sign_request(easy, request, with);
    if (request->target != NULL) {
        char target[160];
        snprintf(target, sizeof(target), "X-Amz-Target: %s", request->target);
        transfer->headers = header(transfer->headers, target);
        transfer->headers = header(transfer->headers, "Content-Type: application/x-amz-json-1.1");
    } else {
        transfer->headers = header(transfer->headers, "Content-Type: application/x-www-form-urlencoded; charset=utf-8");
    }
    if (with->token != NULL && asprintf(&secrets, "x-amz-security-token: %s", with->token) >= 0) {
        transfer->headers = header(transfer->headers, secrets);
        explicit_bzero(secrets, strlen(secrets));
        free(secrets);
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_multi_add_handle(client->multi, easy);
}

static void end_try(struct transfer *transfer)
{
    for (struct curl_slist *item = transfer->headers; item != NULL; item = item->next)
        explicit_bzero(item->data, strlen(item->data));
    curl_slist_free_all(transfer->headers);
    curl_easy_cleanup(transfer->easy);
    transfer->headers = NULL;
    transfer->easy = NULL;
}

static void forget_answer(struct transfer *transfer)
{
    cJSON_Delete(transfer->json);
    transfer->json = NULL;
    if (transfer->answer.bytes != NULL)
        explicit_bzero(transfer->answer.bytes, transfer->answer.capacity);
}

static bool is_one_of(const char *code, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(code, *list) == 0)
            return true;
    return false;
}

static enum failure_kind kind_of(const char *code, long status)
{
    static const char *const throttled[] = {"Throttling",
                                            "ThrottlingException",
                                            "ThrottledException",
                                            "RequestThrottledException",
                                            "TooManyRequestsException",
                                            "RequestLimitExceeded",
                                            "BandwidthLimitExceeded",
                                            "LimitExceededException",
                                            "RequestThrottled",
                                            "SlowDown",
                                            "PriorRequestNotComplete",
                                            "EC2ThrottledException",
                                            NULL};
    static const char *const denied[] = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation",
                                         "UnauthorizedAccess", NULL};
    static const char *const identity[] = {"AuthFailure",
                                           "InvalidClientTokenId",
                                           "SignatureDoesNotMatch",
                                           "ExpiredToken",
                                           "ExpiredTokenException",
                                           "RequestExpired",
                                           "UnrecognizedClientException",
                                           "MissingAuthenticationToken",
                                           "IncompleteSignature",
                                           "OptInRequired",
                                           NULL};
    static const char *const unsupported[] = {"UnsupportedOperation",  "InvalidAction",  "UnknownOperationException",
                                              "OperationNotPermitted", "NotImplemented", NULL};
    if (is_one_of(code, throttled))
        return FAILURE_THROTTLED;
    if (is_one_of(code, denied))
        return FAILURE_DENIED;
    if (is_one_of(code, identity))
        return FAILURE_IDENTITY;
    return is_one_of(code, unsupported) || status == 501 ? FAILURE_UNSUPPORTED : FAILURE_OTHER;
}

static void fail(struct request *request, enum failure_kind kind, const char *code, const char *message)
{
    request->root = NULL;
    request->json = NULL;
    request->failure = kind;
    request->code = code;
    request->message = message;
}

// <Response><Errors><Error>, or <ErrorResponse><Error>.
static void read_failure(struct request *request, const struct xml_node *root, long status)
{
    const struct xml_node *errors = xml_child(root, "Errors");
    const struct xml_node *one = xml_child(errors != NULL ? errors : root, "Error");
    const char *code = xml_text(one, "Code"), *message = xml_text(one, "Message");
    code = code == NULL ? arena_printf(request->arena, "HTTP %ld", status) : code;
    fail(request, kind_of(code, status), code, message == NULL ? "no more was said" : message);
}

// {"__type": "prefix#AccessDeniedException", "message" or "Message": ...}
static void read_json_failure(struct request *request, const cJSON *json, long status)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(json, "__type");
    const cJSON *message = cJSON_GetObjectItem(json, "message");
    const char *code = cJSON_IsString(type) ? type->valuestring : arena_printf(request->arena, "HTTP %ld", status);
    const char *hash = strchr(code, '#');
    code = arena_strdup(request->arena, hash == NULL ? code : hash + 1);
    fail(request, kind_of(code, status), code,
         cJSON_IsString(message) ? arena_strdup(request->arena, message->valuestring) : "no more was said");
}

static const char *find_request_id(const struct xml_node *root)
{
    const char *id = xml_text(root, "requestId");
    id = id != NULL ? id : xml_text(root, "RequestID");
    return id != NULL ? id : xml_text(xml_child(root, "ResponseMetadata"), "RequestId");
}

// Parses the answer in its protocol; of a failure, what AWS says of it.
static bool read_body(struct transfer *transfer, long status, struct error *error)
{
    struct request *request = transfer->request;
    const char *bytes = transfer->answer.bytes == NULL ? "" : transfer->answer.bytes;
    request->bytes = bytes;
    request->length = transfer->answer.length;
    if (request->target != NULL) {
        transfer->json = json_parse("answer", bytes, transfer->answer.length, error);
        request->json = transfer->json;
        if (status != 200)
            read_json_failure(request, transfer->json, status);
        return transfer->json != NULL;
    }
    request->root = xml_parse(request->arena, bytes, transfer->answer.length, error);
    bool whole = request->root != NULL;
    request->request_id = find_request_id(request->root);
    if (status != 200)
        read_failure(request, request->root, status);
    return whole;
}

static bool read_answer(struct transfer *transfer, CURLcode code)
{
    struct request *request = transfer->request;
    long status = 0;
    struct error error;
    request->root = NULL;
    request->json = NULL;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        bool last = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
                    code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL || transfer->too_large;
        fail(request, FAILURE_OTHER, "connection",
             transfer->too_large ? "the answer is larger than 256 MiB"
                                 : arena_printf(request->arena, "%s: %s", request->url, curl_easy_strerror(code)));
        return !last;
    }
    struct curl_header *date;
    if (curl_easy_header(transfer->easy, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK) {
        time_t theirs = curl_getdate(date->value, NULL);
        if (theirs > 0)
            request->clock_skew = difftime(theirs, time(NULL));
    }
    if (status >= 300 && status < 400) {
        fail(request, FAILURE_OTHER, arena_printf(request->arena, "HTTP %ld", status),
             "a redirect, which is not followed: the request is signed for this place only");
        return false;
    }
    bool whole = read_body(transfer, status, &error);
    if (status != 200)
        return request->failure == FAILURE_THROTTLED || status == 500 || status == 502 || status == 503 ||
               status == 504 || strcmp(request->code, "RequestTimeout") == 0 ||
               strcmp(request->code, "RequestTimeoutException") == 0;
    if (!whole) {
        fail(request, FAILURE_OTHER, "answer",
             arena_printf(request->arena, "not the %s that was expected: %s", request->target != NULL ? "JSON" : "XML",
                          error.message));
        return true;
    }
    request->failure = FAILURE_NONE;
    return false;
}

static void after_pause(uv_timer_t *timer)
{
    begin(timer->data);
}

// Waits a random part of 1, 2, 4... seconds, at most 20, or as long as Retry-After asks.
static void retry(struct transfer *transfer)
{
    curl_off_t asked = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &asked);
    double most = transfer->request->tries < 5 ? 1 << (transfer->request->tries - 1) : 20;
    uint32_t draw;
    if (uv_random(NULL, NULL, &draw, sizeof(draw), 0, NULL) != 0)
        draw = UINT32_MAX / 2;
    double seconds = most * ((double)draw / UINT32_MAX);
    seconds = asked > 0 && asked <= 20 ? (double)asked : seconds;
    end_try(transfer);
    forget_answer(transfer);
    arena_reset(transfer->request->arena);
    uv_timer_start(&transfer->pause, after_pause, (uint64_t)(seconds * 1000) + 1, 0);
}

static void on_try_done(struct transfer *transfer, CURLcode code)
{
    struct client *client = transfer->client;
    struct request *request = transfer->request;
    bool again = read_answer(transfer, code);
    int cost = code == CURLE_OPERATION_TIMEDOUT ? TIMEOUT_COST : RETRY_COST;
    if (again && request->tries < client->options.tries && client->quota >= cost) {
        client->quota -= cost;
        transfer->paid = cost;
        retry(transfer);
        return;
    }
    if (request->failure == FAILURE_NONE) {
        client->quota += transfer->paid > 0 ? transfer->paid : 1;
        client->quota = client->quota > QUOTA ? QUOTA : client->quota;
    }
    end_try(transfer);
    finish(transfer);
}

static void on_pause_closed(uv_handle_t *handle)
{
    struct transfer *transfer = handle->data;
    forget_answer(transfer);
    text_free(&transfer->answer);
    free(transfer);
}

static void finish(struct transfer *transfer)
{
    struct client *client = transfer->client;
    struct request *request = transfer->request;
    struct arena *arena = request->arena;
    client->running--;
    request->done(request);
    arena_wipe(arena); // an assumed role's keys come this way
    uv_close((uv_handle_t *)&transfer->pause, on_pause_closed);
    start_more(client);
}

static void take_messages(struct client *client)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left)) != NULL;) {
        struct transfer *transfer;
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
        curl_multi_remove_handle(client->multi, easy);
        on_try_done(transfer, code);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    struct client *client = watch->client;
    int flags = (status < 0 ? CURL_CSELECT_ERR : 0) | (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    int running;
    curl_multi_socket_action(client->multi, watch->socket, flags, &running);
    take_messages(client);
}

static void on_timer(uv_timer_t *timer)
{
    struct client *client = timer->data;
    int running;
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_messages(client);
}

static int set_timer(CURLM *multi, long milliseconds, void *context)
{
    struct client *client = context;
    (void)multi;
    if (milliseconds < 0)
        uv_timer_stop(&client->timer);
    else
        uv_timer_start(&client->timer, on_timer, (uint64_t)milliseconds, 0);
    return 0;
}

static void free_watch(uv_handle_t *handle)
{
    free(handle->data);
}

static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *known)
{
    struct client *client = context;
    struct watch *watch = known;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL) {
            uv_poll_stop(&watch->poll);
            uv_close((uv_handle_t *)&watch->poll, free_watch);
            curl_multi_assign(client->multi, socket, NULL);
        }
        return 0;
    }
    if (watch == NULL) {
        watch = calloc(1, sizeof(*watch));
        if (watch == NULL)
            return -1;
        watch->client = client;
        watch->socket = socket;
        watch->poll.data = watch;
        uv_poll_init_socket(client->loop, &watch->poll, socket);
        curl_multi_assign(client->multi, socket, watch);
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&watch->poll, events, on_poll);
}

struct client *client_new(uv_loop_t *loop, const struct client_options *options)
{
    struct client *client = calloc(1, sizeof(*client));
    if (client == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (client->multi = curl_multi_init()) == NULL) {
        fputs("sgproof: libcurl cannot be set up\n", stderr);
        exit(3);
    }
    client->loop = loop;
    client->options = *options;
    client->quota = QUOTA;
    client->timer.data = client;
    uv_timer_init(loop, &client->timer);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    return client;
}

static void free_client(uv_handle_t *handle)
{
    free(handle->data);
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    curl_multi_cleanup(client->multi);
    uv_close((uv_handle_t *)&client->timer, free_client);
    uv_run(client->loop, UV_RUN_DEFAULT);
    curl_global_cleanup();
}

static void start_more(struct client *client)
{
    while (client->waiting_first != NULL && client->running < client->options.limit) {
        struct transfer *transfer = client->waiting_first;
        client->waiting_first = transfer->next;
        client->running++;
        begin(transfer);
    }
}

void client_send(struct client *client, struct request *request)
{
    struct transfer *transfer = calloc(1, sizeof(*transfer));
    if (transfer == NULL) {
        fputs("sgproof: out of memory\n", stderr);
        exit(3);
    }
    request->arena = arena_new();
    request->tries = 0;
    transfer->client = client;
    transfer->request = request;
    transfer->pause.data = transfer;
    uv_timer_init(client->loop, &transfer->pause);
    if (client->waiting_first == NULL)
        client->waiting_first = transfer;
    else
        client->waiting_last->next = transfer;
    client->waiting_last = transfer;
    start_more(client);
}
