// Source ports: from which of this machine's own ports a question is asked. For the files of probe/ only.
#pragma once

#include "net/port_set.h"

// What the kernel picks source ports from for everybody else (net.ipv4.ip_local_port_range, for IPv6 too).
struct port_range ports_ephemeral(void);

// A set's ports by number, from 0.
uint16_t ports_nth(struct portset set, size_t n);
// The inverse. False where the set does not hold the port.
bool ports_index(struct portset set, uint16_t port, size_t *n);

// The ports that probes of our own making may come from, so that no connection of this machine's is met: those of
// `allowed` outside the ephemeral range and above 1023; where there are none, those of `allowed` above 1023; else
// `allowed`.
struct portset ports_own(struct arena *arena, struct portset allowed);
