// What is closed is asked once more: a reset is the word of whoever sent it, and some reset what comes above a rate,
// open or not. For the files of probe/ only.
//
// The *second look* is a pass over what is closed, at the pace of the others and with sentinels among it: all of it
// where a lane has few such ports, a sample else. Where a port turns out open, or an open one is closed at some pace,
// its lane is *doubted*: what it closes is a fact only where open ports, asked as fast, were open (loss.h), or where it
// is closed again when it is asked by itself, between two open ports that are open (quiet.h).
#pragma once

#include "probe/ledger.h"

bool closed_is(const struct ledger *ledger, const struct standing *standing, uint64_t question);

// How many of a lane the second look (`look` 0) asks, or one after it, and which: a bit each, in the arena; NULL: none.
uint64_t closed_to_look_at(const struct ledger *ledger, struct arena *arena, size_t lane, unsigned look,
                           const uint8_t **bits);

// How many sentinels are to be asked among them.
unsigned closed_asks(const struct ledger *ledger, size_t lane);

// Finds the lanes that are doubted: standing->closes. The last part of ledger_light.
void closed_judge(struct ledger *ledger);

// How many ports of a path are closed where no open one was heard on it, and nothing else says what closes them; else
// 0. After ledger_light.
uint64_t closed_unheard(const struct ledger *ledger, size_t path);

// Whether a lane has an open port that can be asked to see whether open ones are open.
bool closed_has_open(const struct standing *standing);
// Whether what was closed when it was asked at a moment is no fact by the pace of asking. After ledger_light, like what
// follows.
bool closed_is_doubted(const struct ledger *ledger, size_t lane, uint64_t sent_us);
// The questions of a lane that were closed again when they were asked by themselves: a bit each, in the arena; NULL
// where the lane is not doubted.
const uint8_t *closed_again(const struct ledger *ledger, struct arena *arena, size_t lane);

struct closed_sample {
    unsigned closed; // questions that were closed again, asked by themselves,
    unsigned vain;   // and that were not, though the way was open
    unsigned wanted; // at least so many are to be, and few in vain; 0: no sample is wanted
};

struct closed_sample closed_sample(const struct ledger *ledger, size_t lane);
