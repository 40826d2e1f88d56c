// For src/aws/read/client.c only.
#pragma once

#include <curl/curl.h>

#include "aws/read/client.h"

struct answer {
    struct text body;
    cJSON *json;
    bool too_large;
};

// Ends a request without an answer.
void request_fail(struct request *request, enum failure_kind kind, const char *code, const char *message);

// Reads what a transfer brought into the request. True where it is worth another try.
bool answer_read(struct answer *answer, struct request *request, CURL *easy, CURLcode code);
