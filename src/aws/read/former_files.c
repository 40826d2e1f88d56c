#include "aws/read/former_files.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

// What stands behind "NAME =" in the lines of a text, without the blanks around it; the last where there are several.
static const char *value_of(struct arena *arena, const char *text, const char *name)
{
    static const char blanks[] = " \t\r\f\v";
    const char *found = NULL;
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t length = strcspn(line, "\n"), key = strcspn(line, "=\n");
        const char *begin = line + strspn(line, blanks);
        if (key == length)
            continue;
        const char *value = line + key + 1 + strspn(line + key + 1, blanks), *end = line + length;
        for (key -= (size_t)(begin - line); key > 0 && strchr(blanks, begin[key - 1]) != NULL;)
            key--;
        while (end > value && strchr(blanks, end[-1]) != NULL)
            end--;
        if (key == strlen(name) && strncmp(begin, name, key) == 0)
            found = arena_strndup(arena, value, value > end ? 0 : (size_t)(end - value));
    }
    return found;
}

static bool take(struct credentials *credentials, const char *key_id, const char *secret, const char *source,
                 struct error *error)
{
    *credentials = (struct credentials){.key_id = key_id, .secret = secret, .source = source};
    return (secret != NULL && secret[0] != '\0' && key_id[0] != '\0') ||
           error_set(error, ERROR_USAGE, "%s has a key without its secret", source);
}

static bool from_ec2_tools(const struct aws_config *config, const char *given, struct credentials *credentials,
                           bool *found, struct error *error)
{
    size_t length;
    const char *path = config_path(config->arena, given);
    char *text = file_read_settings(path, &length, error);
    if (text == NULL)
        return false;
    const char *key_id = value_of(config->arena, text, "AWSAccessKeyId");
    const char *secret = value_of(config->arena, text, "AWSSecretKey");
    memory_wipe(text, length);
    free(text);
    *found = key_id != NULL;
    return !*found ||
           take(credentials, key_id, secret, arena_printf(config->arena, "AWS_CREDENTIAL_FILE %s", path), error);
}

static bool from_boto(const struct aws_config *config, const char *given, struct credentials *credentials, bool *found,
                      struct error *error)
{
    static const char section[] = "profile Credentials";
    struct arena *arena = config->arena;
    struct config_file file = {0};
    const char *path = config_expand(arena, given);
    GUARD(config_file_read(arena, path, CONFIG_CREDENTIALS, &file, error));
    *found = config_has(arena, &file, section, "aws_access_key_id");
    if (!*found)
        return true;
    const char *key_id = config_value(arena, &file, section, "aws_access_key_id");
    return take(credentials, key_id == NULL ? "" : key_id, config_value(arena, &file, section, "aws_secret_access_key"),
                arena_printf(arena, "boto's file %s", path), error);
}

bool former_files_find(const struct aws_config *config, struct credentials *credentials, bool *found,
                       struct error *error)
{
    const char *ec2_tools = getenv("AWS_CREDENTIAL_FILE"), *boto = getenv("BOTO_CONFIG");
    const char *files[] = {boto != NULL ? boto : "/etc/boto.cfg", boto != NULL ? NULL : "~/.boto"};
    if (ec2_tools != NULL)
        GUARD(from_ec2_tools(config, ec2_tools, credentials, found, error));
    for (int i = 0; i < 2 && !*found && files[i] != NULL; i++)
        GUARD(from_boto(config, files[i], credentials, found, error));
    return true;
}
