// One hop behind a load balancer: from one of its nodes to one target. For the files of rules/ only.
//
// A node is an interface of the load balancer. What it sends to a target comes from its own private address or, with
// client address preservation, from the client's.
#pragma once

#include "rules/reach/arrival.h"
#include "rules/reach/security_group.h"

// What all hops of one computation share.
struct hopper {
    struct arena *arena;      // of the walk
    struct exposure_set *set; // its arena keeps texts
    const struct estate *estate;
    struct group_cache *groups;
    struct map sites;   // subnet -> struct site
    struct map at_port; // reasons made for one port (part.h)
};

struct hop_question {
    const struct load_balancer *balancer;
    const struct network_interface *node;
    const struct network_interface *target;
    struct address address; // the target's
    uint16_t port;
    int protocol;
    bool preserves;         // the target sees the address that the node saw, where it is of its own family
    enum family family;     // of the clients
    struct arrival arrival; // who reaches the node's listener
};

// Who gets through: the balancer's groups let it out, the target's admit it, and between subnets the ACLs
// of both let it there and the reply back.
struct arrival hop_through(struct hopper *hopper, const struct hop_question *hop, reason_list *because,
                           reason_list *doubts);

// Whether the node sends to targets in the target's zone: in its own zone always, in others where cross-zone load
// balancing is on. `group` is NULL behind a classic load balancer; target_zone what is registered, or NULL;
// zone_unsure: two documents differ in that.
enum in_zone { ZONE_NOT, ZONE_PERHAPS, ZONE_SURELY };
enum in_zone hop_in_zone(struct hopper *hopper, const struct hop_question *hop, const struct target_group *group,
                         const char *target_zone, bool zone_unsure, reason_list *doubts);

// Whether a target surely lies in another zone than a node; of the question its balancer, node and target count.
bool hop_is_apart(struct hopper *hopper, const struct hop_question *hop, const char *target_zone, bool zone_unsure);
