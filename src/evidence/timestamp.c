#include "evidence/timestamp.h"

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

enum { LARGEST_ANSWER = 1 << 20, PATIENCE_S = 30 };

static TS_MSG_IMPRINT *imprint_of(const char *bytes, size_t length)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    bool good =
        imprint != NULL && algorithm != NULL && EVP_Digest(bytes, length, digest, &size, EVP_sha256(), NULL) == 1 &&
        X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
        TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 && TS_MSG_IMPRINT_set_msg(imprint, digest, (int)size) == 1;
    X509_ALGOR_free(algorithm);
    if (good)
        return imprint;
    TS_MSG_IMPRINT_free(imprint);
    return NULL;
}

// A request for these bytes, with a nonce, that wants the signer's certificate in the answer.
static TS_REQ *request_for(const char *bytes, size_t length)
{
    unsigned char random[8];
    TS_REQ *request = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = imprint_of(bytes, length);
    ASN1_INTEGER *nonce = ASN1_INTEGER_new();
    bool good = request != NULL && imprint != NULL && nonce != NULL && RAND_bytes(random, sizeof(random)) == 1;
    uint64_t number;
    memcpy(&number, random, sizeof(number));
    good = good && ASN1_INTEGER_set_uint64(nonce, number) == 1 && TS_REQ_set_version(request, 1) == 1 &&
           TS_REQ_set_msg_imprint(request, imprint) == 1 && TS_REQ_set_nonce(request, nonce) == 1 &&
           TS_REQ_set_cert_req(request, 1) == 1;
    TS_MSG_IMPRINT_free(imprint);
    ASN1_INTEGER_free(nonce);
    if (good)
        return request;
    TS_REQ_free(request);
    return NULL;
}

static size_t receive(char *bytes, size_t size, size_t count, void *context)
{
    struct text *answer = context;
    if (answer->length + size * count > LARGEST_ANSWER)
        return 0;
    text_add(answer, bytes, size * count);
    return size * count;
}

bool timestamp_is_authority(const char *url)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *host = NULL;
    bool good = parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parts);
    return good;
}

static bool post(const char *url, const unsigned char *request, int size, struct text *answer, struct error *error)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/timestamp-query");
    long status = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)size);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)PATIENCE_S);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK)
        return error_set(error, ERROR_INCOMPLETE, "timestamp authority %s: %s", url, curl_easy_strerror(code));
    return status == 200 || error_set(error, ERROR_INCOMPLETE, "timestamp authority %s: HTTP status %ld", url, status);
}

static TS_RESP *parsed(const char *answer, size_t size, struct error *error)
{
    const unsigned char *at = (const unsigned char *)answer;
    TS_RESP *response = d2i_TS_RESP(NULL, &at, (long)size);
    unsigned char *again = NULL;
    int length = response == NULL ? -1 : i2d_TS_RESP(response, &again);
    bool same = length >= 0 && (size_t)length == size && memcmp(again, answer, size) == 0;
    OPENSSL_free(again);
    if (same)
        return response;
    TS_RESP_free(response);
    error_set(error, ERROR_USAGE, "the timestamp is no RFC 3161 response");
    return NULL;
}

static bool why_not(struct error *error, const char *what)
{
    char text[256] = "";
    unsigned long code = ERR_peek_last_error();
    if (code != 0)
        ERR_error_string_n(code, text, sizeof(text));
    const char *reason = strrchr(text, ':');
    return error_set(error, ERROR_USAGE, "%s%s%s", what, reason != NULL ? ": " : "", reason != NULL ? reason + 1 : "");
}

bool timestamp_ask(const char *url, const char *bytes, size_t length, struct text *answer, struct error *error)
{
    TS_REQ *request = request_for(bytes, length);
    unsigned char *der = NULL;
    int size = request == NULL ? -1 : i2d_TS_REQ(request, &der);
    struct text received = {0};
    TS_RESP *response = NULL;
    TS_VERIFY_CTX *context = NULL;
    bool good = size > 0 || error_set(error, ERROR_INCOMPLETE, "no timestamp request could be made");
    good = good && post(url, der, size, &received, error) &&
           (response = parsed(received.bytes == NULL ? "" : received.bytes, received.length, error)) != NULL;
    if (good) {
        context = TS_REQ_to_TS_VERIFY_CTX(request, NULL); // imprint and nonce; not the signer
        TS_VERIFY_CTX_add_flags(context, TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_NONCE);
        good = TS_RESP_verify_response(context, response) == 1 ||
               why_not(error, "the timestamp authority's answer is not to our request");
    }
    if (!good)
        error->code = ERROR_INCOMPLETE;
    else
        text_add(answer, received.bytes, received.length);
    text_free(&received);
    OPENSSL_free(der);
    TS_VERIFY_CTX_free(context);
    TS_RESP_free(response);
    TS_REQ_free(request);
    return good;
}

static X509_STORE *trusting(const char *authorities, struct error *error)
{
    X509_STORE *store = X509_STORE_new();
    if (store != NULL && X509_STORE_load_file(store, authorities) == 1)
        return store;
    X509_STORE_free(store);
    error_set(error, ERROR_USAGE, "%s: holds no CA certificates in PEM", authorities);
    return NULL;
}

bool timestamp_check(const char *answer, size_t size, const char *bytes, size_t length, const char *authorities,
                     char when[32], struct error *error)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    struct tm parts = {0};
    TS_RESP *response = parsed(answer, size, error);
    if (response == NULL)
        return false;
    TS_TST_INFO *info = TS_RESP_get_tst_info(response);
    if (info == NULL) {
        TS_RESP_free(response);
        return error_set(error, ERROR_USAGE, "the timestamp holds no token");
    }
    TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
    EVP_Digest(bytes, length, digest, &digest_size, EVP_sha256(), NULL);
    unsigned char *copy = OPENSSL_memdup(digest, digest_size); // the context frees it
    TS_VERIFY_CTX_set_imprint(context, copy, (long)digest_size);
    TS_VERIFY_CTX_add_flags(context, TS_VFY_VERSION | TS_VFY_IMPRINT | (authorities != NULL ? TS_VFY_SIGNATURE : 0));
    X509_STORE *store = authorities == NULL ? NULL : trusting(authorities, error);
    bool good = authorities == NULL || store != NULL;
    if (store != NULL)
        TS_VERIFY_CTX_set_store(context, store);
    good = good && (TS_RESP_verify_response(context, response) == 1 || why_not(error, "the timestamp does not hold"));
    if (ASN1_TIME_to_tm((const ASN1_TIME *)TS_TST_INFO_get_time(info), &parts) != 1 ||
        strftime(when, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        when[0] = '\0';
    TS_VERIFY_CTX_free(context);
    TS_RESP_free(response);
    return good;
}
