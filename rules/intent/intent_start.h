// An intent file to start from: what is exposed today is allowed, and nothing else.
#pragma once

#include "rules/intent/intent.h"

// Writes an sgproof/intent/v1 document that allows, by address, what internet sources can reach two-way, and judges
// that exposure as expected. What intent cannot say by protocol (runs of unnamed protocols) is appended to *left_out.
void intent_start(struct arena *arena, const struct exposure_set *set, struct text *out, text_list *left_out);
