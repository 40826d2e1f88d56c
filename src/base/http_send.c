// One exchange that is waited for. Tests put another in its place.
#include "base/http.h"
#include "base/memory.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

bool http_send(const struct http_request *request, struct http_answer *answer)
{
    struct http_exchange exchange;
    if (http_open(&exchange, request))
        http_conclude(&exchange, curl_easy_perform(exchange.easy));
    *answer = exchange.answer;
    bool good = answer->problem == NULL;
    if (good) // the answer's now
        exchange.body = (struct text){0};
    else
        answer->bytes = NULL;
    http_close(&exchange);
    return good;
}

void http_forget(struct http_answer *answer)
{
    if (answer->bytes != NULL)
        memory_wipe(answer->bytes, answer->length);
    free(answer->bytes);
    answer->bytes = NULL;
    answer->length = 0;
}
