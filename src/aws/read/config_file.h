// The AWS SDKs' shared config and credentials files.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#pragma once

#include "base/error.h"
#include "base/vector.h"

struct config_file {
    struct map values; // "SECTION|KEY", nested "SECTION|KEY|SUBKEY" -> text
    struct map sections;
};

// Reads a file. One that is not there is an empty one; malformed lines are errors with FILE:LINE.
bool config_file_read(struct arena *arena, const char *path, struct config_file *file, struct error *error);

// The same from memory, with a name for messages.
bool config_parse(struct arena *arena, const char *name, const char *text, size_t length, struct config_file *file,
                  struct error *error);

// A value, or NULL.
const char *config_value(struct arena *arena, const struct config_file *file, const char *section, const char *key);

// A variable of the environment, or NULL. An empty one is none.
const char *config_environment(const char *name);
