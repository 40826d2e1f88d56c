// Instances and network interfaces, and the addresses that they have.
#pragma once

#include "base/vector.h"
#include "model/network.h"
#include "net/prefix_set.h"

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
    bool state_unsure;                   // its records differ in its state, which is NULL then
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
    int16_t device_index; // 0: its instance's primary one; -1: not known
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
    bool goes;                 // a plan deletes it
    bool stays;                // a plan deletes its instance, and not it
};

// The `device_index` of an attachment by index `index` of network card `card`. Each card counts its own; the primary
// interface is of card 0.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceNetworkInterfaceSpecification.html
int16_t device_index(int16_t index, long card);

// Whether an instance is no more, or soon is not: terminated or shutting down.
bool instance_is_gone(const struct instance *instance);
// Whether it surely does not run, but may again. What starts may run already, and a state that is new may be one in
// which it runs: such an instance's interfaces are doubtful instead.
bool instance_is_asleep(const struct instance *instance);

// Whether its state tells if it runs: "pending", or a word that is new, does not.
bool instance_state_is_sure(const struct instance *instance);

// The value of the Name tag, or NULL where it is absent or empty.
const char *tags_name(const char *const *tags, size_t count);
