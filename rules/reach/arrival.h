// Who comes to one place behind a listener: clients by their own addresses, and clients that somebody brings, so that
// groups, ACLs and listener rules see his address in place of theirs. For the files of rules/ only.
//
// A load balancer brings its clients to its targets, unless it preserves their addresses; so do CloudFront's VPC
// origins and API Gateway's VPC links.
#pragma once

#include "net/port_set.h"
#include "net/prefix_set.h"

// Clients of one family, in three values as in a claim.
struct clients {
    struct prefixset must;
    struct prefixset may; // holds `must`
};

struct arrival {
    struct clients own;
    struct clients brought;
    struct prefixset seen;   // whose addresses are seen in place of theirs: each of these may be
    enum family seen_family; // 0: nobody is brought
    struct portset ports;    // of the clients: from some of these they get replies
};

bool arrival_is_empty(const struct arrival *arrival);
// All of its clients, however they come.
struct clients arrival_clients(struct arena *arena, const struct arrival *arrival);
struct arrival arrival_union(struct arena *arena, const struct arrival *a, const struct arrival *b);
// Whether `b` brings nobody, and nobody by another address, that `a` does not.
bool arrival_holds(struct arena *arena, const struct arrival *a, const struct arrival *b);
// None of its clients comes surely.
void arrival_doubt(struct arrival *arrival);

struct clients clients_intersect(struct arena *arena, struct clients a, struct clients b);
struct clients clients_union(struct arena *arena, struct clients a, struct clients b);
// Those of `brought` that come past what lets only these sources through, of the family of what is seen.
struct clients clients_brought_past(struct arena *arena, struct clients brought, struct prefixset seen,
                                    struct clients sources);
