// The prober: takes addresses and ports, gives observations. Knows nothing of AWS.
//
// TCP by SYN packets of its own making (syn.c), answers by capture, where raw sockets may be opened; else by connect.
// UDP with payloads that services answer (datagram.c), ICMP echo. A schedule of questions (schedule.h), a ledger of
// what became of them (ledger.h), passes over the silent ones (pace.h), one libuv loop (engine.c).
#pragma once

#include "model/observation.h"

enum probe_progress {
    PROBE_QUIET,
    PROBE_DRAWN, // one line on stderr, which is a terminal, drawn again and again
    PROBE_LINES, // a line in the log every progress_s seconds
};

enum probe_method { PROBE_AUTO, PROBE_SYN, PROBE_CONNECT };

// What packets leave by, where the user says so.
struct probe_route {
    struct address source[2]; // of IPv4, of IPv6; family 0: where it is not given
    const char *interface;    // name, or NULL
};

// What decides how long a probe takes.
struct probe_speed {
    long rate;       // most packets a second, from 1
    long host_rate;  // most packets a second to one address and protocol, from 1
    long tries;      // tries before silence is believed, 1-10; more where answers have been lost
    long timeout_ms; // how long one answer is waited for, milliseconds
};

// Whether this build can send: what follows from captures, plans and observations is in every one.
extern const bool probe_sends;

// What of probing needs a right: raw sockets of both families and a capture (CAP_NET_RAW), and, with
// CAP_NET_BIND_SERVICE, a process that binds UDP sockets to source ports below 1024 (binder.h).
struct probe_raw;

// Opens what is permitted of it, for whatever will be asked: so the right can be given up before anything is parsed.
// Nothing is taken in by it until probe_run, which takes what its method needs, and closes the rest. In the arena.
struct probe_raw *probe_raw_open(struct arena *arena);
// When that began, in microseconds since the epoch: no packet was taken in before.
uint64_t probe_raw_opened_us(const struct probe_raw *raw);
// Closes what nobody has taken; may be called again.
void probe_raw_close(struct probe_raw *raw);

struct probe_options {
    struct probe_raw *raw; // opened before
    enum probe_method method;
    struct probe_speed speed;
    struct probe_route route;
    uint64_t seed;         // decides the order; 0: one is drawn
    const char *capture;   // file for our packets and their answers, or NULL
    bool capture_optional; // go on without a capture where raw sockets are not permitted, or there are too many
                           // questions
    // Where what is observed is kept: the capture is written in its place, and goes on behind what an earlier probe of
    // the same plan wrote there, of which these so many frames and bytes are known; 0: it begins.
    bool capture_in_place;
    uint32_t capture_frames;
    uint64_t capture_bytes;
    const char *capture_told;  // what its replay has to know (probe_captured), which stands in it then; or NULL
    const struct prefix *only; // targets outside every one of these are refused; none: no narrowing
    size_t only_count;
    // Called every few seconds with what is known so far; a failure is said, and the probe goes on. NULL: it is not.
    bool (*keep)(void *context, const struct observations *known, struct error *error);
    void *keep_context;
    void (*begins)(void);     // called before the first packet, when SIGINT and SIGTERM end the probe; or NULL
    bool services;            // identify what answers at open TCP ports,
    long services_deadline_s; // for at most so many seconds, from 1
    enum probe_progress progress;
    long progress_s; // 0: no lines
};

struct probe_estimate {
    uint64_t questions; // ports, and echoes
    uint64_t packets;   // all rounds and sentinels
    double seconds;     // all rounds and waits
};

// What a plan costs where what it expects to be reachable answers at once and everything else is silent. Hosts that
// limit their answers (ICMP errors about UDP come once a second), and packets that are lost, make it longer. Takes
// memory for one address at a time.
struct probe_estimate probe_estimate(const struct plan *plan, const struct probe_speed *speed);
// How many seconds more it may take, of so many, where answers are lost, limited or cease: what proves nothing is asked
// again.
double probe_again_seconds(double seconds);

// A place of the user's that was asked to see whether the way is alive, and how often it answered.
struct probe_canary {
    struct address address;
    uint16_t port;
    size_t asked;
    size_t answered;
};

struct probe_unasked {
    const char *reason;
    size_t count;
};
typedef VECTOR(struct probe_unasked) unasked_list;

// What became of open TCP ports whose service was asked for.
struct probe_services {
    bool told; // they were asked for
    size_t identified;
    size_t unknown;        // asked to the end; what they said fits nothing known
    size_t not_identified; // not asked, or not to the end,
    unasked_list reasons;  // for these reasons
};

// What could not be done after something had been observed.
struct probe_failed {
    const char *what; // "capture"
    const char *why;
};

// A port that nothing was heard from.
struct probe_silent {
    struct address address;
    int protocol;
    uint16_t port;
    unsigned tries;
};

struct probe_summary {
    size_t by_state[OBSERVED_UNKNOWN + 1]; // ports that ended in each state
    size_t sent;                           // tries
    size_t received;                       // answers that counted
    size_t late;                           // of them, those that came only to a later try: evidence of loss
    size_t dropped;                        // packets that this machine had no room for
    size_t asks;                           // times that what had answered was asked again
    size_t asks_answered;
    size_t unearned;    // ports whose silence, or answer, nothing vouched for
    double longest_gap; // seconds between two answers while somebody was being asked
    double seconds;
    uint64_t first_us; // of a replay: wall clock of the first and the last packet; 0: there is none
    uint64_t last_us;
    uint32_t stray;             // of a replay: the first frame that no probe of the plan keeps (capture_play); 0: none
    struct probe_silent silent; // of a replay: who was asked most often of those that answered nothing; tries 0: nobody
    const char *method;         // "syn", "connect" or "capture"
    uint64_t seed;
    unsigned passes;
    VECTOR(struct probe_canary) canaries;
    bool problem;                       // something of this machine's failed, and was said
    VECTOR(struct probe_failed) failed; // the same
    bool interrupted;                   // by SIGINT or SIGTERM: what had no answer is unknown
    unasked_list unasked;               // ports that could not be asked, by reason
    struct probe_services services;
    VECTOR(struct address) accepting; // hosts that accept every TCP port: what is open there says little
    struct shard shard;               // of the plan
    char vantage4[ADDRESS_TEXT];      // source address used, or ""
    char vantage6[ADDRESS_TEXT];
};

// The scope lock: true where every target of `plan` lies in `only` (if any) and is a unicast address. Sends nothing.
bool probe_scope(const struct plan *plan, const struct prefix *only, size_t only_count, struct error *error);

// Asks every port of `plan` and appends what was observed, by address, protocol and port. Refuses (ERROR_USAGE) before
// sending anything where the scope lock does not hold. ERROR_INCOMPLETE where the loop or its memory cannot be set up.
// What fails after the first packet is in the summary, and takes nothing away that was observed.
bool probe_run(struct arena *arena, const struct plan *plan, const struct probe_options *options,
               struct observations *observations, struct probe_summary *summary, struct error *error);

// What of a plan is left to ask where some is known, sorted by place; and, as spares, some of what is known to answer,
// which is asked again to see whether the way is alive.
void probe_rest(struct arena *arena, const struct plan *plan, const struct observations *known, struct plan *rest);

// What a capture file of a run says was observed, for the same plan, `tries` and timeout: equal to what that run itself
// said. What could not be sent is in no capture, nor that a signal ended the run: that is taken from what the run
// `told` where it is given (NULL: it is not), and nothing else. A capture that was gone on with is taken in its parts,
// as it was probed. ERROR_USAGE where it is no capture.
bool probe_replay(struct arena *arena, const struct plan *plan, const char *capture, long tries, long timeout_ms,
                  const struct observations *told, struct observations *observations, struct probe_summary *summary,
                  struct error *error);

// What a capture file itself tells of the options that it was made with; tries 0: it does not.
struct probe_captured {
    long tries;
    long timeout_ms;
    text_list canaries; // as --canary takes them
};

// The text of that, for probe_options.
const char *probe_captured_text(struct arena *arena, const struct probe_captured *captured);
// Of the latest part of a capture. ERROR_USAGE where it is none.
bool probe_captured_read(struct arena *arena, const char *capture, struct probe_captured *captured,
                         struct error *error);

// UDP ports that have a payload of their own, and so can be told open.
struct portset probe_udp_ports(struct arena *arena);

// What lines of observations tell of services, and the summary's member of it.
struct probe_services probe_services_of(struct arena *arena, const struct observations *observations);
void probe_services_write(const struct probe_services *services, struct text *out);

// The summary line that ends a file of observations.
void probe_summary_write(const struct probe_summary *summary, struct text *out);
