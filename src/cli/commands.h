// The commands that there are.
#pragma once

#include "cli/options.h"

extern const struct command *const commands[]; // ends with NULL, in the order of the help

// The command of a name, or NULL.
const struct command *command_named(const char *name);

// Words that stand where a command does and are none: ends with NULL.
extern const char *const words_beside_commands[];

extern const struct command command_account, command_change, command_read, command_compute, command_diff,
    command_explain, command_history, command_keygen, command_merge, command_plan, command_probe, command_reconcile,
    command_report, command_run, command_segments, command_verify;
