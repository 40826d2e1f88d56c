// Roll call: ports of a host that were open are asked again, each for itself. A ban may spare those that everybody
// uses, so one that answers does not speak for another (watch.h, voices). For the files of probe/ only.
#pragma once

#include "probe/ledger.h"

struct roll;

struct roll *roll_new(struct arena *arena, struct ledger *ledger, uint64_t timeout_us);

// Begins one of a lane, where none is under way: `all` its voices but the question `except`; else those alone that did
// not answer when they were asked last.
void roll_start(struct roll *roll, size_t lane, uint64_t except, bool all);
// Takes in what came of it; asks once more who did not answer.
void roll_look(struct roll *roll, size_t lane, uint64_t now_us);
// The next one to ask, its number left to the caller. False where there is none. roll_refused puts it back.
bool roll_next(struct roll *roll, uint64_t now_us, struct sending *sending);
void roll_refused(struct roll *roll);
bool roll_is_over(const struct roll *roll, size_t lane);
