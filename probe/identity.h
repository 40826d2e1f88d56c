// How a probe is known to be ours, and an answer to be one to it: source port, and a keyed number that only who has
// seen the probe can repeat. For the files of probe/ only.
#pragma once

#include "probe/keyed.h"
#include "probe/ledger.h"
#include "probe/packet.h"

enum { UDP_SOURCES = 4 }; // source ports of UDP probes of one target, in turn by try

// The source ports of UDP probes of a target; 0: none could be bound.
struct udp_ports {
    uint16_t ports[UDP_SOURCES];
};

struct identity {
    struct keyed keyed; // random, new in each run
    const struct schedule *schedule;
    const struct ledger *ledger;
    const struct portset **pools;       // by target: the source ports it may be asked from
    const struct udp_ports **udp_ports; // by target, UDP only
    uint8_t udp_bound[(PORT_LAST + 1) / 8];
    uint16_t echo_id;
};

bool identity_begin(struct identity *identity, struct arena *arena, const struct schedule *schedule,
                    const struct ledger *ledger, struct error *error);

// The source port of a try: another one each time, so that a late answer is known for what it is.
uint16_t identity_port(const struct identity *identity, const struct span *span, uint64_t question, unsigned try);
// The sequence number of a SYN.
uint32_t identity_sequence(const struct identity *identity, struct address target, uint16_t port, uint16_t own_port);
// What an echo request to a target carries.
uint64_t identity_token(const struct identity *identity, struct address target);

// Which question an answer may be about, by its place alone: that of the port it comes from, or (`way` 1) of another
// one of the host. False where there is none.
enum { IDENTITY_WAYS = 2 };
bool identity_question(const struct schedule *schedule, const struct seen *seen, unsigned way, uint64_t *question);
// What answers no probe of this run, but comes from what is asked: somebody is there, so that its silence proves
// nothing. True of the first such packet of each question, which is kept.
bool identity_hear(struct ledger *ledger, const struct seen *seen);
// Whether a UDP datagram that left from a port may be a probe of this run.
bool identity_is_source(const struct identity *identity, uint16_t port);
// Which question and try a packet from outside answers. False for everything that is no answer to a probe of this run.
bool identity_match(const struct identity *identity, const struct seen *seen, uint64_t *question, unsigned *try);
