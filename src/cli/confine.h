// What a command may do once its options are known: the system calls that it takes (syscalls.h), and writing to no
// places but its own (landlock.h). What is in force is said with -v, and so is what this kernel does not have; nothing
// fails for want of it.
#pragma once

#include "base/temporary.h"
#include "cli/options.h"

// options_parse; then the command is confined for as long as it runs. Files may be written in the folders of --output
// and of what else its options have it make, in the history's and in those for temporary files. A command that reads
// AWS with a credential_process is not confined to places: that program inherits it, and keeps files of its own. What
// it reads of evidence must be as it was sealed (evidence_files.h).
bool cli_options(struct arena *arena, const struct command *command, int argc, char **argv, struct options *options,
                 bool *done, struct error *error);

// Whether an option's value is a file or folder that the command makes.
bool cli_makes(const char *option);

// Once it has made the temporary folder in which its result comes about: that folder takes the place of the one above
// it, in which folders may be made and moved, and no file.
void cli_confine_to(struct arena *arena, const struct options *options, const struct temporary *temporary);
