// Takes secrets out of what is kept, printed or logged: URIs that people put passwords, tokens and PINs into.
//
//   http://user:p@ss@host/      user and password, up to the last @       http://***@host/
//   user:p@ss@host              the same without a scheme                 ***@host
//   https://host/?sig=...#...   query and fragment, whole                 https://host/?***
//   host/?sig=...               the same without a scheme: by their names host/?sig=***
//   pkcs11:token=t?pin-value=1  PIN, and where it lies (RFC 7512, 2.4)    pkcs11:token=t?pin-value=***
//
// A PIN is taken to go on to the end of the argument, or of the message: it may hold spaces, & and line ends.
// What a secret looks like nobody knows: of two readings the one that takes more away holds.
#pragma once

#include "base/arena.h"

// A value that is one URI, or none, or an option with it (--endpoint-url=http://...): the whole of it is looked at, so
// a password may hold spaces. What holds no secret is given back as it is.
const char *redact_argument(struct arena *arena, const char *argument);

// The same of each word of a message; to be freed. NULL: there is no memory for it.
char *redact_message(const char *text);
