#include "aws/read/plain.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

// Takes in no more than PLAIN_MOST bytes.
static size_t take(char *bytes, size_t size, size_t count, void *context)
{
    struct text *answer = context;
    if (answer->length + size * count > PLAIN_MOST)
        return 0;
    text_add(answer, bytes, size * count);
    return size * count;
}

// Where any of it is not heeded, nothing is asked.
static bool set_up(CURL *easy, const struct plain_request *request, struct curl_slist *headers, struct text *answer,
                   char interface[ADDRESS_TEXT + 8])
{
    bool good =
        curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, request->https_only ? "https" : "http,https") == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, request->milliseconds) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer) == CURLE_OK &&
        (!request->direct || curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK) &&
        (request->json == NULL || curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->json) == CURLE_OK) &&
        (request->family == 0 ||
         curl_easy_setopt(easy, CURLOPT_IPRESOLVE,
                          request->family == FAMILY_IPV4 ? CURL_IPRESOLVE_V4 : CURL_IPRESOLVE_V6) == CURLE_OK) &&
        (request->ca_bundle == NULL || curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_bundle) == CURLE_OK);
    if (good && request->source.family != 0) {
        char text[ADDRESS_TEXT];
        address_format(request->source, text);
        snprintf(interface, ADDRESS_TEXT + 8, "host!%s", text);
        good = curl_easy_setopt(easy, CURLOPT_INTERFACE, interface) == CURLE_OK;
    } else if (good && request->interface != NULL) {
        snprintf(interface, ADDRESS_TEXT + 8, "if!%s", request->interface);
        good = curl_easy_setopt(easy, CURLOPT_INTERFACE, interface) == CURLE_OK;
    }
    return good;
}

// The request's own header, and that of its body; false where there is no memory.
static bool list_headers(const struct plain_request *request, struct curl_slist **headers)
{
    const char *const each[] = {request->header, request->json == NULL ? NULL : "Content-Type: application/json"};
    for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
        struct curl_slist *longer = each[i] == NULL ? *headers : curl_slist_append(*headers, each[i]);
        if (each[i] != NULL && longer == NULL)
            return false;
        *headers = longer;
    }
    return true;
}

bool plain_send(const struct plain_request *request, struct plain_answer *answer)
{
    struct text body = {.secret = true};
    char interface[ADDRESS_TEXT + 8];
    struct curl_slist *headers = NULL;
    CURL *easy = curl_easy_init();
    text_puts(&body, "");
    *answer = (struct plain_answer){.problem = "libcurl will not have the request"};
    if (easy != NULL && list_headers(request, &headers) && set_up(easy, request, headers, &body, interface)) {
        CURLcode code = curl_easy_perform(easy);
        bool told = curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status) == CURLE_OK;
        answer->problem = code != CURLE_OK ? curl_easy_strerror(code) : told ? NULL : "it has no status";
    }
    for (struct curl_slist *item = headers; item != NULL; item = item->next)
        explicit_bzero(item->data, strlen(item->data));
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    answer->bytes = body.bytes;
    answer->length = body.length;
    if (answer->problem != NULL)
        plain_forget(answer);
    return answer->problem == NULL;
}

void plain_forget(struct plain_answer *answer)
{
    if (answer->bytes != NULL)
        explicit_bzero(answer->bytes, answer->length);
    free(answer->bytes);
    answer->bytes = NULL;
    answer->length = 0;
}
