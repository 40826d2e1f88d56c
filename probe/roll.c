#include "probe/roll.h"

enum { LEAST_WAIT_US = 100000, ROUNDS = 2 };

struct roll_lane {
    unsigned round; // from 1; 0: none is under way
    unsigned left;  // to be sent in it
    uint64_t asked_us;
    uint64_t wait_us;
};

struct call {
    size_t lane;
    uint64_t question;
};

struct roll {
    struct arena *arena;
    struct ledger *ledger;
    uint64_t timeout_us;
    struct roll_lane *lanes;
    VECTOR(struct call) calls;
    size_t next;
};

struct roll *roll_new(struct arena *arena, struct ledger *ledger, uint64_t timeout_us)
{
    struct roll *roll = arena_new_of(arena, struct roll);
    *roll = (struct roll){.arena = arena, .ledger = ledger, .timeout_us = timeout_us};
    roll->lanes = arena_array(arena, struct roll_lane, ledger->schedule->lane_count + 1);
    return roll;
}

static const struct pulse *pulse_of(const struct roll *roll, size_t lane)
{
    return &roll->ledger->watch.pulses[lane];
}

// Queues one round.
static void call_voices(struct roll *roll, size_t lane, uint64_t except, bool all)
{
    struct roll_lane *of = &roll->lanes[lane];
    const struct pulse *pulse = pulse_of(roll, lane);
    for (size_t i = 0; i < pulse->voices.count; i++) {
        uint64_t question = pulse->voices.items[i].question;
        if (question == except || (!all && watch_vain(&roll->ledger->watch, lane, question) == 0))
            continue;
        *vector_add(roll->arena, &roll->calls) = (struct call){lane, question};
        of->left++;
    }
    of->round = of->left > 0 ? of->round + 1 : 0;
}

void roll_start(struct roll *roll, size_t lane, uint64_t except, bool all)
{
    if (roll->lanes[lane].round == 0 && pulse_of(roll, lane)->voices.count > 1)
        call_voices(roll, lane, except, all);
}

void roll_look(struct roll *roll, size_t lane, uint64_t now_us)
{
    struct roll_lane *of = &roll->lanes[lane];
    const struct pulse *pulse = pulse_of(roll, lane);
    bool vain = false;
    if (of->round == 0 || of->left > 0)
        return;
    for (size_t i = 0; i < pulse->voices.count; i++)
        vain = vain || watch_vain(&roll->ledger->watch, lane, pulse->voices.items[i].question) > 0;
    if (vain && now_us - of->asked_us < of->wait_us)
        return;
    if (vain && of->round < ROUNDS)
        call_voices(roll, lane, UINT64_MAX, false);
    else
        of->round = 0;
}

bool roll_next(struct roll *roll, uint64_t now_us, struct sending *sending)
{
    if (roll->next == roll->calls.count) {
        roll->next = roll->calls.count = 0;
        return false;
    }
    const struct call *call = &roll->calls.items[roll->next++];
    struct roll_lane *of = &roll->lanes[call->lane];
    of->left--;
    of->asked_us = now_us;
    of->wait_us = of->round >= ROUNDS
                      ? roll->timeout_us
                      : ledger_patience_us(&roll->ledger->standings[call->lane], LEAST_WAIT_US, roll->timeout_us);
    *sending =
        (struct sending){.span = schedule_span(roll->ledger->schedule, call->question), .question = call->question};
    return true;
}

void roll_refused(struct roll *roll)
{
    roll->lanes[roll->calls.items[--roll->next].lane].left++;
}

bool roll_is_over(const struct roll *roll, size_t lane)
{
    return roll->lanes[lane].round == 0;
}
