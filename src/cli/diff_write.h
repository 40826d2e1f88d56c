// What moves between two states, as text and as JSON (sgproof/diff/v1).
#pragma once

#include "base/json.h"
#include "model/change.h"

struct diff_names {
    const char *before;
    const char *after;
    text_list missing_before;
    text_list missing_after;
};

void diff_write_json(const struct forecast *forecast, const struct diff_names *names, struct text *out);
// `all`: what no internet source can use, too.
void diff_write_text(const struct forecast *forecast, bool all, struct text *out);
