#include "probe/sender.h"

#include "base/clock.h"

bool sender_at_once(void *self, struct routes *routes, struct ledger *ledger, const struct sending *sending,
                    struct answer (*attempt)(void *self, const struct sending *sending))
{
    uint64_t now = clock_wall_us();
    routes_of(routes, sending->span->lane);
    ledger_sent(ledger, sending, now);
    struct answer answer = attempt(self, sending);
    if (answer.kind == ANSWER_SILENCE)
        return true;
    ledger_unsent(ledger, sending);
    if (answer.kind == ANSWER_BACK_PRESSURE)
        return false;
    ledger_answer(ledger, sending->question, 0, &answer, now, 0);
    return true;
}
