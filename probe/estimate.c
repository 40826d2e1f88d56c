#include <math.h>

#include "model/protocol.h"
#include "probe/lacking.h"
#include "probe/pace.h"
#include "probe/probe.h"

static const double SENTINELS = 0.01; // of what is sent, at most

// What a lane is asked in a round: everything in the first; later what is not expected to have answered.
static double asked(const struct schedule *schedule, const struct lane *lane, bool first)
{
    double count = 0;
    for (size_t s = lane->first_span; s < lane->first_span + lane->span_count; s++) {
        const struct span *span = &schedule->spans[s];
        enum declared_state expect = schedule->targets[span->target].expect;
        bool answers = lane->protocol == PROTOCOL_TCP && (expect == DECLARED_REACHABLE || expect == DECLARED_POSSIBLE);
        if (!span->spare && (first || !answers))
            count += (double)(span->high - span->low) + 1;
    }
    return count;
}

// Whether an answer is expected of a lane's host, whose lanes are neighbours.
static bool is_expected(const struct schedule *schedule, size_t lane)
{
    struct address host = schedule->lanes[lane].address;
    while (lane > 0 && address_compare(schedule->lanes[lane - 1].address, host) == 0)
        lane--;
    for (; lane < schedule->lane_count && address_compare(schedule->lanes[lane].address, host) == 0; lane++)
        if (asked(schedule, &schedule->lanes[lane], false) < asked(schedule, &schedule->lanes[lane], true))
            return true;
    return false;
}

// What is asked once more of hosts that have never answered, where the rounds follow each other fast.
static double looked_at_again(const struct schedule *schedule)
{
    double count = 0;
    for (size_t i = 0; i < schedule->lane_count; i++)
        count += is_expected(schedule, i) ? 0 : asked(schedule, &schedule->lanes[i], false);
    return count;
}

struct probe_estimate probe_estimate(struct arena *arena, const struct plan *plan, const struct probe_speed *speed)
{
    struct schedule schedule = schedule_of(arena, plan, 1);
    struct probe_estimate estimate = {0};
    double packets = 0, seconds = 0;
    for (long round = 1; round <= speed->tries; round++) {
        double all = 0, most = 0;
        for (size_t i = 0; i < schedule.lane_count; i++) {
            double own = asked(&schedule, &schedule.lanes[i], round == 1);
            all += own;
            most = own > most ? own : most;
        }
        estimate.questions = round == 1 ? (uint64_t)all : estimate.questions;
        packets += all;
        double by_rate = all / (double)speed->rate, by_host = most / (double)speed->host_rate;
        seconds += (by_rate > by_host ? by_rate : by_host) + (round > 1 && all > 0 ? PACE_BETWEEN_US / 1e6 : 0);
    }
    double again = speed->tries > 1 && seconds * 1e6 < LACKING_APART_US ? looked_at_again(&schedule) : 0;
    if (again > 0)
        seconds = LACKING_APART_US / 1e6;
    packets += again;
    estimate.packets = (uint64_t)ceil(packets * (1 + SENTINELS));
    estimate.seconds = packets > 0 ? seconds + pace_end_seconds(speed->timeout_ms) : 0;
    return estimate;
}
