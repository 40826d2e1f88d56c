// Halves: what one party lets through of a flow, by the other side's addresses. Who asks has one half (outbound rules,
// outbound ACL, route there, inbound ACL for the reply), who answers the other; a flow is where the two meet, and what
// they have in common of ports and client ports. For the files of rules/ only.
#pragma once

#include "rules/reach/group_side.h"
#include "rules/reach/ways.h"

struct half_piece {
    struct portmap map; // (number, other side's address)
    struct portset client_ports;
    reason_list doubts; // none: it is sure
    const struct way *way;
};

struct half {
    VECTOR(struct half_piece) pieces;
    bool asks;
    const struct group_claim *groups;     // NULL: none are asked
    const struct ground_passage *passage; // NULL: no ACL is between them
    struct prefixset resent;              // of half_resent: the addresses by which packets are sent on
};

// The half of a party towards the other side, by these ways, in `arena`. `past_acl`: packets stay in one subnet.
struct half half_of(struct traffic *traffic, struct arena *arena, const struct party *party, bool asks,
                    const struct other_side *other, const way_list *ways, int protocol, bool past_acl);

// The half of who answers, for packets that something in between sends on by one of these addresses of its own: what
// it lets through of some of them, from whomever they come in truth.
struct half half_resent(struct traffic *traffic, struct arena *arena, const struct party *party,
                        const struct other_side *other, const way_list *back, int protocol, bool past_acl,
                        struct prefixset by);

// Of who asks, what goes by ways behind which it is sent on by these addresses.
struct half half_sent_on(struct traffic *traffic, struct arena *arena, const struct half *half, struct prefixset by);

// What is common to all flows of two halves.
struct meeting {
    struct traffic *traffic;
    struct arena *arena; // of the flows
    const struct half *from;
    const struct half *to;
    struct prefixset sources;
    struct prefixset destinations;
    struct flow like; // segments, VPCs, family, protocol
};

// Adds what the halves have in common, box by box.
void half_meet(const struct meeting *meeting, flow_list *flows);

// Adds why the box of a flow passes one half: `others` of it are the other side's addresses.
void half_because(struct arena *arena, const struct half *half, const struct way *way, struct portset numbers,
                  struct prefixset others, reason_list *because);

// The order in which flows are printed, for qsort.
int flow_order(const void *a, const void *b);

// Joins flows that differ in one thing only, and adds them, in the order in which they are printed, to `into`, in
// `arena`, and their sets in `sets`. One of an address to itself is none.
void flows_join(struct arena *arena, struct prefix_table *sets, flow_list *flows, flow_list *into);
