#include "evidence/timestamp.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/http.h"

enum { PATIENCE_MS = 30000 };

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

bool timestamp_is_authority(const char *url)
{
    return http_place_of(url, &(struct http_place){0});
}

static bool post(const char *url, const unsigned char *request, int size, struct http_answer *answer,
                 struct error *error)
{
    if (!http_send(&(struct http_request){.url = url,
                                          .headers = {"Content-Type: application/timestamp-query"},
                                          .body = (const char *)request,
                                          .body_length = (size_t)size,
                                          .milliseconds = PATIENCE_MS},
                   answer))
        return error_set(error, ERROR_INCOMPLETE, "timestamp authority %s: %s", url, answer->problem);
    return answer->status == 200 ||
           error_set(error, ERROR_INCOMPLETE, "timestamp authority %s: HTTP status %ld", url, answer->status);
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
    struct http_answer received = {0};
    TS_RESP *response = NULL;
    TS_VERIFY_CTX *context = NULL;
    bool good = size > 0 || error_set(error, ERROR_INCOMPLETE, "no timestamp request could be made");
    good = good && post(url, der, size, &received, error) &&
           (response = parsed(received.bytes, received.length, error)) != NULL;
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
    http_forget(&received);
    OPENSSL_free(der);
    TS_VERIFY_CTX_free(context);
    TS_RESP_free(response);
    TS_REQ_free(request);
    return good;
}

static X509_STORE *trusting(const char *authorities, struct error *error)
{
    if (!file_expect_input(authorities, error))
        return NULL;
    X509_STORE *store = X509_STORE_new();
    if (store != NULL && X509_STORE_load_file(store, authorities) == 1)
        return store;
    X509_STORE_free(store);
    error_set(error, ERROR_USAGE, "%s: holds no CA certificates in PEM", authorities);
    return NULL;
}

bool timestamp_are_authorities(const char *file, struct error *error)
{
    X509_STORE *store = trusting(file, error);
    X509_STORE_free(store);
    return store != NULL;
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
