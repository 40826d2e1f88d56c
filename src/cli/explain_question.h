// What explain is asked: of what, and which port, in the ways in which people write it.
#pragma once

#include "model/exposure.h"

struct explain_question {
    const char *target; // an address, a Name tag, the id of an instance or an interface
    const char *asked;  // "443/tcp"
    int protocol;
    uint16_t number; // port, or ICMP type * 256 + code
};

// "443/tcp", "tcp/443", "443", "https", "8.0/icmp", "icmp", "/47"; with `port` NULL it stands behind the target:
// "198.51.100.7:443", "[2001:db8::7]:443", "web-1:https". ERROR_USAGE.
bool explain_question_parse(struct arena *arena, const char *target, const char *port,
                            struct explain_question *question, struct error *error);

typedef VECTOR(struct address) address_list;

// The address itself; of a name or an id, the addresses of the endpoints that have it, ascending, or, where there are
// none, the private addresses of the interfaces. ERROR_USAGE where nothing has it, ERROR_INCOMPLETE where that is not
// known.
bool explain_addresses(struct arena *arena, const struct exposure_set *set, const char *target, address_list *addresses,
                       struct error *error);

// "198.51.100.7, 2001:db8::7", in the arena.
const char *explain_listed(struct arena *arena, const address_list *addresses);
