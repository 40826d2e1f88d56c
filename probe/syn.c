#include "probe/syn.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/protocol.h"
#include "net/sockaddr.h"
#include "probe/octets.h"

enum { HEADER = 24, OWN_ADDRESSES = 64 }; // a SYN with one option, the maximum segment size

// Ports, sequence number and checksum are filled in. Window and segment size are those of an Ethernet host.
static const uint8_t template[HEADER] = {
    [12] = HEADER / 4 << 4, [13] = 2,           [14] = 0xfa, [15] = 0xf0, [20] = 2, [21] = 4,
    [22] = 1460 >> 8,       [23] = 1460 & 0xff,
};

// From which address a lane is asked: what the routing table says when it is first asked.
struct source_route {
    bool known;
    int error;
    struct address own;
    uint32_t sum; // of template and pseudo-header: RFC 1071, RFC 9293 section 3.1
};

struct batch {
    size_t count;
    size_t next; // first one not yet sent
    struct mmsghdr messages[SYN_BATCH];
    struct iovec parts[SYN_BATCH];
    struct sockaddr_storage to[SYN_BATCH];
    uint8_t packets[SYN_BATCH][HEADER];
    struct sending sendings[SYN_BATCH];
};

struct syn {
    const struct schedule *schedule;
    const struct identity *identity;
    struct ledger *ledger;
    struct source_route *routes; // by lane
    struct address own[OWN_ADDRESSES];
    size_t own_count;
    int fds[2];    // IPv4, IPv6; -1: not needed
    int asking[2]; // UDP sockets that ask the routing table
    struct batch batches[2];
};

static int side_of(enum family family)
{
    return family == FAMILY_IPV4 ? 0 : 1;
}

static int open_raw(enum family family)
{
    int domain = family == FAMILY_IPV4 ? AF_INET : AF_INET6;
    int fd = socket(domain, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    // The send buffer stays at its default size, which holds fewer packets than an interface's queue: so the socket is
    // full (EAGAIN) before the queue drops any.
    if (fd >= 0)
        answer_by_capture(fd);
    return fd;
}

struct syn *syn_open(struct arena *arena, const struct schedule *schedule, const struct identity *identity,
                     struct ledger *ledger, bool *refused, struct error *error)
{
    struct syn *syn = arena_new_of(arena, struct syn);
    *refused = false;
    *syn =
        (struct syn){.schedule = schedule, .identity = identity, .ledger = ledger, .fds = {-1, -1}, .asking = {-1, -1}};
    syn->routes = arena_array(arena, struct source_route, schedule->lane_count + 1);
    for (size_t i = 0; i < schedule->lane_count; i++) {
        enum family family = schedule->lanes[i].address.family;
        int side = side_of(family);
        if (schedule->lanes[i].protocol != PROTOCOL_TCP || syn->fds[side] >= 0)
            continue;
        syn->fds[side] = open_raw(family);
        int code = errno;
        syn->asking[side] = socket(family == FAMILY_IPV4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (syn->fds[side] >= 0 && syn->asking[side] >= 0)
            continue;
        *refused = code == EPERM || code == EACCES;
        error_system(error, ERROR_INCOMPLETE, code, "a raw socket cannot be opened");
        syn_close(syn);
        return NULL;
    }
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < SYN_BATCH; i++) {
            struct batch *batch = &syn->batches[side];
            memcpy(batch->packets[i], template, HEADER);
            batch->parts[i] = (struct iovec){batch->packets[i], HEADER};
            batch->messages[i].msg_hdr =
                (struct msghdr){.msg_name = &batch->to[i], .msg_iov = &batch->parts[i], .msg_iovlen = 1};
        }
    return syn;
}

void syn_close(struct syn *syn)
{
    for (int side = 0; side < 2; side++) {
        if (syn->fds[side] >= 0)
            close(syn->fds[side]);
        if (syn->asking[side] >= 0)
            close(syn->asking[side]);
        syn->fds[side] = syn->asking[side] = -1;
    }
}

static void ask_route(struct syn *syn, const struct lane *lane, struct source_route *route)
{
    struct sockaddr_storage to;
    struct sockaddr nothing = {.sa_family = AF_UNSPEC};
    int fd = syn->asking[side_of(lane->address.family)];
    socklen_t size = sockaddr_of(lane->address, 9, &to);
    uint8_t own[16], target[16];
    size_t width = lane->address.family == FAMILY_IPV4 ? 4 : 16;
    route->known = true;
    connect(fd, &nothing, sizeof(nothing));
    if (connect(fd, (struct sockaddr *)&to, size) != 0 || !sockaddr_own(fd, &route->own)) {
        route->error = errno;
        return;
    }
    address_to_bytes(route->own, own);
    address_to_bytes(lane->address, target);
    route->sum =
        octets_sum(template, HEADER) + octets_sum(own, width) + octets_sum(target, width) + IPPROTO_TCP + HEADER;
    if (!syn_is_own(syn, route->own) && syn->own_count < OWN_ADDRESSES)
        syn->own[syn->own_count++] = route->own;
}

bool syn_queue(struct syn *syn, const struct sending *sending)
{
    const struct span *span = sending->span;
    uint64_t question = sending->question;
    const struct lane *lane = &syn->schedule->lanes[span->lane];
    struct source_route *route = &syn->routes[span->lane];
    struct batch *batch = &syn->batches[side_of(lane->address.family)];
    if (batch->count == SYN_BATCH)
        return false;
    if (!route->known)
        ask_route(syn, lane, route);
    if (route->error != 0) {
        struct answer answer = answer_from_errno(route->error);
        if (answer.kind != ANSWER_STATE)
            answer = answer_state(OBSERVED_UNKNOWN, "local: no route");
        ledger_answer(syn->ledger, question, 0, &answer, clock_wall_us(), 0);
        return true;
    }
    uint16_t port = schedule_port(span, question);
    uint16_t own_port = identity_port(syn->identity, span, question, sending->try);
    uint32_t sequence = identity_sequence(syn->identity, lane->address, port, own_port);
    size_t at = batch->count++;
    uint8_t *packet = batch->packets[at];
    octets_put16(packet, own_port);
    octets_put16(packet + 2, port);
    octets_put16(packet + 4, (uint16_t)(sequence >> 16));
    octets_put16(packet + 6, (uint16_t)sequence);
    uint32_t sum = route->sum + own_port + port + (sequence >> 16) + (sequence & 0xffff);
    octets_put16(packet + 16, octets_checksum(sum));
    batch->messages[at].msg_hdr.msg_namelen = sockaddr_of(lane->address, 0, &batch->to[at]);
    batch->sendings[at] = *sending;
    return true;
}

static bool flush_batch(struct syn *syn, int side)
{
    struct batch *batch = &syn->batches[side];
    while (batch->next < batch->count) {
        uint64_t now = clock_wall_us();
        int sent = sendmmsg(syn->fds[side], batch->messages + batch->next, (unsigned)(batch->count - batch->next), 0);
        int code = errno;
        for (int i = 0; i < sent; i++, batch->next++)
            ledger_sent(syn->ledger, &batch->sendings[batch->next], now);
        if (sent > 0 || code == EINTR)
            continue;
        struct answer answer = answer_from_errno(code);
        if (answer.kind != ANSWER_STATE)
            return false;
        ledger_answer(syn->ledger, batch->sendings[batch->next++].question, 0, &answer, now, 0);
    }
    batch->count = batch->next = 0;
    return true;
}

bool syn_flush(struct syn *syn)
{
    bool first = flush_batch(syn, 0), second = flush_batch(syn, 1);
    return first && second;
}

bool syn_is_own(const struct syn *syn, struct address address)
{
    for (size_t i = 0; i < syn->own_count; i++)
        if (address_equal(syn->own[i], address))
            return true;
    return false;
}
