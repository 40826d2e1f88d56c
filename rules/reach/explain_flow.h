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
    const struct flow *flow;       // that holds it, or NULL
    const struct segment_set *set; // that the flow is of
};

// Everything lives in `arena`.
struct flow_explanation explain_flow(struct arena *arena, const struct estate *estate,
                                     const struct flow_question *question);
