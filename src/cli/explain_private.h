// The answer of explain about an address that is not on the internet.
#pragma once

#include "cli/common.h"
#include "rules/reach/explain_behind.h"

struct private_question {
    const char *asked; // "443/tcp"
    struct address address;
    int protocol;
    uint16_t number;
    struct address source; // family 0: any internet client
    struct portset client_ports;
    const char *format; // "text" or "json"
};

// Writes the answer; false where no interface has the address. `complete`: nothing that it rests on is missing, so that
// "no way" may be said.
bool explain_private(struct arena *arena, const struct exposure_set *set, const struct private_question *question,
                     bool complete, struct text *out);

// Writes the ways behind load balancers to an address that has an answer of its own, in text; nothing where there are
// none.
void explain_ways_beside(struct arena *arena, const struct exposure_set *set, const struct private_question *question,
                         struct text *out);

// The same as the member `ways` (of an address that has none, an empty list).
void explain_put_ways(struct json_writer *writer, struct arena *arena, const struct exposure_set *set,
                      const struct private_question *question);

// The hops of an explanation: as the members `stopped_by` and `hops`, or a line each.
void explain_put_hops(struct json_writer *writer, struct arena *arena, const struct explanation *explanation);
void explain_write_hops(struct arena *arena, const struct explanation *explanation, struct text *out);
