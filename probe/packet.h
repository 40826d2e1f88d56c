// What a captured packet says about one of our probes: the packet itself, or an answer to one. Pure: bytes in, facts
// out. For the files of probe/ only.
#pragma once

#include "probe/answer.h"

enum seen_kind {
    SEEN_PROBE, // one of ours on its way out
    SEEN_SYN_ACK,
    SEEN_RST,
    SEEN_UDP,
    SEEN_ECHO_REPLY,
    SEEN_ICMP_ERROR,
};

struct seen {
    enum seen_kind kind;
    int protocol;          // of the probe: TCP, UDP, ICMP or ICMPv6
    struct address target; // whom the probe asked
    struct address own;    // who asked
    struct address sender; // of an answer
    uint16_t port;         // asked; 0 for an echo
    uint16_t own_port;     // the probe's source port; for an echo its identifier
    uint32_t sequence;     // the probe's sequence number, where the packet tells
    bool has_sequence;
    uint8_t type; // of an ICMP error
    uint8_t code;
    const uint8_t *payload; // of UDP and echo, borrowed from the packet
    size_t payload_size;
};

// Reads an IP packet (RFC 791, RFC 8200; extension headers are skipped), cut short or not. False where it is none of
// the above, or where its checksum is wrong, so that nobody would take it. SEEN_PROBE is said of every SYN, UDP
// datagram and echo request that `is_own` calls ours, unless its time to live is too short to arrive anywhere.
typedef bool (*packet_is_own)(void *context, const struct seen *probe);
bool packet_read(const uint8_t *bytes, size_t size, packet_is_own is_own, void *context, struct seen *seen);

// Where the IP packet begins in a frame of a capture: link types RAW, LINUX_SLL, LINUX_SLL2, ETHERNET and NULL of
// https://www.tcpdump.org/linktypes.html. NULL where it holds none.
const uint8_t *packet_of_frame(int link_type, const uint8_t *frame, size_t size, size_t *packet_size);

// What an answer comes to. Closed is said by the target itself alone; any other unreachable, or one by anybody else, is
// rejected, and unknown where this machine itself made it (semantics.md). False for ICMP errors that say nothing of the
// port.
bool packet_answer(const struct seen *seen, struct answer *answer);
