#include "probe/route.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/sockaddr.h"

static int side_of(enum family family)
{
    return family == FAMILY_IPV6;
}

void routes_begin(struct routes *routes, struct arena *arena, const struct schedule *schedule,
                  const struct probe_route *options)
{
    *routes = (struct routes){.schedule = schedule, .options = options, .asking = {-1, -1}};
    routes->lanes = arena_array(arena, struct lane_route, schedule->lane_count + 1);
}

void routes_end(struct routes *routes)
{
    for (int side = 0; side < 2; side++)
        if (routes->asking[side] >= 0)
            close(routes->asking[side]);
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
