// Parts of the HTML report. For the files of src/report only.
#pragma once

#include "report/report.h"

enum { MINUTE = 16 }; // length of an RFC 3339 moment up to the minute

// <TAG class="CLASS">escaped text</TAG>
void html_put(struct text *out, const char *tag, const char *class, const char *text);

// Class of the findings that a cell of the matrix filters to.
const char *html_cell(struct arena *arena, const struct verdict *verdict);

// One finding: what it is, the path drawn, the packets that prove it, what to do.
void html_finding(struct arena *arena, const struct report_run *run, const struct verdict *verdict, struct text *out);

// The platform's table, and a table for each pack.
void html_controls(struct arena *arena, const struct control_report *controls, struct text *out);

// A strip of ports for each endpoint that has something to show.
void html_strips(struct arena *arena, const struct verdict_set *set, struct text *out);

// What changed since the run before, and how exposure moved over the runs.
void html_changes(struct arena *arena, const struct report_run *run, struct text *out);
void html_trend(struct arena *arena, const struct report_run *run, struct text *out);
