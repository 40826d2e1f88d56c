// Where the resets of a host without an open port come from: who bans us by resets, in the way, is often nearer than
// the host, or counts its hops otherwise. For the files of probe/ only.
#pragma once

#include "probe/ledger.h"

// Since when, by the moments of sending, nearly all resets of a lane have come with another number of hops left than
// the first ones, or in less than half of their round-trip time; 0: they have not.
uint64_t origin_changed_us(const struct ledger *ledger, size_t lane);
