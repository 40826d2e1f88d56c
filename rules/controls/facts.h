// Facts: questions about an estate that controls are decided by. A pack names them; here they are answered. For the
// files of rules/controls only.
#pragma once

#include "model/control.h"
#include "model/segment.h"
#include "rules/access/carried.h"
#include "rules/controls/pack.h"

// What was asked from one interface inside.
struct inside_seen {
    const char *eni_id; // of the interface
    const struct network_interface *asker;
    const struct exposure_set *view;    // what it can ask: private addresses
    const struct verdict_set *verdicts; // of what was asked
    const char *path;                   // of those in the evidence
    const char *first_day;              // YYYY-MM-DD of the first question; NULL: not told
    bool sentinel_answered;             // what had answered was asked again, and answered: so silence counts
};

struct fact_input {
    const struct estate *estate;
    const struct exposure_set *exposures; // whole, not narrowed
    const struct verdict_set *verdicts;   // NULL: nothing was probed
    const struct inside_seen *inside;     // observations from inside
    size_t inside_count;
    const struct intent *intent; // NULL: nothing is said to be intended
    const char *today;           // YYYY-MM-DD
    const char *snapshot;        // put before the snapshot's paths in references: "before/" in a bundle
};

// What facts have worked out and others ask for again.
struct fact_memory {
    struct map accesses;        // account -> struct access_map *
    bool groups_told;           // whether `used_groups` is known
    bool interfaces_known;      // every interface is told of, so that a group that none has protects nothing
    struct map used_groups;     // ids of groups that some interface has
    struct control_flows flows; // `set` is NULL: no control has asked
};

// One fact being asked for one control: answers are added to the control's evidence.
struct inquiry {
    struct arena *arena;
    const struct fact_input *input;
    const struct pack_fact *asked;
    struct control *control;
    struct fact_memory *memory;
    struct map *missing; // what the control's list of that name holds
};

typedef void (*fact_answer)(struct inquiry *inquiry);

struct fact {
    const char *name;
    bool account; // of IAM and CloudTrail alone
    // What it may be told, as NAME=FORM: a flag (true or false), a count, ports, a text, or one of words that have | in
    // between. Ends with NULL.
    const char *const *parameters;
    fact_answer answer;
};

// The fact with a name, or NULL.
const struct fact *fact_named(const char *name);

extern const struct fact root_facts[], account_facts[], credential_facts[], trail_facts[], group_facts[],
    default_facts[], network_facts[], address_facts[], service_facts[], exposure_facts[], flow_facts[],
    segmentation_facts[], isolation_facts[]; // end with a NULL name

// ---- Answering. `subject` and `reference` are borrowed; a reference is a path in the snapshot or NULL.
void answer(struct inquiry *inquiry, enum control_result result, const char *subject, const char *reference,
            const char *format, ...) __attribute__((format(printf, 5, 6)));
// The command that mends what was answered last.
void answer_fix(struct inquiry *inquiry, const char *format, ...) __attribute__((format(printf, 2, 3)));
// "198.51.100.7 22/tcp", "198.51.100.7 echo/icmp", in the arena.
const char *fact_place(struct inquiry *inquiry, const struct verdict *verdict);
// Whether the internet reaches something of a list two-way, perhaps; *surely: that is sure. `by_icmp`: that counts too.
bool fact_reached(const struct exposure_list *exposures, bool by_icmp, bool *surely);
// Where in an evidence file what was answered last stands, in place of a path in the snapshot.
void answer_refer(struct inquiry *inquiry, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Many that pass, as one line: "12 security groups".
void answer_rest(struct inquiry *inquiry, size_t count, const char *one, const char *many, const char *detail);
// It cannot be answered for want of something.
void answer_missing(struct inquiry *inquiry, const char *format, ...) __attribute__((format(printf, 2, 3)));
void answer_gaps(struct inquiry *inquiry); // the same of all that the exposures lack

// Whether the snapshot holds documents of a kind; that they are not there, or not whole, is answered as missing.
bool fact_has_kind(struct inquiry *inquiry, enum kind kind, const char *document);

// The part of a command that names a region: " --region eu-west-3"; "" where it is not known.
const char *fix_region(struct arena *arena, const char *region);
// Whether a word may be typed into a shell as it is: nothing in it is read otherwise.
bool fix_is_plain(const char *word);

// A parameter of the fact, or the fallback.
const char *fact_text(const struct inquiry *inquiry, const char *name, const char *fallback);
long fact_number(const struct inquiry *inquiry, const char *name, long fallback);
bool fact_flag(const struct inquiry *inquiry, const char *name, bool fallback);
// Whether the parameter `family` ("ipv4", "ipv6", "both"; both where it is not given) asks about a family.
bool fact_asks_family(const struct inquiry *inquiry, enum family family);
// The same of `protocols`: "tcp", "udp", "both".
bool fact_asks_protocol(const struct inquiry *inquiry, int protocol);
// Ports such as "22,3389".
struct portset fact_ports(const struct inquiry *inquiry, const char *name, const char *fallback);

// What the principals of an account can reach, worked out once for all controls.
struct access_map *fact_access(struct arena *arena, struct fact_memory *memory, const struct account *account);

// The values of a map, in the order of their keys; *count of them, in the arena.
void **map_values(struct arena *arena, const struct map *map, size_t *count);
