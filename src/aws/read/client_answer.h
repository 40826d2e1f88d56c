// For src/aws/read/client.c only.
#pragma once

#include "aws/read/client.h"
#include "base/http.h"

// Ends a request without an answer.
void request_fail(struct request *request, enum failure_kind kind, const char *code, const char *message);

// Reads what an exchange brought into the request, which borrows from it and from *json, to be freed with json_wipe.
// True where it is worth another try.
bool answer_read(struct request *request, const struct http_exchange *http, cJSON **json);
