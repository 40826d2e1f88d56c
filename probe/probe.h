// The prober: takes addresses and ports, gives observations. Knows nothing of AWS.
//
// Method here: TCP connect (no privilege needed) and ICMP echo. One libuv loop, thousands of sockets in flight, each
// answer told apart from the socket's own error and, for ICMP errors, the socket's error queue (ip(7), IP_RECVERR).
#pragma once

#include "model/observation.h"

struct probe_options {
    long rate;       // most packets a second, from 1
    long tries;      // most tries a port, 1-10
    long timeout_ms; // longest wait for one answer, milliseconds; shorter once a host's round-trip time is known
    const struct prefix *only; // targets outside every one of these are refused; none: no narrowing
    size_t only_count;
    bool progress; // draw a progress line on stderr
};

struct probe_summary {
    size_t by_state[OBSERVED_UNKNOWN + 1]; // ports that ended in each state
    size_t sent;                           // tries
    size_t received;                       // tries that something answered
    double seconds;
    bool interrupted; // by SIGINT or SIGTERM: what had no answer is unknown
    struct {
        const char *reason;
        size_t count;
    } unasked[8];                // ports that could not be asked, by reason
    char vantage4[ADDRESS_TEXT]; // source address used, or ""
    char vantage6[ADDRESS_TEXT];
};

// The scope lock: true where every target of `plan` lies in `only` (if any) and is a unicast address. Sends nothing.
bool probe_scope(const struct plan *plan, const struct prefix *only, size_t only_count, struct error *error);

// Asks every port of `plan` and appends what was observed, by address, protocol and port. Refuses (ERROR_USAGE) before
// sending anything where the scope lock does not hold. ERROR_INCOMPLETE where the loop or its memory cannot be set up.
bool probe_run(struct arena *arena, const struct plan *plan, const struct probe_options *options,
               struct observations *observations, struct probe_summary *summary, struct error *error);

// The summary line that ends a file of observations.
void probe_summary_write(const struct probe_summary *summary, struct text *out);
