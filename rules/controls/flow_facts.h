// Flows of segments, as facts ask about them: computed once for all controls, and kept in the evidence as
// segments.json. For the files of rules/controls only.
#pragma once

#include "net/box.h"
#include "rules/controls/facts.h"
#include "rules/intent/intent_flows.h"

// All flows of the estate's segments: those of the intent and what is in none of them; security groups, where it names
// none. What they lack is answered as missing. NULL where the snapshot holds no network, which is missing too.
const struct segment_set *flow_facts_set(struct inquiry *inquiry);

// What a segment of that set is to the assessment: SCOPE_OUT where the intent does not say.
enum intent_scope flow_facts_scope(const struct inquiry *inquiry, const struct segment *segment);

// Whether the intent tells which segments are the cardholder environment, and they hold interfaces; what lacks is
// missing.
bool flow_facts_have_cde(struct inquiry *inquiry, const struct segment_set *set);

// Whether an interface is of a segment whose scope is `widest` or narrower: SCOPE_CDE, of the cardholder environment;
// SCOPE_CONNECTED, of it or of what is connected with it.
bool flow_facts_in_scope(const struct inquiry *inquiry, enum intent_scope widest,
                         const struct network_interface *interface);

// The addresses, in a VPC, of all segments whose scope is `widest` or narrower.
struct prefixset flow_facts_addresses(const struct inquiry *inquiry, enum intent_scope widest, const char *vpc_id,
                                      enum family family);

// The boxes less what comes from `sources`, and less what goes to `destinations`.
box_list flow_facts_without(struct arena *arena, const box_list *boxes, enum family family, struct prefixset sources,
                            struct prefixset destinations);

// "web to db", "db to internet".
const char *flow_facts_pair(struct arena *arena, const struct segment_set *set, const struct flow *flow);

// Services of one pair of segments that get the same answer, until it is told.
struct flow_answer {
    const struct flow *first; // of them; NULL: there is none
    const struct intent_rule *rule;
    size_t count;
    const char *services; // "tcp 22, icmp echo"
};
// Adds a service: of a flow, at those of its ports.
void flow_answer_add(struct arena *arena, struct flow_answer *answer, const struct flow *flow, struct portset ports);

// Of what was answered last: the evidence's place in segments.json, of a flow of the set, or (NULL) of all.
void flow_facts_refer(struct inquiry *inquiry, const struct segment_set *set, const struct flow *flow);
