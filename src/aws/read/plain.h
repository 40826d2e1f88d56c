// One unsigned HTTP request at a time: to metadata services, credential endpoints, and to who says which address we
// come from.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "net/address.h"

enum { PLAIN_LOCAL = 1000, PLAIN_MOST = 1 << 20 }; // milliseconds for what is on this host or beside it; bytes

struct plain_request {
    const char *url;
    const char *method;
    const char *header;    // one, "Name: value", or NULL
    const char *json;      // to be sent as the body, or NULL
    long milliseconds;     // for all of it
    bool direct;           // no proxy is asked: for what is on this host or beside it
    bool https_only;       // neither plain HTTP nor a redirect
    enum family family;    // asked for over this one only; 0: either
    struct address source; // to leave from; family 0: any
    const char *interface; // to leave by, or NULL
    const char *ca_bundle; // PEM file of authorities, or NULL: the system's
};

struct plain_answer {
    char *bytes; // to be overwritten where it holds secrets, and freed; with a zero byte behind its length
    size_t length;
    long status;
    const char *problem; // static: why there is no answer; NULL where there is one
};

// Sends it and waits. True where an answer came, whatever its status. No redirect is followed.
bool plain_send(const struct plain_request *request, struct plain_answer *answer);

// The same, asked again up to `tries` times where no answer came or its status is 429 or 5xx, a little later each time.
bool plain_try(const struct plain_request *request, int tries, struct plain_answer *answer);

// Overwrites and frees what an answer holds.
void plain_forget(struct plain_answer *answer);

// The body of an answer with status 200, to be freed, with a zero byte behind its *length bytes; NULL where there is
// none, with *why (static) saying why where that is not NULL.
char *plain_ask(const struct plain_request *request, size_t *length, const char **why);
