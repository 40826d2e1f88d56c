// What an intent says of flows between segments: rules with `from` and `to`. The first that is about a packet decides;
// where none is, nothing is said, whatever the default.
#pragma once

#include "model/segment.h"
#include "net/box.h"
#include "rules/intent/intent.h"
#include "rules/reach/segments.h"

typedef VECTOR(struct segment_finding) segment_findings;

// Whether an interface is of a selection, as rules/reach/segments.h asks it.
bool intent_holds(const void *select, const struct estate *estate, const struct network_interface *interface);

// The segments that an intent names; by group, where it names none or there is none (NULL).
struct segments_question intent_segments(struct arena *arena, const struct intent *intent);

// Whether an intent has rules about flows.
bool intent_has_flows(const struct intent *intent);

// Adds the flows that rules forbid on `today` (YYYY-MM-DD), box by box, each once, in the order of the rules, in
// `arena`. Their flows' segments are those of no set. What the snapshot lacks for that is added to `missing`.
void intent_flows(struct arena *arena, const struct intent *intent, const struct estate *estate, const char *today,
                  segment_findings *findings, struct lack_list *missing);

// What of a flow a rule decides, or none does (NULL).
struct flow_part {
    struct box box;
    const struct intent_rule *rule;
};
typedef VECTOR(struct flow_part) flow_parts;

// Cuts a flow by the first rule that is about its packets; addresses are those of the estate, which the flow is of.
flow_parts intent_flow_parts(struct arena *arena, const struct intent *intent, const struct estate *estate,
                             const char *today, const struct flow *flow);
// The flow with nothing but what a box of it holds.
struct flow *intent_flow_of(struct arena *arena, const struct flow *whole, const struct box *box);
