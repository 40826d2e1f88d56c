// A record without the list that it stood in (`aws ... --query`), told by two members which no answer of AWS has beside
// each other.
#pragma once

#include <stdint.h>

// Notes in *bare, which begins as 0, that the document has this member.
void lone_record_note(uint64_t *bare, const char *key);

// The key of the list that it is a record of, as far as its members show by now; or NULL.
const char *lone_record_list(uint64_t bare);
