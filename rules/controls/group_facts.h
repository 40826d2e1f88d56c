// What facts of security groups share. For the files of rules/controls only.
#pragma once

#include "rules/controls/facts.h"
#include "rules/reach/security_group.h"

// Ports of a protocol at which a group admits all of the internet of a family; what is not known of it is answered as
// missing.
struct portset group_open_ports(struct inquiry *inquiry, struct group_cache *cache, const char *group, int protocol,
                                enum family family);

// Ports at which a map holds anywhere of a family.
struct portset group_ports_of_anywhere(struct arena *arena, struct portmap map, enum family family);

// What is added to what is wrong of a group: that it protects nothing; or "".
const char *group_no_use(struct inquiry *inquiry, const struct security_group *group);

// Whether it is known that no interface has the group.
bool group_protects_nothing(struct inquiry *inquiry, const char *group);

// Whether rules filter nothing: all protocols, or every port of TCP or of UDP, from or to anywhere, by however many
// rules; then `what` of that ("everything", "every TCP port"), and the rule that comes last to make it so. What is not
// known of them is answered as missing.
struct group_hole {
    const struct security_group_rule *rule; // NULL: they do filter
    const char *what;
};
struct group_hole group_hole_of(struct inquiry *inquiry, struct group_cache *cache,
                                const struct security_group_rule *rules, size_t count);
