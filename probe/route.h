// From where each lane is asked: what the routing table says, or the user. For the files of probe/ only.
#pragma once

#include "probe/probe.h"
#include "probe/schedule.h"

enum { ROUTE_SOURCES = 64 }; // of one run, that are known again in its capture

struct lane_route {
    bool known;
    int error;             // errno value where there is no way there; 0: there is
    struct address source; // where error is 0
};

struct routes {
    const struct schedule *schedule;
    const struct probe_route *options;
    struct lane_route *lanes;
    struct address sources[ROUTE_SOURCES]; // of them, each once
    size_t source_count;
    int asking[2]; // UDP sockets that ask the routing table, by family; -1: not open
};

// `options` is borrowed.
void routes_begin(struct routes *routes, struct arena *arena, const struct schedule *schedule,
                  const struct probe_route *options);
void routes_end(struct routes *routes);

// The way to a lane's address, as it was when it was first wanted. Nothing is sent for it: connect(2) of a UDP socket.
const struct lane_route *routes_of(struct routes *routes, size_t lane);
// The source of packets to a lane as the routing table has it now. False where there is no way there.
bool routes_now(struct routes *routes, size_t lane, struct address *source);
// Whether packets of some lane leave from an address.
bool routes_are_from(const struct routes *routes, struct address address);

// Makes a socket of a family leave as the options say: by that interface, and, where `binds`, from that source. 0, or
// an errno value.
int routes_bind(const struct probe_route *options, int fd, enum family family, bool binds);
