// How much of the silence that a ledger holds counts: how many tries of it are lit, and whether they are enough.
#include "probe/closed.h"
#include "probe/loss.h"

bool ledger_heard(const struct ledger *ledger, uint64_t question)
{
    return (ledger->heard[question / 8] >> question % 8 & 1) != 0;
}

bool ledger_hear(struct ledger *ledger, uint64_t question)
{
    if ((ledger_answered(ledger, question) && !ledger_rejected(ledger, question)) || ledger_heard(ledger, question) ||
        schedule_span(ledger->schedule, question)->spare)
        return false;
    ledger->heard[question / 8] |= (uint8_t)(1 << question % 8);
    *vector_add(ledger->arena, &ledger->heard_of) = question;
    return true;
}

bool ledger_is_silent(const struct ledger *ledger, const struct lane *lane, uint64_t question)
{
    return !ledger_answered(ledger, question) &&
           (lane->spare == 0 || !schedule_span(ledger->schedule, question)->spare);
}

bool ledger_is_earned(const struct ledger *ledger, size_t lane, uint64_t question, unsigned tries, bool pending,
                      uint64_t since_us)
{
    unsigned count = 0, had = ledger->bytes[question];
    uint64_t counted = 0;
    double missed = 1;
    for (unsigned try = 1; try <= had; try++) {
        uint64_t sent = ledger_sent_at(ledger, question, try);
        if (sent < since_us) {
            enum shine shine = watch_shine(&ledger->watch, lane, sent);
            if (shine == SHINE_DARK || (shine == SHINE_PENDING && !pending) ||
                (counted != 0 && !watch_apart(&ledger->watch, lane, counted, sent)))
                continue;
            counted = sent;
        }
        count++;
        missed *= loss_of_try(ledger, lane, sent);
    }
    return loss_is_enough(count, tries, missed);
}

void ledger_light(struct ledger *ledger)
{
    watch_light(&ledger->watch);
    loss_work_out(ledger);
    closed_judge(ledger);
}

unsigned ledger_enough(const struct ledger *ledger, size_t lane, unsigned tries, bool pending)
{
    const struct standing *standing = &ledger->standings[lane];
    const struct watch *watch = &ledger->watch;
    unsigned apart = 0;
    uint64_t counted = 0;
    double missed = 1;
    enum shine shine = watch_shine_all(watch, lane, standing->first_sent_us, standing->last_sent_us);
    if (shine == SHINE_DARK || (shine == SHINE_PENDING && !pending))
        return 0;
    for (size_t i = 0; i < standing->rounds.count; i++) {
        const struct round *round = &standing->rounds.items[i];
        if (round->last_us == 0 ||
            (counted != 0 && (round->first_us <= counted || !watch_apart(watch, lane, counted, round->first_us))))
            continue;
        counted = round->last_us;
        missed *= loss_most(ledger, lane, round->first_us, round->last_us);
        if (loss_is_enough(++apart, tries, missed))
            return (unsigned)i + 1;
    }
    return 0;
}
