// What a probe says of itself at its end, out of the ledger. For the files of probe/ only; probe_summary_write, which
// makes the line that ends a file of observations, is in probe.h.
#pragma once

#include "probe/ledger.h"
#include "probe/probe.h"

// Packets sent, received and late, and ports that could not be asked, by reason.
void summary_count(struct arena *arena, const struct ledger *ledger, const struct observations *observations,
                   struct probe_summary *summary);
// The latter alone.
void summary_count_unasked(struct arena *arena, const struct observations *observations, struct probe_summary *summary);
// The source addresses towards the first target asked of each family.
void summary_note_vantages(const struct ledger *ledger, struct probe_summary *summary);
// The hosts that accept every TCP port.
void summary_note_accepting(struct arena *arena, const struct ledger *ledger, struct probe_summary *summary);
// What is said of open ports' services; `problem` where this machine could not ask.
void summary_count_services(struct arena *arena, const struct observations *observations,
                            struct probe_summary *summary);
