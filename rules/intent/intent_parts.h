// What an intent says of a whole set of ports and sources, exactly: the set cut by the rules that decide. A probe asks
// one port from one source (intent_first); what a plan opens is judged as a set.
#pragma once

#include "net/port_map.h"
#include "rules/intent/intent.h"

struct intent_part {
    struct portmap map;
    const struct intent_rule *rule; // that decides, or NULL: the default
    bool allowed;
    const struct intent_rule *expired; // would have allowed it before its date, or NULL
};

typedef VECTOR(struct intent_part) intent_part_list;

// Cuts `map` by the rules that were selected for its endpoint, on `today` (YYYY-MM-DD). Of protocols that a rule names
// only some of, a rule that denies counts for all of them, and one that allows for none; where `wanted` (what closes),
// one that allows counts too.
void intent_parts(struct arena *arena, const struct intent *intent, const intent_rule_list *rules, int protocol_low,
                  int protocol_high, enum family family, struct portmap map, const char *today, bool wanted,
                  intent_part_list *parts);
