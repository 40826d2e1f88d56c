// The AWS SDKs' shared config and credentials files, read as the SDKs' own specification of them has it; names in
// quotes besides, as the AWS CLI writes those with spaces.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#pragma once

#include "base/error.h"
#include "base/vector.h"

enum config_kind { CONFIG_SETTINGS, CONFIG_CREDENTIALS };

struct config_file {
    struct map values; // "SECTION|KEY" -> text; SECTION: "profile NAME", "sso-session NAME", "services NAME", "default"
    struct map sections; // those that have a valid name
    struct map spaced;   // of these, what stands in a credentials file with a space in its name: no name of the
                         // specification's, so it counts only where the config file has the name in quotes
    struct map doubts; // of profiles' sections, there or not: in which way the AWS CLI reads them and other SDKs do not
    struct map written;  // SECTION -> what stood between its brackets
    struct map defaults; // KEY -> text of [DEFAULT], which for the AWS CLI is in every section
};

// Settings that say who reads, of which region or where: of these a file must not be read in two ways.
extern const char *const config_heeded[];

// Reads a file. One that is not there is an empty one; malformed lines are ERROR_USAGE with FILE:LINE, and so is a
// setting that is heeded behind "KEY:", which is one for the AWS CLI only. Other sections and keys with invalid names
// are left out.
bool config_file_read(struct arena *arena, const char *path, enum config_kind kind, struct config_file *file,
                      struct error *error);

// The same from memory, with a name for messages.
bool config_parse(struct arena *arena, const char *name, enum config_kind kind, const char *text, size_t length,
                  struct config_file *file, struct error *error);

// In which way the AWS CLI reads a profile's section and other SDKs do not, so that they may take other keys; NULL
// where both read it alike.
const char *config_doubt(struct arena *arena, const struct config_file *file, const char *profile);

// The section of a profile. [profile default] stands for [default] where a file has both.
const char *config_profile(struct arena *arena, const struct config_file *file, const char *profile);

// Whether a key is there, with a value or an empty one.
bool config_has(struct arena *arena, const struct config_file *file, const char *section, const char *key);

// A value, borrowed; NULL where it is not there or empty. One that went on over several lines has their ends in it.
const char *config_value(struct arena *arena, const struct config_file *file, const char *section, const char *key);

// A value nested below a key: "KEY =", then "  NAME = VALUE" lines. In the arena; NULL where it is not there or empty.
const char *config_nested(struct arena *arena, const struct config_file *file, const char *section, const char *key,
                          const char *name);

// A variable of the environment, or NULL. An empty one is none.
const char *config_environment(const char *name);

// Whether a text is among config_heeded.
bool config_heeds(const char *key);

// A path as the AWS CLI takes it: $NAME and ${NAME} of the environment, where there is such a variable, then as
// config_path does.
const char *config_expand(struct arena *arena, const char *path);

// A path as people write it: "~" and "~/" are the home folder, HOME's or else the user's own; "~NAME/" that of a user.
const char *config_path(struct arena *arena, const char *path);
