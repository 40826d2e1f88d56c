#include "base/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

enum { SHA256 = 32 };

static void digest(const char *bytes, size_t length, unsigned char result[EVP_MAX_MD_SIZE])
{
    unsigned size = 0;
    if (EVP_Digest(bytes, length, result, &size, EVP_sha256(), NULL) != 1 || size != SHA256) {
        fputs("sgproof: OpenSSL has no SHA-256\n", stderr);
        exit(ERROR_INCOMPLETE);
    }
}

void digest_sha256(const char *bytes, size_t length, char hex[DIGEST_TEXT])
{
    unsigned char result[EVP_MAX_MD_SIZE];
    digest(bytes, length, result);
    for (unsigned i = 0; i < SHA256; i++)
        snprintf(hex + i * 2, 3, "%02x", result[i]);
}

void digest_sha256_base64(const char *bytes, size_t length, char text[DIGEST_BASE64])
{
    unsigned char result[EVP_MAX_MD_SIZE];
    digest(bytes, length, result);
    EVP_EncodeBlock((unsigned char *)text, result, SHA256);
}
