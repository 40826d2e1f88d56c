// Reports: one file a format, all from the same verdicts.
#pragma once

#include "model/verdict.h"

struct report_options {
    bool colour; // text only
    const char *title;
};

void report_text(const struct verdict_set *set, const struct report_options *options, struct text *out);
void report_html(const struct verdict_set *set, const struct report_options *options, struct text *out);

// Verdicts that a person should see, most severe first, in the arena: all but those that are as they should be
// (`enforced` and nothing more to say). *count of them.
const struct verdict **report_worth_showing(struct arena *arena, const struct verdict_set *set, size_t *count);

// "22/tcp", "1-21/tcp", "echo/icmp"
const char *report_port(struct arena *arena, const struct verdict *verdict);

// Ports of each verdict kind.
void report_count(const struct verdict_set *set, size_t ports[VERDICT_KINDS]);
