// How a command ends: its result, what went wrong, and in which form both are.
#pragma once

#include "base/json.h"
#include "base/file.h"
#include "cli/options.h"

// Prints an error the way every command does and returns its exit status.
int cli_fail(const struct error *error);

// Bad usage: prints the message and a pointer to --help; exit status 2.
int cli_usage(const struct command *command, const char *message);

// Writes the result to --output, or to stdout.
bool cli_output(const struct options *options, const struct text *text, struct error *error);

// The same for what is too large for memory: what is added to *text goes to --output or stdout as it grows.
struct output {
    struct file_draft draft;
    bool is_file;
};
bool cli_output_begin(const struct options *options, struct output *output, struct text *text, struct error *error);
bool cli_output_end(struct output *output, struct text *text, struct error *error);
void cli_output_abandon(struct output *output, struct text *text); // leaves no file

// --format, which is one of the words of the command's option: "text" where it is not given.
const char *cli_format(const struct options *options);

// Colour is for terminals, and not where NO_COLOR is set (https://no-color.org).
bool cli_colour(const struct options *options);

// Whether nothing is to be printed: -q, text, no --output, and nothing to report. A nightly job is silent so.
bool cli_is_silent(const struct options *options, const char *format, int status);
