// Intent: what is meant to be public (contract.md, sgproof/intent/v1). First match decides.
#pragma once

#include "model/exposure.h"
#include "model/verdict.h"

// One end of a flow that a rule is about: a tier's or its own selection, or what is outside.
struct intent_end {
    const struct intent_rule *select; // of which only what selects counts; NULL: any interface
    const char *text;                 // "web", "group=web", "internet", "any interface"
    bool internet;
};

struct intent_rule {
    const char *id;
    bool allow;
    const char *instance; // globs or plain values; NULL where the rule does not select by it
    const char *group;    // security group id or name
    const char *tag_key;
    const char *tag_value;
    const char *subnet;
    const char *vpc;
    const char *account;
    struct prefix address;
    bool has_address;
    int protocol; // PROTOCOL_ANY: every one
    struct portset ports;
    struct prefixset sources4;
    struct prefixset sources6;
    bool has_sources;
    const char *owner;
    const char *reason;
    const char *expires; // YYYY-MM-DD or NULL
    bool of_flows;       // it is about flows between segments, and about no endpoint
    struct intent_end from;
    struct intent_end to;
};

// What a tier is to an assessment of PCI DSS: the cardholder data environment, what may be connected to it or bear on
// its security, or neither. A tier of which nothing is said is out of scope: isolation is asked of it too.
enum intent_scope { SCOPE_OUT, SCOPE_CONNECTED, SCOPE_CDE };
extern const char *const intent_scope_names[]; // "out-of-scope", "connected", "cde"; ends with NULL

// A tier that has a name.
struct intent_segment {
    const char *id;
    enum intent_scope scope;
    struct intent_rule select;
};

// That a control may fail of some subject, until a day.
struct intent_exception {
    const char *id;
    const char *control; // glob of control ids
    const char *subject; // glob of what is at fault: an id, an ARN, an address; NULL: whatever is
    const char *owner;
    const char *reason;
    const char *expires; // YYYY-MM-DD
};

struct intent {
    const char *platform;
    bool default_allow;
    VECTOR(struct intent_rule) rules;
    VECTOR(struct intent_segment) segments;
    struct map rule_ids; // of them, and of the exceptions
    VECTOR(struct intent_exception) exceptions;
    text_list administrators; // ARNs, as globs, of who may hold more than read access
};

// Reads an intent file; unknown keys are errors. NULL with the place of the mistake.
struct intent *intent_read(struct arena *arena, const char *file, struct error *error);

// Takes "KEY=VALUE" as the tag that a rule selects by; false where it is none.
bool intent_set_tag(struct arena *arena, const char *tag, struct intent_rule *rule);

// Ports that the rules name (TCP or every protocol).
struct portset intent_ports(struct arena *arena, const struct intent *intent);

// Whether a rule is about an endpoint at all.
bool intent_rule_selects(const struct intent_rule *rule, const struct estate *estate, const struct endpoint *endpoint);

// Whether what a rule selects by holds an interface; addresses are its private ones.
bool intent_selects_interface(const struct intent_rule *select, const struct estate *estate,
                              const struct network_interface *interface);

// The tier with an id, or NULL.
const struct intent_segment *intent_segment_named(const struct intent *intent, const char *id);

// Reads a selection of a command line: "group=web", "vpc=vpc-1,tag=tier=db", or the id of one of the intent's segments
// (`intent` may be NULL). The same words as those of `select`, each at most once.
bool intent_read_selector(struct arena *arena, const struct intent *intent, const char *text,
                          struct intent_rule *select, struct error *error);

// Whether an allowing rule no longer allows on `today` (YYYY-MM-DD).
bool intent_rule_expired(const struct intent_rule *rule, const char *today);

// Whether an ARN is one of the administrators.
bool intent_is_administrator(const struct intent *intent, const char *arn);

// Whether an exception no longer counts on `today`, and whether it is about a control's failing of a subject.
bool intent_exception_expired(const struct intent_exception *exception, const char *today);
bool intent_exception_matches(const struct intent_exception *exception, const char *control, const char *subject);

typedef VECTOR(const struct intent_rule *) intent_rule_list;

// Adds the rules that are about an endpoint, in their order.
void intent_select(struct arena *arena, const struct intent *intent, const struct estate *estate,
                   const struct endpoint *endpoint, intent_rule_list *rules);

// Adds the rules about flows (with `from` and `to`) that are about what one interface asks of another, in their order.
void intent_select_flow(struct arena *arena, const struct intent *intent, const struct estate *estate,
                        const struct network_interface *from, const struct network_interface *to,
                        intent_rule_list *rules);

// The rule that decides for a client at one port of the endpoint that `rules` were selected for, or NULL for the
// default. A rule that has expired on `today` (YYYY-MM-DD) allows nothing: it is skipped, and the first such is left in
// *expired.
const struct intent_rule *intent_first(const intent_rule_list *rules, int protocol, uint16_t port,
                                       struct address source, const char *today, const struct intent_rule **expired);
