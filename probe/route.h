// From where each lane is asked: what the routing table says, or the user. For the files of probe/ only.
#pragma once

#include "probe/probe.h"
#include "probe/schedule.h"

struct lane_route {
    bool known;
    int error;             // errno value where there is no way there; 0: there is
    struct address source; // where error is 0
    bool pinned;           // packets leave from there, whatever the routing table says meanwhile
};

struct routes {
    const struct schedule *schedule;
    const struct probe_route *options;
    struct lane_route *lanes;
    int asking[2]; // UDP sockets that ask the routing table, by family; -1: not open
    int told;      // by this socket the kernel tells that addresses, routes or links have changed (rtnetlink(7)); or -1
    bool untold;   // it does not
    size_t looked; // lanes that were looked at again,
    size_t stale;  // and so many that are to be, since something has changed
    unsigned unlooked; // times that there were none
};

// `options` is borrowed.
void routes_begin(struct routes *routes, struct arena *arena, const struct schedule *schedule,
                  const struct probe_route *options);
void routes_end(struct routes *routes);

// The way to a lane's address, as it was when it was last looked at. Nothing is sent for it: connect(2) of a UDP
// socket.
const struct lane_route *routes_of(struct routes *routes, size_t lane);
// Looks again where there was a way; where there is none now, it stays as it was.
void routes_look(struct routes *routes, size_t lane);
// `told` is to be read: all lanes are to be looked at again where it says so. False where it tells no more.
bool routes_hear(struct routes *routes);
// Looks at some of them; where the kernel does not tell, at some of all.
void routes_look_on(struct routes *routes);

// Makes a socket of a family leave as the options say: by that interface, and, where `binds`, from that source. 0, or
// an errno value.
int routes_bind(const struct probe_route *options, int fd, enum family family, bool binds);
