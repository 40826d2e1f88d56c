// Security groups: the union of the rules of all groups on an interface admits a packet.
// https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
#pragma once

#include "rules/reach/claim.h"

// One rule of a group, for one family, with its prefix lists resolved.
struct admission {
    struct reason reason; // that it admits; of whom it says where the rule has no doubt
    int protocol;         // or PROTOCOL_ANY
    uint16_t low;
    uint16_t high;
    struct prefixset sources;
    const struct reason *doubt;  // what the snapshot lacks to know all sources, or NULL
    const struct reason *unsure; // why none of its sources is sure, or NULL
    struct port_segment segment; // all that it admits, as a map
    struct portmap map;
};

// Why a rule may not be; it has a doubt.
const struct reason *rule_unsure(struct arena *arena, const struct security_group *group,
                                 const struct security_group_rule *rule);

struct group_admissions {
    const struct admission *items; // those that name some source of the family
    size_t count;
    const struct reason *missing; // the group itself is, or it is not known whole, and this says so; else NULL
};

// Groups are resolved once and shared by every interface that holds them.
struct group_cache {
    struct arena *arena;
    const struct estate *estate;
    struct map known[2];                 // id -> struct group_admissions, for IPv4 and IPv6
    struct map prefix_lists[2];          // id -> struct prefixset
    const struct interface_place *place; // of the interface that asks
    struct lack_list missing;            // what the snapshot lacked in all that was asked
};

// A rule of a group as a reason: by the record of its peer `peer` (a prefix list or group; NULL: of its only one), else
// by the group and its place.
const struct reason *security_group_reason(struct arena *arena, const struct estate *estate,
                                           const struct security_group *group, const struct security_group_rule *rule,
                                           const char *peer);
// The same of an outbound rule, as one whole.
const struct reason *security_group_egress_reason(struct arena *arena, const struct estate *estate,
                                                  const struct security_group *group,
                                                  const struct security_group_rule *rule);

// The record of a rule's only peer; NULL where it has several, or no record tells of it.
const struct rule_record *security_group_only_record(const struct estate *estate, const char *group,
                                                     const struct security_group_rule *rule, bool egress);

const struct group_admissions *security_group_resolve(struct group_cache *cache, const char *id, enum family family);

// A prefix list's entries of one family, or NULL where the snapshot does not tell them; *doubt then says so.
const struct prefixset *security_group_list(struct group_cache *cache, const char *id, enum family family,
                                            const struct reason **doubt);
// Why what a group admits is not known: the snapshot does not have it, or not all of it was understood; else NULL.
const struct reason *security_group_unknown(struct group_cache *cache, const char *id);

// The rules of an interface's groups for one protocol, ordered so that those that admit a rectangle are found fast.
struct group_rules {
    size_t count;
    struct ordered_rule {
        const struct admission *rule;
        uint32_t place;        // in the order of groups and rules
        uint16_t highest_port; // of this rule and all before it
    } * by_port;               // ascending by low port
    const struct admission **by_place;
    uint64_t *found;    // scratch: a bit a place
    reason_list always; // missing groups, or that there is none
};

// Whether what its groups admit is said alike of each interface that has them. Who has none, or of whom none is told,
// is named by its own id.
bool security_group_is_shared(const struct network_interface *interface);

struct group_rules security_group_rules(struct arena *arena, struct group_cache *cache,
                                        const struct network_interface *interface, enum family family, int protocol);

// What those groups admit. No group at all admits everything; a group or a prefix list that the snapshot lacks puts
// everything it could admit into `extra` and is named in doubts.
struct claim security_group_admits(struct arena *arena, struct group_cache *cache,
                                   const struct network_interface *interface, enum family family,
                                   const struct group_rules *rules);

// Adds each rule that admits some of the rectangle, in the order of groups and rules.
void security_group_because(struct arena *arena, struct group_rules *rules, const struct exposure *rectangle,
                            reason_list *because);
