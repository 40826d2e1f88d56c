// The answer of explain about an address that is not on the internet.
#pragma once

#include "cli/options.h"
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

typedef VECTOR(const struct endpoint *) explained_endpoints;

// Of an address that has answers of its own, on these interfaces: the ways behind load balancers and services to where
// its packets go, in text; nothing where there are none.
void explain_ways_beside(struct arena *arena, const struct exposure_set *set, const struct private_question *question,
                         const explained_endpoints *endpoints, struct text *out);

// The same as the members `ways` and `not_judged`.
void explain_put_ways(struct json_writer *writer, struct arena *arena, const struct exposure_set *set,
                      const struct private_question *question, const explained_endpoints *endpoints);

// The hops of an explanation: as the members `stopped_by` and `hops`, or a line each.
void explain_put_hops(struct json_writer *writer, struct arena *arena, const struct explanation *explanation);
void explain_write_hops(struct arena *arena, const struct explanation *explanation, struct text *out);
