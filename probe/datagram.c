#include "probe/datagram.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/protocol.h"
#include "net/sockaddr.h"
#include "probe/icmp.h"
#include "probe/ports.h"

struct udp_payload {
    uint16_t port;
    uint16_t size;
    const uint8_t *bytes;
};

#include "udp_payloads.h"

enum { PAYLOADS = sizeof(udp_payloads) / sizeof(udp_payloads[0]), MOST_SOCKETS = 256, ATTEMPTS = 64 };

// One bound UDP socket.
struct source {
    int fd;
    enum family family;
    uint16_t port;
};

struct datagrams {
    const struct schedule *schedule;
    struct identity *identity;
    struct ledger *ledger;
    bool captured;
    struct source sources[MOST_SOCKETS];
    size_t source_count;
    int echo[2]; // IPv4, IPv6; -1: not open
    bool echo_raw[2];
    int descriptors[MOST_SOCKETS + 2];
    size_t descriptor_count;
};

static void ready(struct datagrams *datagrams, int fd)
{
    if (datagrams->captured)
        answer_by_capture(fd);
    else
        datagrams->descriptors[datagrams->descriptor_count++] = fd;
}

// A socket bound to a port of the pool, of which none of ours has been bound yet; false where there is none to be had.
static bool bind_source(struct datagrams *datagrams, struct portset pool, enum family family, uint16_t *port)
{
    bool v4 = family == FAMILY_IPV4;
    size_t size = portset_size(pool);
    int one = 1;
    if (datagrams->source_count == MOST_SOCKETS)
        return false;
    int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
    if (fd < 0)
        return false;
    if (!v4)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    // Where the capture brings the errors, none may be left waiting: it would fail the next packet, to whomever.
    if (!datagrams->captured)
        setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, &one, sizeof(one));
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        struct sockaddr_storage own;
        *port = ports_nth(
            pool, (size_t)(keyed_hash(&datagrams->identity->keyed, datagrams->source_count, attempt, 1) % size));
        socklen_t length = sockaddr_of((struct address){.family = family}, *port, &own);
        if (*port == 0 || bind(fd, (struct sockaddr *)&own, length) != 0)
            continue;
        ready(datagrams, fd);
        datagrams->sources[datagrams->source_count++] = (struct source){fd, family, *port};
        return true;
    }
    close(fd);
    return false;
}

static void open_sources(struct arena *arena, struct datagrams *datagrams)
{
    const struct schedule *schedule = datagrams->schedule;
    const struct portset *last[2] = {NULL, NULL};
    const struct udp_ports *bound[2] = {NULL, NULL};
    for (size_t s = 0; s < schedule->span_count; s++) {
        const struct lane *lane = &schedule->lanes[schedule->spans[s].lane];
        uint32_t target = schedule->spans[s].target;
        const struct portset *pool = datagrams->identity->pools[target];
        int side = lane->address.family == FAMILY_IPV6;
        if (lane->protocol != PROTOCOL_UDP || datagrams->identity->udp_ports[target] != NULL)
            continue;
        if (last[side] == NULL || (last[side] != pool && !portset_equal(*last[side], *pool))) {
            struct udp_ports *ports = arena_new_of(arena, struct udp_ports);
            for (size_t i = 0; i < UDP_SOURCES; i++)
                if (!bind_source(datagrams, *pool, lane->address.family, &ports->ports[i]))
                    ports->ports[i] = i > 0 ? ports->ports[i - 1] : 0;
            bound[side] = ports;
            last[side] = pool;
        }
        datagrams->identity->udp_ports[target] = bound[side];
    }
}

struct datagrams *datagrams_open(struct arena *arena, const struct schedule *schedule, struct identity *identity,
                                 struct ledger *ledger, bool captured)
{
    struct datagrams *datagrams = arena_new_of(arena, struct datagrams);
    *datagrams = (struct datagrams){
        .schedule = schedule, .identity = identity, .ledger = ledger, .captured = captured, .echo = {-1, -1}};
    open_sources(arena, datagrams);
    for (size_t i = 0; i < schedule->lane_count; i++) {
        const struct lane *lane = &schedule->lanes[i];
        int side = lane->address.family == FAMILY_IPV6;
        if (!protocol_is_icmp(lane->protocol) || datagrams->echo[side] >= 0)
            continue;
        datagrams->echo[side] = icmp_open(lane->address.family, captured, &datagrams->echo_raw[side]);
        if (datagrams->echo[side] >= 0)
            ready(datagrams, datagrams->echo[side]);
    }
    return datagrams;
}

void datagrams_close(struct datagrams *datagrams)
{
    for (size_t i = 0; i < datagrams->source_count; i++)
        close(datagrams->sources[i].fd);
    for (int side = 0; side < 2; side++)
        if (datagrams->echo[side] >= 0)
            close(datagrams->echo[side]);
}

const int *datagrams_descriptors(const struct datagrams *datagrams, size_t *count)
{
    *count = datagrams->descriptor_count;
    return datagrams->descriptors;
}

struct portset datagrams_ports(struct arena *arena, const struct datagrams *datagrams)
{
    struct port_range *ranges = arena_array(arena, struct port_range, datagrams->source_count + 1);
    for (size_t i = 0; i < datagrams->source_count; i++)
        ranges[i] = (struct port_range){datagrams->sources[i].port, datagrams->sources[i].port};
    return portset_from(arena, ranges, datagrams->source_count);
}

// What to send to a port at a try; a port without a payload of its own gets an empty datagram.
static const struct udp_payload *payload_of(uint16_t port, unsigned try)
{
    static const struct udp_payload plain = {0};
    size_t first = 0, count = 0;
    while (first < PAYLOADS && udp_payloads[first].port != port)
        first++;
    while (first + count < PAYLOADS && udp_payloads[first + count].port == port)
        count++;
    return count == 0 ? &plain : &udp_payloads[first + (try - 1) % count];
}

static struct answer send_udp(struct datagrams *datagrams, const struct lane *lane, const struct sending *sending)
{
    uint16_t own_port = identity_port(datagrams->identity, sending->span, sending->question, sending->try);
    uint16_t port = schedule_port(sending->span, sending->question);
    const struct udp_payload *payload = payload_of(port, sending->try);
    struct sockaddr_storage to;
    socklen_t size = sockaddr_of(lane->address, port, &to);
    int fd = -1;
    for (size_t i = 0; i < datagrams->source_count && own_port != 0; i++)
        if (datagrams->sources[i].port == own_port && datagrams->sources[i].family == lane->address.family)
            fd = datagrams->sources[i].fd;
    if (fd < 0)
        return answer_state(OBSERVED_UNKNOWN, "local: no free socket");
    int code = 0;
    for (int again = 0; again < 8; again++) {
        if (sendto(fd, payload->bytes, payload->size, 0, (struct sockaddr *)&to, size) >= 0)
            return (struct answer){.kind = ANSWER_SILENCE};
        code = errno;
        if (datagrams->captured || code == EAGAIN || code == ENOBUFS)
            break;
        datagrams_receive(datagrams,
                          fd); // an error of an earlier packet, told now: it is taken in, and this one sent again
    }
    return answer_from_errno(code);
}

static struct answer send_echo(struct datagrams *datagrams, const struct lane *lane, unsigned try)
{
    int side = lane->address.family == FAMILY_IPV6;
    if (datagrams->echo[side] < 0)
        return answer_state(OBSERVED_UNKNOWN, "local: not permitted");
    return icmp_send(datagrams->echo[side], lane->address, datagrams->identity->echo_id, (uint16_t)try,
                     identity_token(datagrams->identity, lane->address));
}

bool datagrams_send(struct datagrams *datagrams, const struct sending *sending)
{
    const struct lane *lane = &datagrams->schedule->lanes[sending->span->lane];
    uint64_t now = clock_wall_us();
    ledger_sent(datagrams->ledger, sending, now);
    struct answer answer =
        lane->protocol == PROTOCOL_UDP ? send_udp(datagrams, lane, sending) : send_echo(datagrams, lane, sending->try);
    if (answer.kind == ANSWER_SILENCE)
        return true;
    ledger_unsent(datagrams->ledger, sending);
    if (answer.kind == ANSWER_BACK_PRESSURE)
        return false;
    ledger_answer(datagrams->ledger, sending->question, 0, &answer, now, 0);
    return true;
}

static const struct source *source_of(const struct datagrams *datagrams, int fd)
{
    for (size_t i = 0; i < datagrams->source_count; i++)
        if (datagrams->sources[i].fd == fd)
            return &datagrams->sources[i];
    return NULL;
}

static void tell(struct datagrams *datagrams, const struct seen *seen, const struct answer *answer)
{
    uint64_t question;
    unsigned try;
    if (identity_match(datagrams->identity, seen, &question, &try))
        ledger_answer(datagrams->ledger, question, try, answer, clock_wall_us(), 0);
}

static void receive_udp(struct datagrams *datagrams, const struct source *source)
{
    uint8_t bytes[64];
    struct sockaddr_storage name;
    struct answer answer;
    for (;;) {
        socklen_t size = sizeof(name);
        struct seen seen = {.kind = SEEN_UDP, .protocol = PROTOCOL_UDP, .own_port = source->port, .payload = bytes};
        ssize_t length = recvfrom(source->fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&name, &size);
        if (length >= 0 && sockaddr_address((struct sockaddr *)&name, &seen.target)) {
            seen.port = sockaddr_port((struct sockaddr *)&name);
            seen.payload_size = (size_t)length;
            packet_answer(&seen, &answer);
            tell(datagrams, &seen, &answer);
            continue;
        }
        seen.kind = SEEN_ICMP_ERROR;
        if (answer_from_error_queue(source->fd, (struct address){0}, &answer, &seen.target, &seen.port))
            tell(datagrams, &seen, &answer);
        else if (length < 0 && (errno == EAGAIN || errno == EBADF))
            return;
    }
}

static void receive_echo(struct datagrams *datagrams, int side)
{
    enum family family = side == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
    struct icmp_seen got;
    while (icmp_receive(datagrams->echo[side], family, datagrams->echo_raw[side], &got)) {
        uint8_t token[8];
        memcpy(token, &got.token, sizeof(token));
        struct seen seen = {.kind = got.answer.state == OBSERVED_OPEN ? SEEN_ECHO_REPLY : SEEN_ICMP_ERROR,
                            .protocol = side == 0 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6,
                            .target = got.about,
                            .own_port = datagrams->identity->echo_id, // a ping socket gets its own replies only
                            .sequence = got.sequence,
                            .payload = token,
                            .payload_size = sizeof(token)};
        uint64_t question;
        if (got.sequence == 0 && schedule_find(datagrams->schedule, got.about, seen.protocol, 0, &question))
            seen.sequence =
                ledger_answered(datagrams->ledger, question) ? 1 : ledger_tries(datagrams->ledger, question);
        tell(datagrams, &seen, &got.answer);
    }
}

void datagrams_receive(struct datagrams *datagrams, int fd)
{
    const struct source *source = source_of(datagrams, fd);
    if (source != NULL)
        receive_udp(datagrams, source);
    else
        receive_echo(datagrams, fd == datagrams->echo[0] ? 0 : 1);
}

struct portset datagrams_known_ports(struct arena *arena)
{
    struct port_range ranges[PAYLOADS];
    for (size_t i = 0; i < PAYLOADS; i++)
        ranges[i] = (struct port_range){udp_payloads[i].port, udp_payloads[i].port};
    return portset_from(arena, ranges, PAYLOADS);
}
