// What comes in from the network: libpcap on all interfaces, immediate mode, a filter that passes answers to our probes
// and little else. For the files of probe/ only.
#pragma once

#include "base/error.h"
#include "net/port_set.h"
#include "probe/packet.h"

struct receiver;

struct receiver_filter {
    struct arena *arena;      // of the sets
    struct portset tcp_ports; // our source ports
    struct portset udp_ports;
    bool echo;
    bool own; // our probes too, for a capture
};

// One packet: IP packet without link header, wall clock in nanoseconds.
typedef void (*receiver_packet)(void *context, const uint8_t *packet, size_t size, size_t whole, uint64_t wall_ns);

// Opens a capture that takes nothing in yet. NULL, with *refused set, where that is not permitted; NULL otherwise with
// *error filled.
struct receiver *receiver_open(struct arena *arena, bool *refused, struct error *error);
// Begins to take in what the filter lets through, which goes to `take`. Needs no privilege. ERROR_INCOMPLETE.
bool receiver_begin(struct receiver *receiver, const struct receiver_filter *filter, receiver_packet take,
                    void *context, struct error *error);
void receiver_close(struct receiver *receiver);
int receiver_descriptor(const struct receiver *receiver); // readable when packets wait
// Hands on what waits, at most so many packets; how many there were, or -1 where the interfaces cannot be read any
// more.
int receiver_read(struct receiver *receiver, int most);
// Packets that the kernel had no room for since the beginning.
uint64_t receiver_dropped(struct receiver *receiver);
