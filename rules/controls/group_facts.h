// What facts of security groups share. For the files of rules/controls only.
#pragma once

#include "rules/controls/facts.h"
#include "rules/reach/security_group.h"

// Ports of a protocol at which a group admits all of the internet of a family; what is not known of it is answered as
// missing.
struct portset group_open_ports(struct inquiry *inquiry, struct group_cache *cache, const char *group, int protocol,
                                enum family family);

// Whether it is known that no interface has the group.
bool group_protects_nothing(struct inquiry *inquiry, const char *group);

// The rule with which the rules of all protocols come to have all of the internet as peers, or NULL.
const struct security_group_rule *group_all_open(struct arena *arena, const struct security_group_rule *rules,
                                                 size_t count);
