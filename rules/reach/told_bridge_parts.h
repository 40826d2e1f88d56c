// What accelerators and VPC origins share where they are told.
#pragma once

#include "rules/reach/instance_home.h"
#include "rules/reach/told_bridge.h"

typedef VECTOR(const struct network_interface *) interfaces;

struct teller {
    struct arena *arena;
    const struct estate *estate;
    struct told_bridges *told;
    struct map homes; // instance -> struct instance_home
};

// The interfaces of a load balancer (by its ARN), of an instance (by its id or ARN: its primary one), or with an
// Elastic IP address (by the id of its allocation).
struct targets {
    interfaces items;
    const char *unsure; // which of them is the primary one, or that they are elsewhere than their ARN says
};

// Those of an id; an ARN, and what names a region beside it, must be those of the interfaces that it finds.
struct targets told_targets_of(const struct teller *teller, const char *id, const char *region);

// Whether some document of a kind is not whole.
bool told_is_broken(const struct estate *estate, enum kind kind);

// Field `index` of "arn:aws:SERVICE:REGION:ACCOUNT:...", or NULL.
const char *told_arn_field(struct arena *arena, const char *arn, int index);

// Whether the snapshot tells of the network of an account's region; either may be NULL, where it is not told.
bool told_covers(const struct estate *estate, const char *account, const char *region);

// The service's interface in a VPC serves what origins there are in it: that is known where some origin has its target
// there, and each that has is told whole.
void told_origins_of(struct teller *teller, const struct network_interface *own);

// An origin whose target is here, while the service's interface, by which it is reached, is not; or whose target is
// not, in a region of the snapshot.
void told_origin_note(struct teller *teller, const struct vpc_origin *origin,
                      bool (*is_origin)(const void *context, const struct network_interface *interface),
                      const void *context);
