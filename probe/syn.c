// TCP SYN from raw sockets, many at a system call: the kernel routes them and resolves neighbours (raw(7)); packets
// come from a template of which only ports, sequence number and checksum change. Whoever answers SYN-ACK gets the
// kernel's own reset, since no socket of this machine waits for it.
#include "probe/sender.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/protocol.h"
#include "net/sockaddr.h"
#include "probe/octets.h"

enum { HEADER = 24, SYN_BATCH = 128 }; // a SYN with one option, the maximum segment size

// Ports, sequence number and checksum are filled in. Window and segment size are those of an Ethernet host.
static const uint8_t template[HEADER] = {
    [12] = HEADER / 4 << 4, [13] = 2,           [14] = 0xfa, [15] = 0xf0, [20] = 2, [21] = 4,
    [22] = 1460 >> 8,       [23] = 1460 & 0xff,
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
    struct routes *routes;
    uint32_t *sums; // by lane, of template and pseudo-header: RFC 1071, RFC 9293 section 3.1; 0: not known yet
    int fds[2];     // IPv4, IPv6; -1: not needed
    struct batch batches[2];
};

static int side_of(enum family family)
{
    return family == FAMILY_IPV4 ? 0 : 1;
}

static bool serves(int protocol)
{
    return protocol == PROTOCOL_TCP;
}

// 0, or an errno value.
static int take_raw(struct syn *syn, struct probe_raw *raw, enum family family, const struct probe_route *options)
{
    int side = side_of(family);
    if (raw->tcp[side].fd < 0)
        return raw->tcp[side].why;
    // The send buffer stays at its default size, which holds fewer packets than an interface's queue: so the socket is
    // full (EAGAIN) before the queue drops any. It takes nothing in: raw.c.
    syn->fds[side] = raw_take(&raw->tcp[side]);
    return routes_bind(options, syn->fds[side], family, true);
}

static void close_all(void *self)
{
    struct syn *syn = self;
    for (int side = 0; side < 2; side++) {
        if (syn->fds[side] >= 0)
            close(syn->fds[side]);
        syn->fds[side] = -1;
    }
}

static void *open_for(const struct sender_context *context, bool *refused, struct error *error)
{
    struct syn *syn = arena_new_of(context->arena, struct syn);
    *refused = false;
    *syn = (struct syn){.schedule = context->schedule,
                        .identity = context->identity,
                        .ledger = context->ledger,
                        .routes = context->routes,
                        .fds = {-1, -1}};
    syn->sums = arena_array(context->arena, uint32_t, context->schedule->lane_count + 1);
    for (size_t i = 0; i < context->schedule->lane_count; i++) {
        enum family family = context->schedule->lanes[i].address.family;
        int side = side_of(family);
        if (!serves(context->schedule->lanes[i].protocol) || syn->fds[side] >= 0)
            continue;
        int code = take_raw(syn, context->raw, family, context->routes->options);
        if (code == 0)
            continue;
        *refused = syn->fds[side] < 0 && (code == EPERM || code == EACCES);
        error_system(error, ERROR_INCOMPLETE, code, "a raw socket cannot be opened");
        close_all(syn);
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

static void listen_for(const void *self, struct receiver_filter *filter)
{
    const struct syn *syn = self;
    const struct portset *last = NULL;
    for (size_t i = 0; i < syn->schedule->span_count; i++) {
        const struct span *span = &syn->schedule->spans[i];
        const struct portset *pool = syn->identity->pools[span->target];
        if (!serves(syn->schedule->lanes[span->lane].protocol) || pool == last)
            continue;
        filter->tcp_ports = portset_union(filter->arena, filter->tcp_ports, *pool);
        last = pool;
    }
}

static uint32_t sum_of(struct address source, struct address target)
{
    uint8_t own[16], to[16];
    size_t width = target.family == FAMILY_IPV4 ? 4 : 16;
    address_to_bytes(source, own);
    address_to_bytes(target, to);
    return octets_sum(template, HEADER) + octets_sum(own, width) + octets_sum(to, width) + IPPROTO_TCP + HEADER;
}

static bool queue(struct syn *syn, const struct sending *sending)
{
    const struct span *span = sending->span;
    uint64_t question = sending->question;
    const struct lane *lane = &syn->schedule->lanes[span->lane];
    struct batch *batch = &syn->batches[side_of(lane->address.family)];
    if (batch->count == SYN_BATCH)
        return false;
    if (syn->sums[span->lane] == 0) {
        const struct lane_route *route = routes_of(syn->routes, span->lane);
        if (route->error != 0) {
            struct answer answer = answer_from_errno(route->error);
            if (answer.kind != ANSWER_STATE)
                answer = answer_state(OBSERVED_UNKNOWN, "local: no route");
            ledger_answer(syn->ledger, question, 0, &answer, clock_wall_us(), 0);
            return true;
        }
        syn->sums[span->lane] = sum_of(route->source, lane->address);
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
    uint32_t sum = syn->sums[span->lane] + own_port + port + (sequence >> 16) + (sequence & 0xffff);
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

static bool flush(void *self)
{
    bool first = flush_batch(self, 0), second = flush_batch(self, 1);
    return first && second;
}

static bool take_for_sending(void *self, const struct sending *sending)
{
    return queue(self, sending) || (flush(self) && queue(self, sending));
}

const struct sender sender_syn = {
    .serves = serves,
    .open = open_for,
    .listen = listen_for,
    .send = take_for_sending,
    .flush = flush,
    .close = close_all,
};
