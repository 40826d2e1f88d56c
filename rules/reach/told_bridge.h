// What the documents of Global Accelerator and CloudFront say: to which interfaces, and to which of their ports, they
// bring clients. Where they tell enough of a service's interface in a VPC, they decide; bridge.h takes what they do
// not.
#pragma once

#include "model/bridge.h"
#include "model/exposure.h"

struct told_bridge {
    const char *service; // "AWS Global Accelerator", "CloudFront VPC origin"
    const char *what;    // for people: "accelerator shop, 443/TCP"
    const char *id;      // of the service's own interface or, where none is known, of the accelerator or the origin
    const struct network_interface *interface; // the service's own, or NULL
    const struct network_interface *target;
    struct portset ports; // of the target
    int protocol;
    bool keeps_client;     // the target sees the client's own address
    bool from_edge;        // it sees some address of AWS's own
    const char *ipv4_only; // why its IPv6 clients may not be sent there, where that is told; or NULL
    bool takes_ipv6;
    enum asks_ipv6 asks_ipv6; // of what the target is asked with
    bool any_inside;          // it comes from some private address of the VPC, or by a group, that is not told
    bool past_groups;         // its groups are not asked
    const char *unsure;       // why clients may not come, or NULL
    const char *settle;       // what would settle that
};

struct told_bridges {
    VECTOR(struct told_bridge) items;
    struct map decided;     // id of a service's interface -> non-NULL: the items tell all that it brings clients to
    struct map unexplained; // the same of those that documents which are whole explain by nothing
    text_list assumptions;
    text_list not_covered;
    bool accelerators_whole;  // each accelerator of the account is told whole
    struct lack_list missing; // to know where a service brings clients that no interface of its own shows
};

// Whether an interface is Global Accelerator's own.
bool is_accelerators(const struct estate *estate, const struct network_interface *interface);

// Whether a service's interface may be another's, or elsewhere: its records differ, or the names of a group by which it
// is known, or what it calls the group and what the group's record does.
bool told_in_doubt(const struct estate *estate, const struct network_interface *own);

// `is_origin` says whether an interface is one of CloudFront's.
struct told_bridges told_bridges_of(struct arena *arena, const struct estate *estate,
                                    bool (*is_origin)(const void *context, const struct network_interface *interface),
                                    const void *context);
