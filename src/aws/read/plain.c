#include "aws/read/plain.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

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
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, request->milliseconds) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer) == CURLE_OK &&
        (request->milliseconds > PLAIN_LOCAL || curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK) &&
        (!request->https_only || curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK) &&
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

char *plain_ask(const struct plain_request *request, size_t *length, const char **why)
{
    struct text answer = {.secret = true};
    char interface[ADDRESS_TEXT + 8];
    long status = 0;
    const char *problem = "libcurl will not have the request";
    struct curl_slist *headers = request->header == NULL ? NULL : curl_slist_append(NULL, request->header);
    CURL *easy = curl_easy_init();
    text_puts(&answer, "");
    if (easy != NULL && (request->header == NULL || headers != NULL) &&
        set_up(easy, request, headers, &answer, interface)) {
        CURLcode code = curl_easy_perform(easy);
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        problem = code != CURLE_OK ? curl_easy_strerror(code) : status != 200 ? "its status is not 200" : NULL;
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    if (why != NULL)
        *why = problem;
    if (problem == NULL) {
        *length = answer.length;
        return answer.bytes;
    }
    text_wipe(&answer);
    return NULL;
}
