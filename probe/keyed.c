#include "probe/keyed.h"

static uint64_t rotate(uint64_t value, unsigned by)
{
    return value << by | value >> (64 - by);
}

static void rounds(uint64_t v[4], int count)
{
    for (int i = 0; i < count; i++) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

uint64_t keyed_hash(const struct keyed *keyed, uint64_t a, uint64_t b, uint64_t c)
{
    const uint64_t words[4] = {a, b, c, (uint64_t)24 << 56}; // the last one holds the length in bytes
    uint64_t v[4] = {keyed->key[0] ^ 0x736f6d6570736575u, keyed->key[1] ^ 0x646f72616e646f6du,
                     keyed->key[0] ^ 0x6c7967656e657261u, keyed->key[1] ^ 0x7465646279746573u};
    for (int i = 0; i < 4; i++) {
        v[3] ^= words[i];
        rounds(v, 2);
        v[0] ^= words[i];
    }
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
