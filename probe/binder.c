#include "probe/binder.h"

#include <errno.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/rights.h"
#include "base/syscalls.h"
#include "net/sockaddr.h"

enum { FIRST_FREE_PORT = 1024 };

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

// ---- The process that binds

static int bind_datagrams(int fd, const struct sockaddr_storage *address)
{
    const struct sockaddr *name = (const struct sockaddr *)address;
    int type = 0;
    socklen_t size = sizeof(type);
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_DGRAM || sockaddr_port(name) == 0 ||
        sockaddr_port(name) >= FIRST_FREE_PORT)
        return EACCES;
    size = name->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    return bind(fd, name, size) == 0 ? 0 : errno;
}

// Takes one request: an address, and a socket beside it. False where there are no more, or it is none.
static bool take(struct sockaddr_storage *address, int *fd)
{
    union control control;
    struct iovec part = {address, sizeof(*address)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
    if (recvmsg(CHILD_FD, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL) != (ssize_t)sizeof(*address))
        return false;
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)))
        return false;
    memcpy(fd, CMSG_DATA(header), sizeof(*fd));
    return true;
}

static void live(void)
{
    struct sockaddr_storage address;
    struct error ignored;
    int fd;
    if (!rights_keep_only(CAP_NET_BIND_SERVICE, &ignored))
        return;
    syscalls_limit(SYSCALLS_BIND, &ignored);
    while (take(&address, &fd)) {
        int code = bind_datagrams(fd, &address);
        close(fd);
        if (!child_send(CHILD_FD, &code, sizeof(code)))
            return;
    }
}

// ---- The other side

void binder_start(struct child *binder)
{
    *binder = (struct child){.fd = -1};
    if (rights_hold(CAP_NET_BIND_SERVICE))
        child_start(binder, live); // where it fails, such ports are not permitted
}

int binder_bind(const struct child *binder, int fd, const struct sockaddr_storage *address)
{
    union control control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct sockaddr_storage copy = *address;
    struct iovec part = {&copy, sizeof(copy)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
    int code;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    if (binder->fd < 0 || sendmsg(binder->fd, &message, MSG_NOSIGNAL) != (ssize_t)sizeof(copy) ||
        !child_receive(binder->fd, &code, sizeof(code)))
        return EACCES;
    return code;
}
