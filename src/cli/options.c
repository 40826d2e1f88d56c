#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/habits.h"
#include "cli/help.h"
#include "cli/places.h"

const struct option_spec options_common[] = {
    {"output", 'o', "FILE", "write the result to FILE, whole or not at all (default: stdout)", false},
    {"quiet", 'q', NULL, "say nothing on stderr but errors", false},
    {"verbose", 'v', NULL, "say more on stderr", false},
    {"log-format", 0, "text|json", "of what is said on stderr (default text)", false},
    {"config", 0, "FILE",
     "options that are not given here, as JSON (default $SGPROOF_CONFIG, then sgproof/config.json in "
     "$XDG_CONFIG_HOME)",
     false},
    {"help", 'h', NULL, "show this help", false},
    {NULL, 0, NULL, NULL, false},
};

static const struct option_spec *find_in(const struct option_spec *specs, const char *name, size_t length, char letter)
{
    for (; specs != NULL && specs->name != NULL; specs++)
        if (name != NULL ? length > 0 && strlen(specs->name) == length && strncmp(specs->name, name, length) == 0
                         : specs->letter == letter)
            return specs;
    return NULL;
}

static const struct option_spec *find(const struct command *command, const char *name, size_t length, char letter)
{
    const struct option_spec *spec = find_in(command->options, name, length, letter);
    return spec != NULL ? spec : find_in(options_common, name, length, letter);
}

const struct option_spec *options_spec(const struct command *command, const char *name)
{
    return find(command, name, strlen(name), 0);
}

static void add_names(struct arena *arena, const struct option_spec *specs, text_list *names)
{
    for (; specs != NULL && specs->name != NULL; specs++)
        if (specs->name[0] != '\0')
            *vector_add(arena, names) = specs->name;
}

text_list options_names(struct arena *arena, const struct command *command)
{
    text_list names = {0};
    add_names(arena, command->options, &names);
    add_names(arena, options_common, &names);
    return names;
}

const char *const *option_words(struct arena *arena, const struct option_spec *spec)
{
    text_list words = {0};
    if (spec->argument == NULL || !islower((unsigned char)spec->argument[0]) || strchr(spec->argument, '|') == NULL)
        return NULL;
    char *rest = NULL;
    for (char *word = strtok_r(arena_strdup(arena, spec->argument), "|", &rest); word != NULL;
         word = strtok_r(NULL, "|", &rest))
        *vector_add(arena, &words) = word;
    *vector_add(arena, &words) = NULL;
    return words.items;
}

static bool is_one_of_its_words(struct arena *arena, const struct option_spec *spec, const char *value,
                                struct error *error)
{
    const char *const *words = option_words(arena, spec);
    if (words == NULL || text_among(value, words))
        return true;
    const char *list = words[0];
    for (size_t i = 1; words[i] != NULL; i++)
        list = arena_printf(arena, "%s %s", list, words[i]);
    return error_set(error, ERROR_USAGE, "--%s %s: expected one of: %s%s", spec->name, value, list,
                     habit_of_value(arena, value, words));
}

// What curl and gcc call a file, the AWS CLI and kubectl call a format.
static bool is_no_format(struct arena *arena, const struct command *command, const char *output, struct error *error)
{
    const struct option_spec *format = options_spec(command, "format");
    const char *const *words = format == NULL ? NULL : option_words(arena, format);
    return words == NULL || !text_among(output, words) ||
           error_set(error, ERROR_USAGE,
                     "--output %s: is the name of a format, expected a file: type --format %s, or --output ./%s for a "
                     "file of that name",
                     output, output, output);
}

bool options_put(struct arena *arena, struct options *options, const struct option_spec *spec, const char *value,
                 struct error *error)
{
    GUARD(spec->argument == NULL || is_one_of_its_words(arena, spec, value, error));
    struct option_values *values = map_get(&options->values, spec->name);
    if (values == NULL) {
        values = arena_new_of(arena, struct option_values);
        map_put(arena, &options->values, spec->name, values);
    } else if (!spec->repeatable && spec->argument != NULL) {
        return error_set(error, ERROR_USAGE, "--%s is given twice", spec->name);
    }
    *vector_add(arena, &values->items) = value;
    return true;
}

static void setup_log(const struct options *options)
{
    const char *format = options_value(options, "log-format");
    log_setup(options_value(options, "quiet") != NULL     ? LOG_ERROR
              : options_value(options, "verbose") != NULL ? LOG_DEBUG
                                                          : LOG_INFO,
              format != NULL && strcmp(format, "json") == 0);
}

// Switches in one word: -qv. False where one of them takes a value, or there is none.
static const struct option_spec *switches(struct arena *arena, const struct command *command, struct options *options,
                                          const char *word, struct error *error)
{
    const struct option_spec *spec = NULL;
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        spec = find(command, NULL, 0, *letter);
        if (spec == NULL || spec->argument != NULL || strcmp(spec->name, "help") == 0) {
            error_set(error, ERROR_USAGE, "%s: give short options one by one", word);
            return NULL;
        }
        if (letter[1] != '\0' && !options_put(arena, options, spec, "", error))
            return NULL;
    }
    return spec;
}

bool options_settle(struct arena *arena, const struct options *options, struct error *error)
{
    const char *output = options_value(options, "output");
    setup_log(options);
    return output == NULL || strcmp(output, "-") == 0 ||
           (is_no_format(arena, options->command, output, error) && place_may_write(output, error));
}

static bool unknown(struct arena *arena, const struct command *command, const char *word, struct error *error)
{
    const char *name = arena_strndup(arena, word, strcspn(word, "=")); // a value may be a secret
    const char *habit = habit_of_option(arena, command, name);
    return error_set(error, ERROR_USAGE, "unknown option %s%s%ssee sgproof help %s", name, habit, habit_end(habit),
                     command->name);
}

bool options_parse(struct arena *arena, const struct command *command, int argc, char **argv, struct options *options,
                   bool *done, struct error *error)
{
    bool only_operands = false;
    *options = (struct options){.command = command};
    *done = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (only_operands || word[0] != '-' || word[1] == '\0') {
            *vector_add(arena, &options->operands) = word;
            continue;
        }
        if (strcmp(word, "--") == 0) {
            only_operands = true;
            continue;
        }
        const struct option_spec *spec;
        const char *value = NULL;
        if (word[1] == '-') {
            const char *equals = strchr(word, '=');
            size_t length = equals != NULL ? (size_t)(equals - word - 2) : strlen(word + 2);
            spec = find(command, word + 2, length, 0);
            value = equals != NULL ? equals + 1 : NULL;
        } else {
            spec = find(command, NULL, 0, word[1]);
            value = word[2] != '\0' ? word + 2 : NULL;
            if (spec != NULL && spec->argument == NULL && value != NULL) {
                spec = switches(arena, command, options, word, error);
                value = NULL;
                GUARD(spec != NULL);
            }
        }
        if (spec == NULL)
            return unknown(arena, command, word, error);
        if (strcmp(spec->name, "help") == 0) {
            help_command(arena, command);
            *done = true;
            return true;
        }
        if (spec->argument == NULL && value != NULL)
            return error_set(error, ERROR_USAGE, "--%s takes no value", spec->name);
        if (spec->argument != NULL && value == NULL) {
            if (i + 1 == argc)
                return error_set(error, ERROR_USAGE, "--%s needs a value: %s", spec->name, spec->argument);
            value = argv[++i];
        }
        if (!options_put(arena, options, spec, value == NULL ? "" : value, error))
            return false;
    }
    return options_settle(arena, options, error);
}

const struct option_values *options_values(const struct options *options, const char *name)
{
    static const struct option_values none = {0};
    const struct option_values *values = map_get(&options->values, name);
    return values == NULL ? &none : values;
}

const char *options_value(const struct options *options, const char *name)
{
    const struct option_values *values = options_values(options, name);
    return values->items.count == 0 ? NULL : values->items.items[values->items.count - 1];
}

bool options_integer(const struct options *options, const char *name, long low, long high, long fallback, long *value,
                     struct error *error)
{
    const char *text = options_value(options, name);
    *value = fallback;
    if (text == NULL)
        return true;
    char *end;
    errno = 0;
    *value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *value < low || *value > high)
        return error_set(error, ERROR_USAGE, "--%s %s: expected an integer from %ld to %ld", name, text, low, high);
    return true;
}
