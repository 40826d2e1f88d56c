// What a socket of Linux says of the ICMP errors that came for it.
// For struct sock_extended_err; before the libc headers, whose types it needs.
#include <time.h>

#include <linux/errqueue.h>

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/sockaddr.h"
#include "probe/answer.h"

void answer_by_capture(int fd)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog filter = {.len = 1, .filter = &nothing};
    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

bool answer_from_error_queue(int fd, struct address target, struct answer *answer, struct address *about,
                             uint16_t *port)
{
    char control[512], data[64];
    struct sockaddr_storage name;
    struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = sizeof(name),
                             .msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
        return false;
    if (message.msg_namelen > 0) {
        sockaddr_address((struct sockaddr *)&name, about);
        *port = sockaddr_port((struct sockaddr *)&name);
    }
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != NULL; part = CMSG_NXTHDR(&message, part)) {
        bool v4 = part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR;
        bool v6 = part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR;
        struct sock_extended_err *seen = (struct sock_extended_err *)(void *)CMSG_DATA(part);
        if ((!v4 && !v6) || (seen->ee_origin != SO_EE_ORIGIN_ICMP && seen->ee_origin != SO_EE_ORIGIN_ICMP6))
            continue;
        struct address from = {0};
        sockaddr_address(SO_EE_OFFENDER(seen), &from);
        if (target.family == 0)
            target = *about;
        *answer = answer_icmp(target, from, sockaddr_is_local(from), seen->ee_type, seen->ee_code);
        return true;
    }
    return false;
}
