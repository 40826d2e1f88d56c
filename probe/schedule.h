// What is asked, and in which order: every port of every target once a try. For the files of probe/ only.
//
// Glossary. A *question* is one port of one address and protocol (or its echo), a number below `count`. A *lane* is one
// address and protocol: what it can bear and how it answers is measured by lane. A *span* is a run of neighbouring
// ports of a lane; questions are numbered by span. A *try* is one packet that asks a question, counted from 1.
#pragma once

#include "model/observation.h"

struct span {
    uint64_t first; // question of its lowest port
    uint32_t lane;
    uint32_t target; // index of its plan target, for the client ports
    uint16_t low;
    uint16_t high;
    bool spare; // not asked but as a sentinel
};

struct lane {
    struct address address;
    int protocol;
    uint32_t first_span;
    uint32_t span_count;
    uint64_t first; // question
    uint64_t count; // questions
    uint64_t spare; // of them
};

struct schedule {
    struct plan_target *targets; // by address and protocol
    struct lane *lanes;          // by address and protocol
    size_t lane_count;
    struct span *spans;
    size_t span_count;
    uint64_t count;
    uint64_t seed;
};

// Lays out a plan; a port that several targets name is asked once. `seed` decides the order: the same seed, the same
// order.
struct schedule schedule_of(struct arena *arena, const struct plan *plan, uint64_t seed);

const struct span *schedule_span(const struct schedule *schedule, uint64_t question);
uint16_t schedule_port(const struct span *span, uint64_t question);
// Of what there is one of each family: 0 for a lane of IPv4, 1 for one of IPv6.
static inline int schedule_side(const struct schedule *schedule, size_t lane)
{
    return schedule->lanes[lane].address.family == FAMILY_IPV6;
}
const struct lane *schedule_lane(const struct schedule *schedule, struct address address, int protocol);
// False where nothing was planned there.
bool schedule_find(const struct schedule *schedule, struct address address, int protocol, uint16_t port,
                   uint64_t *question);

// A permutation of the questions for one try: a stride prime to their number and near the golden section of it, which
// keeps neighbours in time far apart on the hosts (Weyl, 1916: multiples of the golden section are spread most evenly).
struct order {
    uint64_t count;
    uint64_t stride;
    uint64_t offset;
    uint64_t back; // the stride's inverse
};

struct order schedule_order(const struct schedule *schedule, unsigned try);
uint64_t order_position(const struct order *order, uint64_t question); // where in the order the question comes
