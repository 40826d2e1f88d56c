// The walk behind load balancers: from a listener, by its rules, to target groups and their targets; where a target is
// a load balancer's own node, on behind that one. For the files of rules/ only.
//
// A front is a load balancer with its nodes. A hop begins at a listener of one, with who arrives at each node.
#pragma once

#include "rules/reach/balancer_hop.h"
#include "rules/reach/requests.h"

// The interfaces of one load balancer, and those of its endpoints that take clients in.
struct front {
    const struct load_balancer *balancer;
    VECTOR(const struct network_interface *) nodes;
    VECTOR(const struct endpoint *) endpoints;
};

// One way from clients to a target port.
struct hop_in {
    const struct front *front;
    const struct listener *listener;  // NULL: the snapshot does not tell which
    const struct target_group *group; // NULL behind a classic load balancer
    int protocol;
    enum family family;                // of the clients
    struct arrival *at_node;           // who reaches the listener at each node
    bool doubtful;                     // none of them reaches a target surely
    const struct requests *asked;      // what they ask for, where load balancers before limit it; or NULL
    const struct rewriting *rewriting; // what load balancers before write into it; or NULL
    const char *edge;                  // why it is not known what those ask for whom a service brings; or NULL
    reason_list path; // "load balancer NAME LISTENER", "target group NAME", ... up to this load balancer
    reason_list because;
    reason_list doubts;
};

struct walker {
    struct arena *arena;
    const struct estate *estate;
    struct exposure_set *set;
    struct hopper hopper;
    struct map fronts;                // load balancer -> struct front
    struct map front_of;              // node -> struct front
    struct map homes;                 // instance -> struct instance_home
    size_t bridged;                   // of set->indirect, those that are there already (bridge.h)
    struct map interfaces_of_address; // "ADDRESS" or delegated "PREFIX/LENGTH" -> struct namesakes
    bool delegated[2][129];           // the lengths of delegated prefixes, of IPv4 and of IPv6
    struct map walked;                // of the entry in hand, listeners behind its own -> who arrived there by now
    size_t depth;                     // how many load balancers are before this one
    size_t limited;                   // of the entry in hand, how often what is asked for was followed to a listener
    struct requests unfollowed;       // what is asked for after too many of these
};

// Follows what comes to a listener. walker->walked belongs to the entry, and is empty before it.
void walk_listener(struct walker *walker, const struct hop_in *in);

// Adds to a hop why what comes to its listener may not get on behind it: certificates, and web ACLs.
void walk_asks(struct walker *walker, struct hop_in *in);

// Adds a load balancer's listener to a path.
void walk_path(struct walker *walker, reason_list *path, const struct load_balancer *balancer,
               const struct listener *listener);

// The nodes of other load balancers at which targets of one group lie.
struct inner {
    const struct front *front;
    uint16_t port;
    struct arrival *at_node;
    reason_list because;
    reason_list doubts;
};
typedef VECTOR(struct inner) inner_list;

// One target's port at one address; `registered` is NULL behind a classic load balancer (balancer_targets.c).
void target_reach(struct walker *walker, const struct hop_in *way, const struct network_interface *target,
                  struct address address, uint16_t port, const struct target *registered, inner_list *inners);

// What a walk asks of targets (target_interfaces.c). Each adds to `inners` what it reaches of load balancers.
void targets_index(struct walker *walker);
void target_follow(struct walker *walker, const struct hop_in *in, const struct target *target, inner_list *inners);
void targets_of_classic(struct walker *walker, const struct hop_in *in);

// Adds what the snapshot lacks of a kind.
void walk_lacks(struct walker *walker, enum kind kind, const char *id, const char *text);
// Says what is not reached though it is registered.
void walk_note(struct walker *walker, const char *text);
const char *target_group_name(const struct target_group *group);
