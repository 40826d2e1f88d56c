// The roles of an account, to be found by the patterns of policies that let one assume them, each judged once.
#pragma once

#include "rules/controls/policy.h"

// In the arena.
struct role_index *role_index_new(struct arena *arena, const struct account *account);

// The widest level that a role whose ARN matches a resource of a statement has of its own; false where there is none.
bool role_index_level(struct role_index *index, const char *pattern, enum access_level *level);
