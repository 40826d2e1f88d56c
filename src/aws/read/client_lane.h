// A lane is the requests with the same credentials, region and service, what the SDKs have a client of its own for: its
// requests wait in order, keep within EC2's buckets, and share a quota of retries. For src/aws/read/client*.c only.
#pragma once

#include "aws/read/client_answer.h"
#include "base/http_pool.h"

// What the SDKs call the retry quota: so many tokens, of which a retry takes some and a success gives some back.
enum { LANE_QUOTA = 500 };

struct lane {
    struct client *client;
    const struct credentials *credentials;
    const char *region;
    const char *service;
    struct transfer *first; // waiting
    struct transfer *last;
    unsigned running;
    int quota; // of retries: a client of the SDKs' is one of a service in a region, with its own
    double tokens;
    uint64_t filled; // milliseconds, when the tokens were counted
    uv_timer_t refill;
    bool ready; // in the client's queue
    struct lane *next_ready;
    struct lane *next;
};

struct client {
    uv_loop_t *loop;
    struct http_pool *pool;
    uv_timer_t deadline;
    uv_timer_t look; // whether to stop
    struct client_options options;
    struct lane *lanes;
    struct lane *ready_first; // lanes that may begin a request, in turn
    struct lane *ready_last;
    struct transfer *transfers; // all
    unsigned running;
    double skew; // seconds that AWS's clock is ahead, where a request was refused for that
    bool starting;
    bool late;        // the deadline has passed, or it is to stop
    const char *code; // why, for the requests that fail so
    const char *message;
};

struct transfer {
    struct client *client;
    struct lane *lane;
    struct request *request;
    struct transfer *next; // waiting
    struct transfer *older;
    struct transfer *newer;
    struct http_exchange http; // of this try
    bool under_way;
    cJSON *json;
    uv_timer_t pause; // before a retry
    int paid;         // quota taken for this retry
};

// The lane of a request, made where there is none.
struct lane *lane_find(struct client *client, const struct request *request);
// Puts a lane that may begin a request at the end of the queue.
void lane_make_ready(struct lane *lane);
// Begins as many requests as may be under way.
void client_start_more(struct client *client);
// Sends a request, or ends it where it cannot be sent. client.c's.
void client_begin(struct transfer *transfer);
