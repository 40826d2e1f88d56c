// Commands that take rules out of a security group. For the files of rules/controls only.
#pragma once

#include "rules/controls/facts.h"

// Takes the peers that are most of the internet out of the inbound rules that admit a protocol to some of the ports;
// NULL where they are narrow blocks, or a prefix list, that only together come to the internet: a person must choose.
const char *group_fix_anywhere(struct arena *arena, const struct estate *estate, const struct security_group *group,
                               enum family family, int protocol, struct portset ports);

// Takes out the rules of a direction, whole; NULL where a peer of them has no record and so no id.
const char *group_fix_rules(struct arena *arena, const struct estate *estate, const struct security_group *group,
                            bool egress, const struct security_group_rule *rules, size_t count);
