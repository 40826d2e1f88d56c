#include <math.h>
#include <stdlib.h>

#include "model/protocol.h"
#include "probe/lacking.h"
#include "probe/pace.h"
#include "probe/probe.h"
#include "probe/schedule.h"

static const double SENTINELS = 0.01; // of what is sent, at most

// What is asked of one lane: everything in the first round; later what is not expected to have answered.
struct asked {
    double first;
    double later;
};

static bool is_expected(const struct plan_target *target)
{
    return target->protocol == PROTOCOL_TCP &&
           (target->expect == DECLARED_REACHABLE || target->expect == DECLARED_POSSIBLE);
}

// Of targets that name ports more than once: each counts with the first of them, as it is scheduled.
static struct asked asked_once(struct arena *scratch, const struct plan_target *const *targets, size_t count)
{
    struct asked asked = {0};
    struct plan lane = {0};
    for (size_t i = 0; i < count; i++)
        *vector_add(scratch, &lane.targets) = *targets[i];
    struct schedule schedule = schedule_of(scratch, &lane, 1);
    for (size_t s = 0; s < schedule.span_count; s++) {
        const struct span *span = &schedule.spans[s];
        double size = span->spare ? 0 : (double)(span->high - span->low) + 1;
        asked.first += size;
        asked.later += is_expected(&schedule.targets[span->target]) ? 0 : size;
    }
    return asked;
}

static int by_low(const void *left, const void *right)
{
    const struct port_range *a = left, *b = right;
    return (int)a->low - (int)b->low;
}

static bool overlap(struct arena *scratch, const struct plan_target *const *targets, size_t count)
{
    VECTOR(struct port_range) ranges = {0};
    for (size_t i = 0; i < count; i++)
        for (size_t r = 0; r < targets[i]->ports.count; r++)
            *vector_add(scratch, &ranges) = targets[i]->ports.ranges[r];
    if (ranges.count > 1)
        qsort(ranges.items, ranges.count, sizeof(*ranges.items), by_low);
    for (size_t i = 1; i < ranges.count; i++)
        if (ranges.items[i - 1].high >= ranges.items[i].low)
            return true;
    return false;
}

static struct asked asked_of(struct arena *scratch, const struct plan_target *const *targets, size_t count)
{
    struct asked asked = {0};
    if (count > 1 && (!protocol_has_ports(targets[0]->protocol) || overlap(scratch, targets, count)))
        return asked_once(scratch, targets, count);
    for (size_t i = 0; i < count; i++) {
        bool ports = protocol_has_ports(targets[i]->protocol);
        double size = targets[i]->spare ? 0 : ports ? (double)portset_size(targets[i]->ports) : 1;
        asked.first += size;
        asked.later += is_expected(targets[i]) ? 0 : size;
    }
    return asked;
}

static int by_place(const void *left, const void *right)
{
    const struct plan_target *const *a = left, *const *b = right;
    int order = place_compare((*a)->address, (*a)->protocol, (*b)->address, (*b)->protocol);
    return order != 0 ? order : *a < *b ? -1 : *a > *b;
}

struct sums {
    struct asked all;
    struct asked most;      // of one lane
    double of_silent_hosts; // later, of hosts of which no answer is expected
};

// Adds up the lanes of a plan; they are not laid out, which would take memory by ports.
static struct sums add_up(const struct plan *plan)
{
    struct sums sums = {0};
    struct asked host = {0};
    struct arena *arena = arena_new(), *scratch = arena_new();
    size_t count = plan->targets.count;
    const struct plan_target **targets = arena_buffer(arena, const struct plan_target *, count + 1);
    for (size_t i = 0; i < count; i++)
        targets[i] = &plan->targets.items[i];
    if (count > 1)
        qsort(targets, count, sizeof(*targets), by_place);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && place_compare(targets[from]->address, targets[from]->protocol,
                                                        targets[to]->address, targets[to]->protocol) == 0;)
            to++;
        struct asked own = asked_of(scratch, targets + from, to - from);
        arena_reset(scratch);
        sums.all.first += own.first;
        sums.all.later += own.later;
        sums.most.first = own.first > sums.most.first ? own.first : sums.most.first;
        sums.most.later = own.later > sums.most.later ? own.later : sums.most.later;
        host.first += own.first;
        host.later += own.later;
        if (to < count && address_equal(targets[from]->address, targets[to]->address))
            continue; // another lane of this host
        sums.of_silent_hosts += host.later < host.first ? 0 : host.later;
        host = (struct asked){0};
    }
    arena_free(arena);
    arena_free(scratch);
    return sums;
}

struct probe_estimate probe_estimate(const struct plan *plan, const struct probe_speed *speed)
{
    struct probe_estimate estimate = {0};
    const struct sums sums = add_up(plan);
    double packets = 0, seconds = 0;
    for (long round = 1; round <= speed->tries; round++) {
        double all = round == 1 ? sums.all.first : sums.all.later;
        double most = round == 1 ? sums.most.first : sums.most.later;
        estimate.questions = round == 1 ? (uint64_t)all : estimate.questions;
        packets += all;
        double by_rate = all / (double)speed->rate, by_host = most / (double)speed->host_rate;
        seconds += (by_rate > by_host ? by_rate : by_host) + (round > 1 && all > 0 ? PACE_BETWEEN_US / 1e6 : 0);
    }
    // Who has never answered is asked once more, where the rounds follow each other fast.
    double again = speed->tries > 1 && seconds * 1e6 < LACKING_APART_US ? sums.of_silent_hosts : 0;
    if (again > 0)
        seconds = LACKING_APART_US / 1e6;
    packets += again;
    estimate.packets = (uint64_t)ceil(packets * (1 + SENTINELS));
    estimate.seconds = packets > 0 ? seconds + pace_end_seconds(speed->timeout_ms) : 0;
    return estimate;
}

double probe_again_seconds(double seconds)
{
    return (MENDING_US + QUIET_US) / 1e6 + MENDING_SHARE * seconds;
}
