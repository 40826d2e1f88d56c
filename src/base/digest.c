#include "base/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { SHA256 = 32 };

struct digest {
    EVP_MD_CTX *context;
};

// Without SHA-256 nothing of this program can be done.
static void need(bool good)
{
    if (good)
        return;
    fputs("sgproof: OpenSSL has no SHA-256, or no memory for it\n", stderr);
    exit(ERROR_INCOMPLETE);
}

static void write_hex(const unsigned char bytes[SHA256], char hex[DIGEST_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < SHA256; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * SHA256] = '\0';
}

static void digest(const char *bytes, size_t length, unsigned char result[EVP_MAX_MD_SIZE])
{
    unsigned size = 0;
    need(EVP_Digest(bytes, length, result, &size, EVP_sha256(), NULL) == 1 && size == SHA256);
}

void digest_sha256(const char *bytes, size_t length, char hex[DIGEST_TEXT])
{
    unsigned char result[EVP_MAX_MD_SIZE];
    digest(bytes, length, result);
    write_hex(result, hex);
}

void digest_sha256_base64(const char *bytes, size_t length, char text[DIGEST_BASE64])
{
    unsigned char result[EVP_MAX_MD_SIZE];
    digest(bytes, length, result);
    EVP_EncodeBlock((unsigned char *)text, result, SHA256);
}

struct digest *digest_new(void)
{
    struct digest *digest = memory_take_zeroed(1, sizeof(*digest));
    digest->context = EVP_MD_CTX_new();
    need(digest->context != NULL && EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) == 1);
    return digest;
}

void digest_add(struct digest *digest, const void *bytes, size_t length)
{
    need(EVP_DigestUpdate(digest->context, bytes, length) == 1);
}

void digest_end(struct digest *digest, char hex[DIGEST_TEXT])
{
    unsigned char result[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    need(EVP_DigestFinal_ex(digest->context, result, &size) == 1 && size == SHA256);
    write_hex(result, hex);
    EVP_MD_CTX_free(digest->context);
    free(digest);
}

bool digest_is_hexadecimal(const char *text, size_t digits)
{
    return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}
