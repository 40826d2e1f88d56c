// How far a probe is, for people: a line that is drawn again and again on a terminal, else a line in the log from time
// to time. For the files of probe/ only.
#pragma once

#include "probe/pace.h"
#include "probe/probe.h"

struct progress {
    const struct probe_options *options;
    uint64_t began_us;
    uint64_t said_us;
};

// What is known of how far it is.
struct progress_point {
    const struct pace *pace;
    uint64_t position; // in the order of the pass under way
    bool last;         // only the last answers are waited for
    double again;      // seconds at most, where what proved nothing is asked again; -1: it is not
};

void progress_begin(struct progress *progress, const struct probe_options *options, uint64_t now_us);
// Says it where it is time to.
void progress_say(struct progress *progress, const struct progress_point *point, uint64_t now_us);
void progress_end(struct progress *progress); // wipes what was drawn
