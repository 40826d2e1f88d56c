// The principals of an account as a graph: who can become whom. For the files of rules/access only.
//
// A node is a user, a role or a group; nodes with the same policies share a *holding*. The graph is walked from those
// who can do most: whoever can become one of them can do as much, by assuming it, or escalates, by changing something
// first.
#pragma once

#include "rules/access/standing.h"
#include "rules/access/trust.h"

// What nodes with the same policies share.
struct holding {
    struct grants *grants;
    struct standing standing;
    enum access_level raised; // what it comes to where it can write its own policies; ACCESS_NONE: not asked yet
    VECTOR(uint32_t) members; // nodes
    enum access_level least;  // that each member has by now
    unsigned char *launching; // by launch: 0 not asked yet, 1 no, 2 yes
};

struct node {
    const struct iam_identity *identity;
    struct holding *holding;
    struct trust trust; // of roles
    enum access_level level;
    const struct grant *by; // that lets it take its first step, or NULL
    const char *step;       // "iam:PassRole and lambda:CreateFunction", or NULL: its policies alone
    uint32_t next;          // the node that it becomes by it; itself: none
    struct access access;   // the answer

    // Of what a principal is once something that limits it is off: behind all others, found by no ARN.
    struct node *limited;        // what it was before; NULL: this is the account's own
    const struct grant *lets_go; // that lets it take the limit off
    const char *letting_go;      // "iam:DeleteUserPolicy of policy p, which denies"
};

struct graph {
    struct granting *granting;
    struct node *items; // users, then roles, then groups, then those with less in their way
    size_t count, users, roles;
    VECTOR(struct holding *) holdings;
    struct map nodes; // ARN -> struct node *
};

struct graph *graph_new(struct granting *granting);
// Adds what an identity would be with some grants. There is room for loosening_most() in all.
struct node *graph_add(struct graph *graph, const struct iam_identity *identity, struct grants *grants);
// Whether any permission on IAM that changes something is granted at all.
bool graph_touches_iam(const struct graph *graph, const struct grants *grants);

// What a node comes to where nothing but its boundary and denials limits what its policies say: ACCESS_ESCALATES at
// most.
enum access_level graph_raised(struct graph *graph, struct holding *holding);

// Puts a node at a level that a step leads to, where that is more than it has. True where it is.
bool graph_put(struct graph *graph, struct node *node, enum access_level level, const struct grant *by,
               const char *step, const struct node *next);

// Whether one can become a role by assuming it; *by is the grant that lets it, NULL where the trust policy does alone.
bool graph_assumes(const struct graph *graph, const struct node *from, const struct node *role,
                   const struct grant **by);
// The launch that lets the holder have a role's code run for it, or NULL; `passes`: with iam:PassRole, or without.
const char *graph_launches(struct graph *graph, struct holding *holding, const struct node *role, bool passes);

// How a node becomes another, by its keys, by assuming it, by its trust policy or by a launch; NULL: not by itself.
const char *graph_becomes(struct graph *graph, const struct node *node, const struct node *other);

// versions.c: other versions of policies. A managed policy that reaches an identity, as number `i`; NULL behind the
// last.
enum { VERSIONS_MOST = 4000 }; // nodes
const char *graph_attached(const struct graph *graph, const struct iam_identity *identity, size_t i);
void graph_switch_versions(struct graph *graph);
// loosening.c: boundaries and denials that a principal can take off itself.
size_t loosening_most(const struct granting *granting);
void graph_loosen(struct graph *graph);
// escalation.c: steps that make a node an administrator, or another that it can become.
void graph_escalate(struct graph *graph);
// closure.c: steps that lead from one node to another, from the top.
void graph_close(struct graph *graph);
