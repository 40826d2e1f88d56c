// Reports: one file a format, all from the same verdicts.
#pragma once

#include "model/control.h"

struct report_options {
    bool colour; // text only
    const char *title;
};

void report_text(const struct verdict_set *set, const struct report_options *options, struct text *out);
void report_html(const struct verdict_set *set, const struct report_options *options, struct text *out);

// Controls, failed ones with what failed them; for a terminal of 80 columns.
void report_controls_text(const struct control_report *report, const struct report_options *options, struct text *out);

// Verdicts that a person should see, most severe first, in the arena: all but those that are as they should be
// (`enforced` and nothing more to say). *count of them.
const struct verdict **report_worth_showing(struct arena *arena, const struct verdict_set *set, size_t *count);

// "22/tcp", "1-21/tcp", "echo/icmp"
const char *report_port(struct arena *arena, const struct verdict *verdict);

// Text from outside as a terminal may show it: no control character. In the arena; "" of NULL.
const char *report_clean(struct arena *arena, const char *text);

// Writes words after `lead`, broken before column `width` and indented as deep as `lead` is long.
void report_wrap(struct text *out, const char *lead, const char *words, size_t width);

// Ports of each verdict kind.
void report_count(const struct verdict_set *set, size_t ports[VERDICT_KINDS]);
