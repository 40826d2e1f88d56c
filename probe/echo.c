// ICMP echo (RFC 792, RFC 4443), over one socket a family: a ping socket where net.ipv4.ping_group_range allows one,
// else a raw one.
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/protocol.h"
#include "net/sockaddr.h"
#include "probe/octets.h"
#include "probe/sender.h"

enum { ECHO_SIZE = 16, ECHO4 = 8, REPLY4 = 0, ECHO6 = 128, REPLY6 = 129 };

struct echo {
    const struct schedule *schedule;
    struct identity *identity;
    struct ledger *ledger;
    struct routes *routes;
    int fds[2]; // IPv4, IPv6; -1: not open
    bool raw[2];
    int descriptors[2]; // those that are open and not captured
    size_t descriptor_count;
};

// What came in by a socket.
struct heard {
    struct answer answer;
    struct address about; // the replier or, for errors, the target
    uint16_t sequence;    // of a reply; 0 for errors
    uint64_t token;       // of a reply
};

static bool serves(int protocol)
{
    return protocol_is_icmp(protocol);
}

static int open_socket(enum family family, const struct sender_context *context, bool *raw)
{
    bool v4 = family == FAMILY_IPV4;
    int domain = v4 ? AF_INET : AF_INET6, protocol = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, one = 1;
    int fd = context->captured ? -1 : socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    *raw = fd < 0;
    if (*raw)
        fd = raw_take(&context->raw->echo[!v4]);
    if (fd < 0)
        return -1;
    if (routes_bind(context->routes->options, fd, family, true) != 0) {
        close(fd);
        return -1;
    }
    if (!context->captured) {
        // A raw socket has a filter by which it took nothing in (raw.c): left there, every host would be silent.
        if (*raw && setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &one, sizeof(one)) != 0) {
            close(fd);
            return -1;
        }
        setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, &one, sizeof(one));
    }
    return fd;
}

static void *open_for(const struct sender_context *context, bool *refused, struct error *error)
{
    struct echo *echo = arena_new_of(context->arena, struct echo);
    (void)error; // where there is no socket to be had, what would be asked by it is unknown
    *refused = false;
    *echo = (struct echo){.schedule = context->schedule,
                          .identity = context->identity,
                          .ledger = context->ledger,
                          .routes = context->routes,
                          .fds = {-1, -1}};
    for (size_t i = 0; i < context->schedule->lane_count; i++) {
        const struct lane *lane = &context->schedule->lanes[i];
        int side = schedule_side(context->schedule, i);
        if (!serves(lane->protocol) || echo->fds[side] >= 0)
            continue;
        echo->fds[side] = open_socket(lane->address.family, context, &echo->raw[side]);
        if (echo->fds[side] >= 0 && !context->captured)
            echo->descriptors[echo->descriptor_count++] = echo->fds[side];
    }
    return echo;
}

static void close_all(void *self)
{
    struct echo *echo = self;
    for (int side = 0; side < 2; side++)
        if (echo->fds[side] >= 0)
            close(echo->fds[side]);
}

static void listen_for(const void *self, struct receiver_filter *filter)
{
    const struct echo *echo = self;
    filter->echo = echo->fds[0] >= 0 || echo->fds[1] >= 0;
}

static const int *descriptors(const void *self, size_t *count)
{
    const struct echo *echo = self;
    *count = echo->descriptor_count;
    return echo->descriptors;
}

// A ping socket puts its own identifier.
static struct answer send_request(void *self, const struct sending *sending)
{
    const struct echo *echo = self;
    const struct lane *lane = &echo->schedule->lanes[sending->span->lane];
    bool v4 = lane->address.family == FAMILY_IPV4;
    uint64_t token = identity_token(echo->identity, lane->address);
    uint8_t packet[ECHO_SIZE] = {v4 ? ECHO4 : ECHO6};
    if (echo->fds[!v4] < 0)
        return answer_state(OBSERVED_UNKNOWN, "local: not permitted");
    octets_put16(packet + 4, echo->identity->echo_id);
    octets_put16(packet + 6, (uint16_t)sending->try);
    memcpy(packet + 8, &token, sizeof(token));
    if (v4) // the kernel fills in ICMPv6's, which covers the addresses
        octets_put16(packet + 2, octets_checksum(octets_sum(packet, sizeof(packet))));
    struct sockaddr_storage to;
    socklen_t size = sockaddr_of(lane->address, 0, &to);
    if (sendto(echo->fds[!v4], packet, sizeof(packet), 0, (struct sockaddr *)&to, size) >= 0)
        return (struct answer){.kind = ANSWER_SILENCE};
    return answer_from_errno(errno);
}

static bool send_one(void *self, const struct sending *sending)
{
    struct echo *echo = self;
    return sender_at_once(self, echo->routes, echo->ledger, sending, send_request);
}

// Reads one reply or error. False where there is none left.
static bool receive(const struct echo *echo, int side, struct heard *heard)
{
    uint8_t packet[512];
    struct sockaddr_storage name;
    uint16_t port;
    int fd = echo->fds[side], errors = 0;
    *heard = (struct heard){0};
    while (errors < MOST_ERRORS) {
        socklen_t size = sizeof(name);
        ssize_t length = recvfrom(fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&name, &size);
        if (length < 0) {
            int code = errno;
            if (answer_from_error_queue(fd, (struct address){0}, &heard->answer, &heard->about, &port))
                return true;
            if (code == EAGAIN || code == EBADF)
                return false;
            errors++; // a pending error is reported once, and is gone then
            continue;
        }
        size_t skip = echo->raw[side] && side == 0 ? (size_t)(packet[0] & 15) * 4 : 0; // raw IPv4 brings its header
        if ((size_t)length < skip + ECHO_SIZE || packet[skip] != (side == 0 ? REPLY4 : REPLY6))
            continue;
        heard->sequence = octets_get16(packet + skip + 6);
        memcpy(&heard->token, packet + skip + 8, sizeof(heard->token));
        if (!sockaddr_address((struct sockaddr *)&name, &heard->about))
            continue;
        heard->answer = answer_state(OBSERVED_OPEN, "echo-reply");
        return true;
    }
    return false;
}

// The latest try or, where it was answered, ask of a target: an error does not say which one it is about.
static unsigned latest_of(const struct echo *echo, uint64_t question)
{
    const ask_list *asks = &echo->ledger->watch.pulses[schedule_span(echo->schedule, question)->lane].asks;
    if (!ledger_answered(echo->ledger, question) || ledger_rejected(echo->ledger, question))
        return ledger_tries(echo->ledger, question);
    return asks->count == 0 ? 1 : asks->items[asks->count - 1].number;
}

static void take(void *self, int fd)
{
    struct echo *echo = self;
    int side = fd == echo->fds[0] ? 0 : 1;
    struct heard heard;
    while (receive(echo, side, &heard)) {
        uint8_t token[8];
        memcpy(token, &heard.token, sizeof(token));
        struct seen seen = {.kind = heard.answer.state == OBSERVED_OPEN ? SEEN_ECHO_REPLY : SEEN_ICMP_ERROR,
                            .protocol = side == 0 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6,
                            .target = heard.about,
                            .own_port = echo->identity->echo_id, // a ping socket gets its own replies only
                            .sequence = heard.sequence,
                            .payload = token,
                            .payload_size = sizeof(token)};
        uint64_t question;
        unsigned try;
        if (heard.sequence == 0 && schedule_find(echo->schedule, heard.about, seen.protocol, 0, &question))
            seen.sequence = (uint16_t)latest_of(echo, question);
        if (identity_match(echo->identity, &seen, &question, &try))
            ledger_answer(echo->ledger, question, try, &heard.answer, clock_wall_us(), 0);
    }
}

const struct sender sender_echo = {
    .serves = serves,
    .open = open_for,
    .listen = listen_for,
    .descriptors = descriptors,
    .send = send_one,
    .take = take,
    .close = close_all,
};
