#include "probe/pace.h"

#include <math.h>

#include "base/clock.h"
#include "base/log.h"
#include "model/protocol.h"
#include "probe/loss.h"

enum { MOST_PASSES = 12, LEAST_RATE = 100, UNDER_LIMIT = 10, LONGEST_SLOW_SECONDS = 600, LEAST_ASKS = 3 };

// Expected answers still missing at which asking ends; share of answers lost at which the rate is halved; share of a
// lane's answers that came late at which it is taken for one that limits them; of the rate seen, what is asked for.
static const double MISSING = 0.005, CONGESTED = 0.1, LIMITING = 0.2, SAFELY = 0.7;
// For the last looks at the sentinels.
static const double CALL_SECONDS = 0.5;
// Hosts send ICMP errors about once a second: RFC 1812 section 4.3.2.8, Linux's net.ipv4.icmp_ratelimit.
static const double ICMP_RATE = 0.9, LEAST_SLOW_RATE = 5, LEAST_TCP_RATE = 0.5;
// Share of the sentinels in the stream that are in vain where a pass was too fast; of its rate, what is tried next.
static const double TOO_MUCH = 0.4, LEAST_SHARE = 0.1, MOST_SHARE = 0.5;
// How seldom a line that loses as much among the probes as between them may be taken for one asked too fast: where the
// next pass takes no longer than so many seconds, and where it does.
static const double SHORT_SECONDS = 1, BY_CHANCE_IF_SHORT = 0.1, BY_CHANCE = 0.02;

void pace_begin(struct pace *pace, struct arena *arena, const struct schedule *schedule, struct ledger *ledger,
                const struct pace_limits *limits)
{
    *pace = (struct pace){.schedule = schedule, .ledger = ledger, .limits = *limits, .rate = limits->rate};
    pace->courses = arena_array(arena, struct course, schedule->lane_count + 1);
}

double pace_end_seconds(long timeout_ms)
{
    return (double)timeout_ms / 1000 + CALL_SECONDS;
}

static bool is_candidate(const struct pace *pace, size_t lane, bool slow)
{
    const struct course *course = &pace->courses[lane];
    const struct standing *standing = &pace->ledger->standings[lane];
    return !standing->settled && course->slow == slow && standing->silent > 0 && standing->tries < MOST_TRIES;
}

// The order spreads a lane's share evenly over the pass: its rate is its share of the whole.
static void keep_to_lanes(struct pace *pace)
{
    struct pass *pass = &pace->pass;
    for (size_t i = 0; i < pace->schedule->lane_count; i++) {
        const struct course *course = &pace->courses[i];
        double own = course->slow && course->rate < pace->limits.host_rate ? course->rate : pace->limits.host_rate;
        double most = course->member ? own * (double)pass->silent / (double)course->asked : pass->rate;
        if (most < pass->rate)
            pass->rate = most;
    }
}

// Answers of a lane that are evidence: rejections of TCP are none, as routers limit their errors, and what they leave
// out is filtered by them all the same.
static uint64_t answers_of(const struct pace *pace, size_t lane)
{
    const struct standing *standing = &pace->ledger->standings[lane];
    return standing->answered - (pace->schedule->lanes[lane].protocol == PROTOCOL_UDP ? 0 : standing->rejected);
}

static uint64_t late_of(const struct pace *pace, size_t lane)
{
    const struct standing *standing = &pace->ledger->standings[lane];
    return standing->late - (pace->schedule->lanes[lane].protocol == PROTOCOL_UDP ? 0 : standing->late_rejected);
}

bool pace_next(struct pace *pace)
{
    const struct standing *standings = pace->ledger->standings;
    bool slow = true;
    unsigned tries = MOST_TRIES;
    for (size_t i = 0; i < pace->schedule->lane_count; i++)
        slow = slow && !is_candidate(pace, i, false);
    for (size_t i = 0; i < pace->schedule->lane_count; i++)
        if (is_candidate(pace, i, slow) && standings[i].tries < tries)
            tries = standings[i].tries;
    if (tries == MOST_TRIES) {
        ledger_settle(pace->ledger);
        return false;
    }
    struct pass *pass = &pace->pass;
    *pass = (struct pass){.number = pass->number + 1, .try = tries + 1, .rate = pace->rate, .slow = slow};
    for (size_t i = 0; i < pace->schedule->lane_count; i++) {
        struct course *course = &pace->courses[i];
        course->member = is_candidate(pace, i, slow) && standings[i].tries == tries;
        course->answered = answers_of(pace, i);
        course->asked = course->member ? standings[i].silent : 0;
        pass->silent += course->asked;
    }
    keep_to_lanes(pace);
    return true;
}

void pace_again(struct pace *pace, double rate)
{
    struct pass *pass = &pace->pass;
    *pass = (struct pass){.number = pass->number + 1, .try = pass->try, .rate = rate};
    for (size_t i = 0; i < pace->schedule->lane_count; i++)
        pass->silent += pace->courses[i].member ? pace->courses[i].asked : 0;
    keep_to_lanes(pace);
}

// Those that came only to a later try, since its last pass ended.
static uint64_t fresh_late(const struct pace *pace, size_t lane)
{
    return late_of(pace, lane) - pace->courses[lane].late;
}

// Whether sentinels are lost about as often as answers came late, as far as chance can tell: then it is the line, and
// no limit of the host's.
static bool is_lost_anyway(const struct pace *pace, size_t lane, uint64_t late)
{
    const struct loss_seen stream = loss_seen(pace->ledger, lane, true, 0);
    const struct loss_seen answers = {.asked = (unsigned)answers_of(pace, lane), .vain = (unsigned)late};
    return pace->ledger->watch.pulses[lane].firm && stream.asked >= LEAST_ASKS &&
           loss_by_chance(&answers, &stream) >= BY_CHANCE;
}

// Whether the answers of a lane thin out under speed, and at which rate it can be asked.
static void judge_lane(struct pace *pace, size_t lane, uint64_t recovered, double seconds)
{
    struct course *course = &pace->courses[lane];
    const struct standing *standing = &pace->ledger->standings[lane];
    bool udp = pace->schedule->lanes[lane].protocol == PROTOCOL_UDP;
    if (udp) {
        uint64_t closed = standing->answered - standing->open;
        // Of too many, silence stays what it is: unconfirmed, never open.
        course->slow = closed > 0 && (recovered > 0 || closed <= UNDER_LIMIT) &&
                       (double)standing->silent < ICMP_RATE * LONGEST_SLOW_SECONDS;
        course->rate = ICMP_RATE;
        return;
    }
    if (recovered < 5 || (double)recovered < LIMITING * (double)(answers_of(pace, lane) - recovered) ||
        is_lost_anyway(pace, lane, recovered))
        return;
    double seen = SAFELY * (double)recovered / (seconds > 0.001 ? seconds : 0.001);
    course->slow = true;
    course->rate = seen < LEAST_SLOW_RATE ? LEAST_SLOW_RATE : seen;
}

// Whether the sentinels of a lane were answered behind the pass, but not in its stream, and chance seldom does that.
static bool is_too_fast(const struct pace *pace, size_t lane, const struct loss_seen *stream, uint64_t since_us,
                        double seldom)
{
    const struct loss_seen quiet = loss_seen(pace->ledger, lane, false, 0);
    const struct loss_seen behind = loss_seen(pace->ledger, lane, false, since_us);
    const struct loss_seen paced = loss_seen(pace->ledger, lane, true, pace->courses[lane].paced_us);
    double lost = (double)(stream->vain + stream->contrary) / (double)stream->asked;
    double lost_else = quiet.asked == 0 ? 1 : (double)(quiet.vain + quiet.contrary) / (double)quiet.asked;
    return (stream->contrary > 0 || (lost >= TOO_MUCH && loss_by_chance(&paced, &quiet) < seldom)) &&
           behind.asked > behind.vain + behind.contrary && lost_else < lost / 2;
}

// Packets a second that a pass had, and those at which so much of it would have been heard.
static double pace_had(const struct course *course, const struct loss_seen *stream, double seconds)
{
    double had = (double)(course->asked + stream->asked) / (seconds > 0.001 ? seconds : 0.001);
    return course->limited && course->rate < had ? course->rate : had;
}

static double pace_heard(double had, const struct loss_seen *stream)
{
    double heard = (double)stream->asked - (double)(stream->vain + stream->contrary);
    double share = heard <= 0 ? 0 : SAFELY * heard / (double)stream->asked;
    double rate = had * (share < LEAST_SHARE ? LEAST_SHARE : share > MOST_SHARE ? MOST_SHARE : share);
    return rate < LEAST_TCP_RATE ? LEAST_TCP_RATE : rate;
}

void pace_learn(struct pace *pace, uint64_t since_us, double seconds)
{
    for (size_t i = 0; i < pace->schedule->lane_count; i++) {
        struct course *course = &pace->courses[i];
        const struct standing *standing = &pace->ledger->standings[i];
        if (!course->member || pace->schedule->lanes[i].protocol != PROTOCOL_TCP || !pace->ledger->watch.pulses[i].firm)
            continue;
        const struct loss_seen stream = loss_seen(pace->ledger, i, true, since_us);
        if (stream.asked < LEAST_ASKS && stream.contrary == 0)
            continue;
        double had = pace_had(course, &stream, seconds), rate = pace_heard(had, &stream);
        bool is_short = (double)(course->asked + stream.asked) <= rate * SHORT_SECONDS;
        course->too_fast = is_too_fast(pace, i, &stream, since_us, is_short ? BY_CHANCE_IF_SHORT : BY_CHANCE);
        if (!course->too_fast)
            continue;
        if ((double)(standing->silent + standing->rejected) > rate * LONGEST_SLOW_SECONDS)
            continue;
        course->slow = course->limited = true;
        course->rate = rate;
        course->paced_us = clock_wall_us();
        char address[ADDRESS_TEXT];
        address_format(pace->schedule->lanes[i].address, address);
        log_line(LOG_DEBUG,
                 "probe: %s: %u of %u sentinels were in vain at %.1f packets/s, and are not by themselves: "
                 "it is asked at %.1f",
                 address, stream.vain + stream.contrary, stream.asked, had, rate);
    }
}

// Whether a slow pass was still too fast is told by one at half its rate: it brings what that did not.
static void slow_down(struct pace *pace, size_t lane)
{
    struct course *course = &pace->courses[lane];
    if (pace->schedule->lanes[lane].protocol == PROTOCOL_TCP && !course->limited && course->rate / 2 >= LEAST_TCP_RATE)
        course->rate /= 2;
}

void pace_settle(struct pace *pace, double seconds, bool dropped)
{
    double recovered = 0, answered = 0, late = 0;
    for (size_t i = 0; i < pace->schedule->lane_count; i++) {
        struct standing *standing = &pace->ledger->standings[i];
        if (!pace->courses[i].member)
            continue;
        standing->tries = pace->pass.try;
        if (!pace->pass.slow && pace->pass.try > 1 && !pace->courses[i].limited)
            judge_lane(pace, i, (uint64_t)((double)fresh_late(pace, i) * ledger_late_share(pace->ledger, i)), seconds);
        if (pace->pass.slow)
            slow_down(pace, i);
        if (!pace->courses[i].slow) {
            double lost = ledger_late_share(pace->ledger, i);
            recovered += (double)fresh_late(pace, i) * lost;
            answered += (double)answers_of(pace, i);
            late += (double)late_of(pace, i) * lost;
        }
    }
    bool congested = dropped || (!pace->pass.slow && pace->pass.try > 1 && recovered > CONGESTED * answered);
    if (congested && pace->rate > 2 * LEAST_RATE)
        pace->rate /= 2;
    double share = answered > 0 ? late / answered : 0;
    bool missing =
        (dropped || (late > 0 && answered * pow(share, pace->pass.try) > MISSING)) && pace->pass.try < MOST_PASSES;
    for (size_t i = 0; i < pace->schedule->lane_count; i++) {
        struct course *course = &pace->courses[i];
        struct standing *standing = &pace->ledger->standings[i];
        if (!course->member)
            continue;
        bool fresh = answers_of(pace, i) > course->answered;
        standing->settled = course->limited   ? pace->pass.slow && !course->too_fast // the rest is for mending
                            : pace->pass.slow ? !fresh && pace->pass.try >= pace->limits.tries
                            : course->slow    ? false
                                              : pace->pass.try >= pace->limits.tries && !missing &&
                                                 (fresh_late(pace, i) == 0 || pace->pass.try >= MOST_PASSES);
        course->late = late_of(pace, i);
    }
}
