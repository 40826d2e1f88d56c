// What outbound.c and its siblings share. For them only.
#pragma once

#include "rules/reach/half.h"
#include "rules/reach/segments.h"

// What one party reaches outside, of one protocol.
struct departure {
    struct traffic *traffic;
    struct arena *scratch;
    const struct party *party;
    int protocol;
    struct other_side outside;
    struct prefixset internet;
    flow_list *flows;
};

// A way out with more doubts; what of the party's own half goes by it.
struct half departure_half(const struct departure *departure, const struct way *way);

// Adds what the half, of these addresses, has in common with what takes its packets.
void departure_meet(const struct departure *departure, const struct half *half, const struct half *taken,
                    struct prefixset sources);

// The same where they are taken whatever they are.
void departure_meet_any(const struct departure *departure, const struct half *half, struct prefixset sources);

// By a NAT gateway: what its own subnet lets through, and where that one's table leads.
void outbound_by_nat(const struct departure *departure, const struct way *way);
