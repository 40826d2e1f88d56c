// Whether a try is lit, against the definition taken word by word: over rows of beats and asks drawn at random.
#include "test.h"

#include <stdlib.h>

#include "probe/watch.h"

enum { TIMEOUT_US = 1000000, CLOSE_US = 50000, EVENTS = 12, TRIALS = 3000, LANES = 4 };

struct event {
    size_t lane;
    uint64_t sent_us;
    bool answered;
    bool ask;
};

static uint64_t draw(uint64_t *state, uint64_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % below;
}

static bool is_of(const struct schedule *schedule, size_t lane, const struct event *event, int level)
{
    return level == 0   ? event->lane == lane
           : level == 1 ? address_equal(schedule->lanes[lane].address, schedule->lanes[event->lane].address)
           : level == 2 ? schedule->lanes[lane].protocol == schedule->lanes[event->lane].protocol
                        : true;
}

// When the first of a level was answered; 0: none.
static uint64_t first_of(const struct schedule *schedule, const struct event *events, size_t lane, int level)
{
    uint64_t first = 0;
    for (size_t i = 0; i < EVENTS; i++)
        if (events[i].answered && is_of(schedule, lane, &events[i], level) && (first == 0 || events[i].sent_us < first))
            first = events[i].sent_us;
    return first;
}

// By which levels a try is judged: the lane's own; else its host's, and its protocol's too; else that; else all.
static void levels_of(const struct schedule *schedule, const struct event *events, size_t lane, uint64_t moment,
                      bool levels[4])
{
    for (int level = 0; level < 4; level++) {
        uint64_t first = first_of(schedule, events, lane, level);
        levels[level] = first != 0 && first <= moment + CLOSE_US;
    }
    levels[1] = levels[1] && !levels[0];
    levels[2] = levels[2] && !levels[0];
    levels[3] = !levels[0] && !levels[1] && !levels[2];
}

// The definition: some beat before, one so much later, and between any two neighbours of the beats on the way no two
// asks in vain.
static enum shine defined_of(const struct schedule *schedule, const struct event *events, size_t count, size_t lane,
                             uint64_t moment, int level)
{
    uint64_t before = 0, first = first_of(schedule, events, lane, level);
    bool beaten[LANES] = {false};
    for (size_t i = 0; i < count; i++) {
        if (!events[i].answered || !is_of(schedule, lane, &events[i], level))
            continue;
        beaten[events[i].lane] = true;
        if (events[i].sent_us <= moment && events[i].sent_us > before)
            before = events[i].sent_us;
    }
    if (before == 0 && first != 0 && first <= moment + CLOSE_US)
        before = first;
    if (before == 0)
        return SHINE_DARK;
    for (uint64_t from = before;;) {
        uint64_t next = UINT64_MAX;
        for (size_t i = 0; i < count; i++)
            if (events[i].answered && is_of(schedule, lane, &events[i], level) && events[i].sent_us > from &&
                events[i].sent_us < next)
                next = events[i].sent_us;
        if (from >= moment + TIMEOUT_US)
            return SHINE_LIT;
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < count; j++) {
                const struct event *a = &events[i], *b = &events[j];
                bool both = i != j && a->ask && b->ask && !a->answered && !b->answered && a->sent_us > from &&
                            a->sent_us < next && b->sent_us > from && b->sent_us < next && beaten[a->lane] &&
                            beaten[b->lane] && is_of(schedule, lane, a, level) && is_of(schedule, lane, b, level);
                if (both)
                    return SHINE_DARK;
            }
        if (next == UINT64_MAX)
            return SHINE_PENDING;
        from = next;
    }
}

static enum shine defined(const struct schedule *schedule, const struct event *events, size_t count, size_t lane,
                          uint64_t moment)
{
    bool levels[4], pending = false;
    levels_of(schedule, events, lane, moment, levels);
    for (int level = 0; level < 4; level++) {
        enum shine shine = levels[level] ? defined_of(schedule, events, count, lane, moment, level) : SHINE_LIT;
        if (shine == SHINE_DARK)
            return shine;
        pending = pending || shine == SHINE_PENDING;
    }
    return pending ? SHINE_PENDING : SHINE_LIT;
}

// Whether somebody answered between two tries, of each of those by whom the later one is judged.
static bool answered_between(const struct schedule *schedule, const struct event *events, size_t lane, uint64_t from,
                             uint64_t to)
{
    bool levels[4];
    levels_of(schedule, events, lane, to, levels);
    for (int level = 0; level < 4; level++) {
        bool between = !levels[level];
        for (size_t i = 0; i < EVENTS && !between; i++)
            between = events[i].answered && is_of(schedule, lane, &events[i], level) && from < events[i].sent_us &&
                      events[i].sent_us <= to;
        if (!between)
            return false;
    }
    return true;
}

static void a_try_is_lit_exactly_where_the_definition_says(void **state)
{
    static const char targets[] =
        "198.51.100.1 tcp 1-9\n198.51.100.1 icmp\n198.51.100.2 tcp 1-9\n198.51.100.3 udp 1-9\n";
    size_t told[SHINE_PENDING + 1] = {0};
    (void)state;
    for (uint64_t trial = 1; trial <= TRIALS; trial++) {
        struct arena *arena = arena_new();
        struct plan plan = {0};
        struct error error;
        struct watch watch;
        struct event events[EVENTS];
        uint64_t random = trial, lanes = 1 + draw(&random, LANES);
        assert_true(plan_read(arena, "targets", targets, strlen(targets), &plan, &error));
        struct schedule schedule = schedule_of(arena, &plan, 1);
        assert_int_equal(schedule.lane_count, LANES);
        watch_begin(&watch, arena, &schedule, TIMEOUT_US);
        for (size_t i = 0; i < EVENTS; i++) { // moments are far enough apart that no two beats are one
            events[i] = (struct event){.lane = draw(&random, lanes),
                                       .sent_us = (1 + draw(&random, 60)) * 100000 + i,
                                       .answered = draw(&random, 3) > 0,
                                       .ask = true};
            for (size_t j = 0; j < i; j++)
                if (events[j].sent_us / 100000 == events[i].sent_us / 100000)
                    events[i].sent_us = 10000000 + i * 300000;
            events[i].ask = !events[i].answered || draw(&random, 2) == 0;
        }
        for (size_t i = 0; i < EVENTS; i++) {
            if (!events[i].ask) {
                watch_beat(&watch, events[i].lane, events[i].sent_us, BEAT_FIRM);
                continue;
            }
            watch_ask(&watch, events[i].lane,
                      &(struct ask){.question = i, .number = FIRST_ASK, .sent_us = events[i].sent_us});
            if (events[i].answered)
                watch_answered(&watch, events[i].lane, watch_find(&watch, events[i].lane, i, FIRST_ASK), BEAT_FIRM);
        }
        watch_light(&watch);
        for (uint64_t moment = 50000; moment < 15000000; moment += 30000)
            for (size_t lane = 0; lane < LANES; lane++) {
                enum shine shine = watch_shine(&watch, lane, moment);
                assert_int_equal(shine, defined(&schedule, events, EVENTS, lane, moment));
                told[shine]++;
                uint64_t later = moment + draw(&random, 2000000);
                assert_int_equal(watch_apart(&watch, lane, moment, later),
                                 answered_between(&schedule, events, lane, moment, later));
            }
        watch_end(&watch);
        arena_free(arena);
    }
    for (size_t i = 0; i <= SHINE_PENDING; i++)
        assert_true(told[i] > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_try_is_lit_exactly_where_the_definition_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
