// The estate: what AWS says of an account's network, as types with AWS's own names. No behaviour but look-up by id.
//
// Everything is owned by the estate's arena. Where a document refers to something by id, the id is kept as text and
// looked up when needed: what the snapshot lacks must stay visible (semantics.md, "What the snapshot lacks").
#pragma once

#include "base/vector.h"
#include "net/port_set.h"
#include "net/prefix_set.h"

// The kinds of document that an answer can rest on. estate.present says which of them the snapshot holds at all.
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
    KIND_TARGET_GROUPS,
    KIND_TARGET_HEALTH,
    KIND_CLASSIC_LOAD_BALANCERS,
    KIND_FIREWALLS,
    KIND_DB_INSTANCES,
    KIND_LAUNCH_TEMPLATES,
    KIND_COUNT
};

struct security_group_rule {
    size_t index; // place in IpPermissions
    int protocol; // IP protocol number or PROTOCOL_ANY
    uint16_t low; // ports, or ICMP type * 256 + code; 0-65535 where the protocol has none
    uint16_t high;
    VECTOR(struct prefix) prefixes;
    VECTOR(const char *) prefix_lists;
    VECTOR(const char *) groups; // members' private addresses; never an internet source
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
    const char *vpc_id;
    const char *account_id; // of the owner, or NULL
    const char *evidence;   // path of the document that tells of it, in the snapshot
    VECTOR(struct security_group_rule) ingress;
    VECTOR(struct security_group_rule) egress;
    bool has_egress; // the document tells of it
};

struct network_acl_entry {
    int number; // 1-32767
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
    VECTOR(struct network_acl_entry) entries; // ascending by number
};

enum route_target {
    ROUTE_LOCAL,
    ROUTE_INTERNET_GATEWAY,
    ROUTE_APPLIANCE, // an interface or a gateway load balancer endpoint: what it lets through is not modelled
    ROUTE_ELSEWHERE, // NAT, transit, VPN, peering...: brings no reply back to the internet
    ROUTE_UNKNOWN,   // a kind of target this program does not know
};

struct route {
    struct prefix prefix;    // where prefix_list is NULL
    const char *prefix_list; // id, or NULL
    enum route_target target;
    const char *target_id;
    bool active;
    bool propagated;
};

struct route_table {
    const char *id;
    const char *vpc_id;
    bool is_main;
    VECTOR(struct route) routes;
};

struct internet_gateway {
    const char *id;
    VECTOR(const char *) vpc_ids; // VPCs it is attached to
};

struct subnet {
    const char *id;
    const char *vpc_id;
    const char *evidence;
    bool public_ip_on_launch;
};

struct prefix_list {
    const char *id;
    const char *name;
    bool has_entries; // false: the snapshot names the list but not what is in it
    VECTOR(struct prefix) entries;
};

struct instance {
    const char *id;
    const char *state;       // "running", "stopped"...
    const char *name;        // Name tag, or NULL
    const char *http_tokens; // of the metadata service: "required", "optional", or NULL
    const char *evidence;
    const char *const *tags; // key, value, key, value...
    size_t tag_count;
};

// Addresses below this stand for ones that a planned change will bring and nobody knows yet.
enum { PENDING_ADDRESSES = 1 << 24 };

// An address on an interface. For IPv4 `address` is the public one and `private_address` what it is translated to.
struct interface_address {
    struct prefix address; // a whole prefix only for delegated IPv6 prefixes
    struct address private_address;
};

// Where an interface lies. Interfaces of one subnet share one.
struct interface_place {
    const char *account_id;
    const char *region;
    const char *vpc_id;
    const char *subnet_id; // may be NULL
};

// There may be millions of these: what few have is kept apart.
struct network_interface {
    const char *id;
    const struct interface_place *place;
    const char *instance_id;        // may be NULL
    const char *type;               // InterfaceType, or "interface"
    const char *load_balancer;      // of "ELB ..." descriptions, what follows; else NULL
    const struct group_set *groups; // NULL: the document has no Groups key
    const char *const *tags;        // key, value, key, value...
    const struct interface_address *addresses;
    const uint32_t *private_ipv4; // the primary one first
    uint32_t order;               // in which it was read
    uint16_t tag_count;
    uint16_t address_count;
    uint16_t private_ipv4_count;
    int16_t device_index; // -1: not known
    bool attached;
    bool requester_managed;
    bool nested; // told by an instance's document only
};

enum load_balancer_type {
    LOAD_BALANCER_APPLICATION,
    LOAD_BALANCER_NETWORK,
    LOAD_BALANCER_GATEWAY,
    LOAD_BALANCER_CLASSIC
};

// A listener; a classic load balancer's holds its targets' port itself.
struct listener {
    const char *protocol; // "HTTPS", "TCP_UDP"...
    uint16_t port;
    bool redirects_to_https;            // its default action
    uint16_t instance_port;             // classic only
    VECTOR(const char *) target_groups; // ARNs that its actions forward to
};

struct load_balancer {
    enum load_balancer_type type;
    const char *arn; // of a classic one: its name
    const char *name;
    const char *vpc_id;
    bool internet_facing;
    bool listeners_known;
    VECTOR(const char *) groups;
    VECTOR(struct listener) listeners;
    VECTOR(const char *) instances; // classic only
};

struct target {
    const char *id;     // instance, private address, or ARN of a load balancer
    uint16_t port;      // 0: the target group's
    const char *health; // "healthy", "unhealthy"..., or "unknown"
};

struct target_group {
    const char *arn;
    const char *name;
    const char *vpc_id;
    const char *type;     // instance, ip, alb, lambda
    const char *protocol; // may be NULL
    uint16_t port;
    bool targets_known;
    enum { PRESERVE_DEFAULT, PRESERVE_OFF, PRESERVE_ON } preserve_client;
    VECTOR(const char *) load_balancers;
    VECTOR(struct target) targets;
};

struct db_instance {
    const char *id;
    const char *evidence;
    bool publicly_accessible;
    VECTOR(const char *) subnets;
};

struct launch_template {
    const char *id;
    const char *evidence;
    bool is_default; // this version is the one that is used unless another is named
    bool public_ip;  // some interface of it is given a public IPv4 address
};

enum block_mode { BLOCK_OFF, BLOCK_INGRESS, BLOCK_BIDIRECTIONAL };

struct estate {
    struct arena *arena;
    bool present[KIND_COUNT];
    VECTOR(struct network_interface *) interfaces; // ascending by id
    struct map security_groups;
    struct map network_acls;
    struct map acl_of_subnet; // subnet id -> struct network_acl
    struct map default_acl_of_vpc;
    struct map route_tables;
    struct map table_of_subnet; // explicit associations: subnet id -> struct route_table
    struct map main_table_of_vpc;
    struct map edge_table_of_gateway; // internet gateway id -> struct route_table
    struct map internet_gateways;
    struct map gateway_of_vpc; // attached gateways only
    struct map subnets;
    struct map prefix_lists;
    struct map instances;
    struct map vpc_endpoint_types; // VPC endpoint id -> type as text
    struct map firewall_endpoints; // VPC endpoint id -> name of the AWS Network Firewall
    struct map block_modes;        // "ACCOUNT|REGION", either may be empty where not known -> enum block_mode *
    struct map block_exclusion_of; // VPC or subnet id -> exclusion mode as text
    struct map load_balancers;     // "app/NAME/ID" from the ARN, or "VPC|NAME" of a classic one
    struct map target_groups;      // ARN -> struct target_group
    struct map accounts;           // id -> struct account (model/account.h)
    VECTOR(struct db_instance) db_instances;
    VECTOR(struct launch_template) launch_templates;
    struct map texts;            // interned texts
    struct map group_sets;       // key -> struct group_set
    struct map places;           // texts joined -> struct interface_place
    VECTOR(const char *) notes;  // what the reader skipped, for people
    VECTOR(const char *) unread; // what AWS was asked for and did not tell (snapshot.json)
};

// Puts in order what was read in whatever order: listeners by port, and interfaces. Of several with one id, the last
// that a NetworkInterfaces document tells of stays, else the first that an instance's does.
void estate_settle(struct estate *estate);

// The interface with an id, or NULL. The estate must be settled.
struct network_interface *estate_interface(const struct estate *estate, const char *id);

// Adds an interface to a settled estate.
void estate_add_interface(struct estate *estate, struct network_interface *interface);

// The value of the Name tag, or NULL where it is absent or empty.
const char *tags_name(const char *const *tags, size_t count);
