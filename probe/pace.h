// How often and how fast: passes over the silent questions, decided by evidence of loss, so that the rate changes how
// long a run takes and never what it finds. For the files of probe/ only.
//
// A lane is asked `tries` times. Answers that came only to a later try are evidence of loss: then every lane is asked
// until fewer than one answer in some hundred runs can be expected to be missing, and where a tenth was lost, at half
// the rate. A lane whose answers thin out under speed (limited RSTs, ICMP errors once a second) is asked again slowly,
// by itself, at the rate at which it has been seen to answer, until a whole slow pass brings nothing new. So is one
// whose sentinels are not answered, or are rejected or reset, where they are asked among the probes (stream.h), but are
// between the passes: at the rate that was answered, and slower until they are. A line that loses some, however slowly
// it is asked, is not made slower: the asks among the probes have to be lost more often than chance explains.
#pragma once

#include "probe/ledger.h"

// Between two rounds of silent questions, where no round-trip time is known; longer than most that are.
enum { PACE_BETWEEN_US = 250000 };
// What proved nothing is asked again for so long at most, and so many times as long as the passes took; then what is
// closed is asked by itself.
enum { MENDING_US = 40000000, MENDING_SHARE = 2, QUIET_US = 30000000 };

struct pace_limits {
    double rate;      // packets a second, over all
    double host_rate; // packets a second to one lane
    unsigned tries;
};

// What is planned for a lane.
struct course {
    bool slow;         // its answers thin out under speed
    bool member;       // of the pass under way
    uint64_t asked;    // its questions in that pass
    double rate;       // of slow passes, packets a second
    uint64_t answered; // when the pass began
    uint64_t late;     // when the lane's last pass ended
    bool limited;      // its sentinels have shown that: it keeps its rate to the end
    bool too_fast;     // so was the last pass
    uint64_t paced_us; // when it was given that rate, wall clock; 0: never
};

struct pass {
    unsigned number; // from 1
    unsigned try;    // that it sends, the same for all its lanes
    double rate;     // packets a second
    uint64_t silent; // questions it began with
    bool slow;
};

struct pace {
    const struct schedule *schedule;
    struct ledger *ledger;
    struct pace_limits limits;
    struct course *courses; // by lane
    double rate;            // over all: limits.rate, less where packets were lost
    struct pass pass;
};

void pace_begin(struct pace *pace, struct arena *arena, const struct schedule *schedule, struct ledger *ledger,
                const struct pace_limits *limits);

// About how long the end of a probe takes that waits so long for an answer: for the last ones, and the sentinels.
double pace_end_seconds(long timeout_ms);

// Chooses the next pass. False where all is asked.
bool pace_next(struct pace *pace);
// A pass outside the row, at a rate: over what is `asked` of the courses that are members.
void pace_again(struct pace *pace, double rate);
// What the sentinels in the stream of the pass that has ended say of its pace; it was sent from `since_us`, wall clock,
// on, within so many seconds.
void pace_learn(struct pace *pace, uint64_t since_us, double seconds);
// Draws conclusions from the pass that has ended after so many seconds. `dropped`: this machine itself had no room for
// answers.
void pace_settle(struct pace *pace, double seconds, bool dropped);
