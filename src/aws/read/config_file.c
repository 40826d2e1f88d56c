#include "aws/read/config_file.h"

#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

static char *trimmed(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    return text;
}

// "[profile dev]" -> "profile dev", with one space whatever stood there. NULL where it is no section.
static char *section_of(char *line)
{
    char *end = strchr(line, ']');
    if (end == NULL)
        return NULL;
    *end = '\0';
    char *name = trimmed(line + 1), *to = name;
    for (char *from = name; *from != '\0'; from++)
        if (!isspace((unsigned char)*from) || (to > name && to[-1] != ' '))
            *to++ = isspace((unsigned char)*from) ? ' ' : *from;
    *to = '\0';
    return name[0] == '\0' ? NULL : name;
}

bool config_parse(struct arena *arena, const char *name, const char *text, size_t length, struct config_file *file,
                  struct error *error)
{
    char *copy = arena_strndup(arena, text, length), *next;
    const char *section = NULL, *parent = NULL;
    size_t number = 0;
    for (char *line = copy; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        number++;
        bool indented = isspace((unsigned char)line[0]);
        char *body = trimmed(line);
        if (body[0] == '\0' || body[0] == '#' || body[0] == ';')
            continue;
        if (body[0] == '[') {
            section = section_of(body);
            parent = NULL;
            if (section == NULL)
                return error_set(error, ERROR_USAGE, "%s:%zu: not a section, expected [NAME]", name, number);
            map_put(arena, &file->sections, section, file);
            continue;
        }
        char *equals = strchr(body, '=');
        if (equals == NULL && indented)
            continue; // a value that goes on over several lines
        if (equals == NULL || section == NULL)
            return error_set(error, ERROR_USAGE, "%s:%zu: expected KEY = VALUE%s", name, number,
                             section == NULL ? " below a [SECTION]" : "");
        *equals = '\0';
        char *key = trimmed(body), *value = trimmed(equals + 1);
        for (char *p = key; *p != '\0'; p++)
            *p = (char)tolower((unsigned char)*p);
        if (indented && parent != NULL) {
            map_put(arena, &file->values, arena_printf(arena, "%s|%s|%s", section, parent, key), value);
            continue;
        }
        char *comment = strstr(value, " #");
        comment = comment == NULL ? strstr(value, " ;") : comment;
        if (comment != NULL)
            *comment = '\0';
        parent = value[0] == '\0' ? key : NULL;
        map_put(arena, &file->values, arena_printf(arena, "%s|%s", section, key), trimmed(value));
    }
    return true;
}

bool config_file_read(struct arena *arena, const char *path, struct config_file *file, struct error *error)
{
    size_t length;
    if (access(path, F_OK) != 0)
        return true;
    char *text = file_read(path, &length, error);
    if (text == NULL)
        return false;
    bool good = config_parse(arena, path, text, length, file, error);
    explicit_bzero(text, length);
    free(text);
    return good;
}

const char *config_value(struct arena *arena, const struct config_file *file, const char *section, const char *key)
{
    const char *value = map_get(&file->values, arena_printf(arena, "%s|%s", section, key));
    return value == NULL || value[0] == '\0' ? NULL : value;
}

const char *config_environment(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}
