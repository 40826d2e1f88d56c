// When a bundle existed at the latest: a timestamp of manifest.json by an authority (RFC 3161, over HTTP by section
// 3.4).
#pragma once

#include "base/error.h"
#include "base/json.h"

// Whether that is a URL which can be asked: http or https, and a host.
bool timestamp_is_authority(const char *url);

// Asks the authority at `url` for a timestamp over `bytes` and appends its answer, as DER, to *answer. The answer must
// grant it, for these bytes and this request; who signed it is left to timestamp_check.
bool timestamp_ask(const char *url, const char *bytes, size_t length, struct text *answer, struct error *error);

// Whether a file holds CA certificates in PEM. ERROR_USAGE.
bool timestamp_are_authorities(const char *file, struct error *error);

// Checks an answer against `bytes` and, where `authorities` is not NULL, its signer against that file of CA
// certificates in PEM. `when` gets the time it tells, as RFC 3339 UTC.
bool timestamp_check(const char *answer, size_t size, const char *bytes, size_t length, const char *authorities,
                     char when[32], struct error *error);
