// Things of services that documents name: who may stand behind an interface, and what is public without one in the
// snapshot. No packet is decided by them. Owned by the estate's arena, texts too.
#pragma once

#include "base/vector.h"

struct group_set; // estate.h

struct db_instance {
    const char *id;
    const char *evidence;
    const char *account;
    const char *region;
    bool publicly_accessible;
    bool public_untold; // the document does not say: it is taken to be public
    bool outside_vpc;   // it has no interface in a VPC
    VECTOR(const char *) subnets;
    const char *zone;        // or NULL, as what follows
    const char *second_zone; // of its standby
    const struct group_set *groups;
};

// Something that a document names as public: a place of AWS's own, which is no interface of the snapshot, or a thing
// whose interfaces must be there.
struct public_place {
    const char *service; // as its API is named
    const char *kind;    // "Redshift cluster", "CloudFront distribution"
    const char *id;
    const char *detail; // or NULL: its host name, who may come to it
    const char *account;
    const char *region;
    bool has_interface;             // else it is a place of AWS's own
    size_t interfaces;              // so many at least, where its document tells; else 0
    VECTOR(const char *) addresses; // public ones that its document tells
};

// Whether a thing of a service is public by its own settings, as its document tells.
struct public_setting {
    const char *thing; // as packs name it: "eks-cluster"
    const char *id;
    const char *evidence;
    const char *account;
    const char *region;
    bool is_public;
    bool untold;        // the document does not say: it is taken to be public
    const char *detail; // which setting says so
    // Of a Redshift cluster: where clients come in.
    const struct group_set *groups; // NULL: not told
    int port;                       // 0: not told
};

// What a service of ECS gives the interfaces of its tasks; several of one id where it is being deployed anew.
struct ecs_service {
    const char *id; // its name
    VECTOR(const char *) subnets;
    const struct group_set *groups; // NULL: not told, the VPC's default one
    bool public_told;
    bool public_ip; // tasks are given a public IPv4 address
};

// In place of a service: ECS's lists of the services of a cluster, which is the thing.
#define ECS_LISTS "ecs-lists"

// Something that a list names, and whose own document tells the rest.
struct listed_thing {
    const char *service; // as its API is named
    const char *kind;    // "EKS cluster"
    const char *id;
    const char *call; // that would tell, as the AWS CLI names it
    const char *account;
    const char *region; // NULL where the list does not say where it is
};

// An interface that a document names as that of a thing, which is in use.
struct named_interface {
    const char *id;
    const char *what;    // "ECS task 0a1b"
    const char *address; // public, that the document says it has; or NULL
    const char *account;
    const char *region;
};

// Something that a document says has a public address: of the three members one is not NULL.
struct address_claim {
    const char *balancer; // its key
    const struct named_interface *named;
    const struct public_place *place;
    struct address_claim *next; // of the same address, or NULL
};

// The role that an instance carries, and what it can do.
struct carried_role {
    const char *what; // "role web, which may do more than read (...)"; or the profile, where its role is not told
    bool is_more;     // than reading, or it is not known
    bool is_all;      // it is an administrator, or can make itself one
};

// An Elastic IP address of the account that nothing uses.
struct idle_address {
    const char *address;
    const char *id; // of its allocation, or the address
    const char *evidence;
    const char *account;
    const char *region;
};

// A record of a Route 53 zone that names an address.
struct dns_record {
    const char *name;
    const char *type; // "A", "AAAA"; "CNAME" to AWS's own name for a public address
    const char *address;
    const char *evidence;
};

// An Elastic IP address that is associated with something.
struct elastic_address {
    const char *address;
    const char *id;        // of its allocation, or the address
    const char *interface; // that it is said to be on, or NULL, as what follows
    const char *instance;
    const char *private_address;
    const char *evidence;
    const char *account;
    const char *region;
};
