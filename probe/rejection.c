#include "probe/rejection.h"

#include <stdio.h>

#include "probe/loss.h"

enum { LEAST_AGAIN_US = 1000000 };

uint64_t rejection_again_us(const struct ledger *ledger, uint64_t told_us)
{
    uint64_t timeout = ledger->watch.timeout_us;
    return told_us + (timeout > LEAST_AGAIN_US ? timeout : LEAST_AGAIN_US);
}

// By an ICMP error's type and code. RFC 792, RFC 1812 section 5.2.7.1 (network or host unreachable, unknown, isolated,
// or unreachable for the type of service), RFC 4443 section 3 (no route, beyond scope, address unreachable); time
// exceeded, which a loop of routes brings about.
static bool says_no_way(enum family family, const char *reason)
{
    static const uint32_t codes4 = 1 << 0 | 1 << 1 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 11 | 1 << 12,
                          codes6 = 1 << 0 | 1 << 2 | 1 << 3;
    enum { UNREACHABLE4 = 3, EXCEEDED4 = 11, UNREACHABLE6 = 1, EXCEEDED6 = 3 };
    unsigned type, code;
    if (sscanf(reason, "icmp:%u/%u", &type, &code) != 2)
        return false;
    bool v4 = family == FAMILY_IPV4;
    return type == (unsigned)(v4 ? EXCEEDED4 : EXCEEDED6) ||
           (type == (unsigned)(v4 ? UNREACHABLE4 : UNREACHABLE6) && code < 32 && ((v4 ? codes4 : codes6) >> code & 1));
}

bool rejection_has_no_way(const struct ledger *ledger, size_t lane, uint64_t question)
{
    const struct address target = ledger->schedule->lanes[lane].address;
    const struct cause *cause = &ledger->standings[lane].causes.items[ledger->bytes[question] - LEDGER_ANSWERED];
    return watch_light_of(&ledger->watch, lane)->by_rejections && !address_equal(cause->from, target) &&
           says_no_way(target.family, cause->reason);
}

bool rejection_stands(const struct ledger *ledger, size_t lane, uint64_t question, bool pending, uint64_t since_us)
{
    uint64_t from = rejection_again_us(ledger, ledger->told_us[question >> ledger->shift]);
    bool by_pace = ledger->standings[lane].rejects_by_pace;
    unsigned count = 0;
    double missed = 1;
    if (!pending && rejection_has_no_way(ledger, lane, question))
        return false; // asking again shows nothing before somebody is heard
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
