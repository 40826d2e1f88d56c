// What the security groups of one side of a flow admit of the other side's addresses: outbound of who asks, inbound of
// who answers. A reference to a group stands for the addresses of its members, in the VPC of the other side, where AWS
// heeds it there. For the files of rules/ only.
// https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html#security-group-referencing
#pragma once

#include "rules/reach/party.h"

// Where the other side is. References to groups count in the VPC itself, over an active peering of one region, and over
// a transit gateway (inbound rules only); never on the internet.
struct other_side {
    const char *vpc_id; // NULL: the internet
    const char *key;    // for what is made of it once
    bool same_vpc;
    enum { REFERENCES_NOT, REFERENCES_MAYBE, REFERENCES_COUNT } references[2]; // of inbound rules, of outbound rules
    const struct reason *unsure;                                               // why only maybe
    const struct reason *anyone; // why whoever sends it on may be of any group but those of `own_vpc`; or NULL
    const char *own_vpc;         // where `anyone` is told: NULL of one VPC
};

// One rule of a group as one whole: whom of the other side it admits.
struct side_rule {
    const struct reason *reason;
    int protocol;
    uint16_t low;
    uint16_t high;
    struct prefixset must;
    struct prefixset extra;
    reason_list doubts; // why only possible
};

struct group_claim {
    struct portmap must;
    struct portmap extra;
    reason_list doubts;                     // what widens `extra`
    VECTOR(const struct side_rule *) rules; // that apply to the protocol
    reason_list always;                     // that there is no group, or that one is not known
};

const struct group_claim *group_claim_of(struct traffic *traffic, const struct party *party, bool egress,
                                         const struct other_side *other, int protocol);

// Adds the rules that admit some of a box, in the order of groups and rules.
void group_claim_because(struct arena *arena, const struct group_claim *claim, struct portset numbers,
                         struct prefixset others, reason_list *because);
