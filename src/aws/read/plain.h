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
    long milliseconds;     // for all of it; up to PLAIN_LOCAL no proxy is asked
    bool https_only;       // neither plain HTTP nor a redirect
    enum family family;    // asked for over this one only; 0: either
    struct address source; // to leave from; family 0: any
    const char *interface; // to leave by, or NULL
    const char *ca_bundle; // PEM file of authorities, or NULL: the system's
};

// The body of an answer with status 200, to be freed, with a zero byte behind its *length bytes; NULL where there is
// none, with *why (static) saying why where that is not NULL.
char *plain_ask(const struct plain_request *request, size_t *length, const char **why);
