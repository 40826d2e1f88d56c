// The estate: what AWS says of an account's network, as types with AWS's own names. No behaviour but look-up by id.
//
// Everything is owned by the estate's arena. Where a document refers to something by id, the id is kept as text and
// looked up when needed: what the snapshot lacks must stay visible (semantics.md, "What the snapshot lacks").
#pragma once

#include "base/vector.h"
#include "model/bridge.h"
#include "model/things.h"
#include "model/transit.h"
#include "model/zone.h"
#include "net/port_set.h"
#include "net/prefix_set.h"

// The kinds of document that an answer can rest on.
enum kind {
    KIND_NETWORK_INTERFACES,
    KIND_RESERVATIONS,
    KIND_SUBNETS,
    KIND_ROUTE_TABLES,
    KIND_NETWORK_ACLS,
    KIND_INTERNET_GATEWAYS,
    KIND_SECURITY_GROUPS,
    KIND_PREFIX_LISTS,
    KIND_VPCS,
    KIND_VPC_ENDPOINTS,
    KIND_BLOCK_PUBLIC_ACCESS,
    KIND_BLOCK_PUBLIC_ACCESS_EXCLUSIONS,
    KIND_SECURITY_GROUP_VPC_ASSOCIATIONS,
    KIND_LOAD_BALANCERS,
    KIND_LISTENERS,
    KIND_LISTENER_RULES,
    KIND_TARGET_GROUPS,
    KIND_TARGET_HEALTH,
    KIND_CLASSIC_LOAD_BALANCERS,
    KIND_FIREWALLS,
    KIND_DB_INSTANCES,
    KIND_LAUNCH_TEMPLATES,
    KIND_ADDRESSES,
    KIND_BYOIP_RANGES,
    KIND_NAT_GATEWAYS,
    KIND_EGRESS_ONLY_INTERNET_GATEWAYS,
    KIND_SECURITY_GROUP_RULES,
    KIND_ACCELERATORS,
    KIND_ENDPOINT_GROUPS,
    KIND_VPC_ORIGINS,
    KIND_REST_VPC_LINKS,
    KIND_VPC_LINKS,
    KIND_ENDPOINT_SERVICES,
    KIND_WEB_ACLS,
    KIND_WEB_ACL_RESOURCES,
    KIND_CONNECT_ENDPOINTS, // from here to KIND_ACCOUNT_SUMMARY: no answer about a packet of an endpoint rests on these
    KIND_TRANSIT_ATTACHMENTS,
    KIND_FUNCTION_URLS,
    KIND_VERIFIED_ACCESS,
    KIND_CLIENT_VPNS,
    KIND_ECS_CLUSTER_NAMES,
    KIND_ECS_TASKS,
    KIND_ECS_SERVICE_NAMES,
    KIND_ECS_SERVICES,
    KIND_EKS_CLUSTER_NAMES,
    KIND_EKS_CLUSTERS,
    KIND_REDSHIFT_CLUSTERS,
    KIND_OPENSEARCH_DOMAIN_NAMES,
    KIND_OPENSEARCH_DOMAINS,
    KIND_MSK_CLUSTERS,
    KIND_DISTRIBUTIONS,
    KIND_DMS_INSTANCES,
    KIND_LAUNCH_CONFIGURATIONS,
    KIND_REDSHIFT_WORKGROUPS,
    KIND_TRANSFER_SERVERS,
    KIND_APP_RUNNER_SERVICES,
    KIND_MQ_BROKERS,
    KIND_EMR_BLOCK,
    KIND_DNS_RECORDS,
    KIND_VPC_PEERINGS, // from here to KIND_VPN_CONNECTIONS: what outbound and inside rest on, beside what stands above
    KIND_TRANSIT_GATEWAYS,
    KIND_TRANSIT_VPC_ATTACHMENTS,
    KIND_TRANSIT_ROUTE_TABLES,
    KIND_TRANSIT_ROUTES,
    KIND_TRANSIT_ASSOCIATIONS,
    KIND_TRANSIT_PROPAGATIONS,
    KIND_VPN_GATEWAYS,
    KIND_VPN_CONNECTIONS,
    KIND_ACCOUNT_SUMMARY, // from here on: of an account, not of a region's network
    KIND_PASSWORD_POLICY,
    KIND_ACCOUNT_DETAILS,
    KIND_CREDENTIAL_REPORT,
    KIND_VIRTUAL_DEVICES,
    KIND_TRAILS,
    KIND_TRAIL_STATUS,
    KIND_EVENT_SELECTORS,
    KIND_COUNT
};

// How whole what the snapshot tells of one kind is, for one account and region.
enum completeness_state {
    COMPLETENESS_ABSENT,
    COMPLETENESS_DENIED,  // asked for, and not answered
    COMPLETENESS_PARTIAL, // a page is missing
    COMPLETENESS_DAMAGED, // not all of it was understood
    COMPLETENESS_WHOLE
};

// What an answer rests on and the snapshot does not hold. Texts are borrowed; NULL where it is not known or is all.
struct lack {
    const char *kind; // a document's top-level key
    const char *account;
    const char *region;
    const char *id;
    const char *text; // for people: "missing: ..."
};

struct lack_list {
    VECTOR(struct lack) items;
    struct map texts; // of the items
};

// One account and region of which the snapshot tells.
struct completeness {
    const char *account;
    const char *region;
    bool demanded; // its network is the snapshot's own, not only seen from another account's side
    unsigned char states[KIND_COUNT];
    const struct lack *lacks[KIND_COUNT]; // NULL where whole
};

// A record, or a part of one, that was not understood; or a whole file where path is "".
struct unread {
    const char *file;
    const char *path; // "SecurityGroups[0].IpPermissions[1]"
    const char *why;
    enum kind kind; // KIND_COUNT where it is not known: anything may be in the file
};

// Whether it may bear on how the account itself is guarded.
bool unread_is_of_account(const struct unread *unread);
// "FILE: PATH: WHY"
const char *unread_text(struct arena *arena, const struct unread *unread);

struct ignored {
    const char *file;
    const char *why;
};

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

struct prefix_list {
    const char *id;
    const char *name;
    bool has_entries; // false: the snapshot names the list but not what is in it
    VECTOR(struct prefix) entries;
    const char *doubt; // not all of its entries were understood, or are there, or two documents tell of others
};

#define VPC_UNKNOWN "unknown" // the vpc_id of an interface whose record does not tell it, or two tell another

// Where an interface lies. Interfaces of one subnet share one.
struct interface_place {
    const char *account_id;
    const char *region;
    const char *vpc_id;
    const char *subnet_id; // may be NULL
};

// Whether what is wanted in an account, or a region, may lie in one: either may be NULL, where it is not told.
bool place_may_be(const char *place, const char *wanted);

struct instance {
    const char *id;
    const char *state;       // "running", "stopped"...
    const char *name;        // Name tag, or NULL
    bool metadata_disabled;  // the endpoint of the metadata service is
    const char *http_tokens; // of the metadata service: "required", "optional", or NULL
    bool options_pending;    // which is being changed
    const char *profile;     // ARN of its instance profile, or NULL: none
    const char *evidence;
    const char *reference;   // as a group's
    const char *const *tags; // key, value, key, value...
    size_t tag_count;
    const char *const *public_addresses; // that it is said to have, as text
    size_t public_address_count;
    const struct interface_place *place; // without a subnet
    const struct group_set *groups;      // of its primary interface, or NULL where that is not told
    bool has_interface;                  // its own record tells of one that is read
    bool state_unsure;                   // two records differ in its state, which is NULL then
    bool between;                        // it ends or only starts, and its interfaces are in no VPC
    const char *doubt;                   // its record contradicts another one
    record_place record;
};

// Addresses below this stand for ones that a planned change will bring and nobody knows yet.
enum { PENDING_ADDRESSES = 1 << 24 };

// By which gateway of its VPC packets come to an address. Only the first one is modelled; none brings the internet to
// an address that it does not route.
enum address_gateway {
    GATEWAY_INTERNET,
    GATEWAY_CARRIER,
    GATEWAY_LOCAL,
    GATEWAY_NONE,
    GATEWAY_INSIDE, // by none: it is asked by its private address, from inside
    GATEWAYS
};

// An address on an interface. For IPv4 `address` is the public one and `private_address` what it is translated to.
struct interface_address {
    struct prefix address; // a whole prefix only for delegated IPv6 prefixes
    struct address private_address;
    enum address_gateway gateway; // CarrierIp (Wavelength), CustomerOwnedIp (Outposts), else the internet gateway
    enum { PRIMARY_NOT_TOLD, PRIMARY_NOT, PRIMARY } primary; // IsPrimaryIpv6
    bool elastic; // its association tells of an allocation: it stays while its instance is stopped
};

// There may be millions of these: what few have is kept apart.
struct network_interface {
    const char *id;
    const struct interface_place *place;
    const char *instance_id;        // may be NULL
    const char *type;               // InterfaceType, or "interface"
    const char *load_balancer;      // of "ELB ..." descriptions, what follows; else NULL
    const char *description;        // what who made it wrote of it, or NULL
    const char *requester_id;       // who asked for it, or NULL
    const struct group_set *groups; // NULL: the document has no Groups key
    const char *const *tags;        // key, value, key, value...
    const struct interface_address *addresses;
    const uint32_t *private_ipv4;       // the primary one first
    const struct prefix *ipv4_prefixes; // delegated to it: private ones, which have no public address
    const char *doubt;                  // what of it was not understood, or is in transition: no answer of it is exact
    record_place record;
    uint16_t tag_count;
    uint16_t address_count;
    uint16_t private_ipv4_count;
    uint16_t ipv4_prefix_count;
    int16_t device_index; // -1: not known
    enum __attribute__((packed)) igw_traffic {
        IGW_NOT_TOLD,
        IGW_ALLOWED,
        IGW_DENIED,
        IGW_UNSURE // its load balancer's attribute says otherwise; `doubt` says so
    } igw_traffic; // DenyAllIgwTraffic
    bool type_told;
    bool groups_unsure; // whether its groups apply to it is not known; `doubt` says why
    bool attached;
    bool instance_elsewhere; // what it is attached to is not of its own account
    bool requester_managed;
    bool source_check_told;    // SourceDestCheck is
    bool takes_others;         // that is off: it takes packets that are for others
    bool is_database;          // RDS's own
    bool is_vpc_origin;        // CloudFront's, by its description
    bool in_origin_group;      // its record names a group of it so as CloudFront names its own
    bool in_accelerator_group; // the same, of Global Accelerator
    bool nested;               // told by an instance's document only
    bool differs;              // another record of it says otherwise
};

enum load_balancer_type {
    LOAD_BALANCER_APPLICATION,
    LOAD_BALANCER_NETWORK,
    LOAD_BALANCER_GATEWAY,
    LOAD_BALANCER_CLASSIC
};

// Where an action forwards to. A weight of 0 takes no new client.
struct forward {
    const char *target_group; // ARN
    uint16_t weight;
};

// A condition on what the client chooses: host, path, headers... Met where one of the values is.
struct rule_condition {
    const char *on; // "path-pattern", "http-header user-agent"...
    text_list values;
};

// One rule of a listener; its default actions are one too.
struct listener_rule {
    const char *arn; // NULL: the default actions, as the listener's own record tells them
    record_place record;
    long priority; // ascending; the default one's is LONG_MAX
    VECTOR(struct forward) forwards;
    bool sticky;                              // a client may stay with a target group whose weight is 0 by now
    bool from_sources;                        // only what comes from `sources` is taken
    bool redirects_to_https;                  // its action
    bool transforms;                          // it rewrites the host or the path of what it forwards
    const char *login;                        // the type of an action that keeps out who has no login or token; or NULL
    VECTOR(struct prefix) sources;            // condition source-ip
    VECTOR(struct rule_condition) conditions; // the others, each of which must be met
    const char *doubt; // an action or a condition that is not understood: it may forward anywhere, for anybody
};

// A listener; a classic load balancer's holds its targets' port itself.
struct listener {
    const char *arn;       // may be NULL
    const char *reference; // as a group's
    const char *protocol;  // "HTTPS", "TCP_UDP"...
    uint16_t port;
    uint16_t instance_port;             // classic only
    struct listener_rule otherwise;     // what is done when no rule's conditions are met
    bool rules_known;                   // some document tells of its rules
    VECTOR(struct listener_rule) rules; // ascending by priority
    bool asks_certificates;             // of its clients: who has none reaches nothing behind it
    const char *certificate_mode;       // a mode of MutualAuthentication that is new, or "not told"; else NULL
    const char *rules_doubt;            // a page of them is missing, or one is of nobody knows which
};

// An attribute that is on or off.
enum setting {
    SETTING_NOT_TOLD,
    SETTING_OFF,
    SETTING_ON,
    SETTING_ELSEWHERE, // as it is set of another thing
    SETTING_UNSURE     // two documents contradict each other; the thing's `doubt` says so
};

struct load_balancer {
    enum load_balancer_type type;
    bool type_unsure; // its records differ in it
    const char *arn;  // of a classic one: its name
    const char *name;
    const char *reference; // as a group's; NULL: no record of its own was read
    const char *vpc_id;
    const char *account;
    const char *region;
    enum { SCHEME_NOT_TOLD, SCHEME_INTERNAL, SCHEME_INTERNET_FACING } scheme;
    bool listeners_known;
    bool has_ipv6;    // dualstack: each node has an IPv6 address
    bool family_told; // whether it is dualstack is told
    bool source_nat;  // it may ask IPv6 targets by UDP from prefixes of its own
    text_list source_nat_prefixes;
    const char *doubt;  // what of it or of its listeners was not understood
    const char *unsure; // why it may take no client: its state; or NULL
    record_place record;
    text_list addresses; // public ones that its record tells
    text_list subnets;   // in which it has nodes
    text_list groups;
    bool groups_told;
    bool place_unsure; // of two records of it that differ in its VPC or its groups
    VECTOR(struct listener) listeners;
    text_list instances;       // classic only
    enum setting cross_zone;   // load_balancing.cross_zone.enabled; of a classic one CrossZoneLoadBalancing
    enum setting deny_gateway; // ipv6.deny_all_igw_traffic
    bool attributes_told;
    bool asks_groups_of_private_link; // EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic is on
};

struct target {
    const char *id;     // instance, private address, or ARN of a load balancer
    uint16_t port;      // 0: the target group's
    const char *health; // "healthy", "unhealthy"..., or "unknown"
    const char *reason; // "Target.InvalidState"..., or NULL
    const char *shift;  // what an administrator's override says in place of its health, or NULL: none
    const char *zone;   // an Availability Zone, "all", or NULL: its subnet's
    bool unsure;        // another answer says otherwise of its health
    bool zone_unsure;   // or of its zone
};

struct target_group {
    const char *arn;
    const char *name;
    const char *vpc_id;
    const char *type;     // instance, ip, alb, lambda
    const char *protocol; // may be NULL
    uint16_t port;
    bool targets_known;
    const char *doubt; // what of it or of its targets was not understood
    record_place record;
    enum setting preserve_client; // not told: AWS's default for its type
    enum setting cross_zone;      // not told: as its load balancer's
    struct target_group *other;   // what another record of it says, which may be so as well; or NULL
    bool attributes_told;
    bool family_told; // IpAddressType is
    bool is_ipv6;
    text_list load_balancers;
    VECTOR(struct target) targets;
};

// Whether a target group's protocol is a word of AWS's that is known here; false of NULL.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html
bool target_protocol_is_known(const char *protocol);

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
    VECTOR(const struct instance *) telling; // instances that tell of a public address, or of no interface
    struct map texts;                        // interned texts
    struct map group_sets;                   // key -> struct group_set
    struct map places;                       // texts joined -> struct interface_place
    VECTOR(const char *) notes;              // what the reader put right or did not use, for people
};

// The key under which documents hold a kind.
const char *kind_name(enum kind kind);
// The call that tells of a kind, as the AWS CLI names it: "ec2 describe-route-tables".
const char *kind_call(enum kind kind);

// Whether an instance is no more, or soon is not: terminated or shutting down.
bool instance_is_gone(const struct instance *instance);
// Whether it surely does not run, but may again. What starts may run already, and a state that is new may be one in
// which it runs: such an instance's interfaces are doubtful instead.
bool instance_is_asleep(const struct instance *instance);

// Whether its state tells if it runs: "pending", or a word that is new, does not.
bool instance_state_is_sure(const struct instance *instance);

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

// Whether it has this name, or may have.
bool security_group_is_named(const struct security_group *group, const char *name);

// The interface with an id, or NULL.
struct network_interface *estate_interface(const struct estate *estate, const char *id);

// Adds an interface to a settled estate.
void estate_add_interface(struct estate *estate, struct network_interface *interface);

// The value of the Name tag, or NULL where it is absent or empty.
const char *tags_name(const char *const *tags, size_t count);
