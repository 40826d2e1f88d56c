// What the prober opens before anything is parsed, and its senders take: probe.h has probe_raw_open. For the files of
// probe/ only.
#pragma once

#include "probe/binder.h"
#include "probe/probe.h"
#include "probe/receiver.h"

struct raw_socket {
    int fd;  // -1: not open, or taken
    int why; // errno value where it could not be opened
};

struct probe_raw {
    uint64_t opened_us;        // wall clock, before any of it was
    struct child binder;       // to source ports that need a right of their own
    struct raw_socket tcp[2];  // of IPv4, of IPv6. A filter lets nothing in.
    struct raw_socket echo[2]; // ICMP, ICMPv6; the same
    struct receiver *receiver; // of all interfaces; NULL: not open, or taken
    bool capture_refused;      // it is a privilege that is missing
    struct error capture_why;
};

// The descriptor, which is the caller's from then on; -1 where there is none.
int raw_take(struct raw_socket *socket);
