// Explains one packet to what has no address on the internet: by which load balancers and services it is reached.
#pragma once

#include "rules/reach/explain.h"

// One way to a private address, and its hops.
struct way_in {
    const struct indirect_exposure *indirect;
    struct explanation explanation; // `exposure` is the rectangle that holds the packet
};

struct ways_in {
    VECTOR(struct way_in) items;                         // those that hold the packet, sure ones first
    VECTOR(const struct network_interface *) interfaces; // that have the address, in whatever VPC
    struct explanation stop;                             // where there is no way: one hop that says so
};

// The ways to a private address of `set`, for a client that asks from one of `client_ports`. A source of family 0 is
// any internet client. No interface: nobody has it.
struct ways_in explain_behind(struct arena *arena, const struct exposure_set *set, struct address address, int protocol,
                              uint16_t number, struct address source, struct portset client_ports);

// Those to where packets to `address`, an endpoint's, go: of an IPv4 one to the private one that it is translated to.
// The stop is left out.
struct ways_in explain_beside(struct arena *arena, const struct exposure_set *set, const struct endpoint *endpoint,
                              struct address address, int protocol, uint16_t number, struct address source,
                              struct portset client_ports);

// EC2 Instance Connect Endpoints of an interface's VPC, by which whom IAM lets may come to its private address over
// TCP: "eni-1 in vpc-1 (EC2 Instance Connect Endpoint): ...".
text_list explain_guarded(struct arena *arena, const struct estate *estate, const struct network_interface *interface);
