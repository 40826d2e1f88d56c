#include "cli/defaults.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/habits.h"

static const char common_section[] = "common";

static bool has_option(const struct command *command, const char *name)
{
    const struct option_spec *spec = options_spec(command, name);
    return spec != NULL && strcmp(name, "help") != 0 && strcmp(name, "config") != 0;
}

// The text of one value, as it would be typed.
static bool value_text(struct arena *arena, const struct json_cursor *at, const char **text, struct error *error)
{
    double number = cJSON_IsNumber(at->node) ? at->node->valuedouble : 0.5;
    if (cJSON_IsString(at->node))
        *text = arena_strdup(arena, at->node->valuestring);
    else if (floor(number) == number && fabs(number) < 1e15)
        *text = arena_printf(arena, "%.0f", number);
    else
        return json_fail(at, error, "is %s, expected text or a whole number", json_kind(at->node));
    return true;
}

typedef VECTOR(const char *) value_list;

static bool values_of(struct arena *arena, const struct option_spec *spec, const struct json_cursor *at,
                      value_list *values, struct error *error)
{
    const cJSON *item;
    size_t index = 0;
    if (spec->argument == NULL) {
        if (cJSON_IsTrue(at->node))
            *vector_add(arena, values) = NULL;
        return cJSON_IsBool(at->node) || json_fail(at, error, "is %s, expected true or false", json_kind(at->node));
    }
    if (!cJSON_IsArray(at->node))
        return value_text(arena, at, vector_add(arena, values), error);
    if (!spec->repeatable)
        return json_fail(at, error, "is an array, expected one value");
    cJSON_ArrayForEach (item, at->node) {
        struct json_cursor element = json_element(at, index++, item);
        GUARD(value_text(arena, &element, vector_add(arena, values), error));
    }
    return true;
}

static bool put_values(struct arena *arena, struct options *options, const struct option_spec *spec,
                       const struct json_cursor *at, struct error *error)
{
    value_list values = {0};
    GUARD(values_of(arena, spec, at, &values, error));
    for (size_t i = 0; i < values.count; i++) {
        const char *value = values.items[i];
        if (!options_put(arena, options, spec, value == NULL ? "" : value, error))
            return json_fail(at, error, "%s", arena_strdup(arena, error->message));
        *vector_add(arena, &options->given) = arena_printf(arena, "--%s", spec->name);
        if (value != NULL)
            *vector_add(arena, &options->given) = value;
    }
    return true;
}

// Of a section of one command, or of all of them (`command` NULL), whether it has a key.
static bool is_known(const struct command *command, const char *key)
{
    if (command != NULL)
        return has_option(command, key);
    for (size_t i = 0; commands[i] != NULL; i++)
        if (has_option(commands[i], key))
            return true;
    return false;
}

// Whether a value is of the type that the option takes; of one common to several commands, in one of them.
static bool is_of_type(struct arena *arena, const struct command *command, const struct json_cursor *at,
                       struct error *error)
{
    bool good = false;
    for (size_t i = 0; commands[i] != NULL && !good; i++)
        if ((command == NULL || command == commands[i]) && has_option(commands[i], at->key))
            good = values_of(arena, options_spec(commands[i], at->key), at, &(value_list){0}, error);
    return good;
}

static bool fail_unknown(struct arena *arena, const struct json_cursor *at, const struct command *command,
                         struct error *error)
{
    text_list names = {0};
    for (size_t i = 0; commands[i] != NULL; i++) {
        text_list some = command == NULL || command == commands[i] ? options_names(arena, commands[i]) : (text_list){0};
        text_list_add_all(arena, &names, &some);
    }
    *vector_add(arena, &names) = NULL;
    return json_fail(at, error, "unknown key, expected a long option%s%s%s", command != NULL ? " of " : "",
                     command != NULL ? command->name : "", habit_of_value(arena, at->key, names.items));
}

// A section: what it holds is looked at, and taken where it is for this command.
static bool read_section(struct arena *arena, const struct json_cursor *section, const struct command *command,
                         bool taken, struct options *options, struct error *error)
{
    const cJSON *member;
    GUARD(json_expect_object(section, error));
    cJSON_ArrayForEach (member, section->node) {
        struct json_cursor place = {.up = section, .file = section->file, .key = member->string, .node = member};
        if (!is_known(command, member->string))
            return fail_unknown(arena, &place, command, error);
        if (cJSON_IsNull(member))
            return json_fail(&place, error, "is null, expected a value");
        GUARD(is_of_type(arena, command, &place, error));
        if (taken && has_option(options->command, member->string) && options_value(options, member->string) == NULL)
            GUARD(put_values(arena, options, options_spec(options->command, member->string), &place, error));
    }
    return true;
}

static bool read_sections(struct arena *arena, const struct json_cursor *root, struct options *options,
                          struct error *error)
{
    const cJSON *member;
    text_list names = {0};
    GUARD(json_expect_object(root, error));
    for (size_t i = 0; commands[i] != NULL; i++)
        *vector_add(arena, &names) = commands[i]->name;
    *vector_add(arena, &names) = common_section;
    *vector_add(arena, &names) = NULL;
    cJSON_ArrayForEach (member, root->node) {
        struct json_cursor at = {.up = root, .file = root->file, .key = member->string, .node = member};
        if (!text_among(member->string, names.items))
            return json_fail(&at, error, "unknown section, expected a command or common%s",
                             habit_of_value(arena, member->string, names.items));
        // Its own section first: what is there already is not taken from another.
        if (strcmp(member->string, options->command->name) == 0)
            GUARD(read_section(arena, &at, options->command, true, options, error));
    }
    cJSON_ArrayForEach (member, root->node) {
        struct json_cursor at = {.up = root, .file = root->file, .key = member->string, .node = member};
        bool common = strcmp(member->string, common_section) == 0;
        if (strcmp(member->string, options->command->name) != 0)
            GUARD(read_section(arena, &at, common ? NULL : command_named(member->string), common, options, error));
    }
    return true;
}

bool defaults_parse(struct arena *arena, const char *file, const char *bytes, size_t length, struct options *options,
                    struct error *error)
{
    if (length == 0)
        return true;
    cJSON *root = json_parse(file, bytes, length, error);
    if (root == NULL)
        return false;
    const struct json_cursor at = {.file = file, .node = root};
    bool good = read_sections(arena, &at, options, error);
    cJSON_Delete(root);
    return good;
}

// NULL where there is no home.
static const char *default_file(struct arena *arena)
{
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (folder != NULL && folder[0] == '/')
        return arena_printf(arena, "%s/sgproof/config.json", folder);
    return home != NULL && home[0] == '/' ? arena_printf(arena, "%s/.config/sgproof/config.json", home) : NULL;
}

// Whether the file by default is there to be read.
static bool is_there(const char *file, bool *there, struct error *error)
{
    struct stat about;
    *there = file != NULL && stat(file, &about) == 0;
    if (file != NULL && !*there && errno != ENOENT && errno != ENOTDIR)
        log_line(LOG_WARNING, "%s: cannot be looked at (%s): nothing of it is in force", file, strerror(errno));
    if (*there && ((about.st_uid != 0 && about.st_uid != geteuid() && about.st_uid != getuid()) ||
                   (about.st_mode & S_IWOTH) != 0))
        return error_set(error, ERROR_USAGE,
                         "%s: belongs to somebody else, or others may write to it: name it with --config, or chown and "
                         "chmod o-w it",
                         file);
    return true;
}

bool defaults_apply(struct arena *arena, struct options *options, struct error *error)
{
    const char *file = options_value(options, "config");
    bool there = true;
    file = file != NULL ? file : getenv("SGPROOF_CONFIG");
    if (file == NULL) {
        file = default_file(arena);
        GUARD(is_there(file, &there, error));
    }
    if (!there || file[0] == '\0')
        return true;
    size_t length;
    char *bytes = file_read_settings(file, &length, error);
    bool good = bytes != NULL && defaults_parse(arena, file, bytes, length, options, error);
    free(bytes);
    GUARD(good && options_settle(arena, options, error));
    log_line(LOG_DEBUG, "options of %s: %u words", file, options->given.count);
    return true;
}
