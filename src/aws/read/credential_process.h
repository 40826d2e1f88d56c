// credential_process: a program of the user's that prints credentials. It is started as the AWS CLI starts it, by its
// words and without a shell; a command of which a shell would make something else is refused, as other SDKs have one.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
#pragma once

#include "aws/read/credentials.h"

// Takes a command apart as Python's shlex.split does, into *words in the arena, which end with NULL. False with why, of
// an open quote, a backslash at the end, no word at all, or what a shell takes otherwise.
bool command_split(struct arena *arena, const char *command, char ***words, const char **why);

// Runs it and reads what it prints, within the time that the configuration leaves.
bool credential_process_run(const struct aws_config *config, const char *profile, const char *command,
                            struct credentials *credentials, struct error *error);
