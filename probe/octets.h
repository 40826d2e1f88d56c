// Numbers in network byte order, and the internet checksum (RFC 1071). For the files of probe/ only.
#pragma once

#include <stddef.h>
#include <stdint.h>

uint16_t octets_get16(const uint8_t *at);
uint32_t octets_get32(const uint8_t *at);
void octets_put16(uint8_t *at, uint16_t number);

// Sum of the 16-bit words of an even number of bytes; sums of parts add up to the sum of the whole.
uint32_t octets_sum(const uint8_t *bytes, size_t size);
uint16_t octets_checksum(uint32_t sum);
