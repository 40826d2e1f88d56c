// Who takes part in outbound and inside. A ground is what decides for an interface besides its own groups: its subnet's
// ACL, its route table, Block Public Access. A party is a set of interfaces that share groups and ground, so that what
// they reach is worked out once: by their addresses, never interface by interface. For the files of rules/ only.
#pragma once

#include "model/segment.h"
#include "net/prefix_table.h"
#include "rules/reach/gateway.h"
#include "rules/reach/network_acl.h"
#include "rules/reach/security_group.h"
#include "rules/reach/site.h"

struct ground {
    const struct interface_place *place; // of some interface of it
    const char *key;
    const struct network_acl *acl; // NULL: the snapshot lacks it
    const struct reason *acl_missing;
    const struct route_table *table; // NULL: the snapshot lacks it
    const struct reason *table_missing;
    const struct zone_claims *zones; // of its subnets, where a transit gateway's routes ask for them; or NULL
    reason_list doubts;              // why nothing of it is sure
    struct gate exit;                // what Block Public Access does to what leaves by a gateway of the VPC
    const struct reason *edge[2];    // of a family: why replies from an internet gateway may not get to it; or NULL
    const struct reason *between;    // that its ACL may stop what a transit gateway passes through it; NULL: not asked
    const struct reason *translates; // why what has no public address may leave by the internet gateway, or NULL
    struct map passages[2];          // of a family: protocol as text -> struct ground_passage
};

// What the ACL of a ground lets in and out of a protocol, and which client ports it lets replies come from or go to.
struct ground_passage {
    struct acl_view in;
    struct acl_view out;
    VECTOR(struct ground_replies) asks;    // replies come in: to what its interfaces ask
    VECTOR(struct ground_replies) answers; // replies go out: to what others ask of them
    bool open;                             // it lets everything pass, both ways
};
struct ground_replies {
    struct portset on; // numbers of what was asked: all, but of ICMP those of one type
    struct prefixset others;
    struct portset client_ports; // not empty
};

struct party {
    const struct group_set *groups; // NULL: not known
    const struct reason *groups_unknown;
    const struct ground *ground;
    const char *vpc_id;
    enum family family;
    bool sends;
    bool takes;
    reason_list doubts; // of its interfaces
    VECTOR(uint32_t) segments;
    struct prefixset addresses;
    VECTOR(struct seen_address) seen;                    // private addresses with a public one; of IPv6 none
    struct prefixset has_public;                         // of those addresses, by the internet gateway
    VECTOR(struct party_subnet) subnets;                 // ascending by id
    VECTOR(const struct network_interface *) interfaces; // of IPv6
    const struct party_entry *entry;                     // party_entry; NULL: nobody asked
};
// At which of a party's IPv6 addresses packets of the internet arrive.
struct party_entry {
    struct prefixset must;
    struct prefixset may;
    reason_list doubts;       // why only possibly
    const struct reason *why; // what keeps them from the others, or NULL
};
struct party_subnet {
    const char *id;
    struct prefixset addresses;
};

// The members of a group in a VPC.
struct group_members {
    struct prefixset must[2];
    struct prefixset may[2]; // interfaces whose groups are not known, in the whole VPC
};

struct traffic {
    struct arena *arena;   // of all that follows and of what is made of it
    struct arena *scratch; // for one pair of VPCs
    const struct estate *estate;
    struct group_cache groups;
    struct map grounds_of_place; // struct interface_place -> struct ground
    struct map grounds_by_key;
    struct map grounds_of_subnets;  // "SUBNET|VPC|ACCOUNT|REGION" -> struct ground
    struct map sites;               // struct interface_place -> struct site: of the internet's packets
    struct map entered[2];          // of a family: struct ground -> way_list, to its own VPC
    VECTOR(struct party *) parties; // ascending by VPC, family, key
    struct map members;             // "VPC|GROUP" -> struct group_members; "VPC|": of unknown groups
    struct map group_sides;         // rules/reach/group_side.h
    struct map group_claims;
    struct prefix_table *sets;
    struct lack_list missing;
    struct map left_out;   // what -> struct left_out
    VECTOR(int) protocols; // that are asked of IPv4: those which are named, then PROTOCOL_UNNAMED
};

// Which segments an interface is in, as numbers; none: it takes no part.
typedef VECTOR(uint32_t) segment_numbers;
typedef void segment_of(void *context, const struct network_interface *interface, segment_numbers *numbers);

// Groups all interfaces of an estate into parties. `sets` holds sets of addresses once.
void traffic_begin(struct traffic *traffic, struct arena *arena, const struct estate *estate, segment_of *segments,
                   void *context);

// Whether an interface went with its instance, or by a plan. One that is only detached is there: it may be attached
// again.
bool party_is_gone(const struct estate *estate, const struct network_interface *interface);

// One interface as a party of its own, for what is asked of a single packet: groups, ground, doubts, which of its
// addresses have a public one. False: it is in no segment.
bool party_alone(struct traffic *traffic, const struct network_interface *interface, enum family family,
                 struct party *party);

// What the gates of its interfaces say of a party, worked out once.
const struct party_entry *party_entry(struct traffic *traffic, struct party *party);

struct ground *ground_of(struct traffic *traffic, const struct network_interface *interface);
// The ground of a subnet in which a NAT gateway lies.
struct ground *ground_of_subnet(struct traffic *traffic, const char *subnet_id, const char *vpc_id,
                                const struct interface_place *near);
// Why a route of a ground is not sure: the snapshot lacks all of a kind, or the one of an id, of which `text` tells.
const struct reason *ground_lacks(const struct traffic *traffic, const struct ground *ground, enum kind kind,
                                  const char *id, const char *text);
const struct ground_passage *ground_passage(struct traffic *traffic, const struct ground *ground, enum family family,
                                            int protocol);

// The members of a group in a VPC; never NULL.
const struct group_members *traffic_members(struct traffic *traffic, const char *vpc_id, const char *group);

// Adds what the doubts say that the snapshot lacks.
void traffic_lacks(struct traffic *traffic, const reason_list *doubts);
