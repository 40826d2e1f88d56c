#include "aws/read/client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/read/client_lane.h"
#include "base/memory.h"
#include "config.h"

enum { LARGEST_ANSWER = 64 * 1024 * 1024, LOOK_MS = 100 };

enum { RETRY_COST = 5, TIMEOUT_COST = 10 }; // of the retry quota

struct watch {
    uv_poll_t poll;
    struct client *client;
    curl_socket_t socket;
};

static void finish(struct transfer *transfer);
static void end_try(struct transfer *transfer);

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    transfer->answer.too_large = transfer->answer.body.length + size * count > LARGEST_ANSWER;
    if (transfer->answer.too_large)
        return 0;
    text_add(&transfer->answer.body, bytes, size * count);
    return size * count;
}

static struct curl_slist *header(struct curl_slist *list, const char *text)
{
    return memory_must(curl_slist_append(list, text));
}

// What libcurl signs with comes before any key: one that cannot sign would send the key as a password.
static bool sign_request(CURL *easy, const struct request *request, const struct credentials *with)
{
    char sign[128], *pair = NULL;
    snprintf(sign, sizeof(sign), "aws:amz:%s:%s", request->region, request->signing_name);
    if (curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, sign) != CURLE_OK ||
        asprintf(&pair, "%s:%s", with->key_id, with->secret) < 0)
        return false;
    bool good = curl_easy_setopt(easy, CURLOPT_USERPWD, pair) == CURLE_OK;
    explicit_bzero(pair, strlen(pair));
    free(pair);
    return good;
}

static void set_headers(struct transfer *transfer, const struct request *request)
{
    char *secret = NULL;
    if (request->target != NULL) {
        char target[160];
        snprintf(target, sizeof(target), "X-Amz-Target: %s", request->target);
        transfer->headers = header(transfer->headers, target);
        snprintf(target, sizeof(target), "Content-Type: application/x-amz-json-%s", request->version);
        transfer->headers = header(transfer->headers, target);
    } else if (request->body != NULL) {
        transfer->headers = header(transfer->headers, "Content-Type: application/x-www-form-urlencoded; charset=utf-8");
    }
    if (transfer->client->skew != 0 && request->credentials->key_id != NULL) { // libcurl signs with the date given
        char date[40];
        struct tm parts;
        time_t theirs = time(NULL) + (time_t)transfer->client->skew;
        if (gmtime_r(&theirs, &parts) != NULL && strftime(date, sizeof(date), "X-Amz-Date: %Y%m%dT%H%M%SZ", &parts) > 0)
            transfer->headers = header(transfer->headers, date);
    }
    if (request->credentials->token == NULL)
        return;
    if (asprintf(&secret, "x-amz-security-token: %s", request->credentials->token) < 0)
        memory_must(NULL);
    transfer->headers = header(transfer->headers, secret);
    explicit_bzero(secret, strlen(secret));
    free(secret);
}

// Where libcurl does not heed any of it, nothing is sent.
static bool set_up(CURL *easy, struct transfer *transfer)
{
    const struct client_options *options = &transfer->client->options;
    const struct request *request = transfer->request;
    // A signed request goes where it was signed for: redirects are not followed.
    bool good = curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
                (request->body == NULL || curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body) == CURLE_OK) &&
                curl_easy_setopt(easy, CURLOPT_USERAGENT, "sgproof/" SGPROOF_VERSION) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, options->connect_timeout) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, options->answer_timeout) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) == CURLE_OK &&
                (options->ca_bundle == NULL || curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_bundle) == CURLE_OK);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS); // one that has no HTTP/2 speaks 1.1
    if (!good || (request->credentials->key_id != NULL && !sign_request(easy, request, request->credentials)))
        return false;
    set_headers(transfer, request);
    return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK;
}

static void after_refusal(uv_timer_t *timer)
{
    finish(timer->data);
}

// Ends a request that is not sent, when who asked for it is done with asking.
static void refuse(struct transfer *transfer, const char *code, const char *message)
{
    request_fail(transfer->request, FAILURE_OTHER, code, message);
    uv_timer_start(&transfer->pause, after_refusal, 0, 0);
}

void client_begin(struct transfer *transfer)
{
    struct client *client = transfer->client;
    struct request *request = transfer->request;
    const struct credentials *with = request->credentials;
    if (client->late) {
        refuse(transfer, client->code, client->message);
        return;
    }
    if (request->url == NULL) {
        refuse(transfer, "endpoint", request->message);
        return;
    }
    if (client->options.renew != NULL && with->expires != 0 && with->expires - time(NULL) < RENEW_BEFORE)
        client->options.renew(client->options.context, with);
    transfer->easy = memory_must(curl_easy_init());
    transfer->headers = NULL;
    request->tries++;
    if (set_up(transfer->easy, transfer) && curl_multi_add_handle(client->multi, transfer->easy) == CURLM_OK)
        return;
    end_try(transfer);
    refuse(transfer, "client", "libcurl would not have the request: is it built with AWS SigV4?");
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
    json_wipe(transfer->answer.json);
    transfer->answer.json = NULL;
    text_wipe(&transfer->answer.body);
    transfer->answer.body.secret = true; // of the next try
}

static void after_pause(uv_timer_t *timer)
{
    client_begin(timer->data);
}

// Milliseconds of x-amz-retry-after, as seconds; below zero where it is not there.
static double asked_pause(CURL *easy)
{
    struct curl_header *found;
    char *end;
    if (curl_easy_header(easy, "x-amz-retry-after", 0, CURLH_HEADER, -1, &found) != CURLHE_OK)
        return -1;
    long value = strtol(found->value, &end, 10);
    return *end == '\0' && end != found->value ? (double)value / 1000 : -1;
}

// Waits a random part of 1, 2, 4... seconds, at most 20, or as long as Retry-After asks. What x-amz-retry-after asks is
// waited too, but no more than five seconds longer.
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
    double pause = asked_pause(transfer->easy);
    if (pause > seconds)
        seconds = pause < seconds + 5 ? pause : seconds + 5;
    end_try(transfer);
    forget_answer(transfer);
    arena_wipe(transfer->request->arena);
    transfer->request->arena = arena_new();
    uv_timer_start(&transfer->pause, after_pause, (uint64_t)(seconds * 1000) + 1, 0);
}

// Whether a request was refused for its date by a clock that ours differs from; what follows is signed by that clock.
static bool correct_clock(struct client *client, const struct request *request)
{
    enum { ALLOWED = 240 }; // seconds, within AWS's five minutes
    static const char *const dated[] = {"RequestTimeTooSkewed",
                                        "RequestExpired",
                                        "RequestInTheFuture",
                                        "InvalidSignatureException",
                                        "SignatureDoesNotMatch",
                                        "AuthFailure",
                                        NULL};
    double differs = request->clock_skew - client->skew;
    if (request->failure == FAILURE_NONE || !text_among(request->code, dated) ||
        (differs < ALLOWED && differs > -ALLOWED))
        return false;
    client->skew = request->clock_skew;
    return true;
}

static void on_try_done(struct transfer *transfer, CURLcode code)
{
    struct client *client = transfer->client;
    struct lane *lane = transfer->lane;
    struct request *request = transfer->request;
    bool again = answer_read(&transfer->answer, request, transfer->easy, code) || correct_clock(client, request);
    int cost = code == CURLE_OPERATION_TIMEDOUT ? TIMEOUT_COST : RETRY_COST;
    if (again && request->tries < client->options.tries && lane->quota >= cost) {
        lane->quota -= cost;
        transfer->paid = cost;
        retry(transfer);
        return;
    }
    if (request->failure == FAILURE_NONE) {
        lane->quota += transfer->paid > 0 ? transfer->paid : 1;
        lane->quota = lane->quota > LANE_QUOTA ? LANE_QUOTA : lane->quota;
    }
    end_try(transfer);
    finish(transfer);
}

static void on_pause_closed(uv_handle_t *handle)
{
    struct transfer *transfer = handle->data;
    forget_answer(transfer);
    free(transfer);
}

static void finish(struct transfer *transfer)
{
    struct client *client = transfer->client;
    struct request *request = transfer->request;
    struct arena *arena = request->arena;
    client->running--;
    transfer->lane->running--;
    *(transfer->older == NULL ? &client->transfers : &transfer->older->newer) = transfer->newer;
    if (transfer->newer != NULL)
        transfer->newer->older = transfer->older;
    request->done(request);
    arena_wipe(arena); // an assumed role's keys come this way
    uv_close((uv_handle_t *)&transfer->pause, on_pause_closed);
    lane_make_ready(transfer->lane);
    client_start_more(client);
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
        watch = memory_take_zeroed(1, sizeof(*watch));
        watch->client = client;
        watch->socket = socket;
        watch->poll.data = watch;
        uv_poll_init_socket(client->loop, &watch->poll, socket);
        curl_multi_assign(client->multi, socket, watch);
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&watch->poll, events, on_poll);
}

static void on_deadline(uv_timer_t *timer);
static void on_look(uv_timer_t *timer);

struct client *client_new(uv_loop_t *loop, const struct client_options *options)
{
    struct client *client = memory_take_zeroed(1, sizeof(*client));
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (client->multi = curl_multi_init()) == NULL) {
        fputs("sgproof: libcurl cannot be set up\n", stderr);
        exit(3);
    }
    client->loop = loop;
    client->options = *options;
    client->timer.data = client;
    uv_timer_init(loop, &client->timer);
    client->deadline.data = client;
    uv_timer_init(loop, &client->deadline);
    uv_unref((uv_handle_t *)&client->deadline);
    if (options->deadline > 0)
        uv_timer_start(&client->deadline, on_deadline, (uint64_t)options->deadline, 0);
    client->look.data = client;
    uv_timer_init(loop, &client->look);
    uv_unref((uv_handle_t *)&client->look);
    if (options->stopped != NULL)
        uv_timer_start(&client->look, on_look, LOOK_MS, LOOK_MS);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    return client;
}

static void free_handle_owner(uv_handle_t *handle)
{
    free(handle->data);
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    curl_multi_cleanup(client->multi);
    for (struct lane *lane = client->lanes, *next; lane != NULL; lane = next) {
        next = lane->next;
        uv_close((uv_handle_t *)&lane->refill, free_handle_owner);
    }
    uv_close((uv_handle_t *)&client->timer, NULL);
    uv_close((uv_handle_t *)&client->look, NULL);
    uv_close((uv_handle_t *)&client->deadline, free_handle_owner);
    uv_run(client->loop, UV_RUN_DEFAULT);
    curl_global_cleanup();
}

void client_send(struct client *client, struct request *request)
{
    struct transfer *transfer = memory_take_zeroed(1, sizeof(*transfer));
    request->arena = arena_new();
    request->tries = 0;
    transfer->client = client;
    transfer->answer.body.secret = true;
    transfer->lane = lane_find(client, request);
    transfer->request = request;
    transfer->pause.data = transfer;
    uv_timer_init(client->loop, &transfer->pause);
    transfer->newer = client->transfers;
    if (client->transfers != NULL)
        client->transfers->older = transfer;
    client->transfers = transfer;
    struct lane *lane = transfer->lane;
    *(lane->first == NULL ? &lane->first : &lane->last->next) = transfer;
    lane->last = transfer;
    lane_make_ready(lane);
    client_start_more(client);
}

// Ends what is under way; what waits ends as its turn comes.
static void end_all(struct client *client, const char *code, const char *message)
{
    client->late = true;
    client->code = code;
    client->message = message;
    client->starting = true; // finishing one begins no other
    for (struct transfer *transfer = client->transfers, *next; transfer != NULL; transfer = next) {
        next = transfer->newer;
        bool pausing = uv_is_active((uv_handle_t *)&transfer->pause);
        if (transfer->easy == NULL && !pausing)
            continue;
        uv_timer_stop(&transfer->pause);
        if (transfer->easy != NULL) {
            curl_multi_remove_handle(client->multi, transfer->easy);
            end_try(transfer);
        }
        request_fail(transfer->request, FAILURE_OTHER, code, message);
        finish(transfer);
    }
    client->starting = false;
    for (struct lane *lane = client->lanes; lane != NULL; lane = lane->next) {
        uv_timer_stop(&lane->refill);
        lane_make_ready(lane);
    }
    client_start_more(client);
}

static void on_deadline(uv_timer_t *timer)
{
    end_all(timer->data, "deadline", "no answer in the time for the whole reading");
}

static void on_look(uv_timer_t *timer)
{
    struct client *client = timer->data;
    if (!client->options.stopped())
        return;
    uv_timer_stop(timer);
    end_all(client, "interrupted", "the reading was interrupted");
}
