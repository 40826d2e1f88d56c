// Reachability: the composition of gateway, network ACL, security groups and the way back (semantics.md) into
// exposures. A pure function of the estate: opens no file and no socket.
#pragma once

#include "rules/claim.h"

// Declared exposure of every endpoint of the estate. The set borrows from the estate, which must outlive it.
// Free with exposure_set_free. Endpoints with the same groups, ACL, route table, gateway and family share one answer.
struct exposure_set *reach_compute(const struct estate *estate);
void exposure_set_free(struct exposure_set *set);

// A client to ask for: one address and the source ports it may use.
struct vantage {
    struct address address;
    struct portset client_ports;
};

// The part of `set` that these clients can reach, at most one of each family: endpoints of a client's family, exposures
// that hold its address and, where two-way, one of its ports; sources narrowed to it. Lives in a set of its own, which
// borrows from `set`.
struct exposure_set *reach_from_vantages(const struct exposure_set *set, const struct vantage *vantages, size_t count);

// The part of `set` that the internet at large can reach: exposures that some internet source can use.
struct exposure_set *reach_from_internet(const struct exposure_set *set);

// One hop of an explanation, in the order a packet meets them.
enum hop_result { HOP_PASS, HOP_POSSIBLE, HOP_STOP };

struct hop {
    const char *stage; // "gateway", "network acl in", "security groups", "route back", "network acl out"
    enum hop_result result;
    const char *text; // what decided it, for people
};

struct explanation {
    const struct exposure *exposure; // the rectangle that holds the packet, or NULL: unreachable
    VECTOR(struct hop) hops;
};

// Explains one packet to `endpoint` (of a set computed from `estate`): protocol, number (port; ICMP type * 256 + code;
// 0 for others), source, and for TCP and UDP the client ports it may come from.
struct explanation reach_explain(struct arena *arena, const struct estate *estate, const struct endpoint *endpoint,
                                 int protocol, uint16_t number, struct address source, struct portset client_ports);

// The first hop that stops the packet, as "stage: text", or NULL.
const char *explanation_stop(struct arena *arena, const struct explanation *explanation);
