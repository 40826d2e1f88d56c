// The way in: internet gateway, Block Public Access, edge routing, and what kind of interface it is.
#pragma once

#include "rules/claim.h"

enum gate_state { GATE_SHUT, GATE_POSSIBLE, GATE_OPEN };

struct gate {
    enum gate_state state;
    const char *gateway_id; // of the VPC's internet gateway, or NULL
    const char *why;        // one sentence for people: what decides
    text_list doubts;       // why only possible
};

// Whether packets from the internet arrive at `interface` for `private_address` at all (semantics.md, 1 and 2).
struct gate gateway_admits(struct arena *arena, const struct estate *estate, const struct network_interface *interface,
                           struct address private_address, text_list *missing);
