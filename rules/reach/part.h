// The reasons of an answer that are those of a part of it: of one client, or of one port.
#pragma once

#include "model/exposure.h"

// Those of `list` that some packet of `part` has: of its protocols, numbers and sources, by its client ports and its
// path. The list itself where that is all of them.
reason_list part_reasons(struct arena *arena, const reason_list *list, const struct exposure *part);

// Adds reasons of who gets to one port of a node or a target, for the ports behind it: of those clients, whatever the
// number. `known` holds what was made of them. Reasons live in `kept`, the list in `arena`.
void part_add_at_port(struct arena *arena, struct arena *kept, struct map *known, const reason_list *from,
                      uint16_t port, reason_list *list);
// Adds reasons that are of all clients, since they tell of others than these.
void part_add_untold(struct arena *arena, struct arena *kept, const reason_list *from, reason_list *list);
