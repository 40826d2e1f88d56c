// Which accounts the options name, and by which role they are to be entered.
#include <stdlib.h>

#include "base/file.h"
#include "cli/aws.h"

static bool add_account(struct arena *arena, const char *path, size_t line, char *text, struct option_values *accounts,
                        struct error *error)
{
    text[strcspn(text, "#")] = '\0';
    char *id = text + strspn(text, " \t\r");
    for (size_t end = strlen(id); end > 0 && strchr(" \t\r", id[end - 1]) != NULL; end--)
        id[end - 1] = '\0';
    if (id[0] == '\0')
        return true;
    if (strpbrk(id, " \t") != NULL)
        return error_set(error, ERROR_USAGE, "%s:%zu: \"%s\": expected one account, of 12 digits, a line", path, line,
                         id);
    if (strlen(id) != 12 || strspn(id, "0123456789") != 12)
        return error_set(error, ERROR_USAGE, "%s:%zu: %s: expected an account of 12 digits", path, line, id);
    *vector_add(arena, &accounts->items) = id;
    return true;
}

static bool read_list(struct arena *arena, const char *path, struct option_values *accounts, struct error *error)
{
    size_t length, line = 1;
    char *bytes = file_read(path, &length, error);
    if (bytes == NULL)
        return false;
    char *text = arena_strndup(arena, bytes, length), *next;
    free(bytes);
    for (; text != NULL; text = next, line++) {
        next = strchr(text, '\n');
        if (next != NULL)
            *next++ = '\0';
        GUARD(add_account(arena, path, line, text, accounts, error));
    }
    return accounts->items.count > 0 || error_set(error, ERROR_USAGE, "%s: names no account", path);
}

static bool read_organization(const struct options *options, struct collect_options *wanted, struct error *error)
{
    const struct option_values *units = options_values(options, "org-unit"),
                               *excluded = options_values(options, "org-exclude");
    wanted->organization = options_value(options, "org") != NULL || units->items.count > 0;
    for (size_t i = 0; i < units->items.count; i++)
        if (!collect_is_unit(units->items.items[i]))
            return error_set(error, ERROR_USAGE,
                             "--org-unit %s: expected an organizational unit, as in ou-ab12-cdef3456, or the root",
                             units->items.items[i]);
    for (size_t i = 0; i < excluded->items.count; i++) {
        const char *one = excluded->items.items[i];
        bool account = strlen(one) == 12 && strspn(one, "0123456789") == 12;
        if (!account && !collect_is_unit(one))
            return error_set(error, ERROR_USAGE,
                             "--org-exclude %s: expected an account of 12 digits or an organizational unit", one);
    }
    if (excluded->items.count > 0 && !wanted->organization)
        return error_set(error, ERROR_USAGE, "--org-exclude goes with --org or --org-unit");
    wanted->units = units->items.items;
    wanted->unit_count = units->items.count;
    wanted->excluded = excluded->items.items;
    wanted->excluded_count = excluded->items.count;
    return true;
}

// As https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html has them, shortest and longest.
static bool check_text(const char *option, const char *text, const char *also, size_t least, size_t most,
                       struct error *error)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-";
    size_t length = text == NULL ? least : strlen(text), good = 0;
    while (text != NULL && text[good] != '\0' &&
           (strchr(letters, text[good]) != NULL || strchr(also, text[good]) != NULL))
        good++;
    return (length >= least && length <= most && (text == NULL || good == length)) ||
           error_set(error, ERROR_USAGE, "--%s: expected %zu to %zu letters, digits and _+=,.@-%s", option, least, most,
                     also);
}

// Whether it is the ARN of a role, with nothing in braces but what is put in.
static bool is_role_arn(const char *text)
{
    const char *place = strstr(text, ":iam::"), *role = place == NULL ? NULL : strstr(place, ":role/");
    for (const char *at = text; (at = strpbrk(at, "{}")) != NULL; at = strchr(at, '}') + 1)
        if (strncmp(at, COLLECT_ACCOUNT, strlen(COLLECT_ACCOUNT)) != 0 &&
            strncmp(at, COLLECT_PARTITION, strlen(COLLECT_PARTITION)) != 0)
            return false;
    return strncmp(text, "arn:", 4) == 0 && role != NULL && role[strlen(":role/")] != '\0' && strlen(text) <= 2048 &&
           text[strcspn(text, " \t\r\n&?#")] == '\0';
}

// The account that a role's ARN names, where it names one.
static const char *account_of(struct arena *arena, const char *arn)
{
    const char *id = strstr(arn, ":iam::") + strlen(":iam::");
    return strspn(id, "0123456789") == 12 && id[12] == ':' ? arena_strndup(arena, id, 12) : NULL;
}

static bool read_role(struct arena *arena, const struct options *options, struct collect_options *wanted,
                      struct error *error)
{
    const char *name = options_value(options, "role-name"), *arn = options_value(options, "role-arn");
    bool several = wanted->organization || options_value(options, "accounts") != NULL;
    if (name != NULL && arn != NULL)
        return error_set(error, ERROR_USAGE, "--role-name and --role-arn exclude each other");
    if (arn != NULL && !is_role_arn(arn))
        return error_set(error, ERROR_USAGE,
                         "--role-arn %s: expected a role's ARN, as in "
                         "arn:{partition}:iam::{account}:role/NAME, {account} standing for each account",
                         arn);
    if (several && name == NULL && (arn == NULL || strstr(arn, COLLECT_ACCOUNT) == NULL))
        return error_set(error, ERROR_USAGE,
                         "--role-name goes with --org, --org-unit or --accounts, and they with it, or with a "
                         "--role-arn that has {account} in it");
    if (!several && name != NULL)
        return error_set(error, ERROR_USAGE, "--role-name goes with --org, --org-unit or --accounts");
    wanted->role = (struct role){.external_id = options_value(options, "external-id"),
                                 .session_name = options_value(options, "role-session-name")};
    if (name == NULL && arn == NULL && (wanted->role.external_id != NULL || wanted->role.session_name != NULL))
        return error_set(error, ERROR_USAGE, "--external-id and --role-session-name go with --role-name or --role-arn");
    wanted->role.arn = name == NULL ? arn
                                    : arena_printf(arena, "arn:" COLLECT_PARTITION ":iam::" COLLECT_ACCOUNT ":role/%s",
                                                   name + (name[0] == '/')); // a path as IAM writes it
    if (wanted->role.arn != NULL && text_behind_slash(wanted->role.arn)[0] == '\0')
        return error_set(error, ERROR_USAGE, "--%s %s: expected a role's name behind its path",
                         name == NULL ? "role-arn" : "role-name", name == NULL ? arn : name);
    if (arn != NULL && !several) {
        const char **account = arena_array(arena, const char *, 1);
        account[0] = account_of(arena, arn);
        if (account[0] == NULL)
            return error_set(error, ERROR_USAGE,
                             "--role-arn %s: without --org, --org-unit or --accounts, expected a role of an account of "
                             "12 digits",
                             arn);
        wanted->accounts = account;
        wanted->account_count = 1;
    }
    return check_text("role-name", name, "/", 1, 512, error) &&
           check_text("external-id", wanted->role.external_id, ":/", 2, 1224, error) &&
           check_text("role-session-name", wanted->role.session_name, "", 2, 64, error);
}

bool cli_accounts(struct arena *arena, const struct options *options, struct collect_options *wanted,
                  struct error *error)
{
    const char *path = options_value(options, "accounts");
    struct option_values accounts = {0};
    GUARD(read_organization(options, wanted, error));
    if (wanted->organization && path != NULL)
        return error_set(error, ERROR_USAGE, "--org and --accounts exclude each other");
    GUARD(read_role(arena, options, wanted, error));
    if (path == NULL)
        return true;
    GUARD(read_list(arena, path, &accounts, error));
    wanted->accounts = accounts.items.items;
    wanted->account_count = accounts.items.count;
    return true;
}
