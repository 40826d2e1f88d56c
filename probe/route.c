#include "probe/route.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/sockaddr.h"

enum {
    LOOKS = 8,              // at lanes, at a time;
    LOOKS_WHERE_TOLD = 256, // where the kernel tells,
    SELDOM = 32,            // and at one of them each so many times, as some that take a listener tell nothing (gVisor)
};

static int side_of(enum family family)
{
    return family == FAMILY_IPV6;
}

// What changes from where packets leave: links, addresses, routes, the rules that choose among tables, and next hops.
static int open_told(void)
{
    static const int groups[] = {RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                                 RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE,   RTNLGRP_NEXTHOP};
    const struct sockaddr_nl any = {.nl_family = AF_NETLINK}; // the kernel tells nothing to who has no address
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    bool good = fd >= 0 && bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0;
    for (size_t i = 0; good && i < sizeof(groups) / sizeof(groups[0]); i++)
        good = setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])) == 0 ||
               groups[i] == RTNLGRP_NEXTHOP; // a kernel before 5.3 has none
    if (good || fd < 0)
        return fd;
    close(fd);
    return -1;
}

void routes_begin(struct routes *routes, struct arena *arena, const struct schedule *schedule,
                  const struct probe_route *options)
{
    *routes = (struct routes){.schedule = schedule, .options = options, .asking = {-1, -1}, .told = open_told()};
    routes->untold = routes->told < 0;
    routes->lanes = arena_array(arena, struct lane_route, schedule->lane_count + 1);
}

void routes_end(struct routes *routes)
{
    for (int side = 0; side < 2; side++)
        if (routes->asking[side] >= 0)
            close(routes->asking[side]);
    if (routes->told >= 0)
        close(routes->told);
}

int routes_bind(const struct probe_route *options, int fd, enum family family, bool binds)
{
    return sockaddr_leave(fd, binds ? options->source[side_of(family)] : (struct address){0}, options->interface);
}

// A socket to ask with, which is used again.
static int asking(struct routes *routes, enum family family, int *code)
{
    int *fd = &routes->asking[side_of(family)];
    if (*fd >= 0)
        return *fd;
    *fd = socket(family == FAMILY_IPV4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    *code = *fd < 0 ? errno : routes_bind(routes->options, *fd, family, true);
    if (*fd >= 0 && *code != 0) {
        close(*fd);
        *fd = -1;
    }
    return *fd;
}

static void ask(struct routes *routes, struct address target, struct lane_route *route)
{
    struct sockaddr_storage to;
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    int fd = asking(routes, target.family, &route->error);
    if (fd < 0)
        return;
    connect(fd, &nobody, sizeof(nobody)); // what was asked before is let go
    route->error =
        connect(fd, (struct sockaddr *)&to, sockaddr_of(target, 9, &to)) == 0 && sockaddr_own(fd, &route->source)
            ? 0
            : errno;
}

const struct lane_route *routes_of(struct routes *routes, size_t lane)
{
    struct lane_route *route = &routes->lanes[lane];
    if (route->known)
        return route;
    route->known = true;
    ask(routes, routes->schedule->lanes[lane].address, route);
    return route;
}

void routes_look(struct routes *routes, size_t lane)
{
    struct lane_route now = {0}, *route = &routes->lanes[lane];
    if (!route->known || route->error != 0)
        return;
    ask(routes, routes->schedule->lanes[lane].address, &now);
    if (now.error == 0)
        route->source = now.source;
}

bool routes_hear(struct routes *routes)
{
    char ignored[8192];
    ssize_t size;
    while ((size = recv(routes->told, ignored, sizeof(ignored), MSG_DONTWAIT)) > 0 ||
           (size < 0 && (errno == EINTR || errno == ENOBUFS))) // ENOBUFS: more has changed than there was room for
        routes->stale = routes->schedule->lane_count;
    routes->untold = size == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    return !routes->untold;
}

void routes_look_on(struct routes *routes)
{
    size_t lanes = routes->schedule->lane_count, most = routes->untold ? LOOKS : LOOKS_WHERE_TOLD;
    size_t stale = routes->untold ? lanes : routes->stale;
    size_t count = stale < most ? stale : most;
    count = count == 0 && lanes > 0 && ++routes->unlooked % SELDOM == 0 ? 1 : count;
    for (size_t i = 0; i < count; i++)
        routes_look(routes, routes->looked++ % lanes);
    routes->stale = stale > count ? stale - count : 0;
}
