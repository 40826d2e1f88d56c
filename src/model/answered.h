// What earlier runs saw answer, place by place, as it was last known. A run asks it again, so that a closing is tested
// and never supposed (semantics.md, Between two runs).
#pragma once

#include "model/verdict.h"

// Of one address and protocol; the two sets are disjoint.
struct answered_ports {
    struct address address;
    int protocol;          // one with ports
    struct portset open;   // a service answered, or should have: an outage goes on until it answers
    struct portset closed; // the host answered, nothing listens
};

struct answered {
    VECTOR(struct answered_ports) items; // by address and protocol
};

// Takes in what a later run knows: what it asked and learnt is as it says, the rest stays. The verdicts are sorted.
// Ports of a host that accepts everything say nothing.
void answered_note(struct arena *arena, struct answered *answered, const struct verdict_set *set);
// Takes in what another series of runs knows: what was open in either is open.
void answered_join(struct arena *arena, struct answered *answered, const struct answered *other);

// Of an address and protocol, or NULL.
const struct answered_ports *answered_at(const struct answered *answered, struct address address, int protocol);

// A service that the intent expects (by a rule: a default that allows expects nothing) and that is known to be silent.
bool verdict_misses_service(const struct verdict *verdict);
// Marks as outages, of high severity at least, such services that have answered before.
void answered_mark_outages(struct arena *arena, const struct answered *answered, struct verdict_set *set);

// The document of schema sgproof/answered/v1.
void answered_write(const struct answered *answered, struct text *out);
bool answered_read(struct arena *arena, const char *file, struct answered *answered, struct error *error);
