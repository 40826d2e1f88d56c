#include "probe/origin.h"

#include <stdlib.h>

#include "base/memory.h"
#include "probe/closed.h"

enum {
    LEAST_BEFORE = 6, // resets from either place: as few come in such an order by chance where routes are shared out
    LEAST_AFTER = 6,
    LEAST_SLOW = 8,     // first ones, whose least round-trip time is that of the host,
    LEAST_LATER = 4,    // and so many sent behind the first answer: neighbour discovery delays what is sent before
    NEARER_US = 5000,   // at least, and
    NEARER = 2,         // so many times,
    MOST_OTHERWISE = 16 // but for such a part of them
};

struct reset {
    uint64_t sent_us;
    uint32_t rtt_us;
    uint8_t hops;
};

// In a row of resets, those before a change and behind it.
struct change {
    size_t before;
    size_t after;
    size_t otherwise; // behind it, but as before it
    uint64_t from_us;
};

static int by_moment(const void *left, const void *right)
{
    const struct reset *a = left, *b = right;
    if (a->sent_us != b->sent_us)
        return a->sent_us < b->sent_us ? -1 : 1;
    return (a->rtt_us < b->rtt_us) - (a->rtt_us > b->rtt_us);
}

static void note(struct change *change, const struct reset *reset, bool changed)
{
    if (!changed && change->after == 0)
        change->before++;
    else if (changed && change->after++ == 0)
        change->from_us = reset->sent_us;
    else
        change->otherwise += !changed;
}

static bool is_change(const struct change *change, size_t least_before)
{
    return change->before >= least_before && change->after >= LEAST_AFTER &&
           change->otherwise * MOST_OTHERWISE <= change->after;
}

static uint64_t change_of_hops(const struct reset *resets, size_t count)
{
    struct change change = {0};
    for (size_t i = 0; i < count; i++)
        if (resets[i].hops != 0 && resets[0].hops != 0)
            note(&change, &resets[i], resets[i].hops != resets[0].hops);
    return is_change(&change, LEAST_BEFORE) ? change.from_us : 0;
}

static uint64_t change_of_time(const struct reset *resets, size_t count)
{
    struct change change = {0};
    uint32_t least = UINT32_MAX;
    uint64_t answered_us = UINT64_MAX;
    size_t later = 0;
    for (size_t i = 0; i < count && i < LEAST_SLOW; i++)
        least = resets[i].rtt_us < least ? resets[i].rtt_us : least;
    for (size_t i = 0; i < count; i++) {
        const struct reset *reset = &resets[i];
        uint64_t own_us = reset->sent_us + reset->rtt_us;
        note(&change, reset, reset->rtt_us < least / NEARER && least - reset->rtt_us >= NEARER_US);
        answered_us = own_us < answered_us ? own_us : answered_us;
        later += change.after == 0 && reset->sent_us > answered_us;
    }
    return is_change(&change, LEAST_SLOW) && later >= LEAST_LATER ? change.from_us : 0;
}

uint64_t origin_changed_us(const struct ledger *ledger, size_t lane)
{
    const struct standing *standing = &ledger->standings[lane];
    size_t count = 0;
    if (standing->details.count < LEAST_BEFORE + LEAST_AFTER)
        return 0;
    struct reset *resets = memory_take(standing->details.count * sizeof(*resets));
    for (size_t i = 0; i < standing->details.count; i++) {
        const struct detail *detail = &standing->details.items[i];
        if (detail->rtt_us >= 0 && closed_is(ledger, standing, ledger->schedule->lanes[lane].first + detail->offset))
            resets[count++] = (struct reset){.sent_us = detail->answered_us - (uint64_t)detail->rtt_us,
                                             .rtt_us = (uint32_t)detail->rtt_us,
                                             .hops = detail->hops};
    }
    qsort(resets, count, sizeof(*resets), by_moment);
    uint64_t hops_us = count == 0 ? 0 : change_of_hops(resets, count);
    uint64_t time_us = count == 0 ? 0 : change_of_time(resets, count);
    free(resets);
    return hops_us != 0 ? hops_us : time_us;
}
