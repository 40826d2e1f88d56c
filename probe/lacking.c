#include "probe/lacking.h"

#include "probe/rejection.h"

bool lacking_any(const struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->schedule->lane_count; i++)
        if (ledger->standings[i].silent + ledger->standings[i].rejected > 0)
            return true;
    return false;
}

bool lacking_is(const struct ledger *ledger, size_t lane, uint64_t question, const struct lacking *lacking,
                uint64_t now_us)
{
    if (ledger_tries(ledger, question) >= MOST_TRIES)
        return false;
    if (ledger_rejected(ledger, question))
        return now_us >= rejection_again_us(ledger, ledger->told_us[question >> ledger->shift]) &&
               !rejection_stands(ledger, lane, question, lacking->pending, lacking->since_us);
    return !ledger_answered(ledger, question) &&
           ledger_counting(ledger, lane, question, lacking->pending, lacking->since_us) <
               ledger_wanted(ledger, lane, lacking->tries);
}

static uint64_t silence_of(const struct ledger *ledger, size_t lane, const struct lacking *lacking)
{
    const struct lane *of = &ledger->schedule->lanes[lane];
    const struct standing *standing = &ledger->standings[lane];
    uint64_t count = 0, least = ledger_wanted(ledger, lane, lacking->tries);
    if (standing->silent == 0 || (standing->sent >= (of->count - of->spare) * least &&
                                  ledger_all_count(ledger, lane, (unsigned)least, lacking->pending)))
        return 0;
    for (uint64_t question = of->first; question < of->first + of->count; question++)
        count += ledger_is_silent(ledger, of, question) &&
                 ledger_counting(ledger, lane, question, lacking->pending,
                                 lacking->pending ? lacking->since_us : UINT64_MAX) < least;
    return count;
}

uint64_t lacking_of(const struct ledger *ledger, size_t lane, const struct lacking *lacking)
{
    return silence_of(ledger, lane, lacking) + rejection_doubts(ledger, lane, lacking->pending, lacking->since_us);
}

uint64_t lacking_from_us(const struct ledger *ledger, size_t lane, const struct lacking *lacking)
{
    return rejection_doubts(ledger, lane, lacking->pending, lacking->since_us) == 0
               ? 0
               : rejection_again_us(ledger, ledger->standings[lane].rejected_us);
}
