#include "cli/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/places.h"

static const struct option_spec common[] = {
    {"output", 'o', "FILE", "write the result to FILE, whole or not at all (default: stdout)", false},
    {"quiet", 'q', NULL, "say nothing on stderr but errors", false},
    {"verbose", 'v', NULL, "say more on stderr", false},
    {"log-format", 0, "FORMAT", "text or json (default text)", false},
    {"help", 'h', NULL, "show this help", false},
    {NULL, 0, NULL, NULL, false},
};

static const struct option_spec *find_in(const struct option_spec *specs, const char *name, size_t length, char letter)
{
    for (; specs != NULL && specs->name != NULL; specs++)
        if (name != NULL ? strlen(specs->name) == length && strncmp(specs->name, name, length) == 0
                         : specs->letter == letter)
            return specs;
    return NULL;
}

static const struct option_spec *find(const struct command *command, const char *name, size_t length, char letter)
{
    const struct option_spec *spec = find_in(command->options, name, length, letter);
    return spec != NULL ? spec : find_in(common, name, length, letter);
}

static bool put(struct arena *arena, struct options *options, const struct option_spec *spec, const char *value,
                struct error *error)
{
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

static bool setup_log(const struct options *options, struct error *error)
{
    const char *format = options_value(options, "log-format");
    if (format != NULL && strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
        return error_set(error, ERROR_USAGE, "--log-format %s: expected text or json", format);
    log_setup(options_value(options, "quiet") != NULL     ? LOG_ERROR
              : options_value(options, "verbose") != NULL ? LOG_DEBUG
                                                          : LOG_INFO,
              format != NULL && strcmp(format, "json") == 0);
    return true;
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
            if (spec != NULL && spec->argument == NULL && word[2] != '\0')
                return error_set(error, ERROR_USAGE, "%s: give short options one by one", word);
            value = word[2] != '\0' ? word + 2 : NULL;
        }
        if (spec == NULL)
            return error_set(error, ERROR_USAGE, "unknown option %s; see sgproof %s --help", word, command->name);
        if (strcmp(spec->name, "help") == 0) {
            options_help(command);
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
        if (!put(arena, options, spec, value == NULL ? "" : value, error))
            return false;
    }
    const char *output = options_value(options, "output");
    return setup_log(options, error) && (output == NULL || strcmp(output, "-") == 0 || place_may_write(output, error));
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

static void print_options(const struct option_spec *specs)
{
    for (; specs != NULL && specs->name != NULL; specs++) {
        char left[64];
        snprintf(left, sizeof(left), "%c%c%s--%s%s%s", specs->letter ? '-' : ' ', specs->letter ? specs->letter : ' ',
                 specs->letter ? ", " : "  ", specs->name, specs->argument != NULL ? " " : "",
                 specs->argument != NULL ? specs->argument : "");
        printf("  %-28s %s%s\n", left, specs->help, specs->repeatable ? " (repeatable)" : "");
    }
}

void options_help(const struct command *command)
{
    printf("Usage: sgproof %s %s\n\n%s\n\nOptions:\n", command->name, command->usage, command->summary);
    print_options(command->options);
    print_options(common);
    printf("\n%s", command->notes);
}
