// How much of the silence that a ledger holds counts: how many tries of it are lit, and how many must be where some are
// lost.
#include "probe/ledger.h"

enum {
    LEAST_LOST = 2, // asks in vain that tell of loss
    LEAST_LATE = 5, // answers to later tries that do
};

// Share of the silent questions that loss alone may make so.
static const double MISSED = 0.002;

// Whether a try that was in vain was lost, or not answered, though others were at that time: one outage is no loss.
static bool tells_of_loss(const struct ledger *ledger, size_t lane, uint64_t sent_us)
{
    return watch_shine(&ledger->watch, lane, sent_us) != SHINE_DARK &&
           !watch_in_longest_gap(&ledger->watch, lane, sent_us);
}

double ledger_late_share(const struct ledger *ledger, size_t lane)
{
    const struct standing *standing = &ledger->standings[lane];
    size_t all = 0, lit = 0;
    for (size_t i = 0; i < standing->details.count; i++) {
        uint64_t question = ledger->schedule->lanes[lane].first + standing->details.items[i].offset;
        if (ledger_sent_at(ledger, question, 2) == 0 || ledger_rejected(ledger, question))
            continue;
        all++;
        bool tells = false;
        for (unsigned try = 1; try <= MOST_TRIES && ledger_sent_at(ledger, question, try + 1) != 0; try++)
            tells = tells || tells_of_loss(ledger, lane, ledger_sent_at(ledger, question, try));
        lit += tells;
    }
    return all == 0 ? 1 : (double)lit / (double)all;
}

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

unsigned ledger_counting(const struct ledger *ledger, size_t lane, uint64_t question, bool pending, uint64_t since_us)
{
    unsigned count = 0, tries = ledger->bytes[question];
    uint64_t counted = 0;
    for (unsigned try = 1; try <= tries; try++) {
        uint64_t sent = ledger_sent_at(ledger, question, try);
        if (sent >= since_us) {
            count++;
            continue;
        }
        enum shine shine = watch_shine(&ledger->watch, lane, sent);
        if (shine == SHINE_DARK || (shine == SHINE_PENDING && !pending) ||
            (counted != 0 && !watch_apart(&ledger->watch, lane, counted, sent)))
            continue;
        counted = sent;
        count++;
    }
    return count;
}

// Tries of questions that were answered later on, in vain though they were not sent in the dark.
static double lost_tries(const struct ledger *ledger, size_t lane)
{
    const struct standing *standing = &ledger->standings[lane];
    double lost = 0;
    for (size_t i = 0; i < standing->details.count; i++) {
        uint64_t question = ledger->schedule->lanes[lane].first + standing->details.items[i].offset;
        unsigned answered = standing->causes.items[ledger->bytes[question] - LEDGER_ANSWERED].tries;
        for (unsigned try = 1; try < answered && try <= MOST_TRIES && !ledger_rejected(ledger, question); try++)
            lost += tells_of_loss(ledger, lane, ledger_sent_at(ledger, question, try));
    }
    return standing->details.count == 0 ? 0 : lost * (double)standing->answered / (double)standing->details.count;
}

static double loss_of(const struct ledger *ledger, size_t lane)
{
    const struct standing *standing = &ledger->standings[lane];
    const struct light *light = &ledger->watch.pulses[lane].light;
    double asks = light->lost < LEAST_LOST ? 0 : (double)light->lost / (double)(light->lost + light->heard), tries = 0;
    if (standing->late - standing->late_rejected >= LEAST_LATE) {
        double more = lost_tries(ledger, lane);
        tries = more / (more + (double)standing->answered);
    }
    return asks > tries ? asks : tries;
}

void ledger_light(struct ledger *ledger)
{
    watch_light(&ledger->watch);
    for (size_t i = 0; i < ledger->schedule->lane_count; i++)
        ledger->standings[i].lost = loss_of(ledger, i);
}

unsigned ledger_wanted(const struct ledger *ledger, size_t lane, unsigned tries)
{
    double share = ledger->standings[lane].lost, missed = share;
    unsigned wanted = 1;
    for (; missed > MISSED && wanted < MOST_TRIES; wanted++)
        missed *= share;
    return wanted > tries ? wanted : tries;
}

bool ledger_all_count(const struct ledger *ledger, size_t lane, unsigned tries, bool pending)
{
    const struct standing *standing = &ledger->standings[lane];
    const struct watch *watch = &ledger->watch;
    unsigned apart = 0;
    uint64_t counted = 0;
    enum shine shine = watch_shine_all(watch, lane, standing->first_sent_us, standing->last_sent_us);
    if (shine == SHINE_DARK || (shine == SHINE_PENDING && !pending))
        return false;
    for (size_t i = 0; i < standing->rounds.count; i++) {
        const struct round *round = &standing->rounds.items[i];
        if (round->last_us == 0 ||
            (counted != 0 && (round->first_us <= counted || !watch_apart(watch, lane, counted, round->first_us))))
            continue;
        counted = round->last_us;
        apart++;
    }
    return apart >= tries;
}
