// Hosts that answer all alike, open or closed: from the beginning, or from some moment on.
#include "model/protocol.h"
#include "probe/ledger.h"

enum {
    ACCEPTING_LEAST = 100, // open ports, and nothing closed among them, that no real host has
    LEAST_ROW = 8,         // answers of one kind, one after the other, that make one ask for the other kind again;
    RESETTING_ROW = 128,   // while others are still asked: less than a hundredth of what is sent
    MOST_TURNING = 3,
};

// Open ones first: they answer as long as their service is up, and no kernel limits them.
void ledger_note_sentinel(struct standing *standing, uint64_t question, enum observed_state state)
{
    for (size_t i = 0; i < 2 && state != OBSERVED_REJECTED; i++)
        if (standing->sentinels[i] == 0 || state < standing->sentinel_states[i]) {
            if (i == 0) {
                standing->sentinels[1] = standing->sentinels[0];
                standing->sentinel_states[1] = standing->sentinel_states[0];
            }
            standing->sentinels[i] = question + 1;
            standing->sentinel_states[i] = state;
            return;
        }
}

// What had been closed is open.
static void note_open(struct standing *standing, uint64_t question)
{
    if (standing->sentinels[1] == question + 1)
        standing->sentinels[1] = 0;
    if (standing->sentinels[0] == question + 1) {
        standing->sentinels[0] = standing->sentinels[1];
        standing->sentinel_states[0] = standing->sentinel_states[1];
        standing->sentinels[1] = 0;
    }
    ledger_note_sentinel(standing, question, OBSERVED_OPEN);
}

static void add_to_row(struct row *row, struct row *other, uint64_t wall_us)
{
    row->first_us = row->count == 0 ? wall_us : row->first_us;
    row->count++;
    *other = (struct row){0};
}

static void trust_again(struct standing *standing)
{
    standing->turned_shut[0] = standing->turned_shut[1] = false;
    standing->turning = 0;
}

// Questions come in an order that keeps neighbours apart, so that a real host has no long row of open ones among others
// that are closed; and one that has open ports, and closes everything from some point on, may ban by resets.
void ledger_note_row(struct standing *standing, const struct lane *lane, uint64_t question, enum observed_state state,
                     uint64_t wall_us)
{
    if (!protocol_has_ports(lane->protocol))
        return;
    if (state == OBSERVED_CLOSED || state == OBSERVED_REJECTED)
        add_to_row(&standing->shuts, &standing->opens, wall_us);
    if (state == OBSERVED_CLOSED) {
        standing->shut = question + 1;
    } else if (state == OBSERVED_OPEN) {
        add_to_row(&standing->opens, &standing->shuts, wall_us);
        trust_again(standing);
    }
}

// What has been answered is answered again, as before or otherwise.
void ledger_note_again(struct standing *standing, const struct lane *lane, uint64_t question,
                       enum observed_state before, enum observed_state now, uint64_t wall_us)
{
    if (!protocol_has_ports(lane->protocol))
        return;
    if (before == OBSERVED_CLOSED && now == OBSERVED_OPEN) {
        standing->turned = true;
        if (standing->sentinels[0] == 0 || standing->sentinel_states[0] != OBSERVED_OPEN) // now it is one
            note_open(standing, question);
    } else if (before == OBSERVED_CLOSED && now == OBSERVED_CLOSED) {
        add_to_row(&standing->shuts, &standing->opens, wall_us);
    }
    if (before != OBSERVED_OPEN)
        return;
    for (size_t i = 0; i < 2 && (now == OBSERVED_CLOSED || now == OBSERVED_REJECTED); i++)
        standing->turned_shut[i] = standing->turned_shut[i] || standing->sentinels[i] == question + 1;
    if (now == OBSERVED_OPEN) {
        standing->shuts = (struct row){0};
        trust_again(standing);
    }
}

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

bool ledger_is_shut(const struct standing *standing)
{
    bool any = false, all = true;
    for (size_t i = 0; i < 2; i++)
        if (is_open_sentinel(standing, i)) {
            any = any || standing->turned_shut[i];
            all = all && standing->turned_shut[i];
        }
    return any && all;
}

uint64_t ledger_resets_from(const struct ledger *ledger, size_t lane)
{
    const struct standing *standing = &ledger->standings[lane];
    return ledger_is_shut(standing) && standing->shuts.count >= LEAST_ROW ? standing->shuts.first_us : 0;
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
        return 0;
    for (size_t i = 0; i < 2; i++)
        if (is_open_sentinel(standing, i) && !standing->turned_shut[i]) {
            shuts->asked = shuts->count;
            standing->turning += turning;
            return standing->sentinels[i];
        }
    return 0;
}
