// Explains one packet inside, or on its way out, hop by hop, from what computes flows (rules/reach/segments.h): also
// what stops it, and what would let it.
#pragma once

#include "rules/reach/flow_walk.h"

struct flow_question {
    const struct network_interface *from;
    struct address source;              // of `from`
    const struct network_interface *to; // NULL: the internet
    struct address destination;
    int protocol;
    uint16_t number; // port; ICMP type * 256 + code; 0 for others
};

struct flow_explanation {
    flow_hops hops; // in the order in which the packet, and then its reply, meets them
    enum { FLOW_REACHABLE, FLOW_POSSIBLE, FLOW_UNREACHABLE } verdict;
    bool one_way;                  // unreachable, but the packet itself arrives: its answer does not come back
    const char *at;                // the interface of the snapshot that has the public address, or NULL
    const struct flow *flow;       // that holds it, or NULL
    const struct segment_set *set; // that the flow is of
};

// Of a packet to a public address of the snapshot: whether it arrives there, by the address by which it is seen; its
// hops are added, and the verdict is that of both halves. `set` is computed from the same estate.
void explain_flow_arrives(struct arena *arena, const struct exposure_set *set, const struct flow_question *question,
                          struct flow_explanation *explanation);

// Everything lives in `arena`.
struct flow_explanation explain_flow(struct arena *arena, const struct estate *estate,
                                     const struct flow_question *question);
