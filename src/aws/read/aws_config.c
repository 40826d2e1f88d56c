#include "aws/read/aws_config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

static const char *file_of(struct arena *arena, const char *variable, const char *fallback)
{
    const char *given = config_environment(variable);
    return config_expand(arena, given != NULL ? given : fallback);
}

const char *aws_config_file(struct arena *arena)
{
    return file_of(arena, "AWS_CONFIG_FILE", "~/.aws/config");
}

const char *aws_credentials_file(struct arena *arena)
{
    return file_of(arena, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
}

bool aws_config_names_process(void)
{
    struct arena *arena = arena_new();
    const char *files[] = {aws_config_file(arena), aws_credentials_file(arena)};
    bool found = false;
    for (int i = 0; i < 2 && !found; i++) {
        struct error ignored;
        size_t length;
        char *text = access(files[i], R_OK) == 0 ? file_read_settings(files[i], &length, &ignored) : NULL;
        found = text != NULL && strcasestr(text, "credential_process") != NULL;
        if (text != NULL)
            memory_wipe(text, length);
        free(text);
    }
    arena_free(arena);
    return found;
}

// A profile's section in the credentials file; NULL where it does not count.
static const char *shared_section(const struct aws_config *config, const char *profile)
{
    const char *section = arena_printf(config->arena, "profile %s", profile);
    bool quoted = map_get(&config->config.sections, section) != NULL;
    return map_get(&config->shared.spaced, section) != NULL && !quoted ? NULL : section;
}

bool aws_config_has(const struct aws_config *config, const char *profile)
{
    const char *section = config_profile(config->arena, &config->config, profile);
    return map_get(&config->config.sections, section) != NULL ||
           map_get(&config->shared.sections, shared_section(config, profile)) != NULL;
}

// What went on over a further line is another setting that was indented, with its secret: it is neither sent nor shown.
// A command may be so long, and of keys credentials_find says it.
static bool refuse_lines(struct arena *arena, const char *path, const struct config_file *file, struct error *error)
{
    map_slots slots = map_sorted(arena, &file->values);
    for (size_t i = 0; i < slots.count; i++) {
        const char *name = slots.items[i]->key, *key = strrchr(name, '|') + 1;
        if (config_heeds(key) && strncmp(key, "aws_", 4) != 0 && strcmp(key, "credential_process") != 0 &&
            strchr(slots.items[i]->value, '\n') != NULL)
            return error_set(error, ERROR_USAGE,
                             "%s: %s of [%.*s] goes on over an indented line: expected a value of one line", path, key,
                             (int)(key - 1 - name), name);
    }
    return true;
}

bool aws_config_expect_clear(const struct aws_config *config, const char *profile, struct error *error)
{
    const struct config_file *files[] = {&config->config, &config->shared};
    for (int i = 0; i < 2; i++) {
        const char *why = config_doubt(config->arena, files[i], profile);
        if (why != NULL)
            return error_set(error, ERROR_USAGE,
                             "%s: the AWS CLI reads profile %s otherwise than other SDKs do: %s; write it so that all "
                             "read it alike",
                             config->files[i], profile, why);
    }
    return true;
}

// The profile that the environment names. Of two the AWS CLI takes AWS_DEFAULT_PROFILE, and other SDKs AWS_PROFILE.
static bool find_profile(struct aws_config *config, const char *option, struct error *error)
{
    const char *own = config_environment("AWS_PROFILE"), *former = config_environment("AWS_DEFAULT_PROFILE");
    const char *named = option != NULL ? option : own != NULL ? own : former;
    if (option == NULL && own != NULL && former != NULL && strcmp(own, former) != 0)
        return error_set(
            error, ERROR_USAGE,
            "AWS_PROFILE is %s and AWS_DEFAULT_PROFILE %s, of which SDKs take one or the other: unset one, "
            "or give --profile",
            own, former);
    config->profile = named == NULL ? "default" : named;
    config->profile_given = named != NULL;
    config->profile_option = option != NULL;
    return true;
}

// With an empty variable the AWS CLI reads no such file, and other SDKs the one in the home folder.
static bool expect_named(const char *variable, struct error *error)
{
    const char *value = getenv(variable);
    return value == NULL || value[0] != '\0' ||
           error_set(error, ERROR_USAGE, "%s is set, but empty: expected a file's name, or /dev/null for none",
                     variable);
}

bool aws_config_read(struct arena *arena, const char *profile, struct aws_config *config, struct error *error)
{
    *config = (struct aws_config){.arena = arena, .files = {aws_config_file(arena), aws_credentials_file(arena)}};
    if (!expect_named("AWS_CONFIG_FILE", error) || !expect_named("AWS_SHARED_CREDENTIALS_FILE", error) ||
        !find_profile(config, profile, error) ||
        !config_file_read(arena, config->files[0], CONFIG_SETTINGS, &config->config, error) ||
        !config_file_read(arena, config->files[1], CONFIG_CREDENTIALS, &config->shared, error) ||
        !refuse_lines(arena, config->files[0], &config->config, error) ||
        !refuse_lines(arena, config->files[1], &config->shared, error) ||
        !aws_config_expect_clear(config, config->profile, error))
        return false;
    if (config->profile_given && !aws_config_has(config, config->profile))
        return error_set(error, ERROR_USAGE, "profile %s is in neither %s nor %s", config->profile, config->files[0],
                         config->files[1]);
    return true;
}

const char *aws_config_of(const struct aws_config *config, const char *profile, const char *key)
{
    const char *section = shared_section(config, profile);
    if (section != NULL && config_has(config->arena, &config->shared, section, key)) // an empty one hides the other too
        return config_value(config->arena, &config->shared, section, key);
    section = config_profile(config->arena, &config->config, profile);
    return config_value(config->arena, &config->config, section, key);
}

const char *aws_config_in(const struct aws_config *config, const char *profile, const char *key, enum config_kind kind)
{
    const char *section = kind == CONFIG_CREDENTIALS ? shared_section(config, profile)
                                                     : config_profile(config->arena, &config->config, profile);
    return section == NULL ? NULL
                           : config_value(config->arena, kind == CONFIG_CREDENTIALS ? &config->shared : &config->config,
                                          section, key);
}

bool aws_config_sets(const struct aws_config *config, const char *profile, const char *key)
{
    const char *section = shared_section(config, profile);
    return (section != NULL && config_has(config->arena, &config->shared, section, key)) ||
           config_has(config->arena, &config->config, config_profile(config->arena, &config->config, profile), key);
}

const char *aws_config_setting(const struct aws_config *config, const char *key)
{
    return aws_config_of(config, config->profile, key);
}

const char *aws_config_either(const struct aws_config *config, const char *variable, const char *key)
{
    const char *value = config_environment(variable);
    return value != NULL ? value : aws_config_setting(config, key);
}

bool aws_config_switch(const struct aws_config *config, const char *variable, const char *key)
{
    const char *value = aws_config_either(config, variable, key);
    return value != NULL && strcasecmp(value, "true") == 0;
}

long aws_config_left(const struct aws_config *config, long most)
{
    uint64_t now = config->until == 0 ? 0 : clock_steady_ms();
    if (now > config->until || (config->stopped != NULL && config->stopped()))
        return 0;
    return config->until == 0 || config->until - now > (uint64_t)most ? most : (long)(config->until - now);
}
