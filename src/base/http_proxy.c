// The proxy that the environment names, as the AWS SDKs read it (botocore's httpsession by Python's urllib). libcurl
// reads it otherwise: HTTP_PROXY in small letters alone, ALL_PROXY, which the SDKs do not know, and port 1080.
#include "base/http.h"
#include "base/memory.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// The variable in small letters, be it an empty one, comes before the one in capitals.
static const char *variable(const char *name)
{
    char capitals[16] = "";
    for (size_t i = 0; name[i] != '\0' && i + 1 < sizeof(capitals); i++)
        capitals[i] = (char)toupper((unsigned char)name[i]);
    const char *value = getenv(name);
    value = value != NULL ? value : getenv(capitals);
    return value == NULL ? "" : value;
}

// Who asks a web server for a CGI program sets its HTTP_PROXY by a header.
static const char *proxy_of(const char *scheme)
{
    bool forged = getenv("REQUEST_METHOD") != NULL && getenv("http_proxy") == NULL;
    return strcmp(scheme, "https") == 0 ? variable("https_proxy") : forged ? "" : variable("http_proxy");
}

// An entry of NO_PROXY may have a port, which libcurl does not know, and an IPv6 address in brackets. What is left of
// it for libcurl, where the port is the URL's.
static void add_entry(struct text *list, const char *entry, size_t length, const char *port)
{
    size_t digits = 0, host = length;
    while (digits < length && isdigit((unsigned char)entry[length - 1 - digits]))
        digits++;
    bool bracketed = entry[0] == '[', ends = digits > 0 && digits < length && entry[length - 1 - digits] == ':';
    if (ends && (bracketed ? length > digits + 1 && entry[length - 2 - digits] == ']'
                           : memchr(entry, ':', length) == entry + length - 1 - digits)) {
        host = length - 1 - digits;
        if (strlen(port) != digits || memcmp(entry + host + 1, port, digits) != 0)
            return;
    }
    bracketed = bracketed && host > 1 && entry[host - 1] == ']';
    text_printf(list, "%s%.*s", list->length > 0 ? "," : "", (int)(host - 2 * bracketed), entry + bracketed);
}

bool http_set_proxy(void *easy, const char *url)
{
    static const char between[] = ", \t";
    CURLU *parts = memory_must(curl_url());
    char *scheme = NULL, *port = NULL;
    struct text named = {.secret = true}, without = {0};
    bool known = curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                 curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                 curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    const char *value = known ? proxy_of(scheme) : "";
    bool complete = strstr(value, "://") != NULL, encrypted = strncasecmp(value, "https:", 6) == 0;
    text_printf(&named, "%s%s", complete || value[0] == '\0' ? "" : value[0] == '/' ? "http:" : "http://", value);
    const char *at = variable("no_proxy");
    while (known && *(at += strspn(at, between)) != '\0') {
        size_t length = strcspn(at, ","), word = strcspn(at, between);
        if (word + strspn(at + word, " \t") >= length) // of two words it is none
            add_entry(&without, at, word, port);
        at += length;
    }
    long usual = encrypted ? 443 : complete && strncasecmp(value, "http:", 5) != 0 ? 1080 : 80;
    bool good = curl_easy_setopt(easy, CURLOPT_PROXY, named.bytes) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_PROXYPORT, usual) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_NOPROXY, without.bytes == NULL ? "" : without.bytes) == CURLE_OK;
    text_wipe(&named);
    text_free(&without);
    curl_free(scheme);
    curl_free(port);
    curl_url_cleanup(parts);
    return good;
}
