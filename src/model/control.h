// Controls: what a pack asks of an estate, what was found, and where the evidence is (sgproof/controls/v1).
#pragma once

#include "model/verdict.h"

// EXCEPTED: it failed, and the intent excepts all of that, by name and until a day.
enum control_result {
    CONTROL_PASS,
    CONTROL_FAIL,
    CONTROL_NOT_APPLICABLE,
    CONTROL_NOT_EVALUATED,
    CONTROL_EXCEPTED,
    CONTROL_RESULTS
};

extern const char *const control_result_names[];

struct segment_set;
struct segment_finding;

// One thing that was looked at, or many alike that pass.
struct control_evidence {
    const char *fact;
    enum control_result result;
    const char *subject;   // an ARN, an id, an address
    const char *detail;    // one sentence
    const char *reference; // file in the bundle, # and a place in it; or NULL
    const char *fix;       // command of the AWS CLI that mends it, for a person to judge; or NULL
    const char *exception; // id of the exception of the intent that excepts it; or NULL
};

// Rows of one other framework that ask the same as a control.
struct crosswalk {
    const char *framework; // "cis-aws-5.0", "nist-800-53-r5", "prowler"
    text_list rows;
};

typedef VECTOR(struct crosswalk) crosswalk_list;

struct control {
    const char *id;
    const char *title;
    const char *text;   // what is asked, in our words
    const char *source; // where it is asked
    enum severity severity;
    enum control_result result;
    const char *decided; // what decided that, in one line
    text_list missing;   // why it is not evaluated
    crosswalk_list crosswalk;
    VECTOR(struct control_evidence) evidence;
};

struct control_pack {
    const char *id;
    const char *title;
    const char *source;
    const char *version; // of the standard, or NULL
    const char *scope;   // which part of it is asked, or NULL
    VECTOR(struct control) controls;
};

// One line of the platform's table: what a security group allows or denies, and what became of it.
struct group_access {
    const char *vpc_id; // or NULL
    const char *group_id;
    const char *group_name; // or NULL
    bool outbound;
    bool allowed;
    const char *protocol;
    const char *ports;  // "all", "443", "type 8"
    const char *peer;   // CIDR, prefix list or group; "anywhere else" of what is denied
    size_t addresses;   // public ones of interfaces that hold the group
    size_t reachable;   // of them, where some of it is declared reachable from the vantage or the internet
    size_t observed[5]; // ports by observed state, of what was asked of those addresses
    struct {
        size_t asked;       // ports, by or of interfaces that hold the group, where the line is about both ends
        size_t reachable;   // of them, declared reachable or possible
        size_t observed[5]; // by observed state
    } inside;
    number_list verdicts; // places in verdicts.json, from 0; the first of them
};

// What a user or role can reach.
struct principal_access {
    const char *principal; // ARN
    const char *level;
    const char *path;           // that proves it, or NULL
    const char *reference;      // as an evidence's
    const char *unknown;        // what is not known of it, or NULL
    const char *permission_set; // of IAM Identity Center, that it is the role of; or NULL
    text_list assigned;         // who may take it there: "GROUP ...", "USER ..."; none: not told
};

// What the intent excepts of controls.
struct control_exception {
    const char *id;
    const char *control; // glob of control ids
    const char *subject; // glob of subjects, or NULL: every one
    const char *owner;
    const char *reason;
    const char *expires; // YYYY-MM-DD: the last day on which it counts
    bool expired;
    size_t excepts; // how many things that failed
};

// The flows that controls were judged by: what the evidence keeps as segments.json.
struct control_flows {
    const struct segment_set *set; // NULL: no control asks about flows
    const struct segment_finding *findings;
    size_t finding_count;
};

struct control_report {
    const char *judged_on; // YYYY-MM-DD
    VECTOR(struct control_pack) packs;
    VECTOR(struct control_exception) exceptions;
    VECTOR(struct group_access) accesses;
    VECTOR(struct principal_access) principals; // of the account alone; not in evidence
    struct control_flows flows;
    const struct estate *unread_of; // whose unread and ignored are told beside, as account does; or NULL
};

void controls_write_json(const struct control_report *report, struct text *out);
bool controls_read(struct arena *arena, const char *file, struct control_report *report, struct error *error);

// Whether some control whose id matches the glob failed.
bool controls_failed(const struct control_report *report, const char *glob);
