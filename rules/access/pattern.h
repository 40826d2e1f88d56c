// Patterns of IAM policies: "*" stands for any text, "?" for one letter.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
//
// A set of texts that a pattern stands for is asked about by a *witness*: a text of it in which letters that no policy
// holds stand for "*" and "?". Another pattern matches the witness only if it matches whatever stands there.
#pragma once

#include <stdbool.h>

#include "base/arena.h"

bool pattern_match(const char *pattern, const char *text);
bool pattern_match_any_case(const char *pattern, const char *text); // of actions

bool pattern_is_literal(const char *pattern);

// In the arena. `shortest`: "*" stands for nothing.
const char *pattern_witness(struct arena *arena, const char *pattern, bool shortest);

// A pattern whose texts both match, as wide as is found; NULL where no text does. In the arena, or one of the two.
const char *pattern_meet(struct arena *arena, const char *left, const char *right);
