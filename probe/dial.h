// TCP connects under way: the method that needs no privilege. For the files of probe/ only.
#pragma once

#include "probe/ledger.h"

struct dial;

// Room for as many connects as descriptors allow, at most `most`. `longest_us` is the longest wait for one answer.
// NULL where there is no descriptor left.
struct dial *dial_open(struct arena *arena, const struct schedule *schedule, struct ledger *ledger, uint64_t longest_us,
                       size_t most, struct error *error);
void dial_close(struct dial *dial);           // ends what is under way
int dial_descriptor(const struct dial *dial); // readable where one of them has ended

// Starts one. False where this machine has no more sockets, ports or buffers for now.
bool dial_start(struct dial *dial, const struct sending *sending);
size_t dial_under_way(const struct dial *dial);
// Takes in what has ended and tells the ledger.
void dial_take(struct dial *dial);
// Lets those go whose time is over.
void dial_sweep(struct dial *dial);
