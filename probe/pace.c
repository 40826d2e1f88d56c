#include "probe/pace.h"

#include <math.h>

#include "model/protocol.h"
#include "probe/bucket.h"

enum { MOST_PASSES = 12, LEAST_RATE = 100, UNDER_LIMIT = 10, LONGEST_SLOW_SECONDS = 600, LAST_SUSPECTED = 4 };

// Expected answers still missing at which asking ends; share of answers lost at which the rate is halved; share of a
// lane's answers that came late at which it is taken for one that limits them; of the rate seen, what is asked for.
static const double MISSING = 0.005, CONGESTED = 0.1, LIMITING = 0.2, SAFELY = 0.7;
// For the last looks at the sentinels.
static const double CALL_SECONDS = 0.5;
// Hosts send ICMP errors about once a second: RFC 1812 section 4.3.2.8, Linux's net.ipv4.icmp_ratelimit.
static const double ICMP_RATE = 0.9, LEAST_SLOW_RATE = 5, LEAST_TCP_RATE = 0.5;
// Below it, answers are taken to come from a bucket: one in a thousand, as a logarithm. Above the other, those of one
// pass come from all over it.
static const double BY_CHANCE = -6.9, ALL_OVER = -1.5;
static const uint64_t FEW_ANSWERS = 5;

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
    if (recovered < 5 || (double)recovered < LIMITING * (double)(answers_of(pace, lane) - recovered))
        return;
    double seen = SAFELY * (double)recovered / (seconds > 0.001 ? seconds : 0.001);
    course->slow = true;
    course->rate = seen < LEAST_SLOW_RATE ? LEAST_SLOW_RATE : seen;
}

// Whether a lane was heard while a try of its questions was sent.
static bool was_alive(const struct pace *pace, size_t lane, unsigned try)
{
    const struct standing *standing = &pace->ledger->standings[lane];
    if (standing->rounds.count < try || standing->rounds.items[try - 1].last_us == 0)
        return false;
    const struct round *round = &standing->rounds.items[try - 1];
    return watch_shine_all(&pace->ledger->watch, lane, round->first_us, round->last_us) != SHINE_DARK;
}

// Whether a lane answers what is asked first. A line that is cut in one pass looks alike, but in the next one nobody is
// heard, or things are answered from all over it.
static void judge_bucket(struct pace *pace, size_t lane)
{
    struct course *course = &pace->courses[lane];
    const struct standing *standing = &pace->ledger->standings[lane];
    uint64_t answered = 0;
    if (pace->schedule->lanes[lane].protocol != PROTOCOL_TCP || standing->silent == 0 || course->slow)
        return;
    double luck = 0;
    if (answers_of(pace, lane) > course->answered) // else no question need be looked at
        luck = bucket_luck(pace->ledger, lane, pace->pass.try, &answered);
    bool all_over = luck > ALL_OVER;
    course->luck = all_over && answered >= FEW_ANSWERS ? 0 : course->luck + luck;
    course->suspected = course->luck <= BY_CHANCE && pace->pass.try <= LAST_SUSPECTED &&
                        (double)standing->silent <= LEAST_SLOW_RATE * LONGEST_SLOW_SECONDS;
    bool again = (answered > 0 && !all_over) || (answered < FEW_ANSWERS && was_alive(pace, lane, pace->pass.try));
    course->slow = course->suspected && pace->pass.try > 1 && again;
    course->rate = course->slow ? LEAST_SLOW_RATE : course->rate;
}

// Whether a slow pass was still too fast is told by one at half its rate: it brings what that did not.
static void slow_down(struct pace *pace, size_t lane)
{
    struct course *course = &pace->courses[lane];
    if (pace->schedule->lanes[lane].protocol == PROTOCOL_TCP && course->rate / 2 >= LEAST_TCP_RATE)
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
        if (!pace->pass.slow && pace->pass.try > 1)
            judge_lane(pace, i, (uint64_t)((double)fresh_late(pace, i) * ledger_late_share(pace->ledger, i)), seconds);
        if (pace->pass.slow)
            slow_down(pace, i);
        else
            judge_bucket(pace, i);
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
        standing->settled = pace->pass.slow ? !fresh && pace->pass.try >= pace->limits.tries
                            : course->slow  ? false
                            : course->suspected && pace->pass.try < LAST_SUSPECTED
                                ? false
                                : pace->pass.try >= pace->limits.tries && !missing &&
                                      (fresh_late(pace, i) == 0 || pace->pass.try >= MOST_PASSES);
        course->late = late_of(pace, i);
    }
}
