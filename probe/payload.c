#include "probe/payload.h"

#include "probe/probe.h"
#include "udp_payloads.h"

enum { PAYLOADS = sizeof(udp_payloads) / sizeof(udp_payloads[0]) };

const struct udp_payload *udp_payload_of(uint16_t port, unsigned try)
{
    static const struct udp_payload plain = {0};
    size_t first = 0, count = 0;
    while (first < PAYLOADS && udp_payloads[first].port != port)
        first++;
    while (first + count < PAYLOADS && udp_payloads[first + count].port == port)
        count++;
    return count == 0 ? &plain : &udp_payloads[first + (try - 1) % count];
}

struct portset probe_udp_ports(struct arena *arena)
{
    struct port_range ranges[PAYLOADS];
    for (size_t i = 0; i < PAYLOADS; i++)
        ranges[i] = (struct port_range){udp_payloads[i].port, udp_payloads[i].port};
    return portset_from(arena, ranges, PAYLOADS);
}
