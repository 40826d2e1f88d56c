// What moved of what segments reach: inside, and on the internet (model/segment.h). As a flow is, a change is a box,
// never a pair of interfaces.
#pragma once

#include "model/change.h"
#include "model/segment.h"

struct flow_change {
    enum change_kind kind; // altered: more or less certain, as flow.certainty says of later
    const char *from;      // ids of segments
    const char *to;        // or "internet"
    const char *from_name; // for people
    const char *to_name;
    struct flow flow; // where it is open; its `from` and `to` are numbers of no set, but for SEGMENT_INTERNET
    reason_list causes;
    enum severity severity; // of a forecast
    enum movement_meaning meaning;
    const char *why; // that it is what it is judged to be, or NULL
    change_resource_list resources;
};
typedef VECTOR(struct flow_change) flow_change_list;

// What moved inside and outwards.
struct flow_changes {
    const char *by;         // what makes the segments: "group", "intent"; NULL: these directions were not compared
    flow_change_list items; // inside, then outwards; by kind, then segments
    text_list missing;      // what of it is not known, where no rule of the intent rests on it: else the whole is not
};

// Whether it is to fail the gate.
bool flow_change_is_finding(const struct forecast *forecast, const struct flow_change *change);
// How many are not as they were meant to be.
size_t flow_changes_wrong(const struct flow_changes *changes);
// "outwards" or "inside".
const char *flow_change_direction(const struct flow_change *change);
// How many there are of a kind in a direction.
size_t flow_changes_count(const struct flow_changes *changes, enum change_kind kind, bool outwards);
// Members of an object: "segments_by", and the lists `flows` and `flows_missing`; with severities where `gates`, and
// resources where `planned`.
void flow_changes_put(struct json_writer *writer, const struct flow_changes *changes, bool gates, bool planned);
