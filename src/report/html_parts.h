// Parts of the HTML report. For the files of src/report only.
#pragma once

#include "report/report.h"

enum { MINUTE = 16 }; // length of an RFC 3339 moment up to the minute

// What a section of the report may take, in bytes: the whole stays under 20 MB, which a browser opens at once. What
// does not fit is counted and left to the bundle's other files.
enum {
    HTML_FINDINGS = 15000 * 1000,
    HTML_STRIPS = 2300 * 1000,
    HTML_MAP = 500 * 1000,
    HTML_ACCESSES = 500 * 1000,
    HTML_EVIDENCE = 500 * 1000
};

// The head element with the style, and the header of the page: identity, coverage, tiles, outages, what is missing.
void html_head(struct arena *arena, const struct report_run *run, struct text *out);
void html_summary(struct arena *arena, const struct report_run *run, const size_t ports[VERDICT_KINDS],
                  struct text *out);
void html_script(struct text *out);
// "account 111122223333"
const char *html_accounts(struct arena *arena, const struct verdict_set *set);

// How marks are to be read: shape is verdict, colour is severity.
// Its mark in a line of text.
const char *html_shape(enum verdict_kind kind);
void html_legend(struct text *out);
// Outside, VPC, subnet, interface: where what is exposed lies.
void html_map(struct arena *arena, const struct verdict_set *set, struct text *out);

// Adds a part of a section to `out`, where it fits into what is *left of the section; then, or else, *left is less and
// the part is empty. False where it does not fit: nothing of this section fits any more.
bool html_add(struct text *part, size_t *left, struct text *out);

// Findings that are not shown one by one, counted by what they have in common.
void html_rest(struct arena *arena, const struct verdict *const *rest, size_t count, struct text *out);

// <TAG class="CLASS">escaped text</TAG>
void html_put(struct text *out, const char *tag, const char *class, const char *text);

// Class of the findings that a cell of the matrix filters to.
const char *html_cell(struct arena *arena, const struct verdict *verdict);

// One finding: what to do and by which command, the path drawn, the packets that prove it. `open`: at once.
void html_finding(struct arena *arena, const struct report_run *run, const struct verdict *verdict, bool open,
                  struct text *out);

// The platform's table, and a table for each pack.
void html_controls(struct arena *arena, const struct control_report *controls, struct text *out);

// A strip of ports for each endpoint that has something to show.
// What was asked from inside, by segment.
void html_inside(const report_inside_rows *rows, struct text *out);
void html_strips(const struct verdict_set *set, struct text *out);

// What changed since the run before, and how exposure moved over the runs.
void html_changes(struct arena *arena, const struct report_run *run, struct text *out);
void html_trend(struct arena *arena, const struct report_run *run, struct text *out);
