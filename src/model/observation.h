// What was asked (plan lines) and what answered (observations): the prober's input and output as files (contract.md).
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "model/exposure.h"

enum __attribute__((packed)) declared_state {
    DECLARED_REACHABLE,
    DECLARED_POSSIBLE,
    DECLARED_INBOUND_ONLY,
    DECLARED_UNREACHABLE
};
enum __attribute__((packed)) observed_state {
    OBSERVED_OPEN,
    OBSERVED_CLOSED,
    OBSERVED_REJECTED,
    OBSERVED_FILTERED,
    OBSERVED_UNKNOWN
};

extern const char *const declared_names[];
extern const char *const observed_names[];

// Ports (or, for ICMP, echo: no ports) of one address that are asked for the same reasons.
struct plan_target {
    struct address address;
    int protocol;
    struct portset ports;        // empty for ICMP
    struct portset client_ports; // source ports that a reply finds back to
    enum declared_state expect;
    text_list why;
    bool spare;    // no question: asked only to see whether the way is alive
    bool canary;   // of those, one that the user named; the others are known to have answered, and are never written
    bool was_open; // and that it was open
};

// Which part of a whole plan something is of (model/shard.h).
struct shard {
    unsigned index;          // from 1
    unsigned of;             // 0: it is a whole
    const char *plan_sha256; // of what the whole asks
};

typedef VECTOR(struct address) host_addresses;

struct plan {
    VECTOR(struct plan_target) targets;
    VECTOR(host_addresses) hosts; // addresses of one machine, where it has several
    struct shard shard;
    long tries, timeout_ms; // that its head says it is to be asked with; 0: it does not
};

// The first line of a plan: for whom it is, and what it costs.
struct plan_head {
    const char *vantage;           // addresses joined by ", ", or NULL: the internet at large
    text_list vantages;            // as --vantage takes them
    text_list vantages_learnt;     // how each is known
    const char *vantage_interface; // that asks from inside, or NULL
    const char *vantage_instance;  // of which it is, or NULL
    uint64_t questions;
    uint64_t packets;
    double seconds;
    long rate; // at which that is
    long host_rate;
    long tries;
    long timeout_ms;
};

void plan_head_write(const struct plan *plan, const struct plan_head *head, struct text *out);
void plan_write(const struct plan *plan, struct text *out); // the other lines
// Reads plan lines, with or without a head, or the plain form `ADDRESS tcp|udp|icmp PORTS` with # comments (which
// expects nothing).
bool plan_read(struct arena *arena, const char *file, const char *text, size_t length, struct plan *plan,
               struct error *error);

// What a peer's certificate says; whether it is trusted is not asked.
struct certificate {
    const char *subject; // RFC 4514
    const char *issuer;
    text_list names;        // of the subject: DNS names and addresses, the first of them
    const char *not_before; // RFC 3339 UTC
    const char *not_after;
    const char *sha256; // of the DER, in hexadecimal
    bool self_issued;   // subject and issuer are one
};

// What answers at an open port. All texts came from outside and are printable ASCII: other bytes read \xHH.
struct service {
    const char *name;           // "ssh", "https", "postgresql"..., "unknown"
    const char *not_identified; // why it was not asked to the end, and so is unknown; else NULL
    const char *product;        // "OpenSSH_9.2p1 Debian-2", or NULL
    const char *banner;         // the first line that it sent, or NULL
    const char *note;           // one thing worth knowing: "answers without authentication", or NULL
    const char *title;          // of the page that HTTP gives, or NULL
    const char *host_key;       // of SSH: "ssh-ed25519 SHA256:...", or NULL
    const char *tls_version;    // "TLSv1.3", the newest that both speak, or NULL: it speaks no TLS
    const char *tls_oldest;     // older than TLSv1.2 that it speaks too, or NULL
    const char *tls_cipher;
    const char *tls_trust; // "trusted by this machine's authorities", or why not; names are not compared
    const struct certificate *certificate; // or NULL
};

// One run of neighbouring ports that ended alike.
struct observation {
    size_t line; // in the file it came from, from 1
    struct address address;
    int protocol;
    uint16_t low;
    uint16_t high;
    const char *reason;
    const char *from;    // sender of the ICMP error, or NULL
    const char *source;  // address that its packets left from, two where that changed; NULL: not told
    const char *vantage; // that asked, in what `merge` made of several, each by itself; else NULL
    enum observed_state state;
    bool accepting; // open at a host that by then accepted everything: it says nothing of the port
    bool unstable;  // answers to different tries contradicted each other
    uint32_t tries;
    long rtt_us;                   // of the first port of the run that has one; -1 where nothing answered
    const char *first_sent;        // RFC 3339 UTC with microseconds; NULL where nothing was sent
    const char *answered;          // or NULL
    const struct service *service; // where it was asked for and the port is open, else NULL
    VECTOR(uint32_t) frames;       // of its packets in the capture, from 1, ascending: the first of them
    size_t frame_count;            // all of them
};

// How silence was earned: how often what had answered was asked again, and answered.
struct sentinels_told {
    bool told;
    long asked;
    long answered;
    double longest_gap; // seconds between two answers
};

// The members `address` and `protocol` of a line.
bool place_read(const struct json_cursor *at, struct address *address, int *protocol, struct error *error);
// Its members `from_port` and `to_port`, in order; of a protocol without ports neither may be there, and *low and *high
// stay as they are.
bool ports_read(const struct json_cursor *at, int protocol, long *low, long *high, struct error *error);

// A canary, as the summary tells of it.
struct canary_told {
    struct address address;
    long port;
    long answered; // how often
};

struct observations {
    VECTOR(struct observation) items;
    VECTOR(struct canary_told) canaries;
    const char *vantage4; // source addresses used, from the summary line; NULL where none
    const char *vantage6;
    const char *plan_sha256; // of the plan they belong to, in a state file; else NULL
    uint32_t capture_frames; // in a state file: how much of a capture they rest on; 0: there is none
    uint64_t capture_bytes;
    bool has_summary;
    const char *method; // of the summary; NULL: not told
    long passes;        // the same; -1
    long dropped;       // packets that this machine had no room for; -1
    bool interrupted;
    struct sentinels_told sentinels;
    struct shard shard;
};

void observation_write(const struct observation *observation, struct text *out);
// By vantage (of several), address, protocol and port.
void observations_sort(struct observations *observations);
// The same. ERROR_USAGE, with the lines, where two tell of one port: what it is could not be said then.
bool observations_settle(struct observations *observations, const char *file, struct error *error);
bool observations_read(struct arena *arena, const char *file, struct observations *observations, struct error *error);
// The same with each observation given to `take` as it is read: none is kept, and what is of its line alone (times,
// frames, the service) lasts as long as the call. Where it fails, some may have been taken.
typedef void observation_taker(void *context, const struct observation *observation);
bool observations_read_each(struct arena *arena, const char *file, observation_taker *take, void *context,
                            struct observations *observations, struct error *error);
// All of what may have been asked from several vantages: a port may be told of by each of them.
bool observations_read_vantages(struct arena *arena, const char *file, struct observations *observations,
                                struct error *error);
