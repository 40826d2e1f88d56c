// Exchanges of HTTP that are under way side by side, on a libuv loop. Connections are kept and shared among them.
#pragma once

#include <uv.h>

#include "base/http.h"

struct http_pool;

// Ends the process, in words, where libcurl cannot be set up.
struct http_pool *http_pool_new(uv_loop_t *loop);
// Begins to close its handles: the loop has to run once more. No exchange is under way.
void http_pool_free(struct http_pool *pool);

// Sends what http_open made ready; its `done` is called from the loop, with its `context`, when it has ended. False
// where libcurl will not have it.
bool http_pool_add(struct http_pool *pool, struct http_exchange *exchange);
// Ends one that is under way; its `done` is not called.
void http_pool_drop(struct http_pool *pool, struct http_exchange *exchange);
