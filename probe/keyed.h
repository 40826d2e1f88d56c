// SipHash-2-4 (Aumasson, Bernstein 2012) of three words: what nobody can forge who does not know the key.
#pragma once

#include <stdint.h>

struct keyed {
    uint64_t key[2];
};

uint64_t keyed_hash(const struct keyed *keyed, uint64_t a, uint64_t b, uint64_t c);
