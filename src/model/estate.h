// The estate: what AWS says of an account's network, as types with AWS's own names. No behaviour but look-up by id.
//
// Everything is owned by the estate's arena. Where a document refers to something by id, the id is kept as text and
// looked up when needed: what the snapshot lacks must stay visible (semantics.md, "What the snapshot lacks").
#pragma once

#include "base/vector.h"
#include "model/balancer.h"
#include "model/bridge.h"
#include "model/interface.h"
#include "model/kind.h"
#include "model/network.h"
#include "model/things.h"
#include "model/transit.h"
#include "model/zone.h"
#include "net/port_set.h"
#include "net/prefix_set.h"

struct launch_template {
    const char *id;
    const char *evidence;
    bool is_default; // this version is the one that is used unless another is named
    bool public_ip;  // some interface of it is given a public IPv4 address
};

// A range of addresses that its owner brought to AWS (BYOIP).
struct byoip_range {
    struct prefix prefix;
    const char *cidr;
    const char *state; // "advertised": it is on the internet; NULL: not told
};

struct estate {
    struct arena *arena;
    VECTOR(struct completeness) completeness; // ascending by account and region
    struct lack_list lacks;                   // whole kinds, and calls, that answers rest on and are not there
    text_list assumptions;                    // AWS's defaults, taken for kinds that are absent
    VECTOR(struct unread) unread;
    const char *unreadable;    // the last of those whose file is there and this machine could not read; or NULL
    struct map doubts_by_call; // a doubt's text -> the call whose document it is of, as the AWS CLI names it
    VECTOR(struct ignored) ignored;
    struct map vpc_homes;                          // VPC -> struct vpc_home
    VECTOR(struct network_interface *) interfaces; // ascending by id
    struct map security_groups;
    struct map rule_records; // group id -> struct rule_records
    struct map network_acls;
    struct map acl_of_subnet; // subnet id -> struct network_acl
    struct map default_acl_of_vpc;
    struct map route_tables;
    struct map tables_of_vpc;          // VPC id -> route_table_list; those of no known VPC under ""
    struct map table_of_subnet;        // explicit associations: subnet id -> struct route_table
    struct map unsure_table_of_subnet; // subnet id -> why its association is not sure, as text
    struct map main_table_of_vpc;
    struct map edge_table_of_gateway; // internet gateway id -> struct route_table
    struct map internet_gateways;
    struct map gateway_of_vpc; // attached gateways only
    struct map subnets;
    struct map vpcs;
    struct map local_zone_subnets; // ids of subnets that lie in a Local Zone
    bool has_private_ipv6;         // some IPv6 block is not surely advertised on the internet
    struct map zones_of_subnets;   // id -> struct zone_claims, as it, an interface in it or a load balancer tells
    struct map prefix_lists;
    struct map instances;
    struct map vpc_endpoint_types;   // VPC endpoint id -> type as text
    struct map vpc_endpoints;        // id -> struct vpc_endpoint (model/transit.h)
    struct map nat_gateways;         // id -> struct nat_gateway
    struct map egress_gateways;      // id -> struct attached_gateway: egress-only internet gateways
    struct map vpn_gateways;         // id -> struct attached_gateway: virtual private gateways
    struct map vpn_connections;      // id -> struct vpn_connection
    struct map peerings;             // id -> struct vpc_peering
    struct map transit_gateways;     // id -> struct transit_gateway
    struct map transit_attachments;  // id -> struct transit_attachment
    struct map transit_route_tables; // id -> struct transit_route_table
    struct map transit_table_of;     // attachment id -> struct transit_route_table that its packets go by
    struct map firewall_endpoints;   // VPC endpoint id -> name of the AWS Network Firewall
    struct map block_options;        // "ACCOUNT|REGION", either may be empty where not known -> struct block_options
    struct map block_exclusion_of;   // VPC or subnet id -> struct block_exclusion
    struct map load_balancers;       // "app/NAME/ID" from the ARN, or "VPC|NAME" of a classic one
    struct map target_groups;        // ARN -> struct target_group
    struct map accounts;             // id -> struct account (model/account.h)
    struct map owner_of_interface;   // interface id, or "VPC|PRIVATE ADDRESS" -> struct owner, as a document names it
    bool owners_by_address;          // there is some of the latter
    struct map accelerators;         // ARN -> struct accelerator (model/bridge.h)
    struct map vpc_origins;          // id -> struct vpc_origin
    VECTOR(struct verified_access) verified_access;
    VECTOR(struct vpc_link) vpc_links;
    VECTOR(struct endpoint_service) endpoint_services; // model/bridge.h
    VECTOR(struct web_acl) web_acls;
    struct map
        named_things; // "SERVICE|ID", with or without "|ACCOUNT|REGION", of things that have a document -> name, or ""
    VECTOR(struct listed_thing) listed_things;
    VECTOR(struct ecs_service) ecs_services;
    VECTOR(struct named_interface) named_interfaces;
    struct map address_claims; // "198.51.100.7" -> struct address_claim: what says that it has this address
    struct map accounted;      // "SERVICE|OPERATION|ACCOUNT|REGION", or without region: why it has no document is said
    VECTOR(struct public_place) public_places;
    VECTOR(const char *) not_covered; // what was asked about owners and public places, and not answered
    VECTOR(struct db_instance) db_instances;
    VECTOR(struct launch_template) launch_templates;
    struct map allocations; // AllocationId of an interface's association -> its address, as text
    VECTOR(struct elastic_address) elastic_addresses;
    VECTOR(struct idle_address) idle_addresses;
    VECTOR(struct dns_record) dns_records;
    VECTOR(struct public_setting) public_settings;
    bool has_ecs_clusters;                   // a list tells of some
    VECTOR(struct byoip_range) byoip_ranges; // ascending by CIDR
    struct map regional_addresses;           // public ones, as text, of regional NAT gateways, which have no interface
    struct map moved_addresses;              // as text, which a plan takes from what documents say to have them
    VECTOR(const struct instance *) telling; // instances that tell of a public address, or of no interface
    struct map texts;                        // interned texts
    struct map group_sets;                   // key -> struct group_set
    struct map places;                       // texts joined -> struct interface_place
    VECTOR(const char *) notes;              // what the reader put right or did not use, for people
};

// Who owns a VPC and where it is; where that is not told, `place` is taken.
struct vpc_home estate_home(const struct estate *estate, const struct interface_place *place);

// What is known of an account and region, once the estate is settled; or NULL, as of one that is not known (NULL).
const struct completeness *completeness_of(const struct estate *estate, const char *account, const char *region);

// What the snapshot lacks of a kind for an account and region, in `arena` where it is not known yet; NULL where it is
// whole there.
const struct lack *estate_lack(const struct estate *estate, struct arena *arena, enum kind kind, const char *account,
                               const char *region);

// The same as a state.
enum completeness_state estate_completeness(const struct estate *estate, enum kind kind, const char *account,
                                            const char *region);

// Whether some account and region of the snapshot has the kind at all.
bool estate_has(const struct estate *estate, enum kind kind);

// Whether the snapshot tells of a network at all, not of accounts alone.
bool estate_has_network(const struct estate *estate);

// Adds what is not in the list yet, by its text. What was not understood is listed in the estate as unread, and not
// here.
void lack_add(struct arena *arena, struct lack_list *list, const struct lack *lack);

// Adds a route table, which has its id and VPC by now.
void estate_add_route_table(struct estate *estate, struct route_table *table);

// That its VPC is not known after all.
void estate_doubt_vpc_of_table(struct estate *estate, struct route_table *table);

// All that are, or may be, a VPC's: a table at `at` and the next ones, as NULL ends them.
struct route_table *estate_table_of_vpc(const struct estate *estate, const char *vpc_id, size_t at);

// Adds what DescribeSecurityGroupRules tells of one peer of a group's rule. Of two with one id that differ neither
// counts.
void estate_add_rule_record(struct estate *estate, const char *group, const struct rule_record *record);

// Whether there is a record of one peer of a group's rule, which is then matched.
bool estate_match_rule_record(const struct estate *estate, const char *group, const struct security_group_rule *rule,
                              bool egress, const struct prefix *prefix, const char *peer);

// The record of one peer (a prefix, else the id of a prefix list or group) of a group's rule, or NULL.
const struct rule_record *estate_rule_record(const struct estate *estate, const char *group,
                                             const struct security_group_rule *rule, bool egress,
                                             const struct prefix *prefix, const char *peer);

// The interface with an id, or NULL.
struct network_interface *estate_interface(const struct estate *estate, const char *id);

// Adds an interface to a settled estate.
void estate_add_interface(struct estate *estate, struct network_interface *interface);
