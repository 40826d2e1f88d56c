#include "aws/read/config_file.h"

#include <ctype.h>
#include <pwd.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"

static const char blanks[] = " \t";

const char *const config_heeded[] = {"aws_access_key_id",
                                     "aws_secret_access_key",
                                     "aws_session_token",
                                     "aws_security_token",
                                     "credential_process",
                                     "credential_source",
                                     "role_arn",
                                     "role_session_name",
                                     "source_profile",
                                     "external_id",
                                     "mfa_serial",
                                     "duration_seconds",
                                     "login_session",
                                     "web_identity_token_file",
                                     "sso_session",
                                     "sso_start_url",
                                     "sso_region",
                                     "sso_account_id",
                                     "sso_role_name",
                                     "region",
                                     "services",
                                     "endpoint_url",
                                     "ignore_configured_endpoint_urls",
                                     "use_fips_endpoint",
                                     "use_dualstack_endpoint",
                                     "sts_regional_endpoints",
                                     "ec2_metadata_service_endpoint",
                                     "ec2_metadata_service_endpoint_mode",
                                     "imds_use_ipv6",
                                     "metadata_service_timeout",
                                     "metadata_service_num_attempts",
                                     "ca_bundle",
                                     NULL};

bool config_heeds(const char *key)
{
    return text_among(key, config_heeded);
}

static char *trimmed(char *text)
{
    text += strspn(text, blanks);
    size_t length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]) != NULL)
        text[--length] = '\0';
    return text;
}

// Cuts off a comment; in values only what stands behind a blank begins one.
static char *without_comment(char *text, bool behind_blank)
{
    for (char *p = text; *p != '\0'; p++)
        if ((*p == '#' || *p == ';') && (!behind_blank || (p > text && strchr(blanks, p[-1]) != NULL))) {
            *p = '\0';
            break;
        }
    return trimmed(text);
}

static bool is_identifier(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (!isalnum((unsigned char)*p) && strchr("_-/.%@:+", *p) == NULL)
            return false;
    return text[0] != '\0';
}

// A name in quotes may hold what it likes; else it is an identifier. NULL where it is neither.
static char *name_of(char *text)
{
    size_t length = strlen(text);
    if (length > 2 && (text[0] == '"' || text[0] == '\'') && text[length - 1] == text[0] &&
        strchr(text + 1, text[0]) == text + length - 1) {
        text[length - 1] = '\0';
        return text + 1;
    }
    return is_identifier(text) ? text : NULL;
}

struct parser {
    struct arena *arena;
    struct config_file *file;
    enum config_kind kind;
    const char *name; // of the file
    size_t line;
    bool begun;          // a section has been there
    const char *section; // NULL: an ignored one
    bool everywhere;     // it is [DEFAULT]
    char *value;         // of the property that may go on; NULL: none
    bool nested;         // it has properties of its own
};

static const char *add_section(struct parser *parser, const char *section)
{
    map_put(parser->arena, &parser->file->sections, section, parser->file);
    return section;
}

static void doubt(struct parser *parser, const char *section, const char *why)
{
    if (section != NULL && map_get(&parser->file->doubts, section) == NULL)
        map_put(parser->arena, &parser->file->doubts, section, (void *)why);
}

// The AWS CLI takes the later of two; [profile default] comes first for other SDKs.
static const char *add_default(struct parser *parser, const char *section)
{
    if (map_get(&parser->file->sections, "profile default") != NULL &&
        map_get(&parser->file->sections, section) == NULL)
        doubt(parser, section, "[default] stands below [profile default], and it takes the lower one");
    return add_section(parser, section);
}

// What stands between the brackets; NULL where the section is to be ignored.
static const char *section_of(struct parser *parser, char *inner)
{
    struct arena *arena = parser->arena;
    size_t length = strcspn(inner, blanks);
    char *rest = inner + length + strspn(inner + length, blanks);
    bool has_prefix = inner[length] != '\0';
    if (parser->kind == CONFIG_SETTINGS && !has_prefix)
        return strcmp(inner, "default") == 0 ? add_default(parser, inner) : NULL;
    if (!has_prefix)
        return is_identifier(inner) ? add_section(parser, arena_printf(arena, "profile %s", inner)) : NULL;
    static const char *const prefixes[] = {"profile", "sso-session", "services", NULL};
    const char *prefix = arena_strndup(arena, inner, length);
    if (parser->kind == CONFIG_SETTINGS) {
        const char *name = name_of(rest);
        if (!text_among(prefix, prefixes)) {
            if (name != NULL && strncmp(prefix, "profile", strlen("profile")) == 0)
                doubt(parser, arena_printf(arena, "profile %s", name),
                      arena_printf(arena, "it takes [%s %s] for that profile", prefix, name));
            return NULL;
        }
        return name == NULL ? NULL : add_section(parser, arena_printf(arena, "%s %s", prefix, name));
    }
    if (text_among(prefix, prefixes))
        return NULL;
    const char *section = add_section(parser, arena_printf(arena, "profile %s", inner));
    map_put(arena, &parser->file->spaced, section, parser->file);
    return section;
}

static bool refuse(const struct parser *parser, struct error *error, const char *what)
{
    return error_set(error, ERROR_USAGE, "%s:%zu: %s", parser->name, parser->line, what);
}

// Whether blanks inside the brackets make another section of it for the AWS CLI: in front always, behind a name that
// stands alone.
static bool is_padded(const struct parser *parser, const char *inner, size_t length)
{
    return length > 0 && (strchr(blanks, inner[0]) != NULL ||
                          (strchr(blanks, inner[length - 1]) != NULL &&
                           (parser->kind == CONFIG_CREDENTIALS || strncmp(inner, "default", 7) == 0)));
}

static bool begin_section(struct parser *parser, char *line, struct error *error)
{
    bool bracket = strpbrk(line, "#;") != NULL && strchr(strpbrk(line, "#;"), ']') != NULL;
    char *body = without_comment(line, false);
    size_t length = strlen(body);
    if (body[length - 1] != ']')
        return refuse(parser, error, "a section that does not end with ], expected [profile NAME]");
    body[length - 1] = '\0';
    bool padded = is_padded(parser, body + 1, length - 2);
    char *raw = arena_strdup(parser->arena, body + 1);
    char *inner = trimmed(body + 1);
    parser->everywhere = strcmp(inner, "DEFAULT") == 0;
    parser->section = section_of(parser, inner);
    const char *before = map_get(&parser->file->written, parser->section);
    if (before != NULL && strcmp(before, raw) != 0)
        doubt(parser, parser->section,
              "its section is there twice, written in two ways, and it takes the last one alone");
    else if (parser->section != NULL)
        map_put(parser->arena, &parser->file->written, parser->section, raw);
    if (parser->section != NULL && (padded || bracket || parser->everywhere)) {
        bool plain = strcmp(parser->section, "default") == 0;
        doubt(parser, plain ? "profile default" : parser->section,
              padded    ? "blanks stand inside the brackets of its section, which it takes for another one"
              : bracket ? "a ] stands in the comment behind its section, which it takes for another one"
                        : "it takes [DEFAULT] for no profile, but for a part of every one");
    }
    parser->begun = true;
    parser->value = NULL;
    return true;
}

// Whether a text begins with what is neither a space nor a tab and is not seen: a control character, or a blank of
// Unicode's, some of no width.
static bool is_odd(const char *text)
{
    static const char *const odd[] = {"\xc2\x85",     "\xc2\xa0",     "\xc2\xad",     "\xe1\x9a\x80", "\xe1\xa0\x8e",
                                      "\xe2\x81\x9f", "\xe2\x81\xa0", "\xe3\x80\x80", "\xef\xbb\xbf"};
    unsigned char last = strncmp(text, "\xe2\x80", 2) == 0 ? (unsigned char)text[2] : 0; // U+2000 and what follows it
    bool found = iscntrl((unsigned char)text[0]) || (last >= 0x80 && last <= 0x8f) || (last >= 0xa8 && last <= 0xaf);
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]) && !found; i++)
        found = strncmp(text, odd[i], strlen(odd[i])) == 0;
    return found;
}

// Whether one stands at either end: the AWS CLI takes some of them off.
static bool has_odd_ends(const char *text)
{
    const char *last = text + strlen(text);
    do
        last -= last > text;
    while (last > text && ((unsigned char)*last & 0xc0) == 0x80);
    return text[0] != '\0' && (is_odd(text) || is_odd(last));
}

static bool is_of_services(const struct parser *parser)
{
    return parser->section != NULL && strncmp(parser->section, "services ", strlen("services ")) == 0;
}

static bool refuse_odd(const struct parser *parser, const char *key, struct error *error)
{
    return refuse(parser, error,
                  arena_printf(parser->arena,
                               "the value of %s has something about it that is neither space nor tab (a no-break "
                               "space?), and only some SDKs take it off: expected KEY = VALUE",
                               key));
}

// Whether a property of a service, NAME = VALUE, has such ends.
static bool is_odd_property(const struct parser *parser, const char *body)
{
    char *name = arena_strdup(parser->arena, body), *value = strchr(name, '=');
    *value = '\0';
    return has_odd_ends(trimmed(name)) || has_odd_ends(trimmed(value + 1));
}

// The rest of a value, which becomes a line of its own in it. It is moved to where the value ends: there is room, as it
// comes from further behind.
static bool go_on(struct parser *parser, char *line, struct error *error)
{
    char *body = trimmed(line);
    if (body[0] == '#' || body[0] == ';')
        return true;
    if (!parser->begun)
        return refuse(parser, error, "expected a [SECTION] above it");
    if (parser->value == NULL)
        return refuse(
            parser, error,
            "an indented line goes on with a value, but there is none above it: take out the blanks before it (the "
            "AWS CLI and some SDKs read it as a setting, others not at all)");
    if (parser->nested && body[0] == '=')
        return refuse(parser, error, "expected NAME = VALUE, found no name");
    if (parser->nested && strchr(body, '=') == NULL)
        return refuse(parser, error, "expected NAME = VALUE below a key without a value");
    if (parser->nested && is_of_services(parser) && is_odd_property(parser, body))
        return refuse_odd(parser, "a service", error);
    char *end = parser->value + strlen(parser->value);
    *end = '\n';
    memmove(end + 1, body, strlen(body) + 1);
    return true;
}

// Whether a heeded key stands before a colon: "role_arn: arn:aws:iam::111122223333:role/a=b".
static bool is_told_by_colon(const struct parser *parser, const char *key)
{
    size_t length = strcspn(key, ":");
    return key[length] != '\0' && config_heeds(trimmed(arena_strndup(parser->arena, key, length)));
}

// Whether a heeded key has bytes about it that none has, as of a no-break space: the AWS CLI takes that for a blank.
static bool has_odd_blanks(const struct parser *parser, const char *key)
{
    char *plain = arena_strdup(parser->arena, key), *end = plain;
    for (const char *p = key; *p != '\0'; p++)
        if (isgraph((unsigned char)*p))
            *end++ = *p;
    *end = '\0';
    return strcmp(plain, key) != 0 && config_heeds(plain);
}

static bool add_property(struct parser *parser, char *line, struct error *error)
{
    if (!parser->begun)
        return refuse(parser, error, "expected KEY = VALUE below a [SECTION]");
    char *body = without_comment(line, true), *equals = strchr(body, '=');
    if (equals == NULL)
        return refuse(parser, error, "expected KEY = VALUE");
    *equals = '\0';
    char *key = trimmed(body);
    if (key[0] == '\0')
        return refuse(parser, error, "expected KEY = VALUE, found no key");
    for (char *p = key; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    if (parser->section != NULL && is_told_by_colon(parser, key))
        return refuse(parser, error, "expected KEY = VALUE, found KEY: VALUE, which the AWS CLI alone takes");
    if ((parser->section != NULL && has_odd_blanks(parser, key)) || (is_of_services(parser) && has_odd_ends(key)))
        return refuse(parser, error,
                      "the key has something about it that is neither space nor tab (a no-break space?), and only some "
                      "SDKs know it so: expected KEY = VALUE");
    parser->value = trimmed(equals + 1);
    bool heeded = parser->section != NULL && (config_heeds(key) || is_of_services(parser));
    if (heeded && has_odd_ends(parser->value))
        return refuse_odd(parser, key, error);
    parser->nested = parser->value[0] == '\0';
    if (parser->section != NULL && is_identifier(key))
        map_put(parser->arena, &parser->file->values, arena_printf(parser->arena, "%s|%s", parser->section, key),
                parser->value);
    if (parser->everywhere)
        map_put(parser->arena, &parser->file->defaults, arena_strdup(parser->arena, key), parser->value);
    return true;
}

bool config_parse(struct arena *arena, const char *name, enum config_kind kind, const char *text, size_t length,
                  struct config_file *file, struct error *error)
{
    struct parser parser = {.arena = arena, .file = file, .kind = kind, .name = name};
    if (memchr(text, '\0', length) != NULL)
        return error_set(error, ERROR_USAGE, "%s: holds a zero byte, expected text", name);
    char *next;
    for (char *line = arena_strndup(arena, text, length); line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        parser.line++;
        size_t end = strlen(line);
        if (end > 0 && line[end - 1] == '\r')
            line[--end] = '\0';
        if (strchr(line, '\r') != NULL)
            return refuse(&parser, error, "a carriage return within the line, which ends it for the AWS CLI alone");
        if (line[strspn(line, blanks)] == '\0' || line[0] == '#' || line[0] == ';')
            continue;
        bool good = line[0] == '['                    ? begin_section(&parser, line, error)
                    : strchr(blanks, line[0]) != NULL ? go_on(&parser, line, error)
                                                      : add_property(&parser, line, error);
        if (!good)
            return false;
    }
    return true;
}

bool config_file_read(struct arena *arena, const char *path, enum config_kind kind, struct config_file *file,
                      struct error *error)
{
    size_t length;
    if (access(path, F_OK) != 0)
        return true;
    char *text = file_read_settings(path, &length, error);
    if (text == NULL)
        return false;
    bool good = config_parse(arena, path, kind, text, length, file, error);
    memory_wipe(text, length);
    free(text);
    return good;
}

const char *config_profile(struct arena *arena, const struct config_file *file, const char *profile)
{
    const char *section = arena_printf(arena, "profile %s", profile);
    return strcmp(profile, "default") == 0 && map_get(&file->sections, section) == NULL ? "default" : section;
}

// Whether two sections say the same of what is heeded.
static bool same_values(struct arena *arena, const struct config_file *file, const char *one, const char *other)
{
    for (size_t i = 0; config_heeded[i] != NULL; i++)
        if (!text_same(map_get(&file->values, arena_printf(arena, "%s|%s", one, config_heeded[i])),
                       map_get(&file->values, arena_printf(arena, "%s|%s", other, config_heeded[i]))))
            return false;
    return true;
}

const char *config_doubt(struct arena *arena, const struct config_file *file, const char *profile)
{
    const char *section = config_profile(arena, file, profile),
               *of_profile = arena_printf(arena, "profile %s", profile);
    const char *why = map_get(&file->doubts, of_profile);
    if (why == NULL && strcmp(profile, "default") == 0 && map_get(&file->doubts, "default") != NULL &&
        !same_values(arena, file, "default", of_profile))
        why = map_get(&file->doubts, "default");
    for (size_t i = 0; why == NULL && config_heeded[i] != NULL; i++)
        if (map_get(&file->defaults, config_heeded[i]) != NULL && map_get(&file->sections, section) != NULL &&
            !config_has(arena, file, section, config_heeded[i]))
            why = arena_printf(arena, "it takes %s of [DEFAULT] for every profile", config_heeded[i]);
    return why;
}

bool config_has(struct arena *arena, const struct config_file *file, const char *section, const char *key)
{
    return map_get(&file->values, arena_printf(arena, "%s|%s", section, key)) != NULL;
}

const char *config_value(struct arena *arena, const struct config_file *file, const char *section, const char *key)
{
    const char *value = map_get(&file->values, arena_printf(arena, "%s|%s", section, key));
    return value == NULL || value[0] == '\0' ? NULL : value;
}

const char *config_nested(struct arena *arena, const struct config_file *file, const char *section, const char *key,
                          const char *name)
{
    const char *all = config_value(arena, file, section, key), *found = NULL;
    if (all == NULL || all[0] != '\n')
        return NULL;
    char *rest = NULL, *copy = arena_strdup(arena, all);
    for (char *line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *equals = strchr(line, '=');
        if (equals == NULL)
            continue;
        *equals = '\0';
        if (strcasecmp(trimmed(line), name) == 0)
            found = trimmed(equals + 1);
    }
    return found == NULL || found[0] == '\0' ? NULL : found;
}

const char *config_environment(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

static const char *home_of(struct arena *arena, const char *user)
{
    const char *home = user == NULL ? config_environment("HOME") : NULL;
    const struct passwd *entry = home != NULL ? NULL : user == NULL ? getpwuid(getuid()) : getpwnam(user);
    return home != NULL ? home : entry == NULL ? NULL : arena_strdup(arena, entry->pw_dir);
}

const char *config_expand(struct arena *arena, const char *path)
{
    static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    struct text made = {0};
    for (const char *at = path; *at != '\0';) {
        bool braced = at[0] == '$' && at[1] == '{' && strchr(at, '}') != NULL;
        const char *name = at + 1 + braced;
        size_t length = at[0] != '$' ? 0 : braced ? strcspn(name, "}") : strspn(name, word);
        const char *value = length == 0 ? NULL : getenv(arena_strndup(arena, name, length));
        size_t whole = 1 + (braced ? strcspn(name, "}") + 2 : length);
        if (value != NULL)
            text_printf(&made, "%s", value);
        else
            text_add(&made, at, whole);
        at += whole;
    }
    const char *expanded = made.bytes == NULL ? "" : arena_strdup(arena, made.bytes);
    text_free(&made);
    return config_path(arena, expanded);
}

const char *config_path(struct arena *arena, const char *path)
{
    if (path[0] != '~')
        return path;
    size_t length = strcspn(path + 1, "/");
    const char *home = home_of(arena, length == 0 ? NULL : arena_strndup(arena, path + 1, length));
    return home == NULL ? path : arena_printf(arena, "%s%s", home, path + 1 + length);
}
