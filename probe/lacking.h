// What is to be asked again since nothing showed that it could have been answered: silence that has had too few tries
// that count, rejections that are not believed, and, while a try more can change it (`pending`), what was asked only
// within seconds of a host that has never answered. For the files of probe/ only.
#pragma once

#include "probe/ledger.h"

// Between the first and the last try of a host that has never answered.
enum { LACKING_APART_US = 3000000 };

// Which tries count.
struct lacking {
    unsigned tries;    // that are wanted where nothing is lost
    bool pending;      // those that may yet be lit count,
    uint64_t since_us; // and those sent from then on, wall clock
};

// Whether anything rests on the sentinels.
bool lacking_any(const struct ledger *ledger);
// Whether a question is to be asked again; of one that was rejected, now. After ledger_light, like what follows.
bool lacking_is(const struct ledger *ledger, size_t lane, uint64_t question, const struct lacking *lacking,
                uint64_t now_us);
// How many of a lane are.
uint64_t lacking_of(const struct ledger *ledger, size_t lane, const struct lacking *lacking);
// From when on all of those of a lane may be asked again, wall clock; 0: from any time.
uint64_t lacking_from_us(const struct ledger *ledger, size_t lane, const struct lacking *lacking);
