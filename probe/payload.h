// What UDP ports are asked with (probe/udp-payloads.json).
#pragma once

#include <stdint.h>

struct udp_payload {
    uint16_t port;
    uint16_t size;
    const uint8_t *bytes;
};

// What to send to a port at a try, from 1; a port without a payload of its own gets an empty datagram.
const struct udp_payload *udp_payload_of(uint16_t port, unsigned try);
