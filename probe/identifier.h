// What is found out of open ports while it is: shared by the files of identify.h.
#pragma once

#include "probe/exchange.h"
#include "probe/identify.h"

enum { MOST_TRIALS = 32 }; // of one port: bits of a word

struct inquiry;

struct open_port {
    struct observation *observation;
    uint32_t hinted; // trials that its number hints at, a bit each
};

struct host {
    struct address address;
    const struct plan_target *const *targets; // of the plan, for its TCP ports
    size_t target_count;
    size_t next; // of its ports, which are asked from here to the end, hinted ones first
    size_t end;
    size_t open; // that are under way
    bool queued;
    unsigned silent; // ports without a hint that took connections and never said a byte
    bool spoke;      // a port without a hint did
};

struct queue {
    void **items;
    size_t size;
    size_t first;
    size_t count;
};

struct identifier {
    struct arena *arena;
    const struct probe_options *options;
    const bool *interrupted;
    struct exchange_shared shared;
    uv_timer_t pace;
    uint32_t trials; // all of them, a bit each
    struct portset hints[MOST_TRIALS];
    struct open_port *ports;
    size_t port_count;
    VECTOR(struct host) hosts;
    struct queue ready; // hosts that may be asked for one more port
    struct inquiry *inquiries;
    struct queue waiting; // inquiries, for their turn to begin the next trial
    struct queue idle;    // inquiries that stand for no port
    size_t open;          // ports under way
    size_t done;
    double budget; // trials that may begin now
    double per_tick;
    uint64_t began_ns;
    uint64_t said_ns;
    size_t used_before;                     // bytes of the arena
    const char *stopped;                    // why no more is asked, or NULL
    VECTOR(const struct service *) excuses; // one a reason
};

// Splits open TCP runs of `observations` into ports, and gives identifier->hosts and ->ports, hinted ones first. Those
// of hosts that accept every port have their excuse already.
void identify_gather(struct identifier *identifier, const struct plan *plan, struct observations *observations);

// The service of what is not identified, and why; one a reason, kept in the identifier's arena.
const struct service *identify_excuse(struct identifier *identifier, const char *why);
