// A change: what moved between two states, and what became of it, piece by piece (contract.md, sgproof/change/v1).
#pragma once

#include "model/verdict.h"

enum change_kind { CHANGE_OPENED, CHANGE_CLOSED, CHANGE_ALTERED };

// Every number of [low, high] from every source.
struct change {
    enum change_kind kind;
    const struct endpoint *endpoint; // of the later estate where it holds the address, else of the earlier; or NULL
    const struct indirect_exposure *indirect; // where endpoint is NULL: behind a load balancer
    int protocol_low;
    int protocol_high;
    uint16_t low;
    uint16_t high;
    struct prefixset sources;
    bool internet;
    enum exposure_path path;  // of what opened or closed
    enum certainty certainty; // on the side where it is open; of altered ones, later
    reason_list causes;       // what in the configuration did it
};

// What a movement was meant to be.
enum movement_meaning {
    MOVEMENT_MEANT,
    MOVEMENT_NOT_MEANT, // the configuration moved, and the plan does not say so or the intent forbids it
    MOVEMENT_NOT_DONE,  // the plan says so, and the configuration did not move
};

// A resource of a plan that is behind a movement, and where its block stands.
struct change_resource {
    const char *address;
    const char *file; // NULL: not known
    size_t line;
};
typedef VECTOR(struct change_resource) change_resource_list;

// A change of which all is meant alike, and all or none of it can be seen from the vantage.
struct movement {
    struct change change;
    change_resource_list resources; // of the plan that means it
    enum movement_meaning meaning;
    const char *against; // what the intent has against it, in words, or NULL
    bool ours;           // the vantage is one of its sources
    const char *unseen;  // why no probe from the vantage can tell of it, or NULL
};

typedef VECTOR(struct movement) movement_list;

enum change_outcome {
    OUTCOME_NOT_IN_FORCE, // declared closed and still answers; declared open and does not
    OUTCOME_UNPLANNED,    // moved, and neither plan nor intent say so
    OUTCOME_NOT_DONE,     // planned, and did not move
    OUTCOME_ELSEWHERE,    // an answer that changed where nothing declared did
    OUTCOME_UNVERIFIED,
    OUTCOME_AS_PLANNED, // moved as meant, and observed so
    OUTCOMES
};
extern const char *const outcome_names[];
extern const char *const change_kind_names[];

struct change_piece {
    enum change_outcome outcome;
    enum change_outcome worst; // of its group
    const char *why;           // in words
    struct change change;   // its ports; of answers elsewhere without sources and causes, and the endpoint may be NULL
    struct address address; // of those whose endpoint is NULL
    const char *eni_id;
    const char *instance_id;
    const char *name;
    const char *before; // what was observed, or NULL: not known
    const char *after;
    enum severity severity; // of a forecast
    change_resource_list resources;
};

struct flow_changes; // model/flow_change.h

// What will move, before it does: of a plan, or between two states. No packet was sent.
struct forecast {
    bool complete;
    bool planned;                       // by a plan
    bool gates;                         // findings count
    enum severity least;                // from which on a piece is a finding; nothing is where `gates` is false
    size_t findings;                    // pieces and flows
    size_t aside;                       // pieces that no internet source can use
    const char *subject;                // the file that results are about where no resource of it has a place
    text_list unknown;                  // what may move, and could not be placed
    text_list missing;                  // what the states lack
    text_list not_considered;           // what changes and exposes nothing
    text_list public_places;            // without an interface, that one of the states tells of and the other does not
    VECTOR(struct change_piece) pieces; // by kind, then place
    struct flow_changes *flows;         // inside and outwards; NULL: these were not compared
};
// Whether a piece is to fail the gate: whatever opens at or above its severity, and what closes where it is expected.
bool forecast_is_finding(const struct forecast *forecast, const struct change_piece *piece);
// Its pieces that the internet can use as a report by causes, the findings first.
struct change_report forecast_groups(struct arena *arena, const struct forecast *forecast);

struct change_report {
    bool complete;
    bool planned;                       // there is a plan to compare with
    bool answers_before;                // it is known what answered before
    const char *vantage;                // or NULL
    text_list missing;                  // why it is not complete
    size_t count[OUTCOMES];             // pieces
    VECTOR(struct change_piece) pieces; // by causes, the worst first, then outcome and place
    struct flow_changes *flows;         // inside and outwards; NULL: these were not compared
    VECTOR(struct change_piece) aside;  // of no internet source: never a finding, and nothing outside can tell; no why
};

// Puts the pieces in order and counts them.
void change_report_settle(struct change_report *report);
// Whether a piece is the first of those with its causes and its kind of movement.
bool change_begins_group(const struct change_report *report, size_t piece);
// The resources that are behind the pieces of the group that begins with one.
change_resource_list change_group_resources(struct arena *arena, const struct change_report *report, size_t piece);
// The address of a piece as people read it, its ports ("443/tcp", "icmp 8/0") and its endpoint's name or interface.
const char *change_address(struct arena *arena, const struct change_piece *piece);
const char *change_ports(struct arena *arena, const struct change_piece *piece);
const char *change_label(const struct change_piece *piece);
// The member `resources`, with their places or by their addresses alone.
void change_put_resources(struct json_writer *writer, const change_resource_list *resources, bool places);
// Its sources in one line; "" where it has none.
const char *change_sources(struct arena *arena, const struct change_piece *piece);

// The member `outcomes`: how many pieces had each.
void change_outcomes_put(const struct change_report *report, struct json_writer *writer);
void change_report_write_json(const struct change_report *report, struct text *out);
