// One packet between two interfaces, or on its way out, stage by stage, there and back: what lets it pass, and what
// stops it. explain, what a view from inside says of what is stopped, and the causes of a difference all ask it, so
// that they cannot disagree. For the files of rules/ only.
#pragma once

#include "rules/reach/explain.h"
#include "rules/reach/ways.h"

struct flow_packet {
    const struct network_interface *from;
    struct address source;              // of `from`
    const struct network_interface *to; // NULL: the internet
    struct address destination;
    int protocol;
    uint16_t number; // port; ICMP type * 256 + code; 0 for others
    struct portset client_ports;
    const struct flow *flow; // of segments, that holds it, or NULL: what is behind a NAT gateway goes by it
};

struct flow_hop {
    const char *words; // "outbound rules", "route", "reply: acl in"...
    bool back;         // it is the reply that meets it
    enum hop_result result;
    const char *text;    // what decides it
    const char *remedy;  // of one that stops: what would let it; or NULL
    reason_list reasons; // what decides it, as values
};
typedef VECTOR(struct flow_hop) flow_hops;

// What decides it and, of one that stops, what would let it, in one line.
const char *flow_hop_text(struct arena *arena, const struct flow_hop *hop);

// What packets of one estate share. Zeroed but for `traffic`, which was begun; all is made in that one's arena.
struct flow_walker {
    struct traffic *traffic;
    struct map others; // "VPC|VPC|WAY" -> struct other_side
    struct map ways;   // "VPC|FAMILY|GROUND" -> way_list
};

// Every stage, in the order in which the packet, and then its reply, meets them; each is judged by itself.
void flow_walk(struct flow_walker *walker, const struct flow_packet *packet, flow_hops *hops);

// What first stops it, or NULL.
const struct reason *flow_walk_stop(struct flow_walker *walker, const struct flow_packet *packet);

// The ways from a party to addresses of a VPC, worked out once; and that VPC as the party's rules see it, for packets
// that get there so (`passage` is NULL within a VPC).
const way_list *flow_walk_ways(struct flow_walker *walker, const struct party *own, const char *other_vpc);
const struct other_side *flow_walk_other(struct flow_walker *walker, const char *own_vpc, const char *other_vpc,
                                         const struct passage_by *passage);
