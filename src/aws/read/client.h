// A client of AWS's query and JSON protocols, and of what the REST ones get: signed by libcurl, many requests at once
// on a libuv loop, retried as the SDKs do. https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
// Requests with the same credentials, region and service share a lane, which keeps within EC2's request buckets.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
#pragma once

#include <uv.h>

#include "aws/read/credentials.h"
#include "aws/read/page.h"
#include "base/json.h"

struct client;

struct client_options {
    const char *ca_bundle; // PEM file, or NULL for the system's
    long connect_timeout;  // milliseconds
    long answer_timeout;   // milliseconds, for one try
    int tries;             // most tries of a request
    unsigned limit;        // most requests at once
    long deadline;         // milliseconds for all requests of the client, or 0 for none
    bool (*stopped)(void); // whether to end what is under way and to begin no more; or NULL
    // Called before a request that is signed with credentials of which less than RENEW_BEFORE is left; or NULL.
    void (*renew)(void *context, const struct credentials *credentials);
    void *context;
};

enum { RENEW_BEFORE = 300 }; // seconds

enum { CLIENT_HELD = 64 << 20, CLIENT_SPOOLED = 256 << 20 }; // bytes of an answer, in memory and in a folder

enum failure_kind {
    FAILURE_NONE,
    FAILURE_DENIED,      // the identity may not
    FAILURE_UNSUPPORTED, // the region or service does not know the call
    FAILURE_ABSENT,      // what is asked for is not set in this account
    FAILURE_THROTTLED,
    FAILURE_OTHER,
};

struct request;
typedef void (*request_done)(struct request *request);

// Set by the caller up to `context`; it lives until `done` has been called.
struct request {
    const char *url; // NULL: there is no place to ask, and `message` says why
    const char *region;
    const char *service; // as the SDKs have a client of: two may be signed for by one name
    const char *signing_name;
    const struct credentials *credentials;
    bool elsewhere;   // not AWS is asked, but a server that its user has named: its own page with 404, 405 or 501 says
                      // that it knows no such call
    bool by_option;   // by --endpoint-url: one with 500 says so too
    bool speaks_json; // the answer is JSON, else XML
    const char *target;             // X-Amz-Target of the JSON protocol, else NULL
    const char *version;            // of the JSON protocol
    const char *body;               // JSON, or form-encoded; NULL: a GET, as the REST protocols ask
    const struct page_lists *lists; // that the answer is expected to have; or NULL
    const char *spool;              // a folder for what of an answer is too large for memory; or NULL
    request_done done;
    void *context;
    // The answer, in `arena`, which is freed when `done` returns.
    struct arena *arena;
    struct page page; // the root element of XML, or the value of JSON; neither on failure
    const char *request_id;
    enum failure_kind failure;
    const char *code;    // AWS's word, or "connection", "host-unknown", "answer", "endpoint"
    const char *message; // for people
    int tries;
    double clock_skew; // seconds that AWS's clock is ahead of ours
};

struct client *client_new(uv_loop_t *loop, const struct client_options *options);
void client_free(struct client *client);

// Queues a request. `done` is called from the loop, once, whatever happens.
void client_send(struct client *client, struct request *request);
