// Whether a host limits its answers by a token bucket: some at once, then so many a second (iptables-extensions(8),
// limit and hashlimit; Linux's net.ipv4.icmp_msgs_burst). Of many questions asked together it answers those that were
// asked first, whichever they are. Questions come in random order: a host that does not limit answers some first ones
// and some last ones alike. Rejections do not count: routers limit
// their errors as they like. For the files of probe/ only.
#pragma once

#include "probe/ledger.h"

// How likely it is by chance that so many of a lane's questions which were asked first in a try were answered in it, as
// a natural logarithm: 0, where it is likely, or less; an upper bound. *answered: how many were, of all.
double bucket_luck(const struct ledger *ledger, size_t lane, unsigned try, uint64_t *answered);
