#include "net/sockaddr.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/system.h"

socklen_t sockaddr_of(struct address address, uint16_t port, struct sockaddr_storage *storage)
{
    uint8_t bytes[16];
    address_to_bytes(address, bytes);
    if (address.family == FAMILY_IPV4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&in.sin_addr, bytes, 4);
        memcpy(storage, &in, sizeof(in));
        return sizeof(in);
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&in6.sin6_addr, bytes, 16);
    memcpy(storage, &in6, sizeof(in6));
    return sizeof(in6);
}

bool sockaddr_address(const struct sockaddr *storage, struct address *address)
{
    if (storage->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)storage;
        *address = address_from_bytes(FAMILY_IPV4, (const uint8_t *)&in->sin_addr);
        return true;
    }
    if (storage->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)storage;
        *address = address_from_bytes(FAMILY_IPV6, in6->sin6_addr.s6_addr);
        return true;
    }
    return false;
}

uint16_t sockaddr_port(const struct sockaddr *storage)
{
    return storage->sa_family == AF_INET    ? ntohs(((const struct sockaddr_in *)(const void *)storage)->sin_port)
           : storage->sa_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)(const void *)storage)->sin6_port)
                                            : 0;
}

bool sockaddr_own(int fd, struct address *address)
{
    struct sockaddr_storage own;
    socklen_t size = sizeof(own);
    return getsockname(fd, (struct sockaddr *)&own, &size) == 0 && sockaddr_address((struct sockaddr *)&own, address);
}

bool sockaddr_is_local(struct address address)
{
    struct ifaddrs *list = NULL;
    bool found = false;
    if (getifaddrs(&list) != 0)
        return false;
    for (const struct ifaddrs *one = list; one != NULL && !found; one = one->ifa_next) {
        struct address own;
        found = one->ifa_addr != NULL && sockaddr_address(one->ifa_addr, &own) && address_equal(own, address);
    }
    freeifaddrs(list);
    return found;
}

int sockaddr_leave(int fd, struct address source, const char *interface)
{
    struct sockaddr_storage own;
    int why = interface == NULL ? 0 : system_bind_to_interface(fd, interface);
    if (why != 0 || source.family == 0)
        return why;
    system_bind_without_port(fd);
    return bind(fd, (struct sockaddr *)&own, sockaddr_of(source, 0, &own)) == 0 ? 0 : errno;
}

bool sockaddr_is_usable(struct address source)
{
    int fd = socket(source.family == FAMILY_IPV4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && sockaddr_leave(fd, source, NULL) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

bool sockaddr_source(struct address to, const char *interface, struct address *own)
{
    struct sockaddr_storage storage;
    socklen_t size = sockaddr_of(to, 9, &storage);
    int fd = socket(to.family == FAMILY_IPV4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && sockaddr_leave(fd, (struct address){0}, interface) == 0 &&
                connect(fd, (struct sockaddr *)&storage, size) == 0 && sockaddr_own(fd, own);
    if (fd >= 0)
        close(fd);
    return good;
}
