#include "base/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "config.h"

// What gets large goes on in a file that nobody else can open. libcurl ends the exchange where this is 0.
static size_t take(char *bytes, size_t size, size_t count, void *context)
{
    struct http_exchange *exchange = context;
    struct text *body = &exchange->body;
    if (size * count > exchange->most - exchange->length) {
        exchange->answer.end = HTTP_TOO_LARGE;
        return 0;
    }
    if (exchange->spool != NULL && body->sink == NULL && body->length > HTTP_MOST)
        body->sink = file_nameless(exchange->spool);
    if (exchange->spool != NULL && body->length > HTTP_MOST && (body->sink == NULL || ferror(body->sink))) {
        exchange->answer.end = HTTP_NO_ROOM;
        return 0;
    }
    text_add(body, bytes, size * count);
    exchange->length += size * count;
    return size * count;
}

// Maps what was spooled, with a zero byte behind it.
static bool map_body(struct http_exchange *exchange)
{
    struct text *body = &exchange->body;
    text_add(body, "", 1);
    text_flush(body);
    if (fflush(body->sink) != 0 || ferror(body->sink))
        return false;
    void *bytes = mmap(NULL, exchange->length + 1, PROT_READ, MAP_SHARED, fileno(body->sink), 0);
    exchange->answer.mapped = bytes != MAP_FAILED;
    exchange->answer.bytes = exchange->answer.mapped ? bytes : NULL;
    return exchange->answer.mapped;
}

#define SET(option, value) (curl_easy_setopt(easy, option, value) == CURLE_OK)

// What libcurl signs with comes before any key: one that cannot sign would send the key as a password.
static bool sign(CURL *easy, const struct http_signature *with)
{
    char how[128], *pair = NULL;
    int length = snprintf(how, sizeof(how), "aws:amz:%s:%s", with->region, with->service);
    if (length >= (int)sizeof(how) || !SET(CURLOPT_AWS_SIGV4, how) ||
        asprintf(&pair, "%s:%s", with->key_id, with->secret) < 0)
        return false;
    bool good = SET(CURLOPT_USERPWD, pair);
    memory_wipe(pair, strlen(pair));
    free(pair);
    return good;
}

static bool leave_from(CURL *easy, const char *address)
{
    char host[80];
    int length = address == NULL ? 0 : snprintf(host, sizeof(host), "host!%s", address);
    return length == 0 || (length < (int)sizeof(host) && SET(CURLOPT_INTERFACE, host));
}

// Milliseconds that a request has, below one where there are none left.
static long time_of(const struct http_request *request)
{
    uint64_t now = request->until == 0 ? 0 : clock_steady_ms();
    uint64_t left = now > request->until ? 0 : request->until - now;
    return request->until == 0 || left > (uint64_t)request->milliseconds ? request->milliseconds : (long)left;
}

static bool set_up(struct http_exchange *exchange, const struct http_request *request)
{
    static const long families[] = {CURL_IPRESOLVE_WHATEVER, CURL_IPRESOLVE_V4, CURL_IPRESOLVE_V6};
    CURL *easy = exchange->easy;
    return request->milliseconds > 0 && SET(CURLOPT_URL, request->url) &&
           SET(CURLOPT_PROTOCOLS_STR, request->https_only ? "https" : "http,https") &&
           SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_TIMEOUT_MS, time_of(request)) &&
           (request->connect_milliseconds == 0 || SET(CURLOPT_CONNECTTIMEOUT_MS, request->connect_milliseconds)) &&
           SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_USERAGENT, "sgproof/" SGPROOF_VERSION) &&
           SET(CURLOPT_ACCEPT_ENCODING, "") && SET(CURLOPT_WRITEFUNCTION, take) && SET(CURLOPT_WRITEDATA, exchange) &&
           SET(CURLOPT_PRIVATE, exchange) && SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)exchange->most) &&
           (request->method == NULL || SET(CURLOPT_CUSTOMREQUEST, request->method)) &&
           (request->body == NULL || (SET(CURLOPT_POSTFIELDS, request->body) &&
                                      SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length))) &&
           (request->direct ? SET(CURLOPT_PROXY, "") : http_set_proxy(easy, request->url)) &&
           SET(CURLOPT_IPRESOLVE, families[request->family]) && leave_from(easy, request->source) &&
           (request->ca_bundle == NULL || SET(CURLOPT_CAINFO, request->ca_bundle)) &&
           (request->signature == NULL || sign(easy, request->signature)) && SET(CURLOPT_HTTPHEADER, exchange->headers);
}

bool http_open(struct http_exchange *exchange, const struct http_request *request)
{
    *exchange = (struct http_exchange){.answer = {.end = HTTP_REFUSED, .problem = "libcurl will not have the request"},
                                       .body = {.secret = true},
                                       .spool = request->spool,
                                       .most = request->most == 0 ? HTTP_MOST : request->most,
                                       .easy = memory_must(curl_easy_init())};
    text_puts(&exchange->body, "");
    for (size_t i = 0; i < HTTP_HEADERS; i++)
        if (request->headers[i] != NULL)
            exchange->headers = memory_must(curl_slist_append(exchange->headers, request->headers[i]));
    if (request->until != 0 && time_of(request) < 1) {
        exchange->answer = (struct http_answer){.end = HTTP_TIMED_OUT, .problem = "the time for the whole is over"};
        return false;
    }
    if (!set_up(exchange, request))
        return false;
    exchange->answer = (struct http_answer){0};
    return true;
}

static enum http_end end_of(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ? HTTP_UNTRUSTED
           : code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL        ? HTTP_NO_URL
           : code == CURLE_FILESIZE_EXCEEDED                                          ? HTTP_TOO_LARGE
           : code == CURLE_COULDNT_RESOLVE_HOST                                       ? HTTP_NO_HOST
           : code == CURLE_OPERATION_TIMEDOUT                                         ? HTTP_TIMED_OUT
                                                                                      : HTTP_BROKEN;
}

// In words of what a user can do about it, where there is something.
static const char *problem_of(const struct http_exchange *exchange, CURLcode code)
{
    long status = 0; // of the proxy that was asked for the way
    if (exchange->answer.end == HTTP_TOO_LARGE)
        return "its answer is too large";
    if (exchange->answer.end == HTTP_NO_ROOM)
        return "there is no room to keep its answer";
    if (curl_easy_getinfo(exchange->easy, CURLINFO_HTTP_CONNECTCODE, &status) == CURLE_OK && status >= 300)
        return "the proxy of HTTPS_PROXY refuses to connect (NO_PROXY names what is asked without it)";
    if (code == CURLE_SSL_CACERT_BADFILE)
        return "no certificate authority can be read of the file that is given (--ca-bundle, AWS_CA_BUNDLE)";
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return "its certificate is of no authority that is trusted here (--ca-bundle, AWS_CA_BUNDLE), or of another "
               "host";
    return curl_easy_strerror(code);
}

void http_conclude(struct http_exchange *exchange, int code)
{
    struct http_answer *answer = &exchange->answer;
    enum http_end ended = answer->end; // by ourselves
    answer->bytes = exchange->body.bytes;
    answer->length = exchange->length;
    if (code != CURLE_OK) {
        answer->end = ended != HTTP_ANSWERED ? ended : end_of(code);
        answer->problem = problem_of(exchange, code);
    } else if (curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &answer->status) != CURLE_OK) {
        answer->end = HTTP_BROKEN;
        answer->problem = "it has no status";
    } else if (exchange->body.sink != NULL && !map_body(exchange)) {
        answer->end = HTTP_NO_ROOM;
        answer->problem = "there is no room to keep its answer";
    }
}

void http_close(struct http_exchange *exchange)
{
    for (struct curl_slist *item = exchange->headers; item != NULL; item = item->next)
        memory_wipe(item->data, strlen(item->data));
    curl_slist_free_all(exchange->headers);
    curl_easy_cleanup(exchange->easy);
    if (exchange->answer.mapped)
        munmap(exchange->answer.bytes, exchange->length + 1);
    if (exchange->body.sink != NULL)
        fclose(exchange->body.sink);
    text_wipe(&exchange->body);
    *exchange = (struct http_exchange){0};
}

bool http_try(const struct http_request *request, int tries, struct http_answer *answer)
{
    enum { PAUSE_US = 100000 };
    for (int i = 1;; i++) {
        bool good = http_send(request, answer),
             passing = good ? answer->status == 429 || answer->status >= 500 : answer->end > HTTP_TOO_LARGE;
        if (i >= tries || !passing || (request->until != 0 && time_of(request) < 1))
            return good;
        http_forget(answer);
        usleep((useconds_t)(PAUSE_US * i));
    }
}

const char *http_header(const struct http_exchange *exchange, const char *name)
{
    struct curl_header *found;
    return exchange->easy != NULL && curl_easy_header(exchange->easy, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK
               ? found->value
               : NULL;
}

bool http_date(const struct http_exchange *exchange, time_t *date)
{
    const char *text = http_header(exchange, "Date");
    *date = text == NULL ? -1 : curl_getdate(text, NULL);
    return *date > 0;
}

long http_retry_after(const struct http_exchange *exchange)
{
    curl_off_t seconds = 0;
    bool told = curl_easy_getinfo(exchange->easy, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK;
    return told && seconds > 0 ? (long)seconds : 0;
}
