// By which ports of an accelerator's listener clients get to which ports of its endpoints. For the files of rules/
// only. https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoint-groups-port-override.html
#pragma once

#include "model/bridge.h"
#include "net/port_set.h"

struct port_way {
    struct portset asked; // of the listener
    struct portset ports; // of the endpoint: the same, or the one that these are overridden with
    bool overridden;
};
typedef VECTOR(struct port_way) port_ways;

// Each port that overrides lead to, then, in one, those of which none is overridden. Lives in `arena`.
port_ways accelerator_ports(struct arena *arena, const struct accelerator_listener *listener,
                            const struct accelerator_group *group);

// For people: "443/TCP", "85/TCP (to port 22)".
const char *port_way_text(struct arena *arena, const struct port_way *way, int protocol);

// Whether a listener has endpoints in another group.
bool accelerator_has_others(const struct accelerator_listener *listener, const struct accelerator_group *group);
