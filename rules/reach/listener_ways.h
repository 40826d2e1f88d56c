// Where a listener sends its clients: which target groups, for which sources. For the files of rules/ only.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
#pragma once

#include "rules/reach/balancer_hop.h"
#include "rules/reach/requests.h"

// A target group that a listener forwards to, and for which sources.
struct way {
    const char *group;            // ARN
    struct clients sources[2];    // of IPv4, of IPv6
    bool weightless;              // by an action that gives it no weight
    bool conditional;             // it depends on what a client asks for whether it is sent this way
    bool grpc;                    // it takes requests by POST alone
    bool excluded;                // nothing that comes by a load balancer before can be sent this way, by some rule
    bool from_sources;            // by some rules for some sources
    struct requests *requests;    // while it is made
    const struct requests *asked; // what is asked for behind it; NULL: whatever the client likes
    reason_list doubts;           // why beyond sources.must it is not sure
};

struct ways {
    VECTOR(struct way) items;
};

// Its sources of one family.
struct clients way_sources(const struct way *way, enum family family);

// By rules in the order of their priority, then the default actions, and those that they may forward to for all the
// snapshot tells. A listener that is NULL is one that the snapshot does not tell of. What is lacking or assumed is
// added to hopper->set. Lives in hopper->arena. `may_have_rules`: whether such a load balancer's listeners may have
// some; `asked`: what those who come ask for, where load balancers before this one limit it, or NULL; `rewriting`: what
// those write into it, or NULL.
struct ways listener_ways(struct hopper *hopper, const struct load_balancer *balancer, const struct listener *listener,
                          const struct interface_place *place, bool may_have_rules, const struct requests *asked,
                          const struct rewriting *rewriting);
