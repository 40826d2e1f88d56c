#include "probe/octets.h"

uint16_t octets_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t octets_get32(const uint8_t *at)
{
    return (uint32_t)octets_get16(at) << 16 | octets_get16(at + 2);
}

void octets_put16(uint8_t *at, uint16_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

uint32_t octets_sum(const uint8_t *bytes, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < size; i += 2)
        sum += octets_get16(bytes + i);
    return sum;
}

uint16_t octets_checksum(uint32_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}
