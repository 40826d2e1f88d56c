// How much silence is explained by loss: what is lost at the pace at which a try was sent is known by the sentinels
// that were asked among the probes at that pace (stream.h), and by the tries that late answers took. For the files of
// probe/ only.
//
// A *streamed* ask is one that was sent close behind a probe of its lane: what depends on the pace of sending (a rate
// limit, a full queue) meets it as it meets the probes. It tells of the *stretch* of that probe: tries that followed
// each other without a pause. Stretches of about the same pace are taken together. Asks in the dark (watch.h) tell
// nothing, as the tries beside them count for nothing.
//
// Of n streamed asks of which k were in vain, (k + 1) / (n + 1) of what was sent may be lost: with no asks, all of it.
// An ask of an open port that was rejected or reset, though the port was open again later, and the next ask that
// was sent by itself was answered, is *contrary*: who says so goes by the pace of asking. So may who rejects what is
// open later, and who rejects or closes many, but none of the first that were asked (as a limit lets some pass). What
// such a lane rejects or closes is no fact of a port, unless it is as little explained by loss as silence has to be:
// at a pace at which open ports, asked among the others, were open.
//
// A silent question has earned its state where the product of that over its tries that count is small enough. Lanes
// that have no sentinel of their own, or are too small to be asked often, are judged by the asks of their family.
#pragma once

#include "probe/ledger.h"

enum { LOSS_OWN_LEAST = 16 }; // questions of a lane that is asked in its own stream

// Share of the silent questions that loss alone may make so; where it takes more tries than are wanted, as some are
// known to be lost; and where one try is all that is wanted, and none of the asks was in vain.
extern const double LOSS_MISSED, LOSS_MISSED_OF_LOSSY, LOSS_MISSED_BY_ONE;

// Works out what may be lost in each stretch of each lane. After watch_light.
void loss_work_out(struct ledger *ledger);
// How much of what was sent to a lane at a moment (0: not known) may be lost: from 0 to 1; or from one to another one,
// at most.
double loss_of_try(const struct ledger *ledger, size_t lane, uint64_t sent_us);
double loss_most(const struct ledger *ledger, size_t lane, uint64_t from_us, uint64_t to_us);
// The same by asks of open ports of the lane itself, and nobody else's.
double loss_of_try_by_own(const struct ledger *ledger, size_t lane, uint64_t sent_us);
// How much of what is open may be answered closed that was sent to a lane at a moment, by its own open ports.
double loss_shut(const struct ledger *ledger, size_t lane, uint64_t sent_us);
// Whether so many tries that count, of which `missed` may all be lost, are enough for silence where `wanted` would do.
bool loss_is_enough(unsigned count, unsigned wanted, double missed);
// How many streamed asks a pass over a lane needs so that `wanted` tries can be enough.
unsigned loss_asks_a_pass(const struct ledger *ledger, size_t lane, unsigned wanted);

struct loss_seen {
    unsigned asked;
    unsigned vain;
    unsigned contrary;
};

// How often chance alone puts so many of all that were in vain, or more, among the first ones: Fisher's exact test.
double loss_by_chance(const struct loss_seen *of, const struct loss_seen *beside);

// What became of the asks of a lane since a moment: of those in the stream, or of those that were sent by themselves.
struct loss_seen loss_seen(const struct ledger *ledger, size_t lane, bool streamed, uint64_t since_us);
