// Whether the way out and back was alive while a question was asked: silence means something only then.
// For the files of probe/ only.
//
// Glossary. A *beat* is a probe that was answered, at the moment it was sent; a rejection (an ICMP error) is none, as a
// router whose cable is out sends them too. A *sentinel* is a question that has been
// answered and is asked again; an *ask* is one packet that does so. A *chain* is a row of beats between which no two
// asks were in vain: one packet may be lost, two say that nobody heard. On a line that is known to lose many, so many
// say that as are hardly ever lost in a row. A try is *lit* where it was sent within a chain
// that goes on for as long as an answer may take: something was answered before it (of the first tries of all: close
// behind), while it was waited for, and after. Tries between which nothing was answered count as one: the way may have
// been shut for just that long.
//
// A lane is judged by its own beats from its first one on; before that, by its host's, then, where that has never
// answered, by all of its path's. Whatever stops one protocol may pass the others: from when something of the lane's
// protocol was first answered on its path, its host's beats are not enough without those, and they stand for the
// path's. A *path* is a way out, as far as packets tell of it, so that a capture tells the same: a family, and the
// source address that the probes leave from; a *way* is all of it, or one protocol on it. Another link has another one.
// What was asked from two sources in one run, or by this machine of itself, has no path: it is judged by its own beats,
// or its host's, or is dark. A *voice* is a TCP port that was open. One that was asked twice in vain, while others
// answered, is no service that stopped, which would be closed: the host may ban us and spare others. From when it was
// last heard until it is heard again nothing of its host is lit.
//
// Beats and asks are known from a capture as they were to the probe itself, and so is the light.
#pragma once

#include "probe/schedule.h"

enum { MOST_TRIES = 60, FIRST_ASK };

enum { PATHS_UNTOLD = 2, MOST_SOURCES = 64, NO_PATH = PATHS_UNTOLD + MOST_SOURCES, WATCH_PATHS }; // by number
enum { WATCH_PROTOCOLS = 3, WATCH_WAYS = WATCH_PATHS * (1 + WATCH_PROTOCOLS) }; // the first ones are the paths

struct beats { // a row of those that are close together
    uint64_t first;
    uint64_t last;
};

struct ask {
    uint64_t question;
    uint64_t sent_us;
    unsigned number; // of the try, from 1; sentinels' are from FIRST_ASK on
    uint32_t frame;  // in the capture, from 1; 0: none
    uint32_t sequence;
    uint32_t before; // of a capture: 1 + the index of the question's ask before; 0: none
    uint16_t own_port;
    bool answered;
    bool streamed;   // close behind a probe of its lane
    bool among;      // close behind a probe of its family
    bool alone;      // close behind no packet of its lane,
    bool lone;       // nor of its family
    bool aside;      // of a closed port that is no sentinel: that it is in vain says nothing of the way
    uint8_t stretch; // of its lane (ledger.h), where it is streamed
    // By what an open port does not say: it was closed, or rejected; else OBSERVED_OPEN.
    enum observed_state contrary;
};

struct voice {
    uint64_t question;
    uint64_t heard_us; // when the try was sent that was answered first
};

typedef VECTOR(struct beats) beats_list;
typedef VECTOR(struct ask) ask_list;

// From when to when tries are lit, ascending.
struct lit {
    uint64_t from;
    uint64_t to;
};

struct light {
    uint64_t first;  // beat, and what is close before it; 0: none, ever
    uint64_t last;   // beat
    uint64_t begins; // the last chain
    uint64_t gap;    // the longest between two beats,
    uint64_t gap_us; // which ended then
    bool ended;      // that chain: two asks since its last beat were in vain
    VECTOR(struct lit) lit;
    unsigned lost;      // asks in vain between two beats, but for one gap: packets, or answers, are being lost
    unsigned heard;     // asks that were answered
    bool hushed;        // that chain: a voice has not been heard again
    bool by_rejections; // nothing else was heard
    beats_list beats;   // all of them, in rows that do not overlap
};

enum beat {
    BEAT_FIRM,
    BEAT_LIMITED, // an ICMP error of the host itself, of which hosts send a few a second only (RFC 1812, 4.3.2.8)
    BEAT_REJECTED // an ICMP error of whoever is in the way
};

struct pulse { // of a lane
    beats_list beats;
    beats_list rejections;
    ask_list asks; // in the order of sending
    VECTOR(struct voice) voices;
    bool tries_ask; // some asks have the number of a try
    uint8_t path;   // its number
    bool firm;      // something answered that hosts do not limit: then an ask in vain means something
    bool known;     // its host has answered an earlier probe, which this one goes on with
    struct light light;
    struct light host; // of its whole host; shared by its lanes
    unsigned
        patience; // asks in vain, one after the other, that say that nobody heard: two, or more where many are lost
};

enum shine {
    SHINE_LIT,
    SHINE_DARK,   // nothing shows that it could have been answered
    SHINE_PENDING // a later beat may show it
};

struct path {
    struct address source;
    struct light light;
    VECTOR(uint64_t) denied; // when asks of open ports were rejected, ascending
};

struct watch {
    struct arena *arena;
    struct arena *lights; // what watch_light made
    const struct schedule *schedule;
    uint64_t close_us;              // within which beats are one
    uint64_t timeout_us;            // how long an answer may take
    uint64_t moved;                 // beats that made room for earlier ones
    struct pulse *pulses;           // by lane
    size_t path_count;              // but for the last, NO_PATH
    struct path paths[WATCH_PATHS]; // the first two are of those whose source is not known yet, by family
    struct light ways[WATCH_WAYS];  // of one protocol: of what answers firmly; none of whole paths
};

void watch_begin(struct watch *watch, struct arena *arena, const struct schedule *schedule, uint64_t timeout_us);
void watch_end(struct watch *watch);

// A probe to a lane leaves from an address.
void watch_source(struct watch *watch, size_t lane, struct address source);

// The way of a lane: its path, or its protocol there.
size_t watch_way(const struct watch *watch, size_t lane, bool by_protocol);

// A probe to a lane was answered, which was sent at that moment.
void watch_beat(struct watch *watch, size_t lane, uint64_t sent_us, enum beat beat);
// A sentinel was asked; watch_take_back says that its packet did not leave after all.
struct ask *watch_ask(struct watch *watch, size_t lane, const struct ask *ask);
void watch_take_back(struct watch *watch, size_t lane, uint64_t question, unsigned number);
// A capture has it now: it stands before those that a capture does not have yet. Returns where it is then.
struct ask *watch_stamp(struct watch *watch, size_t lane, struct ask *ask);
// The ask of a number, the latest; NULL where there is none.
struct ask *watch_find(const struct watch *watch, size_t lane, uint64_t question, unsigned number);
// It was answered. A rejection leaves it in vain.
void watch_answered(struct watch *watch, size_t lane, struct ask *ask, enum beat beat);

// A TCP port was found open by a try that was sent at that moment. Some of each lane are kept.
void watch_voice(struct watch *watch, size_t lane, uint64_t question, uint64_t sent_us);
// How many asks of a question were in vain since it was heard last.
unsigned watch_vain(const struct watch *watch, size_t lane, uint64_t question);

// Works out the light of all lanes from what is known by now.
void watch_light(struct watch *watch);
// Of a try of a lane that was sent at a moment (0: not known): rejections light no silence. After watch_light.
enum shine watch_shine(const struct watch *watch, size_t lane, uint64_t sent_us);
// The same of a try that is to confirm a rejection: by the lane's own beats, or its host's, for all of the time where
// there are any, else by its path's. Where nothing else was heard of the lane, no open port of its path
// may have been rejected within a timeout of it: who rejects may do so by the pace, or in an outage. Where nothing but
// rejections was heard of that, one that was sent no earlier is enough.
enum shine watch_shine_rejected(const struct watch *watch, size_t lane, uint64_t sent_us);
// Whether every try of a lane sent from one moment to another is lit (`SHINE_LIT`), or may be (`SHINE_PENDING`).
enum shine watch_shine_all(const struct watch *watch, size_t lane, uint64_t from_us, uint64_t to_us);
// Whether something was answered that was sent after one try of a lane, at `from_us`, and no later than another. Where
// nothing was, both may have been lost to one and the same gap. After watch_light.
bool watch_apart(const struct watch *watch, size_t lane, uint64_t from_us, uint64_t to_us);
// The longest time between two beats of one path, in microseconds. After watch_light.
uint64_t watch_longest_gap(const struct watch *watch);
// Whether a try was sent in the longest time between two beats of its lane. After watch_light.
bool watch_in_longest_gap(const struct watch *watch, size_t lane, uint64_t sent_us);
// By whose beats a lane is judged at the end: its own, its host's, its protocol's or its path's.
const struct light *watch_light_of(const struct watch *watch, size_t lane);
// Whether nothing that lights was ever heard of a lane's host. After watch_light.
bool watch_is_unheard(const struct watch *watch, size_t lane);
