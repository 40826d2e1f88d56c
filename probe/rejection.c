#include "probe/rejection.h"

#include "probe/loss.h"

enum { LEAST_AGAIN_US = 1000000 };

uint64_t rejection_again_us(const struct ledger *ledger, uint64_t told_us)
{
    uint64_t timeout = ledger->watch.timeout_us;
    return told_us + (timeout > LEAST_AGAIN_US ? timeout : LEAST_AGAIN_US);
}

bool rejection_stands(const struct ledger *ledger, size_t lane, uint64_t question, bool pending, uint64_t since_us)
{
    uint64_t from = rejection_again_us(ledger, ledger->told_us[question >> ledger->shift]);
    bool by_pace = ledger->standings[lane].rejects_by_pace;
    unsigned count = 0;
    double missed = 1;
    for (unsigned try = ledger_tries(ledger, question); try > 0; try--) {
        uint64_t sent = ledger_sent_at(ledger, question, try);
        if (sent < from)
            continue;
        enum shine shine = watch_shine_rejected(&ledger->watch, lane, sent);
        if (shine != SHINE_LIT && !(pending && (shine == SHINE_PENDING || sent >= since_us)))
            continue;
        count++;
        missed *= by_pace ? loss_of_try_by_own(ledger, lane, sent) : 1;
        if (!by_pace || loss_is_enough(count, 1, missed))
            return true;
    }
    return false;
}

uint64_t rejection_doubts(const struct ledger *ledger, size_t lane, bool pending, uint64_t since_us)
{
    const struct lane *of = &ledger->schedule->lanes[lane];
    uint64_t doubts = 0;
    for (uint64_t question = of->first; ledger->standings[lane].rejected > 0 && question < of->first + of->count;
         question++)
        doubts += ledger_rejected(ledger, question) && !rejection_stands(ledger, lane, question, pending, since_us);
    return doubts;
}
