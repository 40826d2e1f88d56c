// Which rules of an intent are about an endpoint. A rule that names an address, an instance or a group, without a
// pattern, is looked at for that one's endpoints only: an intent may have a rule for each endpoint, as the one that
// `compute --as-intent` writes.
#pragma once

#include "rules/intent/intent.h"

typedef VECTOR(uint32_t) rule_numbers; // places in the intent's list

struct intent_index {
    const struct intent *intent;
    const struct estate *estate;
    struct map named; // address, instance id, id or name of a group -> numbers of rules
    rule_numbers others;
};

// Intent and estate are borrowed and must outlive the index, which is in the arena.
struct intent_index *intent_index_of(struct arena *arena, const struct intent *intent, const struct estate *estate);

// Adds the rules that are about an endpoint, in their order: those of intent_select.
void intent_index_select(const struct intent_index *index, struct arena *arena, const struct endpoint *endpoint,
                         intent_rule_list *rules);
