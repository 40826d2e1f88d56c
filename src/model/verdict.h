// Verdicts: declared × observed for each port that was asked, and what intent makes of it (sgproof/verdicts/v1).
#pragma once

#include "model/observation.h"
#include "model/owner.h"

enum __attribute__((packed)) verdict_kind {
    VERDICT_CONFIRMED,
    VERDICT_LATENT,
    VERDICT_BLOCKED,
    VERDICT_UNDECLARED,
    VERDICT_ENFORCED,
    VERDICT_UNCONFIRMED,
    VERDICT_UNVERIFIED,
    VERDICT_KINDS
};

enum __attribute__((packed)) intent_state { INTENT_EXPECTED, INTENT_FORBIDDEN, INTENT_UNSPECIFIED };
enum __attribute__((packed)) severity {
    SEVERITY_CRITICAL,
    SEVERITY_HIGH,
    SEVERITY_MEDIUM,
    SEVERITY_LOW,
    SEVERITY_INFO,
    SEVERITIES
};

extern const char *const verdict_names[];
extern const char *const intent_names[];
extern const char *const severity_names[];

// Who asked, where a verdict is not of the one vantage outside: an interface, or one of several vantages.
struct asked_from {
    const char *eni_id;      // or NULL
    const char *instance_id; // or NULL
    struct address address;
};

struct verdict {
    struct address address;
    const struct asked_from *asked_from; // NULL: the one vantage outside
    const char *account_id;              // or NULL, as the region
    const char *region;
    const char *eni_id;
    const char *instance_id;   // or NULL
    const char *name;          // or NULL
    const struct owner *owner; // who stands behind the interface, or NULL
    int protocol;
    uint16_t low; // ports; 0 for ICMP echo
    uint16_t high;
    enum declared_state declared;
    enum observed_state observed;
    enum verdict_kind kind;
    enum intent_state intent;
    enum severity severity;
    bool unstable;
    bool accepting;            // open at a host that answers on every TCP port: it says nothing of the port
    bool outage;               // the intent expects a service here; it has answered in an earlier run, and does not now
    uint32_t accepts;          // how many ports of it are so, on the one verdict that stands for them all; else 0
    const char *reason;        // the observation's
    const char *from;          // sender of an ICMP error, or NULL
    const char *intent_rule;   // id, or NULL
    const char *intent_owner;  // of that rule, or NULL
    const char *intent_reason; // or NULL
    const char *intent_expired; // id of a rule that would have allowed it before it expired, or NULL
    reason_list because;        // what admits it, or what first stops it
    reason_list via;            // why it is only possible
    text_list suggested;        // commands that together would close it, for a person to judge
    number_list observations;   // line numbers in observations.jsonl
};

// An endpoint of the configuration, whether or not anything was asked of it: where it is.
struct endpoint_place {
    const char *address; // or a delegated prefix
    const char *eni_id;
    const char *account_id;
    const char *region;
    const char *vpc_id;
    const char *subnet_id; // or NULL
    bool dormant;
};

// What was not asked, in words and how many.
struct coverage_gap {
    const char *what;
    size_t count;
};

// What the intent file itself deserves to be told of one of its rules.
struct intent_note {
    const char *rule;
    const char *state; // "expired", "unused" or "shadowed"
    const char *detail;
    const char *owner; // or NULL
};

// One of several vantages that are judged together, each by itself.
struct vantage_told {
    const char *vantage; // its addresses joined by ", "
    const char *learnt;  // the same with how each is known, or NULL
    const char *file;    // of its observations
    bool complete;       // all that is judged of it was asked, and known
    size_t asked;        // port and address pairs
};

// What a port did to one of several vantages.
enum __attribute__((packed)) vantage_heard { HEARD_NOT_KNOWN, HEARD_OPEN, HEARD_CLOSED, HEARD_NOTHING };
extern const char *const vantage_heard_names[];

struct split_place {
    struct address address;
    int protocol;
    uint16_t low;
    uint16_t high;
};

// Ports of which the same is declared for several vantages, and which answered them otherwise: one cause, told once.
struct vantage_split {
    const enum vantage_heard *heard; // by vantage, in their order
    size_t ports;
    VECTOR(struct split_place) places; // by address, protocol and port
};
enum { VANTAGE_SPLIT_SEVERITY = SEVERITY_MEDIUM };

// What of a document was read and left out of a set, since nobody asks for it one by one.
struct verdicts_left_out {
    size_t count;
    size_t ports[VERDICT_KINDS];
    bool silent;            // some of them were
    const char *account_id; // what the first verdict tells of all that were read, left out or not, and tell it; or NULL
    const char *region;     // the same
};

struct verdict_set {
    bool complete;
    const char *vantage;        // addresses joined by ", "
    const char *vantage_learnt; // the same with how each is known; NULL: not told
    size_t endpoints;
    VECTOR(struct endpoint_place) places; // of those seen from outside; none of older documents
    size_t asked;                         // port and address pairs
    VECTOR(struct coverage_gap) gaps;
    text_list missing;      // why it is not complete
    text_list not_covered;  // public places that are no interface, counted by kind
    bool stability_unknown; // no second reading shows whether the configuration changed while the probe went on
    VECTOR(struct intent_note) intent_notes;
    VECTOR(struct vantage_told) vantages; // none, where there is one
    VECTOR(struct vantage_split) splits;
    long not_compared;            // ports that are known to some of the vantages only, or to none; negative: not told
    VECTOR(struct verdict) items; // by address, of several vantages by those, protocol, port
    struct verdicts_left_out left_out;
};

// By address, protocol and port.
void verdicts_sort(struct verdict *verdicts, size_t count);
// Adds a verdict that comes behind all others; to the last one where the two are neighbours and agree in everything.
void verdicts_add(struct arena *arena, struct verdict_set *set, const struct verdict *verdict);
// Joins neighbouring ports that agree in everything; their observations are joined too.
void verdicts_merge(struct arena *arena, struct verdict_set *set);

// The member `suggested`, where there is any.
void verdict_put_suggested(struct json_writer *writer, const struct verdict *verdict);

void verdicts_write_json(const struct verdict_set *set, struct text *out);
bool verdicts_read(struct arena *arena, const char *file, struct verdict_set *set, struct error *error);
// The same with each verdict given to `take` as it is read, in the order of the document: none is kept, the lines of
// its observations last as long as the call, all else as long as the arena. What of the set stands behind the verdicts
// in the document (of ours: nothing) is not read yet by then. Where it fails, some may have been taken.
typedef void verdict_taker(void *context, const struct verdict *verdict);
bool verdicts_read_each(struct arena *arena, const char *file, verdict_taker *take, void *context,
                        struct verdict_set *set, struct error *error);
// Puts a verdict that was taken into a set, with a copy of its lines.
void verdicts_keep(struct arena *arena, struct verdict_set *set, const struct verdict *verdict);

// Whether two were asked from one interface, or both from outside: else neither says anything of the other.
bool verdict_asked_alike(const struct verdict *a, const struct verdict *b);

// What a verdict's endpoint is called: its name, its owner or, where neither is known, its interface; or NULL.
const char *verdict_label(struct arena *arena, const struct verdict *verdict);

bool severity_parse(const char *text, enum severity *severity);
