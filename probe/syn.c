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

enum { CONTROL = CMSG_SPACE(sizeof(struct in6_pktinfo)) };

struct batch {
    size_t count;
    size_t next; // first one not yet sent
    struct mmsghdr messages[SYN_BATCH];
    struct iovec parts[SYN_BATCH];
    struct sockaddr_storage to[SYN_BATCH];
    uint8_t packets[SYN_BATCH][HEADER];
    struct address sources[SYN_BATCH];                             // that their checksums are of,
    _Alignas(struct cmsghdr) uint8_t controls[SYN_BATCH][CONTROL]; // and the kernel takes
    struct sending sendings[SYN_BATCH];
};

struct origin {
    struct address source;
    uint32_t sum; // of template and pseudo-header: RFC 1071, RFC 9293 section 3.1; 0: not known yet
};

struct syn {
    const struct schedule *schedule;
    const struct identity *identity;
    struct ledger *ledger;
    struct routes *routes;
    struct origin *origins; // by lane
    int fds[2];             // IPv4, IPv6; -1: not needed
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
    syn->origins = arena_array(context->arena, struct origin, context->schedule->lane_count + 1);
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

// Tells the kernel, too, the source that the checksum is of: else it takes that which the routing table has by then.
static void pin(struct batch *batch, size_t at)
{
    struct msghdr *header = &batch->messages[at].msg_hdr;
    const struct address source = batch->sources[at];
    uint8_t bytes[16] = {0};
    address_to_bytes(source, bytes);
    header->msg_control = batch->controls[at];
    header->msg_controllen = CONTROL;
    struct cmsghdr *part = CMSG_FIRSTHDR(header);
    if (source.family == FAMILY_IPV4) {
        struct in_pktinfo info = {0};
        memcpy(&info.ipi_spec_dst, bytes, sizeof(info.ipi_spec_dst));
        *part = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IP, IP_PKTINFO};
        memcpy(CMSG_DATA(part), &info, sizeof(info));
        header->msg_controllen = CMSG_SPACE(sizeof(info));
    } else {
        struct in6_pktinfo info = {0};
        memcpy(&info.ipi6_addr, bytes, sizeof(info.ipi6_addr));
        *part = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IPV6, IPV6_PKTINFO};
        memcpy(CMSG_DATA(part), &info, sizeof(info));
        header->msg_controllen = CMSG_SPACE(sizeof(info));
    }
}

// Makes a packet leave from where its lane is asked from now.
static void set_source(struct syn *syn, struct batch *batch, size_t at)
{
    size_t lane = batch->sendings[at].span->lane;
    struct lane_route *route = &syn->routes->lanes[lane];
    struct origin *origin = &syn->origins[lane];
    uint8_t *packet = batch->packets[at];
    if (origin->sum == 0 || !address_equal(origin->source, route->source))
        *origin = (struct origin){route->source, sum_of(route->source, syn->schedule->lanes[lane].address)};
    route->pinned = true;
    batch->sources[at] = route->source;
    octets_put16(packet + 16, octets_checksum(origin->sum + octets_sum(packet, 8)));
    pin(batch, at);
}

// Whether a packet could not leave because its source is this machine's no more; it has another one then.
static bool is_moved(struct syn *syn, struct batch *batch, size_t at)
{
    size_t lane = batch->sendings[at].span->lane;
    routes_look(syn->routes, lane);
    if (address_equal(batch->sources[at], syn->routes->lanes[lane].source))
        return false;
    set_source(syn, batch, at);
    return true;
}

static bool queue(struct syn *syn, const struct sending *sending)
{
    const struct span *span = sending->span;
    uint64_t question = sending->question;
    const struct lane *lane = &syn->schedule->lanes[span->lane];
    struct batch *batch = &syn->batches[side_of(lane->address.family)];
    if (batch->count == SYN_BATCH)
        return false;
    const struct lane_route *route = routes_of(syn->routes, span->lane);
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
    batch->messages[at].msg_hdr.msg_namelen = sockaddr_of(lane->address, 0, &batch->to[at]);
    batch->sendings[at] = *sending;
    set_source(syn, batch, at);
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
        if (sent > 0 || code == EINTR || (code == EINVAL && is_moved(syn, batch, batch->next)))
            continue;
        struct answer answer =
            code == EINVAL ? answer_of_unsent(code, batch->sources[batch->next]) : answer_from_errno(code);
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
