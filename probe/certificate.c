// X.509 certificates as peers show them: RFC 5280, by OpenSSL.
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "net/address.h"
#include "probe/service.h"

enum { LONGEST_NAME = 300, MOST_NAMES = 20, MOST_NAME_BYTES = 4096 };

// RFC 4514: what is not printable ASCII, and what has a meaning there, is escaped by OpenSSL already.
static const char *name_text(struct arena *arena, const X509_NAME *name)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *bytes;
    if (memory == NULL)
        return "";
    X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253);
    long length = BIO_get_mem_data(memory, &bytes);
    size_t size = length < 0 ? 0 : length > LONGEST_NAME ? LONGEST_NAME : (size_t)length;
    const char *text = size == 0 ? "" : arena_strndup(arena, bytes, size);
    for (size_t i = 0; i < size; i++)
        if (bytes[i] < 0x20 || bytes[i] > 0x7e)
            text = service_text(arena, (const uint8_t *)bytes, size, LONGEST_NAME);
    BIO_free(memory);
    return text;
}

static const char *moment(struct arena *arena, const ASN1_TIME *time)
{
    struct tm parts = {0};
    char text[32];
    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1 ||
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        return NULL;
    return arena_strdup(arena, text);
}

// Gives how many bytes it took.
static size_t add_name(struct arena *arena, const GENERAL_NAME *name, struct certificate *certificate)
{
    uint32_t before = certificate->names.count;
    int type;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    const uint8_t *bytes = type == GEN_DNS || type == GEN_IPADD ? ASN1_STRING_get0_data(value) : NULL;
    int length = bytes == NULL ? 0 : ASN1_STRING_length(value);
    if (type == GEN_DNS && length > 0)
        *vector_add(arena, &certificate->names) = service_text(arena, bytes, (size_t)length, LONGEST_NAME);
    if (type == GEN_IPADD && (length == 4 || length == 16)) {
        struct address address = {.family = length == 4 ? FAMILY_IPV4 : FAMILY_IPV6};
        char text[ADDRESS_TEXT];
        for (int i = 0; i < length; i++)
            address.bits = address.bits << 8 | bytes[i];
        address_format(address, text);
        *vector_add(arena, &certificate->names) = arena_strdup(arena, text);
    }
    return certificate->names.count > before ? strlen(certificate->names.items[before]) : 0;
}

const struct certificate *service_certificate(struct arena *arena, const uint8_t *der, size_t size)
{
    const uint8_t *at = der;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    X509 *x509 = size > 1 << 20 ? NULL : d2i_X509(NULL, &at, (long)size);
    if (x509 == NULL)
        return NULL;
    struct certificate *certificate = arena_new_of(arena, struct certificate);
    certificate->subject = name_text(arena, X509_get_subject_name(x509));
    certificate->issuer = name_text(arena, X509_get_issuer_name(x509));
    certificate->self_issued = X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
    certificate->not_before = moment(arena, X509_get0_notBefore(x509));
    certificate->not_after = moment(arena, X509_get0_notAfter(x509));
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    size_t bytes = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < MOST_NAMES && bytes < MOST_NAME_BYTES; i++)
        bytes += add_name(arena, sk_GENERAL_NAME_value(names, i), certificate);
    GENERAL_NAMES_free(names);
    if (X509_digest(x509, EVP_sha256(), digest, &digest_size) == 1) {
        char *hex = arena_alloc(arena, digest_size * 2 + 1);
        for (unsigned i = 0; i < digest_size; i++)
            snprintf(hex + i * 2, 3, "%02x", digest[i]);
        certificate->sha256 = hex;
    }
    X509_free(x509);
    return certificate;
}
