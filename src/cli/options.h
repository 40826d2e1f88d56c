// Option parsing for every command, from one table that also writes --help, the manual pages and the completions.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/vector.h"

struct option_spec {
    const char *name;     // long name without dashes; "" for the heading of those that follow (OPTIONS_GROUP)
    char letter;          // short form, or 0
    const char *argument; // name of its argument in the help, "text|json" where it is one of these; NULL for a switch
    const char *help;     // with unit and default
    bool repeatable;
};

#define OPTIONS_GROUP(heading)                                                                                         \
    {                                                                                                                  \
        "", 0, NULL, heading, false                                                                                    \
    }

#define OPTION_FORMAT(formats, help)                                                                                   \
    {                                                                                                                  \
        "format", 'f', formats, help, false                                                                            \
    }
#define OPTIONS_END                                                                                                    \
    {                                                                                                                  \
        NULL, 0, NULL, NULL, false                                                                                     \
    }

struct command {
    const char *name;
    const char *summary;               // one line
    const char *usage;                 // what follows the name
    const char *notes;                 // paragraphs after the options: two examples at least
    const struct option_spec *options; // ends with a NULL name; the common options are added to them
    int (*run)(struct arena *arena, int argc, char **argv);
    bool talks;         // to the network; the others are confined to files and computing (confine.h)
    bool makes_operand; // its operand is what it makes
    bool unpacks;       // into a temporary folder
    bool probes;        // opens raw sockets before it gives up all privileges; the others do so before they begin
};

struct options {
    const struct command *command;
    VECTOR(const char *) operands;
    struct map values; // option name -> VECTOR of values
    text_list given;   // of these, those that a file gave (defaults.h), as words of a command line
};

// Parses argv[1..]. False on bad usage, with the message to print. --help and --version print and set *done.
bool options_parse(struct arena *arena, const struct command *command, int argc, char **argv, struct options *options,
                   bool *done, struct error *error);

// Adds a value ("" for a switch) as one that was typed. False where it is none of the option's words, or the option is
// there already and may not be repeated.
bool options_put(struct arena *arena, struct options *options, const struct option_spec *spec, const char *value,
                 struct error *error);

// What follows from options that every command has: the log is set up, and --output is a place that may be written to.
bool options_settle(struct arena *arena, const struct options *options, struct error *error);

// The last value given for an option, "" for a switch that was given, NULL where it was not.
const char *options_value(const struct options *options, const char *name);

struct option_values {
    VECTOR(const char *) items;
};

// All values of a repeatable option, in order; never NULL.
const struct option_values *options_values(const struct options *options, const char *name);

// An integer option in [low, high], or `fallback` where it was not given.
bool options_integer(const struct options *options, const char *name, long low, long high, long fallback, long *value,
                     struct error *error);

// Options that every command has; ends with a NULL name.
extern const struct option_spec options_common[];

// The option of a long name that a command has, its own or a common one, or NULL.
const struct option_spec *options_spec(const struct command *command, const char *name);

// The long names of all of them.
text_list options_names(struct arena *arena, const struct command *command);

// The words that an option's value is one of; none (NULL) where it may be anything. Ends with NULL.
const char *const *option_words(struct arena *arena, const struct option_spec *spec);
