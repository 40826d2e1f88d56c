// Reasons: why a packet passes, may pass, or does not. A value from the rules to every format: which stage decides,
// by what, and what that says. No format parses its text.
//
// Answers share reasons, and there may be a hundred thousand rules: of a rule or an ACL entry the id and the text are
// made when they are asked for.
#pragma once

#include "base/json.h"
#include "model/estate.h"
#include "net/port_map.h"

enum __attribute__((packed)) reason_stage {
    REASON_UNTOLD, // in files of before reasons were values, which hold the text alone
    REASON_GROUP,
    REASON_ACL_IN,
    REASON_GATEWAY, // and what kind of interface it is
    REASON_BLOCK_PUBLIC_ACCESS,
    REASON_ROUTE,
    REASON_ACL_OUT,
    REASON_BALANCER,
    REASON_APPLIANCE,
    REASON_INTENT, // of verdicts: a rule of the intent
    REASON_HOST,   // of verdicts: what its instance does, or what it answers
    REASON_STAGES
};
extern const char *const reason_stage_names[]; // ends with NULL; that of REASON_UNTOLD is ""

struct reason {
    enum reason_stage stage;
    bool stops; // it does not let the packet through
    enum __attribute__((packed)) { REASON_SAYS, REASON_RULE, REASON_ENTRY } form;
    bool egress;    // REASON_RULE: an outbound one
    const char *id; // what decides, or NULL; REASON_RULE: the group; REASON_ENTRY: the ACL
    union {
        const char *text;                       // REASON_SAYS
        const struct security_group_rule *rule; // REASON_RULE
        const struct network_acl_entry *entry;  // REASON_ENTRY
    };
    union {
        const char *group;                // REASON_SAYS: of a rule's id, or NULL
        const struct rule_record *record; // REASON_RULE: the one of its peers that it is, or NULL: all of them
    };
    const char *settle;      // where the answer is only possible, what would settle it; or NULL
    const struct lack *lack; // what the snapshot lacks, where that is why; or NULL
    // Of which packets of clients it is a reason, by their number (of an outbound ACL entry, the reply's) and the
    // client's address. NULL: of all, for what is known.
    const struct portmap *of;
};

typedef VECTOR(const struct reason *) reason_list;

// A reason that says something; texts are borrowed.
const struct reason *reason_says(struct arena *arena, enum reason_stage stage, const char *id, const char *text);
// Why an answer is only possible, and what would settle it.
const struct reason *reason_doubt(struct arena *arena, enum reason_stage stage, const char *id, const char *settle,
                                  const char *text);
// The same of what the snapshot lacks.
const struct reason *reason_lack(struct arena *arena, enum reason_stage stage, const struct lack *lack);
// The same, settled by something else than the call of its kind.
const struct reason *reason_lack_of(struct arena *arena, enum reason_stage stage, const char *id, const char *settle,
                                    const struct lack *lack);
const struct reason *reason_stop(struct arena *arena, enum reason_stage stage, const char *id, const char *text);

// What would settle a doubt: "ec2 describe-route-tables of rtb-1"; `id` may be NULL.
const char *settle_by_call(struct arena *arena, enum kind kind, const char *id);
// The same of a thing's doubt: the call of the document in which it was found, else that of the kind.
const char *settle_doubt(struct arena *arena, const struct estate *estate, const char *doubt, enum kind kind,
                         const char *id);
extern const char settle_by_probe[]; // no document tells
// The same of what is behind a load balancer or a service: its own address cannot be asked from outside. As it is where
// a call would settle it.
const struct reason *reason_behind(struct arena *arena, const struct reason *reason);

// "sgr-0a1b", "sg-1:0", "sg-1:egress:0", "acl-1:100", "acl-1:egress:100", "rtb-1:0.0.0.0/0", "igw-1"..., or NULL.
const char *reason_id(struct arena *arena, const struct reason *reason);
const char *reason_group(const struct reason *reason); // the security group of a rule, or NULL
// What it says: of a rule what it admits and its description, `tcp 443 from 0.0.0.0/0, "web"`.
const char *reason_text(struct arena *arena, const struct reason *reason);
// Both, for people: "sgr-0a1b (tcp 443 from 0.0.0.0/0)".
const char *reason_told(struct arena *arena, const struct reason *reason);
// The same; one that stops begins with its stage: "security groups: no rule of sg-1 admits it".
const char *reason_brief(struct arena *arena, const struct reason *reason);
// "security groups", "route back"...
const char *reason_stage_words(enum reason_stage stage);
// The briefs of those of one stage, or of all (REASON_UNTOLD), joined; NULL where there is none.
const char *reasons_joined(struct arena *arena, const reason_list *list, enum reason_stage stage, const char *between);

bool reason_same(const struct reason *a, const struct reason *b);
bool reasons_same(const reason_list *a, const reason_list *b);

// A reason of packets with these numbers and sources.
const struct reason *reason_of_sources(struct arena *arena, const struct reason *reason, uint16_t low, uint16_t high,
                                       struct prefixset sources);
// A reason of all packets: `of` was of packets between others.
const struct reason *reason_of_all(struct arena *arena, const struct reason *reason);

// Adds what the list does not hold yet.
void reason_add(struct arena *arena, reason_list *list, const struct reason *reason);
// The same of doubts (reasons with what would settle them), of which there may be many: *known has those of this list.
void reason_add_doubt(struct arena *arena, reason_list *list, struct map *known, const struct reason *doubt);
void reason_add_all(struct arena *arena, reason_list *list, const reason_list *from);

// What many lists say, each reason once: as reason_add_all of each in turn makes it, in time that is linear in them.
struct reason_gathering {
    reason_list list;
    const struct reason *const *last; // the items of the list before
    struct map pointers;              // that were looked at
    struct map places;                // in the list, by what a reason says: that plus 1
};
void reason_gather(struct arena *arena, struct reason_gathering *gathering, const reason_list *from);

// [{"stage", "id", "group", "text", "settle", "stops"}], members that say nothing left out.
void reasons_put(struct json_writer *writer, struct arena *scratch, const char *key, const reason_list *list);
// The same of one, or null.
void reason_put(struct json_writer *writer, struct arena *scratch, const char *key, const struct reason *reason);
// A text in the place of an object is that of a reason of no stage.
bool reasons_read(struct arena *arena, const struct json_cursor *object, const char *key, reason_list *list,
                  struct error *error);
