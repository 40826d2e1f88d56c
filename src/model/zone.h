// Availability Zones of subnets, as documents tell of them. Names may stand for another zone in each account, ids never
// do. https://docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html
#pragma once

#include "base/vector.h"

// What one document says of a subnet's zone.
struct zone_claim {
    const char *account; // that was asked, whose names it tells; NULL: not known
    const char *name;    // or NULL, as the id
    const char *id;
};

struct zone_claims {
    VECTOR(struct zone_claim) items;
};

// Whether two of them contradict each other.
bool zone_claims_differ(const struct zone_claims *claims);

enum zones { ZONES_NOT_TOLD, ZONES_ALIKE, ZONES_APART, ZONES_UNSURE };

// Whether two places lie in one zone. Unsure where documents contradict each other in that.
enum zones zones_compare(const struct zone_claims *a, const struct zone_claims *b);

// Whether a place is, or may be, in a zone.
bool zone_is(const struct zone_claims *claims, const struct zone_claim *zone);
