// What endpoints of Verified Access bring their clients to: possible, since their policies decide whom they let in.
// https://docs.aws.amazon.com/verified-access/latest/ug/verified-access-endpoints.html
#pragma once

#include "rules/reach/told_bridge.h"

// Adds a way for each interface that is, or may be, an endpoint's target; what of `told` is missing, where none is.
void verified_access_tell(struct arena *arena, const struct estate *estate, struct told_bridges *told);
