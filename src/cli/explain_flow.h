// explain of what is inside or goes out: SNAPSHOT TARGET PORT/PROTOCOL --from INTERFACE, or SOURCE ... --to ADDRESS.
#pragma once

#include "cli/common.h"

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

// Writes the answer; false where one of the two is not in the snapshot.
bool explain_flow_write(struct arena *arena, const struct estate *estate, const struct flow_asked *asked,
                        struct text *out, struct error *error);
