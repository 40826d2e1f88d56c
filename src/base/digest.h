// SHA-256 of bytes, as evidence names them.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { DIGEST_TEXT = 65 };

enum { DIGEST_BASE64 = 45 };

// Lower-case hexadecimal.
void digest_sha256(const char *bytes, size_t length, char hex[DIGEST_TEXT]);
// The same in base64.
void digest_sha256_base64(const char *bytes, size_t length, char text[DIGEST_BASE64]);

// The same of what comes piece by piece. digest_end frees it.
struct digest;
struct digest *digest_new(void);
void digest_add(struct digest *digest, const void *bytes, size_t length);
void digest_end(struct digest *digest, char hex[DIGEST_TEXT]);

// Whether a text is so many lower-case hexadecimal digits, and no more.
bool digest_is_hexadecimal(const char *text, size_t digits);
