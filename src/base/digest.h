// SHA-256 of bytes, as evidence names them.
#pragma once

#include <stddef.h>

enum { DIGEST_TEXT = 65 };

enum { DIGEST_BASE64 = 45 };

// Lower-case hexadecimal.
void digest_sha256(const char *bytes, size_t length, char hex[DIGEST_TEXT]);
// The same in base64.
void digest_sha256_base64(const char *bytes, size_t length, char text[DIGEST_BASE64]);
