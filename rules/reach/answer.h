// The exposures of one kind of endpoint: what its groups admit, met with what its site lets in and back. For reach.c.
#pragma once

#include "net/prefix_table.h"
#include "rules/reach/security_group.h"
#include "rules/reach/site.h"

struct load_balancer;

// One answer to make: the exposures of one kind of endpoint.
struct question {
    struct site *site;
    const struct network_interface *interface;
    enum family family;
    struct gate gate;
    const struct load_balancer *balancer; // whose listeners are the only ports, or NULL
    struct exposure_list *list;           // where the answer goes
};

// What a set of groups admits of one protocol: the same in every site.
struct admitted {
    int protocol;
    struct group_rules rules;
    struct claim claim;
};

// Questions of one computation, and what their answers share.
struct answers {
    struct arena *arena; // lives as long as the result
    struct group_cache groups;
    struct prefix_table sources; // equal ones are held once
    VECTOR(struct question) questions;
    struct arena *scratch;            // for one answer, while answers are made
    VECTOR(struct admitted) admitted; // of the question in hand, in scratch memory
};

// Answers all questions into their lists.
void answers_make(struct answers *answers);
