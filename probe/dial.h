// TCP connects under way: the method that needs no privilege. For the files of probe/ only.
#pragma once

#include <uv.h>

#include "probe/ledger.h"

struct dial;

// Room for as many connects as descriptors allow, at most `most`. `longest_us` is the longest wait for one answer.
struct dial *dial_open(struct arena *arena, uv_loop_t *loop, const struct schedule *schedule, struct ledger *ledger,
                       uint64_t longest_us, size_t most);
void dial_close(struct dial *dial); // ends what is under way; its handles close with the loop's next turn

// Starts one. False where this machine has no more sockets, ports or buffers for now.
bool dial_start(struct dial *dial, const struct span *span, uint64_t question, uint64_t position);
size_t dial_under_way(const struct dial *dial);
// Lets those go whose time is over.
void dial_sweep(struct dial *dial);
