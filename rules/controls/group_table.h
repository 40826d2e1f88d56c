// The platform's table: what each security group allows and denies, in and out, and what was declared and observed of
// it at the public addresses that hold the group, and from inside: of what its interfaces asked, and were asked.
#pragma once

#include "rules/controls/facts.h"

void group_table(struct arena *arena, const struct fact_input *input, struct control_report *report);
