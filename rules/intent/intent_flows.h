// What an intent says of flows between segments: rules with `from` and `to`. The first that is about a packet decides;
// where none is, nothing is said, whatever the default.
#pragma once

#include "model/segment.h"
#include "rules/intent/intent.h"
#include "rules/reach/segments.h"

typedef VECTOR(struct segment_finding) segment_findings;

// Whether an interface is of a selection, as rules/reach/segments.h asks it.
bool intent_holds(const void *select, const struct estate *estate, const struct network_interface *interface);

// Whether an intent has rules about flows.
bool intent_has_flows(const struct intent *intent);

// Adds the flows that rules forbid on `today` (YYYY-MM-DD), box by box, each once, in the order of the rules, in
// `arena`. Their flows' segments are those of no set. What the snapshot lacks for that is added to `missing`.
void intent_flows(struct arena *arena, const struct intent *intent, const struct estate *estate, const char *today,
                  segment_findings *findings, struct lack_list *missing);
