// Interfaces and addresses that a plan makes. For src/aws/terraform only.
#pragma once

#include "aws/terraform/plan.h"

// An instance's primary interface, or NULL.
struct network_interface *primary_interface_of(struct plan_reader *plan, const char *instance_id);

// A new interface, attached and in no known place.
struct network_interface *add_interface(struct plan_reader *plan, const char *id);
// Puts it into a subnet, or into one that nothing tells of.
void place_interface(struct plan_reader *plan, struct network_interface *interface, const char *subnet_id);
void set_groups(struct plan_reader *plan, struct network_interface *interface, const struct id_list *ids);
// The group that an interface without one is given: its VPC's default one.
void set_default_group(struct plan_reader *plan, const struct resource *resource, struct network_interface *interface);
// The IPv6 addresses that a resource gives its new interface: told, counted, or by its subnet's default.
void give_ipv6(struct plan_reader *plan, const struct resource *resource, struct network_interface *interface);
// The same of one that is there: addresses that are told anew, and as many others as are counted.
void change_ipv6(struct plan_reader *plan, const struct resource *resource, struct network_interface *interface);
// The groups of the launch template that a resource names, where the plan makes it (fleets.c).
struct id_list groups_of_new_template(struct plan_reader *plan, const struct resource *resource);

// Whether a document lacks what its subnet gives to what is launched in it, which AWS prints of each.
bool subnet_launch_is_untold(const struct subnet *subnet);
const char *doubt_of_launch(struct plan_reader *plan, const struct resource *resource, const struct subnet *subnet);

// The private IPv4 addresses that a resource gives its interface, as far as the plan tells (private_addresses.c).
void give_private_ipv4(struct plan_reader *plan, const struct resource *resource, struct network_interface *interface);
// The prefixes that it delegates to it, of both families.
void give_prefixes(struct plan_reader *plan, const struct resource *resource, struct network_interface *interface);

// An address that AWS will choose: 0.0.0.0/8 is nobody's (RFC 1122), nor is ::/104, and stands for it
// (endpoint_address).
struct address pending_address(struct plan_reader *plan, enum family family);
// That an interface no longer has an address which it had, whatever documents say of it.
void address_goes(struct plan_reader *plan, const struct interface_address *address);
// Gives an interface an address. A public IPv4 one takes the place of that of the same private address.
void give_address(struct plan_reader *plan, struct network_interface *interface, struct address address,
                  struct address private_address);
// The private address that an attribute names, else the interface's primary one, else 0.0.0.0.
struct address private_address_of(struct plan_reader *plan, const cJSON *values, const char *key,
                                  const struct network_interface *interface);
