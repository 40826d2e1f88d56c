// Mutates JSON as what it is: by values and members rather than by bytes.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Makes one to four changes to a document, or to one line of JSON lines: drops, doubles, swaps, nests and retypes
// values, and puts words of our parsers' sources in the place of keys and strings. Gives the new size, at most `room`;
// 0 where the bytes are no JSON or would not fit.
size_t json_mutate(uint8_t *bytes, size_t size, size_t room, uint64_t seed);
