// What a target's security groups let in of the clients that a service brings (bridge.h). For the files of rules/ only.
#pragma once

#include "net/port_map.h"
#include "rules/reach/security_group.h"
#include "rules/reach/told_bridge.h"

// One way in by a service.
struct bridge {
    const char *service;
    const char *id; // of its interface or, where that is not in the snapshot, its security group
    const char *vpc_id;
    const char *subnet_id; // of what it reaches; NULL: all of the VPC
    const struct network_interface *interface;
    const char *group;         // where there is no interface
    const char *unnamed_group; // the interface may be anybody's: whether this group of it is the service's is not told
    enum family asks_by;       // of its own addresses, where a target does not see the client's; 0: IPv4
    bool keeps_client;         // a target sees the client's own address
    bool by_gateway;           // not without an internet gateway, and Block Public Access stops it
    bool takes_udp;
    bool by_prefix_list;            // or from CloudFront's own addresses
    bool unexplained;               // all that the documents tell of is of others
    const struct told_bridge *told; // what a document says of it, or NULL: all it could reach is possible
};

// What one computation shares.
struct bridger {
    struct exposure_set *set;
    const struct estate *estate;
    struct arena *scratch;
    struct group_cache *groups;
    const text_list *origin_groups;
};

// A rule that lets some of them in, on its ports.
struct admitting {
    uint16_t low;
    uint16_t high;
    const struct reason *reason;
    const struct reason *unsure; // why it may not be, or NULL
};

// Which clients may come to which ports of a target, as far as its groups tell, and which of them surely.
struct let_in {
    struct portmap may;
    struct portmap must;
    VECTOR(struct admitting) rules;
    reason_list doubts; // what of the groups is not there
};

// Whether a service that does not keep its clients' addresses may ask a target by IPv6: by what its document says of
// that, else where its interface has such an address.
bool bridge_may_ask_by_ipv6(const struct bridge *bridge, const struct network_interface *target);

// The addresses of a service's own interface that it asks by; those of a family where there is none.
struct prefixset bridge_asks_from(struct arena *arena, const struct bridge *bridge);

// The clients of a family that a target's groups let in over TCP or UDP; lists are of the set's arena.
struct let_in bridge_let_in(struct bridger *bridger, const struct bridge *bridge,
                            const struct network_interface *target, enum family family, int protocol);
