// What moved between two runs: ports that opened or closed, verdicts that changed, endpoints that came or went. Only
// what both asked and learnt is compared (semantics.md, Between two runs). The same state gives no line.
#pragma once

#include "model/answered.h"

enum drift_kind {
    DRIFT_ENDPOINT_NEW,
    DRIFT_ENDPOINT_GONE,
    DRIFT_OPENED,     // something answers now that was asked before and did not
    DRIFT_OUTAGE,     // a service that the intent expects answered, and does not now
    DRIFT_CLOSED,     // another answered, was asked again, and does not now
    DRIFT_CHANGED,    // the verdict is another, and none of those
    DRIFT_FIRST_SEEN, // known now, not before: it may always have been so
    DRIFT_NOT_ASKED,  // known before, not now: it may still be so
    DRIFT_KINDS
};

extern const char *const drift_names[];

struct drift {
    enum drift_kind kind;
    struct address address;
    int protocol;
    uint16_t low;
    uint16_t high;
    const struct verdict *before; // NULL: not asked, or no such endpoint
    const struct verdict *after;
};

typedef VECTOR(struct drift) drift_list;

// Compares two sets, each sorted as verdicts_merge leaves them; borrows from both. What one side only knows is a line
// unless it is enforced. The lines are sorted by address, endpoints first, then protocol and port.
void drift_compute(struct arena *arena, const struct verdict_set *before, const struct verdict_set *after,
                   drift_list *list);

// Whether a service of before is not known to be closed, though its address was asked: a comparison is not complete
// then.
bool drift_is_open_question(const drift_list *list, const struct drift *drift);

// What of a set a baseline holds too, by ports.
struct drift_known {
    size_t ports;
    size_t by_severity[SEVERITIES];
};

// The part of `set` that `baseline` does not hold, asked from the same interface (or from outside as well), with the
// same verdict, observation and declaration, and at least the same severity. *known counts the ports left out.
void drift_since(struct arena *arena, const struct verdict_set *set, const struct verdict_set *baseline,
                 struct verdict_set *fresh, struct drift_known *known);

// "443/tcp", "1-21/tcp", "echo/icmp"
const char *drift_place(struct arena *arena, const struct drift *drift);

// One line of text for a drift.
const char *drift_text(struct arena *arena, const struct drift *drift);
// The lists of sgproof/diff/v1, one a kind, by their names.
extern const char *const drift_lists[];
void drift_write_json(const drift_list *list, struct json_writer *writer);
