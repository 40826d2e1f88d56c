// Security groups: the union of the rules of all groups on an interface admits a packet.
// https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
#pragma once

#include "rules/claim.h"

// What the groups of `interface` admit of one protocol from one family. No group at all admits everything; a group or a
// prefix list that the snapshot lacks puts everything it could admit into `may` and is named in doubts and `missing`.
struct claim security_group_admits(struct arena *arena, const struct estate *estate,
                                   const struct network_interface *interface, enum family family, int protocol,
                                   text_list *missing);

// "sg-ID:INDEX" of each rule that admits some of the rectangle.
void security_group_because(struct arena *arena, const struct estate *estate, const struct network_interface *interface,
                            enum family family, const struct exposure *rectangle, text_list *because);
