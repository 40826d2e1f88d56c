#include "probe/packet.h"

#include <pcap/dlt.h>

#include "model/protocol.h"
#include "probe/octets.h"

enum {
    TCP_SIZE = 20,
    UDP_SIZE = 8,
    ICMP_SIZE = 8,
    QUOTED = 8, // bytes of the probe that an ICMP error must quote: RFC 792
    IPV6_SIZE = 40,
    TCP_SYN = 2,
    TCP_RST = 4,
    TCP_ACK = 16,
    LEAST_HOPS = 32, // that a probe of ours may take: RFC 1700 has 64
    ECHO_REQUEST4 = 8,
    ECHO_REPLY4 = 0,
    ECHO_REQUEST6 = 128,
    ECHO_REPLY6 = 129,
};

struct ip {
    struct address from;
    struct address to;
    int protocol;
    unsigned hops; // left: time to live, hop limit
    bool fragment; // the first one of several
    bool whole;    // neither that, nor cut short, nor routed by its source
    const uint8_t *body;
    size_t size;
};

static bool read_ipv6(const uint8_t *bytes, size_t size, struct ip *ip)
{
    enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60 };
    if (size < IPV6_SIZE)
        return false;
    ip->from = address_from_bytes(FAMILY_IPV6, bytes + 8);
    ip->to = address_from_bytes(FAMILY_IPV6, bytes + 24);
    ip->protocol = bytes[6];
    ip->hops = bytes[7];
    size_t at = IPV6_SIZE, total = IPV6_SIZE + (size_t)octets_get16(bytes + 4);
    ip->fragment = false;
    ip->whole = size >= total;
    size = size < total ? size : total;
    while (ip->protocol == HOP_BY_HOP || ip->protocol == ROUTING || ip->protocol == FRAGMENT ||
           ip->protocol == DESTINATION) {
        if (size - at < 8)
            return false;
        bool fragment = ip->protocol == FRAGMENT;
        ip->fragment = ip->fragment || fragment;
        ip->whole = ip->whole && !fragment && ip->protocol != ROUTING;
        if (fragment && octets_get16(bytes + at + 2) >> 3 != 0)
            return false; // not the first one
        ip->protocol = bytes[at];
        size_t length = fragment ? 8 : ((size_t)bytes[at + 1] + 1) * 8;
        if (size - at < length)
            return false;
        at += length;
    }
    ip->body = bytes + at;
    ip->size = size - at;
    return true;
}

static bool read_ip(const uint8_t *bytes, size_t size, struct ip *ip)
{
    enum { MORE_FRAGMENTS = 0x2000 };
    if (size < 1)
        return false;
    if (bytes[0] >> 4 == 6)
        return read_ipv6(bytes, size, ip);
    size_t header = (size_t)(bytes[0] & 15) * 4;
    if (bytes[0] >> 4 != 4 || header < 20 || size < header || (octets_get16(bytes + 6) & 0x1fff) != 0)
        return false;
    size_t total = octets_get16(bytes + 2);
    ip->fragment = (octets_get16(bytes + 6) & MORE_FRAGMENTS) != 0;
    ip->whole = total >= header && total <= size && !ip->fragment;
    ip->hops = bytes[8];
    size = total >= header && total < size ? total : size;
    ip->from = address_from_bytes(FAMILY_IPV4, bytes + 12);
    ip->to = address_from_bytes(FAMILY_IPV4, bytes + 16);
    ip->protocol = bytes[9];
    ip->body = bytes + header;
    ip->size = size - header;
    return true;
}

static bool is_icmp(const struct ip *ip)
{
    return ip->protocol == (ip->from.family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6);
}

static bool is_echo_request(const struct ip *ip)
{
    return is_icmp(ip) && ip->body[0] == (ip->from.family == FAMILY_IPV4 ? ECHO_REQUEST4 : ECHO_REQUEST6) &&
           ip->body[1] == 0;
}

static uint32_t sum_of_address(struct address address)
{
    uint8_t bytes[16] = {0};
    address_to_bytes(address, bytes);
    return octets_sum(bytes, sizeof(bytes));
}

// Whether whoever got the packet could take it for one: its checksum is right (RFC 9293 section 3.1, RFC 768, RFC 792,
// RFC 4443 section 2.3), or as this machine leaves it to be filled in by hardware: the sum of the pseudo-header.
static bool is_sound(const struct ip *ip)
{
    bool tcp = ip->protocol == PROTOCOL_TCP, udp = ip->protocol == PROTOCOL_UDP;
    if (!ip->whole || (!tcp && !udp && !is_icmp(ip)))
        return true; // it can't be told
    size_t at = tcp ? 16 : udp ? 6 : 2;
    if (ip->size < at + 2)
        return false;
    uint16_t told = octets_get16(ip->body + at);
    bool covers_addresses = tcp || udp || ip->from.family == FAMILY_IPV6;
    uint32_t pseudo = covers_addresses ? sum_of_address(ip->from) + sum_of_address(ip->to) + (uint32_t)ip->protocol +
                                             (uint32_t)ip->size
                                       : 0;
    uint32_t sum = pseudo + octets_sum(ip->body, ip->size & ~(size_t)1) +
                   (ip->size % 2 != 0 ? (uint32_t)ip->body[ip->size - 1] << 8 : 0);
    return octets_checksum(sum) == 0 || (covers_addresses && (told ^ octets_checksum(pseudo)) == 0xffff) ||
           (udp && told == 0 && ip->from.family == FAMILY_IPV4);
}

// A SYN, and nothing else: RFC 9293 section 3.1, with or without the bits of RFC 3168.
static bool is_plain_syn(const struct ip *ip)
{
    enum { FLAGS = 63 };
    size_t offset = ip->size >= TCP_SIZE ? (size_t)(ip->body[12] >> 4) * 4 : 0;
    return offset >= TCP_SIZE && offset <= ip->size && (ip->body[13] & FLAGS) == TCP_SYN;
}

// What echo requests and replies have in common.
static void read_echo(const struct ip *ip, struct seen *seen)
{
    seen->own_port = octets_get16(ip->body + 4);
    seen->sequence = octets_get16(ip->body + 6);
    seen->has_sequence = true;
    seen->payload = ip->body + ICMP_SIZE;
    seen->payload_size = ip->size - ICMP_SIZE;
}

// The probe itself, whole or as quoted.
static bool read_probe(const struct ip *ip, struct seen *seen)
{
    if (ip->size < QUOTED)
        return false;
    seen->protocol = ip->protocol;
    seen->target = ip->to;
    seen->own = ip->from;
    if (is_icmp(ip)) {
        read_echo(ip, seen);
        return is_echo_request(ip);
    }
    seen->own_port = octets_get16(ip->body);
    seen->port = octets_get16(ip->body + 2);
    if (ip->protocol == PROTOCOL_TCP) {
        seen->sequence = octets_get32(ip->body + 4);
        seen->has_sequence = true;
    } else {
        seen->payload = ip->body + UDP_SIZE;
        seen->payload_size = ip->size - UDP_SIZE;
    }
    return ip->protocol == PROTOCOL_TCP || ip->protocol == PROTOCOL_UDP;
}

static bool read_icmp(const struct ip *ip, struct seen *seen)
{
    bool v4 = ip->from.family == FAMILY_IPV4;
    if (ip->size < ICMP_SIZE)
        return false;
    seen->type = ip->body[0];
    seen->code = ip->body[1];
    if (seen->type == (v4 ? ECHO_REPLY4 : ECHO_REPLY6)) {
        seen->kind = SEEN_ECHO_REPLY;
        read_echo(ip, seen);
        return true;
    }
    struct ip quoted;
    seen->kind = SEEN_ICMP_ERROR;
    return read_ip(ip->body + ICMP_SIZE, ip->size - ICMP_SIZE, &quoted) && quoted.from.family == ip->from.family &&
           read_probe(&quoted, seen);
}

bool packet_read(const uint8_t *bytes, size_t size, packet_is_own is_own, void *context, struct seen *seen)
{
    struct ip ip;
    if (!read_ip(bytes, size, &ip) || ip.size < QUOTED || !is_sound(&ip))
        return false;
    *seen = (struct seen){.protocol = ip.protocol, .target = ip.from, .own = ip.to, .sender = ip.from};
    struct seen probe = {.kind = SEEN_PROBE};
    bool asks = ip.hops >= LEAST_HOPS && !ip.fragment && (ip.protocol != PROTOCOL_TCP || is_plain_syn(&ip));
    if (asks && read_probe(&ip, &probe) && is_own(context, &probe)) {
        *seen = probe;
        return true;
    }
    if (is_icmp(&ip))
        return read_icmp(&ip, seen);
    seen->port = octets_get16(ip.body);
    seen->own_port = octets_get16(ip.body + 2);
    if (ip.protocol == PROTOCOL_UDP) {
        seen->kind = SEEN_UDP;
        seen->payload = ip.body + UDP_SIZE;
        seen->payload_size = ip.size - UDP_SIZE;
        return true;
    }
    if (ip.protocol != PROTOCOL_TCP || ip.size < TCP_SIZE || (ip.body[13] & TCP_ACK) == 0)
        return false;
    seen->kind = (ip.body[13] & TCP_RST) != 0 ? SEEN_RST : SEEN_SYN_ACK;
    seen->sequence = octets_get32(ip.body + 8) - 1; // it acknowledges the SYN: RFC 9293, section 3.5
    seen->has_sequence = true;
    return (ip.body[13] & (TCP_SYN | TCP_RST)) != 0;
}

const uint8_t *packet_of_frame(int link_type, const uint8_t *frame, size_t size, size_t *packet_size)
{
    enum { LINKTYPE_RAW = 101 }; // what DLT_RAW, whose number differs by system, is called in a file
    size_t skip = link_type == DLT_RAW || link_type == LINKTYPE_RAW ? 0
                  : link_type == DLT_LINUX_SLL                      ? 16
                  : link_type == DLT_LINUX_SLL2                     ? 20
                  : link_type == DLT_EN10MB                         ? 14
                  : link_type == DLT_NULL                           ? 4
                                                                    : size;
    if (size <= skip)
        return NULL;
    *packet_size = size - skip;
    return frame + skip;
}

static bool error_answer(const struct seen *seen, struct answer *answer)
{
    enum { UNREACHABLE4 = 3, EXCEEDED4 = 11, PROBLEM4 = 12, FRAGMENTATION4 = 4 };
    enum { UNREACHABLE6 = 1, EXCEEDED6 = 3, PROBLEM6 = 4 };
    bool v4 = seen->target.family == FAMILY_IPV4;
    if (v4 ? seen->type != UNREACHABLE4 && seen->type != EXCEEDED4 && seen->type != PROBLEM4
           : seen->type != UNREACHABLE6 && seen->type != EXCEEDED6 && seen->type != PROBLEM6)
        return false;
    if (v4 && seen->type == UNREACHABLE4 && seen->code == FRAGMENTATION4)
        return false; // about the size of packets on the way, not about the port
    *answer = answer_icmp(seen->target, seen->sender, address_equal(seen->sender, seen->own), seen->type, seen->code);
    return true;
}

bool packet_answer(const struct seen *seen, struct answer *answer)
{
    switch (seen->kind) {
    case SEEN_SYN_ACK:
        *answer = answer_state(OBSERVED_OPEN, "syn-ack");
        return true;
    case SEEN_RST:
        *answer = answer_state(OBSERVED_CLOSED, "rst");
        return true;
    case SEEN_UDP:
        *answer = answer_state(OBSERVED_OPEN, "udp-answer");
        return true;
    case SEEN_ECHO_REPLY:
        *answer = answer_state(OBSERVED_OPEN, "echo-reply");
        return true;
    case SEEN_ICMP_ERROR:
        return error_answer(seen, answer);
    case SEEN_PROBE:
        break;
    }
    return false;
}
