// Segments, and what they reach: in each other (inside) and on the internet (outbound). contract.md, "Outbound and
// inside", sgproof/segments/v1.
//
// A segment is any set of interfaces that somebody names: those of a security group, a subnet, a tier of the intent. A
// flow is what one segment reaches in another, or outside, as one box: each of these ports, from each of these source
// addresses to each of these destinations. It is never one pair of interfaces.
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "model/exposure.h"

enum { SEGMENT_INTERNET = UINT32_MAX }; // where what leaves goes

struct segment {
    const char *id;   // "sg-0a1b", "subnet-1", "tier=web"; of a selection what was asked
    const char *name; // or NULL
    uint32_t interfaces;
    uint32_t dormant; // of them: attached to nothing, or of an instance that does not run
    bool shares_name; // another segment has it too
    bool asks;        // it is one from which flows were asked for
    bool is_asked;    // it is one to which they were
    VECTOR(struct segment_part) parts;
};

// The addresses of a segment in one VPC and family.
struct segment_part {
    const char *vpc_id;
    enum family family;
    struct prefixset addresses;
};

// By what packets leave their subnet, or get from one VPC to another.
enum flow_way {
    FLOW_LOCAL, // of one VPC
    FLOW_PEERING,
    FLOW_TRANSIT,
    FLOW_INTERNET_GATEWAY,
    FLOW_EGRESS_ONLY,
    FLOW_NAT,
    FLOW_ENDPOINT,   // a gateway endpoint: one service alone
    FLOW_UNMODELLED, // an appliance, a VPN, a kind that is new; or the route is not known
    FLOW_WAYS
};
extern const char *const flow_way_names[]; // "local", "peering"..., ends with NULL

// A public address that stands, on the internet, for a private one.
struct seen_address {
    struct address private_address; // family 0: for whatever comes by it
    struct prefix public_address;
};

struct flow {
    uint32_t from;        // number of a segment
    uint32_t to;          // the same, or SEGMENT_INTERNET
    const char *from_vpc; // `sources` are of it
    const char *to_vpc;   // `destinations` are; NULL: outside
    enum family family;
    int protocol; // an IP protocol number, or PROTOCOL_UNNAMED: each that no rule or entry of the snapshot names
    enum certainty certainty;
    enum flow_way way;
    const char *by;       // the gateway, endpoint or connection, or NULL
    struct portset ports; // or ICMP type * 256 + code; all where the protocol has neither
    struct prefixset sources;
    struct prefixset destinations;
    struct portset client_ports;      // from which a reply finds its way back
    VECTOR(struct seen_address) seen; // outbound: by which addresses the internet sees it
    reason_list via;                  // why it is only possible
    reason_list because;              // what admits it
};

typedef VECTOR(struct flow) flow_list;

struct segment_set {
    struct arena *arena;
    const struct estate *estate;
    const char *by;                  // "group", "tag:tier", "intent"...: what makes the segments
    bool only_internet;              // flows between segments were not asked about
    bool only_inside;                // what leaves was not
    VECTOR(struct segment) segments; // ascending by id
    flow_list inside;                // ascending by from, to, then as they are printed
    flow_list outbound;
    VECTOR(int) named_protocols; // ascending: those which some rule or entry names by number
    struct lack_list missing;
    text_list assumptions;
    text_list not_covered;
    VECTOR(struct left_out) left_out; // interfaces that are in no segment
};

// Interfaces of one kind that are in no segment, and why.
struct left_out {
    const char *what;
    size_t count;
};

bool segment_set_complete(const struct segment_set *set);
void segment_set_free(struct segment_set *set);

// The segment's own addresses in a VPC; empty where it has none there.
struct prefixset segment_addresses(const struct segment *segment, const char *vpc_id, enum family family);

// "tcp 443", "icmp echo", "udp", "other protocols".
const char *flow_service(struct arena *arena, const struct flow *flow);
// "tcp", "icmp", "47", "other".
const char *flow_protocol(struct arena *arena, int protocol);
// "22,443,1000-2000", of ICMP "8.0" or "8.0-13.255"; "" where the protocol has no numbers.
const char *flow_ports(struct arena *arena, const struct flow *flow);

// A flow, or part of one, that a rule of the intent forbids.
struct segment_finding {
    const char *rule;   // of the intent
    const char *reason; // that it gives, or NULL
    struct flow flow;   // what of it is forbidden; `from` and `to` as in the set
    const char *from;   // for people
    const char *to;
};

// The sgproof/segments/v1 document; the brief one leaves out why flows pass (`because`), which is most of it.
void segments_write_json_brief(const struct segment_set *set, const struct segment_finding *findings,
                               size_t finding_count, struct text *out);
void segments_write_json(const struct segment_set *set, const struct segment_finding *findings, size_t finding_count,
                         struct text *out);
