// explain of what is inside or goes out: SNAPSHOT TARGET PORT/PROTOCOL --from INTERFACE, or SOURCE ... --to ADDRESS.
#pragma once

#include "pipeline/declare.h"
#include "base/json.h"
#include "cli/options.h"

struct flow_asked {
    const char *asked;  // "443/tcp"
    const char *source; // an interface's or instance's id, or a private address
    const char *target; // the same, or an address on the internet
    int protocol;
    uint16_t number;
    const char *format; // "text" or "json"
};

// Whether a text names an interface or an instance, and no address.
bool explain_is_interface(const char *text);

// Whether it is an address that an interface of the snapshot asks from: a private one, or IPv6.
bool explain_is_inside(const struct declared *declared, const char *text);

// Writes the answer, of an id one for each of its addresses; false where one of the two is not in the snapshot. *whole:
// the snapshot lacks nothing that it rests on; else that is said.
bool explain_flow_write(struct arena *arena, const struct declared *declared, const struct flow_asked *asked,
                        struct text *out, bool *whole, struct error *error);
