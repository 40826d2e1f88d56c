// Load balancers: which interfaces are theirs and where they listen.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
#pragma once

#include "rules/reach/claim.h"

// The key in estate.load_balancers of the load balancer that an interface's mark names.
const char *load_balancer_key(struct arena *arena, const struct network_interface *interface);

// Of a target group behind a network load balancer, which passes its clients' addresses on: whether an attribute of the
// group decides that, and what holds without the attribute. The group's type is known.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation
bool preservation_is_optional(const struct target_group *group);
bool preservation_is_certain(const struct target_group *group); // false of protocols that are new, or not told
bool preserves_by_default(const struct target_group *group);

// Whether an interface is a load balancer's own, by its type or by who asked for it.
bool is_balancers_interface(const struct network_interface *interface);

// The load balancer whose interface this is, or NULL. Where the snapshot holds load balancers but lacks this one or its
// listeners, *missing says so: it may listen on every port.
const struct load_balancer *load_balancer_of(struct arena *arena, const struct estate *estate,
                                             const struct network_interface *interface, const struct reason **missing);

// A listener as its clients know it: "443/HTTPS"; "unknown" where it is NULL.
const char *listener_text(struct arena *arena, const struct listener *listener);

// Whether a listener takes a protocol; perhaps, where the listener's word for it is new.
enum listens { LISTENS_NOT, LISTENS_PERHAPS, LISTENS_SURELY };
enum listens listener_takes(const struct listener *listener, int protocol);

// Numbers (ports; of ICMP, types and codes) of a protocol that it takes, and beyond them those that it may, and why.
struct balancer_ports {
    struct portset must;
    struct portset may;
    const struct reason *doubt;
};
struct balancer_ports load_balancer_ports(struct arena *arena, const struct load_balancer *balancer, int protocol);

// That attributes of load balancers like this one, or of target groups, were asked for there and not answered, or NULL.
const struct lack *attributes_lack(const struct estate *estate, const struct load_balancer *balancer);

// The same as a doubt of one load balancer.
const struct reason *attributes_doubt(struct arena *arena, const struct load_balancer *balancer,
                                      const struct lack *lack);

// A listener, as what lets a packet in.
const struct reason *listener_reason(struct arena *arena, const struct load_balancer *balancer,
                                     const struct listener *listener);

// What its scheme, and its attribute ipv6.deny_all_igw_traffic, do to what comes by the internet gateway. The attribute
// does not count where its interface is known to let that in (`allowed`).
struct balancer_gate {
    const char *shut;           // why nothing comes in, or NULL
    const struct reason *doubt; // why that is not sure, or NULL
    const struct lack *lack;    // the attribute, where the doubt is that it is not told; or NULL
};
void load_balancer_gate(struct arena *arena, const struct estate *estate, const struct load_balancer *balancer,
                        enum family family, bool allowed, struct balancer_gate *gate);

// Why it may take no client, by its state; it is unsure.
const struct reason *load_balancer_unsure(struct arena *arena, const struct load_balancer *balancer);
// Why a load balancer or its listeners are not sure; it has a doubt.
const struct reason *load_balancer_doubt(struct arena *arena, const struct estate *estate,
                                         const struct load_balancer *balancer);
// That its listeners are not in the snapshot.
const struct reason *listeners_missing(struct arena *arena, const struct load_balancer *balancer);

// Adds "NAME:PORT/PROTOCOL" of each listener for a protocol on one of [low, high].
void load_balancer_because(struct arena *arena, const struct load_balancer *balancer, int protocol, uint16_t low,
                           uint16_t high, reason_list *because);
