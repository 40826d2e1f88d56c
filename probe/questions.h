// The questions of a run: every port of every target once, in an order that spreads over hosts, and their answers.
// For the files of probe/ only.
#pragma once

#include "probe/answer.h"

struct host {
    struct address address;
    bool measured;
    double smoothed_us; // round-trip time and its variation: RFC 6298, section 2
    double variation_us;
};

struct question {
    uint32_t host;
    uint32_t target; // index of its plan target, for the client ports
    uint16_t port;
    uint8_t tries;
    bool ended;
    struct answer answer;
    int64_t rtt_us;
    uint64_t first_sent_us; // wall clock
    uint64_t answered_us;
    uint64_t sent_us; // monotonic, of the latest try
};

struct question_list {
    struct plan_target *targets; // by address and protocol
    struct host *hosts;
    struct question *items; // by target and port
    size_t count;
    size_t *order; // in which they are asked the first time
};

// Lays out the questions of a plan; a port that several targets name is asked once.
struct question_list questions_of(struct arena *arena, const struct plan *plan);

// What came of them, as runs of neighbouring ports that ended alike; adds up ports by state.
void questions_collect(const struct question_list *list, struct arena *arena, struct observations *observations,
                       size_t by_state[OBSERVED_UNKNOWN + 1]);
