#include "probe/bucket.h"

#include <math.h>

enum { FIRST = 32 }; // questions of a try that are looked at

// One of those asked first, in the order of asking.
struct early {
    uint64_t position;
    bool answered;
};

static void insert(struct early first[FIRST], size_t *count, struct early one)
{
    size_t at = *count;
    if (at == FIRST && one.position > first[FIRST - 1].position)
        return;
    *count += at < FIRST;
    at -= at == FIRST;
    for (; at > 0 && first[at - 1].position > one.position; at--)
        first[at] = first[at - 1];
    first[at] = one;
}

double bucket_luck(const struct ledger *ledger, size_t lane, unsigned try, uint64_t *answered)
{
    const struct standing *standing = &ledger->standings[lane];
    const struct lane *of = &ledger->schedule->lanes[lane];
    struct early first[FIRST];
    size_t count = 0;
    uint64_t asked = 0;
    *answered = 0;
    for (uint64_t question = of->first; question < of->first + of->count; question++) {
        uint8_t byte = ledger->bytes[question];
        const struct cause *cause = byte >= LEDGER_ANSWERED ? &standing->causes.items[byte - LEDGER_ANSWERED] : NULL;
        if (cause == NULL ? byte != try : cause->tries != try || cause->state >= OBSERVED_REJECTED)
            continue;
        asked++;
        *answered += cause != NULL;
        insert(first, &count,
               (struct early){.position = order_position(&ledger->orders[try], question), .answered = cause != NULL});
    }
    if (*answered == 0 || *answered * 2 > asked)
        return 0;
    // Of the first so many, `hits` can be chosen in so many ways, and each is answered as often as all are, or less.
    double share = log((double)*answered / (double)asked), luck = 0;
    size_t hits = 0, looks = *answered * 2 + 2 < count ? (size_t)*answered * 2 + 2 : count;
    for (size_t looked = 1; looked <= looks; looked++) {
        hits += first[looked - 1].answered;
        double ways = lgamma((double)looked + 1) - lgamma((double)hits + 1) - lgamma((double)(looked - hits) + 1);
        double chance = ways + (double)hits * share + log((double)looks); // for as many looks as are taken
        luck = chance < luck ? chance : luck;
    }
    return luck;
}
