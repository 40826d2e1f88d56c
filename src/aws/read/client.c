#include "aws/read/client.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/read/client_lane.h"
#include "base/memory.h"

enum { LOOK_MS = 100 };

enum { RETRY_COST = 5, TIMEOUT_COST = 10 }; // of the retry quota

static void finish(struct transfer *transfer);
static void on_answer(void *context);

// What AWS's clock shows, where it refused ours; else what ours does.
static time_t clock_of(const struct client *client)
{
    return time(NULL) + (time_t)client->skew;
}

// That clock where AWS refused ours, in the form that libcurl signs with; "" where it did not.
static void format_date(const struct client *client, char date[40])
{
    struct tm parts;
    time_t theirs = clock_of(client);
    if (client->skew == 0 || gmtime_r(&theirs, &parts) == NULL ||
        strftime(date, 40, "X-Amz-Date: %Y%m%dT%H%M%SZ", &parts) == 0)
        date[0] = '\0';
}

static bool make_ready(struct transfer *transfer)
{
    const struct client_options *options = &transfer->client->options;
    const struct request *request = transfer->request;
    const struct credentials *with = request->credentials;
    struct http_signature signature = {request->region, request->signing_name, with->key_id, with->secret};
    char target[200], date[40], type[80] = "Content-Type: application/x-www-form-urlencoded; charset=utf-8";
    // API Gateway answers in HAL without it: https://smithy.io/2.0/aws/customizations/apigateway-customizations.html
    bool wants_json = request->signing_name != NULL && strcmp(request->signing_name, "apigateway") == 0;
    char *token = NULL;
    if (with->token != NULL && asprintf(&token, "x-amz-security-token: %s", with->token) < 0)
        memory_must(NULL);
    format_date(transfer->client, date);
    if (request->target != NULL) {
        snprintf(target, sizeof(target), "X-Amz-Target: %s", request->target);
        snprintf(type, sizeof(type), "Content-Type: application/x-amz-json-%s", request->version);
    }
    bool good = http_open(&transfer->http,
                          &(struct http_request){
                              .url = request->url,
                              .headers = {request->target == NULL ? NULL : target, request->body == NULL ? NULL : type,
                                          with->key_id == NULL || date[0] == '\0' ? NULL : date, token,
                                          wants_json ? "Accept: application/json" : NULL},
                              .body = request->body,
                              .body_length = request->body == NULL ? 0 : strlen(request->body),
                              .milliseconds = options->answer_timeout,
                              .connect_milliseconds = options->connect_timeout,
                              .most = request->spool != NULL ? CLIENT_SPOOLED : CLIENT_HELD,
                              .spool = request->spool,
                              .ca_bundle = options->ca_bundle,
                              .signature = with->key_id == NULL ? NULL : &signature,
                          });
    if (token != NULL)
        memory_wipe(token, strlen(token));
    free(token);
    transfer->http.done = on_answer;
    transfer->http.context = transfer;
    return good;
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
    if (client->options.renew != NULL && with->expires != 0 && with->expires - clock_of(client) < RENEW_BEFORE)
        client->options.renew(client->options.context, with);
    request->tries++;
    transfer->under_way = make_ready(transfer) && http_pool_add(client->pool, &transfer->http);
    if (!transfer->under_way)
        refuse(transfer, "client", "libcurl would not have the request: is it built with AWS SigV4?");
}

static void forget_answer(struct transfer *transfer)
{
    json_wipe(transfer->json);
    transfer->json = NULL;
    http_close(&transfer->http);
}

static void after_pause(uv_timer_t *timer)
{
    client_begin(timer->data);
}

// Milliseconds of x-amz-retry-after, as seconds; below zero where it is not there.
static double asked_pause(const struct http_exchange *http)
{
    const char *text = http_header(http, "x-amz-retry-after");
    char *end = NULL;
    long value = text == NULL ? 0 : strtol(text, &end, 10);
    return end != text && *end == '\0' ? (double)value / 1000 : -1;
}

// Waits a random part of 1, 2, 4... seconds, at most 20, or as long as Retry-After asks. What x-amz-retry-after asks is
// waited too, but no more than five seconds longer.
static void retry(struct transfer *transfer)
{
    long asked = http_retry_after(&transfer->http);
    double most = transfer->request->tries < 5 ? 1 << (transfer->request->tries - 1) : 20;
    uint32_t draw;
    if (uv_random(NULL, NULL, &draw, sizeof(draw), 0, NULL) != 0)
        draw = UINT32_MAX / 2;
    double seconds = most * ((double)draw / UINT32_MAX);
    seconds = asked > 0 && asked <= 20 ? (double)asked : seconds;
    double pause = asked_pause(&transfer->http);
    if (pause > seconds)
        seconds = pause < seconds + 5 ? pause : seconds + 5;
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

static void on_answer(void *context)
{
    struct transfer *transfer = context;
    struct client *client = transfer->client;
    struct lane *lane = transfer->lane;
    struct request *request = transfer->request;
    transfer->under_way = false;
    bool again = answer_read(request, &transfer->http, &transfer->json) || correct_clock(client, request);
    int cost = transfer->http.answer.end == HTTP_TIMED_OUT ? TIMEOUT_COST : RETRY_COST;
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

static void on_deadline(uv_timer_t *timer);
static void on_look(uv_timer_t *timer);

struct client *client_new(uv_loop_t *loop, const struct client_options *options)
{
    struct client *client = memory_take_zeroed(1, sizeof(*client));
    client->pool = http_pool_new(loop);
    client->loop = loop;
    client->options = *options;
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
    http_pool_free(client->pool);
    for (struct lane *lane = client->lanes, *next; lane != NULL; lane = next) {
        next = lane->next;
        uv_close((uv_handle_t *)&lane->refill, free_handle_owner);
    }
    uv_close((uv_handle_t *)&client->look, NULL);
    uv_close((uv_handle_t *)&client->deadline, free_handle_owner);
    uv_run(client->loop, UV_RUN_DEFAULT);
}

void client_send(struct client *client, struct request *request)
{
    struct transfer *transfer = memory_take_zeroed(1, sizeof(*transfer));
    request->arena = arena_new();
    request->tries = 0;
    transfer->client = client;
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
        if (!transfer->under_way && !pausing)
            continue;
        uv_timer_stop(&transfer->pause);
        if (transfer->under_way)
            http_pool_drop(client->pool, &transfer->http);
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
