#include "cli/commands.h"

const struct command *const commands[] = {
    &command_read,
    &command_compute,
    &command_explain,
    &command_segments,
    &command_diff,
    &command_plan,
    &command_probe,
    &command_reconcile,
    &command_report,
    &command_run,
    &command_verify,
    &command_change,
    &command_history,
    &command_account,
    &command_merge,
    &command_keygen,
    NULL,
};

const char *const words_beside_commands[] = {"help", "version", "completion", NULL};

const struct command *command_named(const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}
