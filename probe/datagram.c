// UDP, over bound sockets. Answers come either by the sockets (their error queues hold ICMP errors) or, where packets
// are captured, by the capture; the sockets then take nothing in.
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/protocol.h"
#include "net/sockaddr.h"
#include "probe/payload.h"
#include "probe/ports.h"
#include "probe/sender.h"

enum { MOST_SOCKETS = 256, ATTEMPTS = 64 };

// One bound UDP socket.
struct udp_source {
    int fd;
    enum family family;
    uint16_t port;
};

struct datagrams {
    const struct schedule *schedule;
    struct identity *identity;
    struct ledger *ledger;
    struct routes *routes;
    const struct child *binder;
    bool captured;
    struct udp_source sources[MOST_SOCKETS];
    int descriptors[MOST_SOCKETS]; // of the sources
    size_t source_count;
};

static bool serves(int protocol)
{
    return protocol == PROTOCOL_UDP;
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
    const struct probe_route *route = datagrams->routes->options;
    struct address source = route->source[!v4].family != 0 ? route->source[!v4] : (struct address){.family = family};
    bool bound = routes_bind(route, fd, family, false) == 0;
    for (unsigned attempt = 0; bound && attempt < ATTEMPTS; attempt++) {
        struct sockaddr_storage own = {0};
        *port = ports_nth(
            pool, (size_t)(keyed_hash(&datagrams->identity->keyed, datagrams->source_count, attempt, 1) % size));
        socklen_t length = sockaddr_of(source, *port, &own);
        if (*port == 0 || (bind(fd, (struct sockaddr *)&own, length) != 0 &&
                           (errno != EACCES || binder_bind(datagrams->binder, fd, &own) != 0)))
            continue;
        if (datagrams->captured)
            answer_by_capture(fd);
        datagrams->identity->udp_bound[*port / 8] |= (uint8_t)(1 << *port % 8);
        datagrams->descriptors[datagrams->source_count] = fd;
        datagrams->sources[datagrams->source_count++] = (struct udp_source){fd, family, *port};
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
        int side = schedule_side(schedule, schedule->spans[s].lane);
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

static void *open_for(const struct sender_context *context, bool *refused, struct error *error)
{
    struct datagrams *datagrams = arena_new_of(context->arena, struct datagrams);
    (void)error; // where there is no socket to be had, what would be asked by it is unknown
    *refused = false;
    *datagrams = (struct datagrams){.schedule = context->schedule,
                                    .identity = context->identity,
                                    .ledger = context->ledger,
                                    .routes = context->routes,
                                    .binder = &context->raw->binder,
                                    .captured = context->captured};
    open_sources(context->arena, datagrams);
    return datagrams;
}

static void close_all(void *self)
{
    struct datagrams *datagrams = self;
    for (size_t i = 0; i < datagrams->source_count; i++)
        close(datagrams->sources[i].fd);
}

static const int *descriptors(const void *self, size_t *count)
{
    const struct datagrams *datagrams = self;
    *count = datagrams->captured ? 0 : datagrams->source_count;
    return datagrams->descriptors;
}

static void listen_for(const void *self, struct receiver_filter *filter)
{
    const struct datagrams *datagrams = self;
    struct port_range *ranges = arena_array(filter->arena, struct port_range, datagrams->source_count + 1);
    for (size_t i = 0; i < datagrams->source_count; i++)
        ranges[i] = (struct port_range){datagrams->sources[i].port, datagrams->sources[i].port};
    filter->udp_ports = portset_from(filter->arena, ranges, datagrams->source_count);
}

static const struct udp_source *source_of(const struct datagrams *datagrams, int fd)
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
    else if (seen->kind != SEEN_ICMP_ERROR)
        identity_hear(datagrams->ledger, seen);
}

static void receive(struct datagrams *datagrams, const struct udp_source *source)
{
    uint8_t bytes[64];
    struct sockaddr_storage name;
    struct answer answer;
    int errors = 0;
    while (errors < MOST_ERRORS) {
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
        int code = errno;
        seen.kind = SEEN_ICMP_ERROR;
        if (answer_from_error_queue(source->fd, (struct address){0}, &answer, &seen.target, &seen.port))
            tell(datagrams, &seen, &answer);
        else if (length < 0 && (code == EAGAIN || code == EBADF))
            return;
        else
            errors++; // a pending error is reported once, and is gone then
    }
}

static struct answer send_by_socket(void *self, const struct sending *sending)
{
    struct datagrams *datagrams = self;
    const struct lane *lane = &datagrams->schedule->lanes[sending->span->lane];
    uint16_t own_port = identity_port(datagrams->identity, sending->span, sending->question, sending->try);
    uint16_t port = schedule_port(sending->span, sending->question);
    const struct udp_payload *payload = udp_payload_of(port, sending->try);
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
        receive(datagrams, source_of(datagrams, fd)); // an error of an earlier packet, told now: it is taken in, and
                                                      // this one sent again
    }
    return answer_from_errno(code);
}

static bool send_one(void *self, const struct sending *sending)
{
    struct datagrams *datagrams = self;
    return sender_at_once(self, datagrams->routes, datagrams->ledger, sending, send_by_socket);
}

static void take(void *self, int fd)
{
    receive(self, source_of(self, fd));
}

const struct sender sender_datagram = {
    .serves = serves,
    .open = open_for,
    .listen = listen_for,
    .descriptors = descriptors,
    .send = send_one,
    .take = take,
    .close = close_all,
};
