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

// Adds what the half has in common with what takes packets from these addresses whatever they are.
void departure_meet(const struct departure *departure, const struct half *half, struct prefixset sources);

// By a NAT gateway: what its own subnet lets through, and where that one's table leads.
void outbound_by_nat(const struct departure *departure, const struct way *way);
