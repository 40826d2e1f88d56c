// What the files of the walk share: one packet on its way, and its stages so far. For them only.
#pragma once

#include "rules/reach/flow_walk.h"
#include "rules/reach/group_side.h"

struct walk {
    struct flow_walker *walker;
    struct arena *arena;
    const struct flow_packet *packet;
    struct party from;
    struct party to;
    bool back;               // it has arrived: what follows is its reply's way
    struct portset left;     // client ports that its reply gets back to, so far
    flow_hops *hops;         // NULL: only the first stop is wanted
    struct prefixset resent; // addresses by which something in between may send it on, instead of its own; or empty
    const char *resent_by;
    const struct reason *stop;
};

// Something that nobody models, by which packets may get from one VPC to another.
extern const struct passage_by walk_unmodelled;

// Adds a stage that passes, surely or by doubts, and gives it for its text; one that stops it.
struct flow_hop *walk_pass(struct walk *walk, const char *words, const reason_list *doubts);
void walk_stop(struct walk *walk, const char *words, const struct reason *why, const char *text, const char *remedy);
// Only the first stop was wanted, and it is there.
bool walk_is_over(const struct walk *walk);
// Reasons in one line.
const char *walk_joined(struct arena *arena, const reason_list *list);

// What would stop it by its own address passes, maybe, where something in between sends it on by one of these.
bool walk_passes_resent(struct walk *walk, const char *words, struct prefixset admitted);
// Both ends are of one VPC.
bool walk_within_vpc(const struct walk *walk);

// Stages: the route there, or back; what takes packets where routes lead out; what comes over the internet gets in.
void walk_route(struct walk *walk, bool back);
void walk_gateways(struct walk *walk);
void walk_entry(struct walk *walk);
// By what it gets to the VPC of who is asked.
struct passage_by walk_passage(struct walk *walk);
