#include "base/http_pool.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "base/memory.h"

struct http_pool {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer; // libcurl's
};

struct watch {
    uv_poll_t poll;
    struct http_pool *pool;
    curl_socket_t socket;
};

static void free_owner(uv_handle_t *handle)
{
    free(handle->data);
}

// Lets libcurl do what it can, and ends what has come to an end.
static void act(struct http_pool *pool, curl_socket_t socket, int flags)
{
    int count;
    curl_multi_socket_action(pool->multi, socket, flags, &count);
    for (CURLMsg *message; (message = curl_multi_info_read(pool->multi, &count)) != NULL;) {
        struct http_exchange *exchange;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE ||
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange) != CURLE_OK)
            continue;
        curl_multi_remove_handle(pool->multi, exchange->easy);
        http_conclude(exchange, (int)code);
        exchange->done(exchange->context);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    act(watch->pool, watch->socket,
        (status < 0 ? CURL_CSELECT_ERR : 0) | (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
            (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long milliseconds, void *context)
{
    struct http_pool *pool = context;
    (void)multi;
    return milliseconds < 0 ? uv_timer_stop(&pool->timer)
                            : uv_timer_start(&pool->timer, on_timer, (uint64_t)milliseconds, 0);
}

static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *known)
{
    struct http_pool *pool = context;
    struct watch *watch = known;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch == NULL)
            return 0;
        uv_poll_stop(&watch->poll);
        uv_close((uv_handle_t *)&watch->poll, free_owner);
        return curl_multi_assign(pool->multi, socket, NULL) == CURLM_OK ? 0 : -1;
    }
    if (watch == NULL) {
        watch = memory_take_zeroed(1, sizeof(*watch));
        *watch = (struct watch){.pool = pool, .socket = socket};
        watch->poll.data = watch;
        if (uv_poll_init_socket(pool->loop, &watch->poll, socket) != 0) {
            free(watch);
            return -1;
        }
        if (curl_multi_assign(pool->multi, socket, watch) != CURLM_OK) {
            uv_close((uv_handle_t *)&watch->poll, free_owner);
            return -1;
        }
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&watch->poll, events, on_poll) == 0 ? 0 : -1;
}

struct http_pool *http_pool_new(uv_loop_t *loop)
{
    struct http_pool *pool = memory_take_zeroed(1, sizeof(*pool));
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (pool->multi = curl_multi_init()) == NULL ||
        curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) != CURLM_OK ||
        curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool) != CURLM_OK ||
        curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
        curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool) != CURLM_OK) {
        fputs("sgproof: libcurl cannot be set up\n", stderr);
        exit(3);
    }
    pool->loop = loop;
    pool->timer.data = pool;
    uv_timer_init(loop, &pool->timer);
    return pool;
}

void http_pool_free(struct http_pool *pool)
{
    curl_multi_cleanup(pool->multi);
    curl_global_cleanup();
    uv_close((uv_handle_t *)&pool->timer, free_owner);
}

bool http_pool_add(struct http_pool *pool, struct http_exchange *exchange)
{
    return curl_multi_add_handle(pool->multi, exchange->easy) == CURLM_OK;
}

void http_pool_drop(struct http_pool *pool, struct http_exchange *exchange)
{
    curl_multi_remove_handle(pool->multi, exchange->easy);
}
