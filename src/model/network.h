// What decides about a packet on its way: security groups, network ACLs, route tables, gateways, subnets and VPCs, with
// AWS's own names.
#pragma once

#include "base/vector.h"
#include "model/zone.h"
#include "net/port_set.h"
#include "net/prefix_set.h"

// Who owns a VPC, and where it is: in a shared VPC not whom its interfaces belong to. NULL where that is not told.
struct vpc_home {
    const char *owner;
    const char *region;
    const char *doubt; // its records differ
};

// Where a record stands in the snapshot's documents.
typedef uint64_t record_place;

struct security_group_rule {
    size_t index; // place in IpPermissions
    int protocol; // IP protocol number or PROTOCOL_ANY
    uint16_t low; // ports, or ICMP type * 256 + code; 0-65535 where the protocol has none
    uint16_t high;
    VECTOR(struct prefix) prefixes;
    VECTOR(const char *) prefix_lists;
    VECTOR(const char *) groups;               // members' private addresses; never an internet source
    VECTOR(struct group_reference) references; // of those of `groups` of which more than their id is told
    const char *description; // that all of its peers have; NULL where they have none; "" where they differ
    const char *doubt;       // why it may not be: IpPermissions and DescribeSecurityGroupRules contradict each other
};

typedef VECTOR(struct security_group_rule) security_group_rule_list;

// One peer of a rule, as DescribeSecurityGroupRules tells of it, with the id that it has there.
struct rule_record {
    const char *id;          // "sgr-..."
    const char *description; // or NULL
    bool egress;
    int protocol;
    uint16_t low;
    uint16_t high;
    struct prefix prefix; // family 0: the peer is a prefix list or a group
    const char *peer;     // its id, or NULL
    bool doubtful;        // another record of this id differs
    bool matched;         // IpPermissions tell of it too
};

// Those of one group.
struct rule_records {
    struct map by_id;
    struct map by_peer; // direction, traffic and peer as text -> struct rule_record
};

// A set of security groups as interfaces hold it. Interfaces with equal sets share one.
struct group_set {
    const char *key; // the ids, joined
    const char *const *ids;
    uint32_t count;
    uint32_t number; // in the order of reading
};

struct security_group {
    const char *id;
    const char *name;
    const char *other_name; // another record of it says; or NULL
    const char *vpc_id;
    const char *account_id; // of the owner, or NULL
    const char *evidence;   // path of the document that tells of it, in the snapshot
    const char *reference;  // the same, # and its place in it
    security_group_rule_list ingress;
    security_group_rule_list egress;
    bool has_egress;          // the document tells of it
    const char *egress_doubt; // what of that was not understood: it may let anything out; or NULL
    const char *doubt; // what of it was not understood, or contradicts another record: it may admit anything; or NULL
    record_place record;
};

struct network_acl_entry {
    int number; // AWS's own last entries are 32767 and, for IPv6, 32768
    bool egress;
    bool allow;
    int protocol;
    uint16_t low;
    uint16_t high;
    struct prefix prefix;
};

struct network_acl {
    const char *id;
    const char *vpc_id;
    bool is_default;
    const char *evidence;
    const char *reference;                    // as a group's
    VECTOR(struct network_acl_entry) entries; // ascending by number
    const char *doubt;                        // it may say anything
    record_place record;
};

enum route_target {
    ROUTE_LOCAL,
    ROUTE_INTERNET_GATEWAY,
    ROUTE_APPLIANCE, // an interface or a gateway load balancer endpoint: what it lets through is not modelled
    ROUTE_ELSEWHERE, // NAT, transit, VPN, peering...: brings no reply back to the internet; struct route's `way`
    ROUTE_UNKNOWN,   // a kind of target this program does not know
};

struct route {
    struct prefix prefix;    // where prefix_list is NULL
    const char *prefix_list; // id, or NULL
    enum route_target target;
    enum route_way { WAY_OTHER, WAY_NAT, WAY_EGRESS_ONLY, WAY_PEERING, WAY_TRANSIT, WAY_VPN } way; // of ROUTE_ELSEWHERE
    const char *target_id;
    bool active;
    bool propagated;
};

struct route_table {
    const char *id;
    const char *vpc_id;
    bool is_main;
    VECTOR(struct route) routes;
    bool propagates;      // virtual private gateways may put routes into it
    const char *firewall; // of a firewall before its internet gateway that a route names, or NULL
    const char *doubt;    // it may route anything anywhere
    record_place record;
};

typedef VECTOR(struct route_table *) route_table_list;

struct internet_gateway {
    const char *id;
    const char *account_id;       // may be NULL
    VECTOR(const char *) vpc_ids; // VPCs it is attached to
    bool attachments_known;
    const char *doubt; // whether it is attached is not sure
    record_place record;
};

enum block_mode { BLOCK_OFF, BLOCK_INGRESS, BLOCK_BIDIRECTIONAL, BLOCK_UNKNOWN };

// Block Public Access of an account in a region.
struct block_options {
    enum block_mode mode;
    const char *no_exclusions; // why exclusions may not count, or NULL
    const char *reference;     // as a group's; NULL: a plan's
};

// What a VPC or subnet is let off from Block Public Access.
struct block_exclusion {
    const char *account; // that its ResourceArn tells, or NULL
    const char *region;
    bool lets_in;      // one of them does
    bool differs;      // and another does not; `doubt` says so
    const char *doubt; // why that is not sure, or NULL
};

// An IPv6 block of a subnet or VPC, and whether it is advertised on the internet.
struct ipv6_block {
    struct prefix prefix;
    enum { IPV6_PUBLIC, IPV6_PRIVATE, IPV6_UNSURE } reach;
};

struct ipv6_blocks {
    VECTOR(struct ipv6_block) items;
};

struct subnet {
    const char *id;
    const char *vpc_id;
    const char *region; // by its zone, or its ARN; or NULL
    const char *evidence;
    const char *reference; // as a group's
    bool public_ip_on_launch;
    bool launch_told;      // the document says public_ip_on_launch
    bool ipv6_on_creation; // interfaces made in it are given an IPv6 address
    bool ipv6_told;        // the document says that
    bool has_ipv6;         // a block of its own
    struct prefix cidr;    // family 0: not told
    bool says_block;       // what Block Public Access does to it
    enum block_mode block;
    bool past_firewall;             // no firewall of the VPC's inspects what passes the internet gateway
    const char *firewall_treatment; // AWS's word for what it does to the subnet, or NULL
    struct ipv6_blocks ipv6_blocks;
    const char *doubt;
    record_place record;
};

struct vpc {
    const char *id;
    bool says_block; // what Block Public Access does to it
    enum block_mode block;
    const char *encryption; // why its encryption control may drop what comes by its internet gateway, or NULL
    bool firewalls_told;    // whether a firewall stands before its internet gateway
    bool has_firewall;      // one does, be it one that drops nothing
    const char *firewall;   // why one may drop what passes that, or NULL
    struct ipv6_blocks ipv6_blocks;
    VECTOR(struct prefix) ipv4_blocks; // in whatever state
};

// The block of a VPC that holds an address, in whatever state; NULL where none does, and of no VPC.
const struct prefix *vpc_block_of(const struct vpc *vpc, struct address address);

struct prefix_list {
    const char *id;
    const char *name;
    bool has_entries; // false: the snapshot names the list but not what is in it
    VECTOR(struct prefix) entries;
    const char *doubt; // not all of its entries were understood, or are there, or two documents tell of others
};

// Whether it has this name, or may have.
bool security_group_is_named(const struct security_group *group, const char *name);
