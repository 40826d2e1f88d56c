// Who is asked again, and when, so that silence can be told from a way that is shut (watch.h). For the files of probe/
// only.
//
// A lane that has answered is asked again when it has been silent for a second and a hundred of its packets: less than
// a hundredth of what is sent. What is silent from the beginning rests on its host's other lanes, or on whoever of its
// family has answered. Where all is open after something was closed, or the other way round, that is asked
// again: a host that now accepts everything, or resets everything, is known by it. After three asks in vain a lane is
// gone: it is left alone until somebody calls it.
#pragma once

#include "probe/ledger.h"

struct sentinels;

struct sentinels *sentinels_new(struct arena *arena, struct ledger *ledger, uint64_t timeout_us);

// Takes in what became of asks, and finds who falls due. `is_asked` says whether a lane is being asked now.
void sentinels_look(struct sentinels *sentinels, bool (*is_asked)(const void *context, size_t lane),
                    const void *context, uint64_t now_us);
// The next ask to send. False where there is none. sentinels_refused puts it back.
bool sentinels_next(struct sentinels *sentinels, uint64_t now_us, struct sending *sending);
void sentinels_refused(struct sentinels *sentinels, const struct sending *sending);

// The number of an ask to a lane that another part of the prober sends (stream.h).
unsigned sentinels_number(struct sentinels *sentinels, size_t lane);

// Asks everybody on whose answer silence rests: at the end of each round, and of all, then those who are gone as well.
void sentinels_call(struct sentinels *sentinels, bool last);
// Whether nothing is due and no answer is waited for.
bool sentinels_rest(const struct sentinels *sentinels);
// At the end: whether some host may have begun to answer all alike, and what would show it is yet to be asked again.
bool sentinels_doubt(struct sentinels *sentinels);
// Whether a lane has fallen silent.
bool sentinels_gone(const struct sentinels *sentinels, size_t lane);
