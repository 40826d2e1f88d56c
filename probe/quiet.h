// The third look at what a doubted lane closes (closed.h): question by question, each by itself, with an open port
// before and after some of them; slower where that one is closed, or silent, too. A lane without an open port is asked
// so that nothing else of its family is asked at that time. Where nothing open was heard on a path at all, some of what
// it closes is asked so, slowly: it may be a limit of the whole path that closed it. For the files of probe/ only.
#pragma once

#include "probe/ledger.h"

struct quiet;

// Shortest times between two packets to one lane, and to all of them, by the rates that are asked for.
struct quiet *quiet_new(struct arena *arena, const struct ledger *ledger, uint64_t lane_us, uint64_t all_us);

// Finds what is to be asked; may be called again when that is over. False where there is nothing. After ledger_light.
bool quiet_begin(struct quiet *quiet, uint64_t now_us);
// What falls due, its number, which quiet_sent gets to know, left to the caller. False where nothing does.
bool quiet_next(struct quiet *quiet, uint64_t now_us, struct sending *sending);
void quiet_sent(struct quiet *quiet, const struct sending *sending, uint64_t now_us);
// Whether all of it was asked and its answers are in, or were waited for.
bool quiet_is_over(struct quiet *quiet, uint64_t now_us);
// How many questions are left.
uint64_t quiet_left(const struct quiet *quiet);
