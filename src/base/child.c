#include "base/child.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/system.h"

static void keep_only(int fd)
{
    if (fd != CHILD_FD && dup2(fd, CHILD_FD) != CHILD_FD)
        _exit(1);
    system_close_from(CHILD_FD + 1);
}

bool child_start(struct child *child, void (*live)(void))
{
    int ends[2];
    *child = (struct child){.fd = -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    child->process = fork();
    if (child->process == 0) {
        keep_only(ends[1]);
        live();
        _exit(0);
    }
    int why = errno;
    close(ends[1]);
    if (child->process > 0)
        child->fd = ends[0];
    else
        close(ends[0]);
    errno = why;
    return child->process > 0;
}

void child_end(struct child *child)
{
    if (child->fd < 0)
        return;
    close(child->fd);
    child->fd = -1;
    while (waitpid(child->process, NULL, 0) < 0 && errno == EINTR)
        ;
}

bool child_send(int fd, const void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t sent = send(fd, (const char *)bytes + done, size - done, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return false;
        done += sent < 0 ? 0 : (size_t)sent;
    }
    return true;
}

bool child_receive(int fd, void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, (char *)bytes + done, size - done);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        done += got < 0 ? 0 : (size_t)got;
    }
    return true;
}
