// What is printed of the commands themselves: help, manual pages, completions. All of it is made from the table of
// commands and their tables of options, so that none of it can part from what is taken.
#pragma once

#include "base/json.h"
#include "cli/options.h"

// Answers what is asked of the program and not of a command: help [COMMAND], version, completion SHELL, and their
// spellings as options. True where it was that; *status is the exit status.
bool help_asked(struct arena *arena, int argc, char **argv, int *status);

// The help of one command, on stdout, in lines of 80 columns at most.
void help_command(struct arena *arena, const struct command *command);

// Text in lines of `width` columns at most: the first begins at column `at`, the others at `indent`. What stands in
// brackets stays together. Ends with a newline.
void help_wrap(struct text *out, const char *words, size_t at, size_t indent, size_t width);

// One of the examples of a command's notes, broken as a shell takes it; `line` has two spaces in front.
void help_example(struct text *out, const char *line, size_t width);

// The paragraphs of a command's notes: lines that follow each other are one; examples are lines of their own.
struct help_note {
    const char *line;
    bool example;
};
typedef VECTOR(struct help_note) help_notes;
help_notes help_notes_of(struct arena *arena, const struct command *command);

// A command's manual page, sgproof-COMMAND(1), in man(7).
void manual_page(struct arena *arena, const struct command *command, struct text *out);

// A completion script; false where there is none for that shell: bash, zsh and fish have one.
bool completion_script(struct arena *arena, const char *shell, struct text *out);
