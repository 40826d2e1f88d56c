// Outbound and inside: what segments reach on the internet and in each other (semantics.md, "Outbound" and "Inside").
#pragma once

#include "model/segment.h"

// How interfaces are put into segments: by what they are of, or as somebody's function says.
enum segments_by { SEGMENTS_BY_GROUP, SEGMENTS_BY_SUBNET, SEGMENTS_BY_VPC, SEGMENTS_BY_ACCOUNT, SEGMENTS_BY_TAG };

// Whether an interface is of a selection; `context` is the selection's own.
typedef bool segment_holds(const void *context, const struct estate *estate, const struct network_interface *interface);

// A segment that somebody names.
struct segment_named {
    const char *id;
    const char *name; // or NULL
    segment_holds *holds;
    const void *context;
};

struct segments_question {
    enum segments_by by;
    const char *tag;                   // key, of SEGMENTS_BY_TAG
    const char *by_text;               // as it was asked: "group", "tag:tier", "intent"
    const struct segment_named *named; // in place of `by`, and an interface may be in several; or NULL
    size_t named_count;
    const struct segment_named *from; // only what this asks, or NULL
    const struct segment_named *to;   // only what is asked of this, or NULL
    bool only_internet;               // only what leaves
};

// Computes all flows. The set owns its memory; the estate must outlive it. Freed with segment_set_free.
struct segment_set *segments_compute(const struct estate *estate, const struct segments_question *question);

// The same in the caller's arena, and not to be freed.
struct segment_set *segments_compute_in(struct arena *arena, const struct estate *estate,
                                        const struct segments_question *question);

// For the files of rules/ only.
struct traffic;
void inside_compute(struct traffic *traffic, struct segment_set *set);
void outbound_compute(struct traffic *traffic, struct segment_set *set);
