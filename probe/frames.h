// A capture by itself: whether it is one that a probe writes, and whether its times, source ports and rates can be
// those of the run that it is said to be of. What it says was observed is replay.h's.
#pragma once

#include <stdio.h>

#include "probe/probe.h"

struct frames {
    uint64_t first_us; // wall clock of the first packet; 0: there is none
    uint64_t last_us;  // of the latest one
    bool asked;        // some of them ask what is no canary
};

// What a run, or who else kept it, says of itself.
struct frames_claims {
    const struct plan *plan; // what was asked, by which source ports
    uint64_t begin_us;       // wall clock: all packets lie between
    uint64_t end_us;
    long rate; // most packets a second, and to one address and protocol; 0: it does not say
    long host_rate;
    bool of_probe; // no run's, but of `probe --capture`: its first packet may say how it was probed
};

// Reads `path` to its end. Gives what of it cannot be, in words in the arena, and else NULL; *error is set where the
// file cannot be read. `claims` NULL: only the first packet is read.
const char *frames_difference(struct arena *arena, const char *path, const struct frames_claims *claims,
                              struct frames *frames, struct error *error);
// The same of a stream, which is closed; `name` is for errors.
const char *frames_of_stream(struct arena *arena, FILE *stream, const char *name, const struct frames_claims *claims,
                             struct frames *frames, struct error *error);

// From the first packet to the latest one, whatever they are: the file is read to its end.
const char *frames_span(struct arena *arena, const char *path, struct frames *frames, struct error *error);
