// Hosts that answer all alike, open or closed: from the beginning, or from some moment on.
#include "model/protocol.h"
#include "probe/loss.h"

enum {
    ACCEPTING_LEAST = 100, // open ports, and nothing closed among them, that no real host has
    LEAST_ROW = 8,         // answers of one kind, one after the other, that make one ask for the other kind again;
    RESETTING_ROW = 128,   // while others are still asked: less than a hundredth of what is sent
    MOST_TURNING = 3,
};

uint64_t ledger_accepts_from(const struct ledger *ledger, size_t lane)
{
    const struct standing *standing = &ledger->standings[lane];
    if (ledger->schedule->lanes[lane].protocol != PROTOCOL_TCP)
        return 0;
    if (standing->open >= ACCEPTING_LEAST &&
        standing->open * 20 >= (ledger->schedule->lanes[lane].count - ledger->schedule->lanes[lane].spare) * 19)
        return 1;
    // Nothing was ever closed, and what was open is not heard when it is asked again: somebody in the way answers for
    // the host, above a rate.
    if (standing->open >= ACCEPTING_LEAST && standing->shut == 0 && ledger->watch.pulses[lane].light.ended)
        return 1;
    return standing->turned && standing->opens.count >= LEAST_ROW ? standing->opens.first_us : 0;
}

static bool is_open_sentinel(const struct standing *standing, size_t i)
{
    return standing->sentinels[i] != 0 && standing->sentinel_states[i] == OBSERVED_OPEN &&
           (standing->open > 0 || standing->was_open);
}

uint64_t ledger_resets_from(const struct ledger *ledger, size_t lane)
{
    const struct standing *standing = &ledger->standings[lane];
    bool any = false, all = true;
    for (size_t i = 0; i < 2; i++)
        if (is_open_sentinel(standing, i)) {
            any = any || standing->turned_shut[i];
            all = all && standing->turned_shut[i];
        }
    return any && all && standing->shuts.count >= LEAST_ROW ? standing->shuts.first_us : 0;
}

// The next closed question of a sample of a lane, some way behind the one before: 1 + its number; 0: there is none.
static uint64_t next_of_sample(struct ledger *ledger, size_t lane)
{
    struct standing *standing = &ledger->standings[lane];
    const struct lane *of = &ledger->schedule->lanes[lane];
    if (!standing->closes_late || standing->turned || standing->sampled >= of->count)
        return 0;
    struct loss_sample sample = loss_sample(ledger, lane);
    if (sample.vain > 0 || sample.closed >= LOSS_SAMPLE)
        return 0;
    while (standing->sampled < of->count) {
        uint64_t question = of->first + standing->sampled++;
        if (!ledger_answered(ledger, question) ||
            standing->causes.items[ledger->bytes[question] - LEDGER_ANSWERED].state != OBSERVED_CLOSED)
            continue;
        standing->sampled += of->count / (2 * (uint64_t)LOSS_SAMPLE);
        return question + 1;
    }
    return 0;
}

uint64_t ledger_doubted(struct ledger *ledger, size_t lane, bool last)
{
    struct standing *standing = &ledger->standings[lane];
    struct row *opens = &standing->opens, *shuts = &standing->shuts;
    bool tcp = ledger->schedule->lanes[lane].protocol == PROTOCOL_TCP;
    if (tcp && standing->shut != 0 && !standing->turned && opens->count >= opens->asked + LEAST_ROW) {
        opens->asked = opens->count;
        return standing->shut;
    }
    bool turning = standing->turned_shut[0] != standing->turned_shut[1] && standing->turning < MOST_TURNING;
    if (!turning && shuts->count < shuts->asked + (last ? LEAST_ROW : RESETTING_ROW))
        return last ? next_of_sample(ledger, lane) : 0;
    for (size_t i = 0; i < 2; i++)
        if (is_open_sentinel(standing, i) && !standing->turned_shut[i]) {
            shuts->asked = shuts->count;
            standing->turning += turning;
            return standing->sentinels[i];
        }
    return last ? next_of_sample(ledger, lane) : 0;
}
