#include "probe/lacking.h"

#include "probe/rejection.h"

// Whether all tries of a silent question came close together, of a host of which nothing was ever heard: its silence
// rests on others, whose cables are not its own. Who wants one try gets one.
static bool was_asked_at_once(const struct ledger *ledger, size_t lane, uint64_t question, unsigned wanted)
{
    uint64_t first = ledger_sent_at(ledger, question, 1);
    return wanted > 1 && first != 0 &&
           ledger_sent_at(ledger, question, ledger_tries(ledger, question)) < first + LACKING_APART_US &&
           watch_is_unheard(&ledger->watch, lane);
}

// When the first round of a lane is so long ago that a try is another look.
static uint64_t another_look_us(const struct standing *standing)
{
    return standing->rounds.count == 0 ? 0 : standing->rounds.items[0].last_us + LACKING_APART_US;
}

bool lacking_any(const struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->schedule->lane_count; i++)
        if (ledger->standings[i].silent + ledger->standings[i].rejected > 0)
            return true;
    return false;
}

// Whether a silent question has had too few tries, or none that is another look.
static bool lacks_tries(const struct ledger *ledger, size_t lane, uint64_t question, const struct lacking *lacking)
{
    return (lacking->pending && was_asked_at_once(ledger, lane, question, lacking->tries)) ||
           !ledger_is_earned(ledger, lane, question, lacking->tries, lacking->pending, lacking->since_us);
}

bool lacking_is(const struct ledger *ledger, size_t lane, uint64_t question, const struct lacking *lacking,
                uint64_t now_us)
{
    if (ledger_tries(ledger, question) >= MOST_TRIES)
        return false;
    if (ledger_rejected(ledger, question))
        return now_us >= rejection_again_us(ledger, ledger->told_us[question >> ledger->shift]) &&
               !rejection_stands(ledger, lane, question, lacking->pending, lacking->since_us);
    return !ledger_answered(ledger, question) && !watch_light_of(&ledger->watch, lane)->by_rejections &&
           lacks_tries(ledger, lane, question, lacking);
}

static uint64_t silence_of(const struct ledger *ledger, size_t lane, const struct lacking *lacking)
{
    const struct lane *of = &ledger->schedule->lanes[lane];
    const struct standing *standing = &ledger->standings[lane];
    uint64_t count = 0;
    bool quick = !lacking->pending || !watch_is_unheard(&ledger->watch, lane); // else each is looked at
    if (standing->silent == 0 || watch_light_of(&ledger->watch, lane)->by_rejections)
        return 0; // or nothing that is asked again will show that it could be answered
    uint64_t enough = quick ? ledger_enough(ledger, lane, lacking->tries, lacking->pending) : 0;
    if (enough > 0 && standing->sent >= (of->count - of->spare) * enough)
        return 0;
    for (uint64_t question = of->first; question < of->first + of->count; question++)
        count += ledger_is_silent(ledger, of, question) && lacks_tries(ledger, lane, question, lacking);
    return count;
}

uint64_t lacking_of(const struct ledger *ledger, size_t lane, const struct lacking *lacking)
{
    return silence_of(ledger, lane, lacking) + rejection_doubts(ledger, lane, lacking->pending, lacking->since_us);
}

uint64_t lacking_from_us(const struct ledger *ledger, size_t lane, const struct lacking *lacking)
{
    const struct standing *standing = &ledger->standings[lane];
    bool unheard =
        lacking->pending && lacking->tries > 1 && standing->silent > 0 && watch_is_unheard(&ledger->watch, lane);
    uint64_t again = rejection_doubts(ledger, lane, lacking->pending, lacking->since_us) == 0
                         ? 0
                         : rejection_again_us(ledger, standing->rejected_us);
    uint64_t look = unheard ? another_look_us(standing) : 0;
    return look > again ? look : again;
}
