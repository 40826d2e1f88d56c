#include "base/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

void digest_sha256(const char *bytes, size_t length, char hex[DIGEST_TEXT])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(bytes, length, digest, &size, EVP_sha256(), NULL) != 1 || size != 32) {
        fputs("sgproof: OpenSSL has no SHA-256\n", stderr);
        exit(ERROR_INCOMPLETE);
    }
    for (unsigned i = 0; i < size; i++)
        snprintf(hex + i * 2, 3, "%02x", digest[i]);
}
