// What stands on the command line, and in files that it names.
#include <stdlib.h>
#include <string.h>

#include "aws/read/config_file.h"
#include "cli/aws.h"
#include "cli/commands.h"
#include "cli/defaults.h"
#include "targets.h"

void fuzz_aws_config(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    for (int kind = CONFIG_SETTINGS; kind <= CONFIG_CREDENTIALS; kind++) {
        struct config_file file = {0};
        if (!config_parse(arena, "config", (enum config_kind)kind, (const char *)data, size, &file, &error))
            continue;
        config_value(arena, &file, config_profile(arena, &file, "dev"), "role_arn");
        config_nested(arena, &file, config_profile(arena, &file, "default"), "s3", "max");
    }
}

// The words of a command, one a line.
static void parse_options(struct arena *arena, const struct command *command, const char *text)
{
    enum { MOST = 64 };
    struct error error = {0};
    struct options options = {0};
    char *words[MOST + 1] = {arena_strdup(arena, command->name)}, *rest = NULL;
    int count = 1;
    bool done = false;
    for (char *word = strtok_r(arena_strdup(arena, text), "\n", &rest); word != NULL && count < MOST;
         word = strtok_r(NULL, "\n", &rest))
        words[count++] = word;
    if (strstr(text, "-h") != NULL || strstr(text, "--v") != NULL) // these print
        return;
    if (options_parse(arena, command, count, words, &options, &done, &error))
        options_values(&options, "only");
    else if (error.message[0] == '\0')
        abort();
}

void fuzz_options(struct arena *arena, const uint8_t *data, size_t size)
{
    static const struct command *const commands[] = {&command_run, &command_change, &command_probe, &command_reconcile,
                                                     &command_diff};
    const char *text = arena_strndup(arena, (const char *)data, size);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        parse_options(arena, commands[i], text);
}

// A file of options (--config).
void fuzz_defaults(struct arena *arena, const uint8_t *data, size_t size)
{
    static const struct command *const commands[] = {&command_run, &command_probe, &command_history};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        struct error error = {0};
        struct options options = {.command = commands[i]};
        if (defaults_parse(arena, "config.json", (const char *)data, size, &options, &error))
            options_values(&options, "only");
        else if (error.message[0] == '\0')
            abort();
    }
}

// A file of accounts (--accounts): what of it is taken is never asked, as there is nobody to ask for keys.
void fuzz_accounts(struct arena *arena, const uint8_t *data, size_t size)
{
    char *words[] = {"read",        "folder", "--accounts", (char *)(uintptr_t)as_file(data, size),
                     "--role-name", "fuzz",   "--region",   "eu-west-3"};
    struct error error = {0};
    struct options options = {0};
    struct collected collected;
    bool done = false;
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    unsetenv("AWS_ACCESS_KEY_ID");
    if (!options_parse(arena, &command_read, sizeof(words) / sizeof(words[0]), words, &options, &done, &error) ||
        cli_collect(arena, &options, NULL, true, &collected, &error) || error.message[0] == '\0')
        abort(); // without keys, in words
}
