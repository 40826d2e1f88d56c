// What clients may ask load balancers for: the conditions on host, path, headers, method and query string that stand on
// one way through their listeners' rules. For the files of rules/ only.
//
// A limit is what holds of the requests on one way: conditions of rules that they meet, and rules before those, which
// they must not meet. A request that keeps within one is looked for by trying: one that is found shows that the way is
// open; where none is found, that is not sure.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
#pragma once

#include "rules/reach/rewriting.h"

// Rules of one listener that come first.
struct rules_before {
    const struct listener_rule *items;
    size_t count;
};

struct request_limit {
    const struct rewriting *rewriting; // by the load balancers before the one in hand: what that leaves open is not met
                                       // surely, nor missed
    VECTOR(const struct listener_rule *) meets;
    size_t inherited; // of `meets`, how many rules are of load balancers before
    VECTOR(struct rules_before) misses;
};

// What has come through load balancers before, on whichever of these ways. A pointer to it that is NULL: whatever the
// client likes.
struct requests {
    VECTOR(struct request_limit) ways;
    const char *unknown; // why it is not known what they ask for; then `ways` tells nothing
};

// Whether a rule takes whatever a limit lets through, of the sources that it takes at all.
bool rule_takes_all(const struct listener_rule *rule, const struct request_limit *limit);

// Whether no request is within a limit: two of its conditions exclude each other.
bool requests_exclude(const struct request_limit *limit);

// Whether some request is known that is within a limit and is taken by none of `count` rules; those of which passed[i]
// is true are not asked. Of the others, met[i] becomes true where some request that was tried may be taken by it.
bool requests_pass(struct arena *arena, const struct request_limit *limit, const struct listener_rule *rules,
                   size_t count, const bool *passed, bool *met);
