// What moved between two runs: ports that opened or closed, verdicts that changed, endpoints that came or went. The
// same state gives no line.
#pragma once

#include "model/verdict.h"

enum drift_kind {
    DRIFT_ENDPOINT_NEW,
    DRIFT_ENDPOINT_GONE,
    DRIFT_OPENED,  // something answers now that did not
    DRIFT_CLOSED,  // nothing answers now that did
    DRIFT_CHANGED, // the verdict is another, and neither of those
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

// Compares two sets, each sorted as verdicts_merge leaves them; borrows from both. What was asked on one side only is a
// line unless it is enforced. The lines are sorted by address, endpoints first, then protocol and port.
void drift_compute(struct arena *arena, const struct verdict_set *before, const struct verdict_set *after,
                   drift_list *list);

// The part of `set` that `baseline` does not hold with the same verdict, observation and declaration, and at least the
// same severity. *known counts the ports left out.
void drift_since(struct arena *arena, const struct verdict_set *set, const struct verdict_set *baseline,
                 struct verdict_set *fresh, size_t *known);

// "443/tcp", "1-21/tcp", "echo/icmp"
const char *drift_place(struct arena *arena, const struct drift *drift);

// One line of text, and the members of a JSON object, for a drift. `low` to `high` of its own protocol.
const char *drift_text(struct arena *arena, const struct drift *drift);
void drift_write_json(const drift_list *list, struct json_writer *writer);
