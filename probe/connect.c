#include "probe/connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/sockaddr.h"
#include "probe/ports.h"

static bool holds_range(struct portset set, struct port_range range)
{
    for (size_t i = 0; i < set.count; i++)
        if (set.ranges[i].low <= range.low && range.high <= set.ranges[i].high)
            return true;
    return false;
}

// Binds to a port of the set, and to the source (family 0: to any). Ports below 1024 need privilege and come last, when
// there are no others.
static int bind_client_port(int fd, enum family family, struct address source, struct portset ports,
                            uint32_t *next_port)
{
    static const struct port_range high_range = {1024, PORT_LAST};
    struct port_range kept[64];
    size_t count = 0;
    for (size_t i = 0; i < ports.count && count < 64; i++)
        if (ports.ranges[i].high >= high_range.low) {
            kept[count] = ports.ranges[i];
            kept[count].low = kept[count].low < high_range.low ? high_range.low : kept[count].low;
            count++;
        }
    struct portset usable = count > 0 ? (struct portset){.count = count, .ranges = kept} : ports;
    size_t size = portset_size(usable);
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    for (size_t attempt = 0; attempt < size && attempt < 256; attempt++) {
        struct sockaddr_storage own;
        uint16_t port = ports_nth(usable, (*next_port)++ % size);
        socklen_t length = sockaddr_of(source.family != 0 ? source : (struct address){.family = family}, port, &own);
        if (port == 0)
            continue; // binding to port 0 means "any"
        if (bind(fd, (struct sockaddr *)&own, length) == 0)
            return 0;
        if (errno != EADDRINUSE)
            return errno;
    }
    return EADDRINUSE;
}

bool connect_rests(struct portset client_ports)
{
    return holds_range(client_ports, ports_ephemeral());
}

static int connect_to(int fd, struct address target, uint16_t port)
{
    struct sockaddr_storage to;
    socklen_t size = sockaddr_of(target, port, &to);
    return connect(fd, (struct sockaddr *)&to, size) == 0 ? 0 : errno;
}

int connect_open(struct address target, uint16_t port, struct portset client_ports, const struct probe_route *route,
                 uint32_t *next_port, int *code)
{
    bool v4 = target.family == FAMILY_IPV4;
    int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    *code = errno;
    if (fd < 0)
        return -1;
    int one = 1;
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    connect_allow(fd, 1); // repeating is our own business
    setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, &one, sizeof(one));
    bool any_port = connect_rests(client_ports);
    *code = routes_bind(route, fd, target.family, any_port);
    if (*code == 0 && !any_port)
        *code = bind_client_port(fd, target.family, route->source[!v4], client_ports, next_port);
    if (*code == 0)
        *code = connect_to(fd, target, port);
    return fd;
}

int connect_start(int rested, struct address target, uint16_t port, struct portset client_ports,
                  const struct probe_route *route, uint32_t *next_port, struct answer *answer)
{
    int code, fd = rested;
    if (fd >= 0)
        code = connect_to(fd, target, port);
    else
        fd = connect_open(target, port, client_ports, route, next_port, &code);
    struct address about = target;
    uint16_t about_port;
    if (fd < 0) {
        *answer = answer_from_errno(code);
        return -1;
    }
    if (code == EINPROGRESS)
        return fd;
    if (code == 0)
        *answer = answer_state(OBSERVED_OPEN, "syn-ack");
    else if (!answer_from_error_queue(fd, target, answer, &about, &about_port))
        *answer = answer_from_errno(code);
    close(fd);
    return -1;
}

void connect_allow(int fd, unsigned seconds)
{
    int repeats = 1; // the least that there is: then it ends after three seconds
    while ((2u << repeats) - 1 <= seconds && repeats < 8)
        repeats++;
    setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &repeats, sizeof(repeats));
}

// What the kernel tells of a SYN that is not answered yet. False where it has not repeated it.
static bool syn_info(int fd, struct tcp_info *info)
{
    socklen_t size = sizeof(*info);
    *info = (struct tcp_info){0};
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &size) == 0 && info->tcpi_state == TCP_SYN_SENT &&
           info->tcpi_retransmits > 0;
}

enum connect_leaving connect_leaving(int fd, uint64_t waited_us)
{
    enum { SECOND_US = 1000000, TOLD_US = 1800000 }; // when a full queue was tried twice, and a filter once
    struct tcp_info info;
    if (!syn_info(fd, &info))
        return CONNECT_NOT_KNOWN;
    return info.tcpi_retrans > 0                           ? CONNECT_LEAVES
           : waited_us < TOLD_US                           ? CONNECT_NOT_KNOWN
           : info.tcpi_retransmits > waited_us / SECOND_US ? CONNECT_CONGESTED
                                                           : CONNECT_HELD_BACK;
}

unsigned connect_repeated(int fd)
{
    struct tcp_info info;
    return syn_info(fd, &info) && info.tcpi_retrans > 0 ? info.tcpi_total_retrans : 0;
}

// What came of a connection, by an error of this machine's where that is one: then nothing was heard, and nothing is to
// be taken for silence.
static struct answer told_by_errno(int code)
{
    struct answer answer = answer_from_errno(code);
    if (answer.kind != ANSWER_BACK_PRESSURE)
        return answer;
    answer = answer_state(OBSERVED_UNKNOWN, "");
    snprintf(answer.reason, sizeof(answer.reason), "local: error %d", code);
    return answer;
}

struct answer connect_finish(int fd, struct address target)
{
    int code = 0;
    socklen_t size = sizeof(code);
    struct answer answer;
    struct address about = target;
    uint16_t about_port;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0)
        return told_by_errno(errno);
    struct sockaddr_storage peer;
    size = sizeof(peer);
    // Established is open, whatever a router has said of the packets that came behind the SYN.
    if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0)
        return answer_state(OBSERVED_OPEN, "syn-ack");
    int why = errno;
    if (answer_from_error_queue(fd, target, &answer, &about, &about_port)) // where it is sooner than in SO_ERROR
        return answer;
    if (code == 0 && why == ENOTCONN)
        return (struct answer){.kind = ANSWER_SILENCE};
    return told_by_errno(code != 0 ? code : why);
}

bool connect_rest(int fd)
{
    // Dissolves the association, by reset where there is one, and frees source address and port: connect(2). An error
    // that came while nobody looked would be taken for the next connection's: the one that is pending, the soft one
    // that the kernel keeps behind it, which no connect clears, and those in the queue.
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    if (connect(fd, &nobody, sizeof(nobody)) != 0)
        return false;
    struct msghdr message = {0};
    while (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
        message = (struct msghdr){0};
    int pending = 1;
    socklen_t size = sizeof(pending);
    for (int i = 0; i < 3 && pending != 0; i++)
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &size) != 0)
            return false;
    return pending == 0;
}

void connect_close(int fd)
{
    close(fd); // SO_LINGER of zero seconds, set when it was opened, makes this a reset
}
