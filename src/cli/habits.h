// What people type who come from other tools, or mistype: the nearest right word, or what to type instead.
#pragma once

#include "cli/options.h"

// What follows "unknown command NAME": "; did you mean run?", or what else to type. In the arena.
const char *habit_of_command(struct arena *arena, const char *name);

// The same of an option (`word`: as it was typed, with its dashes) that a command does not have.
const char *habit_of_option(struct arena *arena, const struct command *command, const char *word);

// The same of a value that is none of `words`, which ends with NULL: "; did you mean json?", or "".
const char *habit_of_value(struct arena *arena, const char *value, const char *const *words);

// What stands between one of these and what follows it: a space behind a question, else "; ".
const char *habit_end(const char *habit);

// What is wrong where an address stands and a file is expected: what to type. NULL where it is no address.
const char *habit_of_target(struct arena *arena, const char *operand);
