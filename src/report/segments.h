// Reports of segments: one file a format, all from the same set (model/segment.h). JSON is the set itself.
#pragma once

#include "model/segment.h"

struct segments_report {
    const struct segment_set *set;
    const struct segment_finding *findings;
    size_t finding_count;
};

typedef void segments_writer(const struct segments_report *report, struct text *out);

// A matrix that one can read aloud: who asks in rows, who is asked in columns, services in the cells; then what leaves.
segments_writer segments_text;
segments_writer segments_json;
segments_writer segments_csv;      // a row a flow
segments_writer segments_markdown; // the matrix and what leaves, as tables
segments_writer segments_html;     // the same with a drawn map; no script
segments_writer segments_mermaid;
segments_writer segments_dot;

// The writer of a format, or NULL.
segments_writer *segments_format(const char *name);

// ---- What they share

// What one segment reaches in another, or outside.
struct segment_cell {
    uint32_t from;
    uint32_t to;              // or SEGMENT_INTERNET
    const char *exact;        // "tcp 443,8080; icmp echo", "all traffic"; NULL: nothing is sure
    const char *possible;     // what may pass beside; or NULL
    bool partial;             // not from each of their addresses to each
    const char *forbidden_by; // the first rule of the intent that forbids something of it; or NULL
};

// Cells that are not empty, in the order of the segments, what leaves behind all others. *count of them, in `arena`.
const struct segment_cell *segment_cells(struct arena *arena, const struct segments_report *report, size_t *count);

// "tcp 443; possibly tcp 22 *"
const char *segment_cell_text(struct arena *arena, const struct segment_cell *cell);
// "web", "web (sg-1)": the name, with its id where another segment has that name too; what may not be shown replaced.
const char *segment_label(struct arena *arena, const struct segment_set *set, uint32_t number);

// How a cell's traffic leaves: "by igw-1, seen as 198.51.100.10", in `arena`.
const char *segment_exits(struct arena *arena, const struct segment_set *set, uint32_t from);
// "web may not reach tcp 22 of db, says rule no-ssh: 10.0.0.1/32 reaches 10.0.2.1/32"
const char *segment_finding_text(struct arena *arena, const struct segment_finding *finding);
