// Route tables: does a reply to a source leave through this VPC's internet gateway?
// https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
#pragma once

#include "rules/reach/claim.h"

// Whether the reply to what arrives leaves by the internet gateway.
enum reply { REPLY_NONE, REPLY_POSSIBLE, REPLY_SURE };

// One route's own share of the address space: the sources for which it is the longest match.
struct route_share {
    const struct route *route;
    struct prefix prefix;
    struct prefixset sources;
    enum reply reply;
    const struct reason *reason; // "rtb-ID:DESTINATION", and where it leads
    const struct reason *doubt;  // why only possible
};

struct route_claim {
    struct prefixset must;
    struct prefixset may;
    reason_list doubts; // what concerns the table as a whole (prefix lists without entries)
    VECTOR(struct route_share) shares;
    VECTOR(struct route_share) unlisted; // routes to prefix lists whose entries are not known; `doubt` says so
};

// The route table of an interface's subnet: explicit association, else the VPC's main table. NULL where the snapshot
// does not tell, or not surely; *missing then names why.
const struct route_table *route_table_of(struct arena *arena, const struct estate *estate,
                                         const struct network_interface *interface, struct lack *missing);

// The shares of a table's routes and of `more` that are beside them, longest prefix first; nothing is judged yet.
struct route_claim route_table_cut(struct arena *arena, const struct estate *estate, const struct route_table *table,
                                   const struct route *more, size_t more_count, enum family family,
                                   struct lack_list *missing);

// Judges one share of a cut: whether what it holds leaves by the VPC's internet gateway.
void route_table_judge(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                       struct route_share *share, struct lack_list *missing);

// Whether the routes of two shares, one behind the other, have one destination and rank: no page tells which holds.
bool route_table_equals(const struct route_claim *claim, size_t at, size_t next);

// Where `table` sends replies to every source of a family, for an interface that lies in `place`.
struct route_claim route_table_replies(struct arena *arena, const struct estate *estate,
                                       const struct route_table *table, const struct interface_place *place,
                                       enum family family, struct lack_list *missing);

// The share that a source falls into, or NULL where no route matches.
const struct route_share *route_table_share(const struct route_claim *claim, address_bits source);
