#include "probe/icmp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/sockaddr.h"
#include "probe/octets.h"

enum { ECHO_SIZE = 16, ECHO4 = 8, REPLY4 = 0, ECHO6 = 128, REPLY6 = 129 };

int icmp_open(enum family family, bool only_raw, bool *raw)
{
    bool v4 = family == FAMILY_IPV4;
    int domain = v4 ? AF_INET : AF_INET6, protocol = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, one = 1;
    int fd = only_raw ? -1 : socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    *raw = fd < 0;
    if (*raw)
        fd = socket(domain, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd >= 0 && !only_raw)
        setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, &one, sizeof(one));
    return fd;
}

struct answer icmp_send(int fd, struct address target, uint16_t identifier, uint16_t sequence, uint64_t token)
{
    uint8_t packet[ECHO_SIZE] = {target.family == FAMILY_IPV4 ? ECHO4 : ECHO6};
    octets_put16(packet + 4, identifier);
    octets_put16(packet + 6, sequence);
    memcpy(packet + 8, &token, sizeof(token));
    if (target.family == FAMILY_IPV4) // the kernel fills in ICMPv6's, which covers the addresses
        octets_put16(packet + 2, octets_checksum(octets_sum(packet, sizeof(packet))));
    struct sockaddr_storage to;
    socklen_t size = sockaddr_of(target, 0, &to);
    if (sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&to, size) >= 0)
        return (struct answer){.kind = ANSWER_SILENCE};
    return answer_from_errno(errno);
}

bool icmp_receive(int fd, enum family family, bool raw, struct icmp_seen *seen)
{
    uint8_t packet[512];
    struct sockaddr_storage name;
    socklen_t size = sizeof(name);
    uint16_t port;
    *seen = (struct icmp_seen){0};
    for (;;) {
        ssize_t length = recvfrom(fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&name, &size);
        if (length < 0) {
            if (answer_from_error_queue(fd, (struct address){0}, &seen->answer, &seen->about, &port))
                return true;
            if (errno == EAGAIN || errno == EBADF)
                return false;
            continue; // the pending error was reported once and is gone
        }
        size_t skip = raw && family == FAMILY_IPV4 ? (size_t)(packet[0] & 15) * 4 : 0; // raw IPv4 brings its header
        if ((size_t)length < skip + ECHO_SIZE || packet[skip] != (family == FAMILY_IPV4 ? REPLY4 : REPLY6))
            continue;
        seen->sequence = octets_get16(packet + skip + 6);
        memcpy(&seen->token, packet + skip + 8, sizeof(seen->token));
        if (!sockaddr_address((struct sockaddr *)&name, &seen->about))
            continue;
        seen->answer = answer_state(OBSERVED_OPEN, "echo-reply");
        return true;
    }
}
