// What the configuration says of (number, source) pairs, in three values: `must` surely pass, `extra` pass for all that
// is known, the rest surely does not. The two never overlap. Unmodelled or missing things widen `extra` only.
#pragma once

#include "model/exposure.h"
#include "net/port_map.h"

struct claim {
    struct portmap must;
    struct portmap extra;
    reason_list doubts; // what widens `extra`
};
