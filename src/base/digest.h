// SHA-256 of bytes, as evidence names them.
#pragma once

#include <stddef.h>

enum { DIGEST_TEXT = 65 };

// Lower-case hexadecimal.
void digest_sha256(const char *bytes, size_t length, char hex[DIGEST_TEXT]);
