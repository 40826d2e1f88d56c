// When a rejection (an ICMP error that says that a port cannot be reached) is believed. A router whose cable is out
// sends the same ones as a filter does; so what was rejected is asked once more, a second or a timeout later. It is
// believed where such a try was lit (watch_shine_rejected) and was rejected too, or not answered: routers limit their
// errors. An answer to it stands for the rejection. Where who rejects may go by the pace of asking, as many such tries
// are needed as silence takes (loss.h). Where nothing but rejections was heard of a path, those that say that there is
// no way to the target, and not that somebody forbids it, are never believed: a router says so of everything when the
// line behind it is down.
#pragma once

#include "probe/ledger.h"

// From when on it may be asked once more what was rejected, wall clock in microseconds.
uint64_t rejection_again_us(const struct ledger *ledger, uint64_t told_us);
// Whether a question that was rejected stays so. `pending`: tries count that may be lit yet, and, as for silence, those
// sent from `since_us` on. After ledger_light.
bool rejection_stands(const struct ledger *ledger, size_t lane, uint64_t question, bool pending, uint64_t since_us);
// Whether it does not for that: nothing but rejections was heard, and this one says that there is no way. After
// ledger_light.
bool rejection_has_no_way(const struct ledger *ledger, size_t lane, uint64_t question);
// How many of a lane do not.
uint64_t rejection_doubts(const struct ledger *ledger, size_t lane, bool pending, uint64_t since_us);
