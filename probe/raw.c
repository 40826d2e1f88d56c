#include "probe/raw.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe/answer.h"

const bool probe_sends = true;

static struct raw_socket open_one(int domain, int protocol)
{
    int fd = socket(domain, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return (struct raw_socket){-1, errno};
    answer_by_capture(fd);
    return (struct raw_socket){fd, 0};
}

struct probe_raw *probe_raw_open(struct arena *arena)
{
    struct probe_raw *raw = arena_new_of(arena, struct probe_raw);
    raw->opened_us = clock_wall_us();
    binder_start(&raw->binder);
    raw->tcp[0] = open_one(AF_INET, IPPROTO_TCP);
    raw->tcp[1] = open_one(AF_INET6, IPPROTO_TCP);
    raw->echo[0] = open_one(AF_INET, IPPROTO_ICMP);
    raw->echo[1] = open_one(AF_INET6, IPPROTO_ICMPV6);
    raw->receiver = receiver_open(arena, &raw->capture_refused, &raw->capture_why);
    return raw;
}

uint64_t probe_raw_opened_us(const struct probe_raw *raw)
{
    return raw->opened_us;
}

int raw_take(struct raw_socket *socket)
{
    int fd = socket->fd;
    socket->fd = -1;
    socket->why = EBADF;
    return fd;
}

static void close_one(struct raw_socket *socket)
{
    int fd = raw_take(socket);
    if (fd >= 0)
        close(fd);
}

void probe_raw_close(struct probe_raw *raw)
{
    child_end(&raw->binder);
    for (int side = 0; side < 2; side++) {
        close_one(&raw->tcp[side]);
        close_one(&raw->echo[side]);
    }
    if (raw->receiver != NULL)
        receiver_close(raw->receiver);
    raw->receiver = NULL;
}
