// Ways: where a ground's route table sends packets, and what carries them from there. For the files of rules/ only.
// https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
#pragma once

#include "rules/reach/party.h"

struct way {
    enum flow_way kind;
    const char *by;              // the gateway, endpoint or connection, or NULL
    const struct reason *reason; // the route
    struct prefixset others;     // for which addresses
    reason_list doubts;          // why only possible; none: it is sure
    const struct route *route;   // or NULL: the table's own local one, or it is not known
    // Addresses of its own by which what is behind it may send packets on, so that the other side sees them in place of
    // the sender's; empty: it sends on as it gets them.
    struct prefixset resent;
    VECTOR(const struct ground *) between; // subnets in which a transit gateway's attachments lie: their ACLs are asked
};
typedef VECTOR(struct way) way_list;

// The ways from a ground to addresses of a VPC: its own, or another one.
way_list ways_inside(struct traffic *traffic, const struct ground *ground, enum family family, const char *to_vpc);

// Whether the addresses by which packets are sent on are told one by one; else whatever is outside may be.
bool way_resent_told(struct prefixset resent);

// Adds why the subnets that packets of a protocol pass on a way may stop them.
void way_asks_between(struct traffic *traffic, struct arena *arena, const struct way *way, enum family family,
                      int protocol, reason_list *doubts);

// The ways to the internet: of NAT gateways only that the route leads there.
way_list ways_outside(struct traffic *traffic, const struct ground *ground, enum family family);

// By what two VPCs may exchange packets, worked out of all their tables.
struct links {
    text_list peerings; // in active routes
    bool others;        // routes to what may lead to any VPC, or tables that are not known
    bool internet;      // routes to an internet gateway, or an egress-only one, by which IPv6 goes
};
// VPC -> struct links, of all VPCs of the parties.
struct map links_of_vpcs(struct traffic *traffic);
bool links_join(const struct links *a, const struct links *b, enum family family);

// By what packets get from one VPC into another: a peering connection, a transit gateway (`kind` and its id), the
// internet (FLOW_INTERNET_GATEWAY and NULL), or something that is not modelled (FLOW_UNMODELLED and NULL).
struct passage_by {
    enum flow_way kind;
    const char *by;
};
struct passage_by passage_of_way(const struct way *way);
bool way_is_internet(const struct way *way);

// Of the ways back those that an answer may take to what came by `passage`, in `arena`. Where it came over the internet
// and goes back by something else, or the other way round, it is not sure that it gets there.
way_list ways_answering(struct traffic *traffic, struct arena *arena, const way_list *back,
                        const struct passage_by *passage);

// Whether references to groups count between two VPCs, for packets that get there so; within one, `passage` is NULL
// (rules/reach/group_side.h).
struct other_side;
void ways_references(struct traffic *traffic, const char *own_vpc, const char *other_vpc,
                     const struct passage_by *passage, struct other_side *other);
// The other side as it is seen of packets that something in between may send on by whatever address of its own.
void ways_resent(struct traffic *traffic, const char *own_vpc, const struct other_side *other,
                 struct other_side *resent);
