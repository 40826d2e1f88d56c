// What carries packets between VPCs, and out of them beside the internet gateway: NAT and egress-only internet
// gateways, gateway endpoints, VPC peering connections, transit gateways, virtual private gateways and VPN connections.
// Owned by the estate's arena, as all of it.
//
// Each thing has `presence`, by the word of its state: PRESENCE_YES carries packets, PRESENCE_NO carries none, and
// PRESENCE_UNSURE (in transition, a word that is new, no word, or two records that differ) may: `doubt` then says why.
// A `doubt` beside PRESENCE_YES says what else of the record was not understood: nothing that rests on it is exact.
// What is NULL, or `..._told` is false of, the documents do not tell.
#pragma once

#include "base/vector.h"
#include "net/prefix_set.h"

typedef VECTOR(struct prefix) prefix_vector;

enum presence { PRESENCE_UNSURE, PRESENCE_YES, PRESENCE_NO };

// One of an address pair of a NAT gateway.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGatewayAddress.html
struct nat_address {
    struct address public_address;  // family 0: none, as those of a private NAT gateway
    struct address private_address; // family 0: none, as those of a regional NAT gateway
    const char *interface;
    const char *zone; // of a regional one: from which it is used; or NULL
    bool primary;
    bool unsure; // it is being assigned, or failed: whether it is used is not sure
};

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html
struct nat_gateway {
    const char *id;
    const char *vpc_id;
    const char *subnet_id;   // NULL of a regional one, which is in none
    const char *route_table; // of a regional one: its own; else NULL
    bool regional;
    bool mode_told;                                            // whether it is regional is
    enum { NAT_UNSURE, NAT_PUBLIC, NAT_PRIVATE } connectivity; // a private one translates to its private addresses
    const char *appliance; // what inspects its packets (AttachedAppliances), for people; or NULL
    VECTOR(struct nat_address) addresses;
    enum presence presence;
    const char *doubt;
    uint64_t record;
};

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EgressOnlyInternetGateway.html
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpnGateway.html
// An egress-only internet gateway or a virtual private gateway, which is attached to one VPC at a time.
struct attached_gateway {
    const char *id;
    const char *vpc_id;     // NULL: not attached, or two are told (`doubt`)
    enum presence presence; // of it and of its attachment
    const char *doubt;
    uint64_t record;
};

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html
struct vpc_endpoint {
    const char *id;
    const char *type; // "Gateway", "Interface", "GatewayLoadBalancer"...; NULL: not told, or two records differ
    const char *vpc_id;
    const char *service;    // "com.amazonaws.eu-west-3.s3"
    text_list route_tables; // of a gateway endpoint. Its routes stand in those tables, as to a prefix list
    enum presence presence;
    const char *doubt;
    uint64_t record;
};

// One side of a peering connection. A VPC's blocks are told while the connection is active.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcPeeringConnectionVpcInfo.html
struct peering_side {
    const char *vpc_id;
    const char *account;
    const char *region;
    prefix_vector blocks; // of both families
};

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcPeeringConnection.html
struct vpc_peering {
    const char *id;
    struct peering_side requester;
    struct peering_side accepter;
    enum presence presence; // active
    const char *status;     // "active", "pending-acceptance"...
    const char *doubt;
    uint64_t record;
};

// An option that is "enable" or "disable".
enum transit_option { TRANSIT_NOT_TOLD, TRANSIT_DISABLED, TRANSIT_ENABLED, TRANSIT_UNSURE };

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGateway.html
struct transit_gateway {
    const char *id;
    const char *account;             // of its owner
    enum transit_option referencing; // SecurityGroupReferencingSupport: TRANSIT_UNSURE where `doubt` says so
    const char *encryption;          // why its encryption support may drop what is not encrypted, or NULL
    const char *association_table;   // default tables, or NULL
    const char *propagation_table;
    enum presence presence;
    const char *doubt;
    uint64_t record;
};

enum transit_resource {
    TRANSIT_TO_VPC,
    TRANSIT_TO_VPN, // of sites, and concentrators of such
    TRANSIT_TO_DIRECT_CONNECT,
    TRANSIT_TO_CONNECT,
    TRANSIT_TO_PEER,    // another transit gateway
    TRANSIT_TO_UNKNOWN, // a network function, client VPN, or a word that is new; or not told
};

// Two documents tell of it: all attachments, and those of VPCs with their subnets and options. Either may lack.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayAttachment.html
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayVpcAttachment.html
struct transit_attachment {
    const char *id;
    const char *gateway; // id
    enum transit_resource resource;
    const char *resource_id;   // a VPC's, a VPN connection's, the peer transit gateway's...
    const char *resource_type; // AWS's word, for people; or NULL
    const char *resource_owner;
    const char *table;               // its association as its own document tells it, where it is "associated"; or NULL
    bool table_told;                 // that one tells of it, or that there is none
    bool subnets_told;               // the document of VPC attachments does
    text_list subnets;               // in the zones of which it takes and gives packets
    enum transit_option referencing; // SecurityGroupReferencingSupport
    enum transit_option ipv6;        // Ipv6Support
    enum transit_option appliance_mode;
    enum presence presence;
    const char *doubt;
    uint64_t record;     // of all attachments, 0: not told
    uint64_t vpc_record; // of VPC attachments, 0: not told
};

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayRoute.html
struct transit_route {
    struct prefix prefix;    // where prefix_list is NULL
    const char *prefix_list; // id, or NULL
    text_list attachments;   // over any of them (ECMP); none: a blackhole, or not told
    enum { TRANSIT_ROUTE_UNSURE, TRANSIT_ROUTE_ACTIVE, TRANSIT_ROUTE_BLACKHOLE } state; // a deleted one is not kept
    bool propagated; // a static one to the same prefix goes before it
};

// What a document says of an attachment and a table: its packets go by it (association), its addresses stand in it
// (propagation).
struct transit_link {
    const char *attachment;
    const char *resource_id;
    enum presence presence;
};

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayRouteTable.html
struct transit_route_table {
    const char *id;
    const char *gateway; // id; NULL where only documents about its routes or links tell of it
    bool is_default_association;
    bool is_default_propagation;
    bool told; // DescribeTransitGatewayRouteTables tells of it
    bool routes_told;
    bool associations_told;
    bool propagations_told;
    VECTOR(struct transit_route) routes;
    VECTOR(struct transit_link) associations;
    VECTOR(struct transit_link) propagations;
    enum presence presence;
    const char *doubt; // of it, its routes and links: it may send anything anywhere
    uint64_t record;
};

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpnConnection.html
struct vpn_connection {
    const char *id;
    const char *vpn_gateway; // what it ends at: one of the four
    const char *transit_gateway;
    const char *core_network;
    const char *concentrator;
    const char *customer_gateway; // whose site is behind it
    bool static_routes_only;
    prefix_vector routes; // static ones
    enum presence presence;
    const char *doubt;
    uint64_t record;
};

// Of a group that a rule refers to, what the document tells beside its id.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UserIdGroupPair.html
struct group_reference {
    const char *group;
    const char *account; // of the group's owner, or NULL
    const char *vpc_id;  // of the group, where it is another one's; or NULL
    const char *peering; // VPC peering connection, or NULL
    const char *status;  // of that: "active", "deleted"...; or NULL
};
