// HTTP and HTTPS by libcurl, for all that asks over them: AWS's services, who gives credentials, an instance's
// metadata, timestamp authorities, and who says which address we come from. No other file includes libcurl.
//
// What holds for every exchange: a setting that libcurl does not heed ends it before anything is sent; it speaks
// nothing but HTTP and HTTPS; no redirect is followed, as what a request carries is meant for the place that it names;
// its time and the size of its answer are bounded; what it sent and received is overwritten when it ends.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/json.h"

enum http_family { HTTP_EITHER, HTTP_IPV4, HTTP_IPV6 };

// HTTP_REFUSED to HTTP_TOO_LARGE would come again however often one asks.
enum http_end {
    HTTP_ANSWERED,  // with any status
    HTTP_REFUSED,   // libcurl will not have the request: nothing was sent
    HTTP_UNTRUSTED, // the certificate is not vouched for
    HTTP_NO_URL,
    HTTP_NO_ROOM, // the answer could not be kept
    HTTP_TOO_LARGE,
    HTTP_NO_HOST,
    HTTP_TIMED_OUT,
    HTTP_BROKEN,
};

enum { HTTP_MOST = 1 << 20, HTTP_HEADERS = 5, HTTP_LOCAL_MS = 1000 }; // the last for what is on this host or beside it

// Of AWS's Signature Version 4.
struct http_signature {
    const char *region;
    const char *service;
    const char *key_id;
    const char *secret;
};

struct http_request {
    const char *url;
    const char *method;                // NULL: GET, and POST where there is a body
    const char *headers[HTTP_HEADERS]; // "Name: value" each, or NULL
    const char *body;                  // or NULL; it stays where it is until the exchange ends
    size_t body_length;
    long milliseconds;         // for all of it, from 1
    uint64_t until;            // clock_steady_ms when it ends at the latest, or 0
    long connect_milliseconds; // of these, or 0
    size_t most;               // bytes of the answer, or 0 for HTTP_MOST
    const char *spool;         // folder for an answer above HTTP_MOST, in a file without a name; NULL: it is in memory
    bool direct;               // no proxy is asked: for what is on this host or beside it
    bool https_only;
    enum http_family family;
    const char *source;                     // own address to leave from, or NULL
    const char *ca_bundle;                  // PEM file of authorities, or NULL for the system's
    const struct http_signature *signature; // or NULL
};

struct http_answer {
    char *bytes; // with a zero byte behind its length; http_forget overwrites and frees them
    size_t length;
    bool mapped; // they are those of a file, until http_close
    long status;
    enum http_end end;
    const char *problem; // static: why there is no answer; NULL where there is one
};

// Sends it and waits. True where an answer came, whatever its status.
bool http_send(const struct http_request *request, struct http_answer *answer);

// The same, up to `tries` times where no answer came that may come yet, or its status is 429 or 5xx, a
// little later each time.
bool http_try(const struct http_request *request, int tries, struct http_answer *answer);

// Overwrites and frees what an answer holds.
void http_forget(struct http_answer *answer);

// Has libcurl's `easy` ask the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for a URL, or none; false where it
// does not heed that. https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html
bool http_set_proxy(void *easy, const char *url);

// ---- One of many under way (http_pool.h)

struct http_exchange {
    struct http_answer answer; // once it has ended; its bytes are those of `body`
    struct text body;          // in memory; with a sink, the last part of it
    const char *spool;
    size_t length; // of all of it
    size_t most;
    void *easy;    // libcurl's, as what follows
    void *headers; // sent
    void (*done)(void *context);
    void *context;
};

// Makes it ready to be sent; false, with the answer's end and problem set, where it cannot be. http_close ends either.
bool http_open(struct http_exchange *exchange, const struct http_request *request);
void http_close(struct http_exchange *exchange);
// Says what came of it, from libcurl's own code.
void http_conclude(struct http_exchange *exchange, int code);

const char *http_header(const struct http_exchange *exchange, const char *name); // or NULL
bool http_date(const struct http_exchange *exchange, time_t *date);              // when the other side sent its answer
long http_retry_after(const struct http_exchange *exchange);                     // seconds; 0: it does not ask for it

// ---- URLs

struct http_place {
    char host[256]; // without brackets
    bool tls;
    bool named_user;
};

// False where the text is no http:// or https:// URL with a host.
bool http_place_of(const char *url, struct http_place *place);

// Text as a part of a path or of parameters, in the arena; NULL never. And back, to be freed; NULL where it cannot be.
const char *http_escape(struct arena *arena, const char *text);
char *http_unescape(const char *text, size_t *length);
