#include "base/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool http_place_of(const char *url, struct http_place *place)
{
    CURLU *parts = memory_must(curl_url());
    char *scheme = NULL, *host = NULL, *user = NULL;
    bool good = curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK && strlen(host) < sizeof(place->host) &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    if (good) {
        size_t bracketed = host[0] == '[';
        snprintf(place->host, sizeof(place->host), "%.*s", (int)(strlen(host) - 2 * bracketed), host + bracketed);
        place->tls = strcmp(scheme, "https") == 0;
        place->named_user = curl_url_get(parts, CURLUPART_USER, &user, 0) != CURLUE_NO_USER;
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_url_cleanup(parts);
    return good;
}

const char *http_escape(struct arena *arena, const char *text)
{
    char *made = memory_must(curl_easy_escape(NULL, text, 0));
    const char *kept = arena_strdup(arena, made);
    memory_wipe(made, strlen(made)); // a web identity's token comes this way
    curl_free(made);
    return kept;
}

char *http_unescape(const char *text, size_t *length)
{
    int size = 0;
    char *made = curl_easy_unescape(NULL, text, 0, &size), *kept = NULL;
    if (made != NULL) {
        kept = memory_take((size_t)size + 1);
        memcpy(kept, made, (size_t)size + 1);
        *length = (size_t)size;
    }
    curl_free(made);
    return kept;
}
