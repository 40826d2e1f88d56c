#include "cli/confine.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/read/credentials.h"
#include "base/file_target.h"
#include "base/landlock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/syscalls.h"
#include "cli/commands.h"
#include "cli/defaults.h"
#include "pipeline/evidence_files.h"
#include "pipeline/past.h"
#include "cli/past_file.h"

typedef VECTOR(struct landlock_place) place_list;

// Options whose value is a file or folder that the command makes.
static const char *const made[] = {"output", "out", "capture", "state", "public", NULL};

bool cli_makes(const char *option)
{
    for (int i = 0; made[i] != NULL; i++)
        if (strcmp(made[i], option) == 0)
            return true;
    return false;
}

static const char *without_slashes(struct arena *arena, const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    return arena_strndup(arena, path, length);
}

static const char *folder_above(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? "." : slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path));
}

static void add_place(struct arena *arena, place_list *places, const char *path, enum landlock_right right)
{
    for (size_t i = 0; i < places->count; i++)
        if (places->items[i].right == right && strcmp(places->items[i].path, path) == 0)
            return;
    *vector_add(arena, places) = (struct landlock_place){path, right};
}

// The folder in which something will be made; what is no regular file is written to itself. False where there is no
// such folder.
static bool add_target(struct arena *arena, const char *path, place_list *places)
{
    struct file_target target;
    struct error ignored;
    char folder[PATH_MAX];
    if (!file_target_find(without_slashes(arena, path), &target, &ignored))
        return false;
    bool itself = target.magic || (target.there && !S_ISREG(target.about.st_mode) && !S_ISDIR(target.about.st_mode));
    bool told = file_target_folder(&target, folder); // not where there is no /proc
    file_target_leave(&target);
    add_place(arena, places,
              itself ? path
              : told ? arena_strdup(arena, folder)
                     : folder_above(arena, without_slashes(arena, path)),
              LANDLOCK_WRITE);
    return true;
}

// Of a file whose folders may have to be made, in the first of them that is there.
static void add_target_below(struct arena *arena, const char *path, place_list *places)
{
    char *above = arena_strdup(arena, path), *slash;
    while (!add_target(arena, above, places) && (slash = strrchr(above, '/')) != NULL && slash != above)
        *slash = '\0';
}

static bool takes(const struct options *options, const char *name)
{
    for (const struct option_spec *spec = options->command->options; spec->name != NULL; spec++)
        if (strcmp(spec->name, name) == 0)
            return true;
    return false;
}

static void add_temporary_folders(struct arena *arena, place_list *places)
{
    const char *given = getenv("TMPDIR");
    add_place(arena, places, given == NULL ? "/tmp" : given, LANDLOCK_WRITE);
}

// What is always written to, and what is besides the command's result.
static void add_common(struct arena *arena, const struct options *options, place_list *places)
{
    add_place(arena, places, "/dev/null", LANDLOCK_WRITE);
    add_place(arena, places, "/dev/tty", LANDLOCK_WRITE);
    const char *history = takes(options, "history") ? past_file(arena, options) : NULL;
    if (history != NULL && options_value(options, "no-history") == NULL) {
        if (options->command->talks) // the others make none
            add_target_below(arena, history, places);
        else
            add_target(arena, history, places);
        add_place(arena, places, "/var/tmp", LANDLOCK_WRITE); // SQLite's first choice
    }
    if (takes(options, "profile")) // where a refreshed token of IAM Identity Center goes
        add_place(arena, places, config_path(arena, "~/.aws/sso/cache"), LANDLOCK_WRITE);
    if (takes(options, "sign") || takes(options, "history") || options->command->unpacks)
        add_temporary_folders(arena, places);
}

static void add_made(struct arena *arena, const struct options *options, place_list *places)
{
    for (int i = 0; made[i] != NULL; i++) {
        const char *path = options_value(options, made[i]);
        if (path != NULL && strcmp(path, "-") != 0)
            add_target(arena, path, places);
    }
    if (options->command->makes_operand)
        for (size_t i = 0; i < options->operands.count; i++)
            add_target(arena, options->operands.items[i], places);
    if (takes(options, "out") && options_value(options, "out") == NULL && !options->command->makes_operand)
        add_place(arena, places, ".", LANDLOCK_WRITE);
}

static const char *said_of(struct arena *arena, const place_list *places)
{
    const char *text = "";
    for (size_t i = 0; i < places->count; i++)
        text = arena_printf(arena, "%s%s%s%s", text, i > 0 ? ", " : "", places->items[i].path,
                            places->items[i].right == LANDLOCK_FOLDERS ? " (folders only)" : "");
    return text;
}

static void limit_places(struct arena *arena, const place_list *places)
{
    struct error why = {0};
    int version;
    if (landlock_limit(places->items, places->count, &version, &why))
        log_line(LOG_DEBUG, "confined: Landlock (version %d): writes to %s only", version, said_of(arena, places));
    else
        log_line(LOG_DEBUG, "not confined to its places: %s", why.message);
}

static void limit_syscalls(enum syscalls_stage stage)
{
    struct error why = {0};
    if (syscalls_limit(stage, &why))
        log_line(LOG_DEBUG, "confined: seccomp: %s", syscalls_said(stage));
    else
        log_line(LOG_DEBUG, "not confined to its system calls: %s", why.message);
}

// Whether AWS is read.
static bool reads_aws(const struct options *options)
{
    bool told = options_value(options, "snapshot") != NULL ||
                (options->command == &command_change && options->operands.count > 1);
    return takes(options, "profile") && !told;
}

// Whether another program may be started: a profile of the AWS shared files may name one.
static bool may_start(const struct options *options)
{
    if (!reads_aws(options))
        return false;
    secret_protect(); // they hold keys
    return aws_config_names_process();
}

// What the shared files say decides how much is left to the process, so all else goes before they are read.
static void confine(struct arena *arena, const struct options *options)
{
    place_list places = {0};
    struct error ignored; // what follows says whether there is seccomp
    if (reads_aws(options))
        syscalls_limit(SYSCALLS_START, &ignored);
    bool starts = may_start(options);
    add_common(arena, options, &places);
    add_made(arena, options, &places);
    if (starts)
        log_line(LOG_DEBUG,
                 "not confined to its places: a credential_process may be started, and has files of its own");
    else
        limit_places(arena, &places);
    bool talks = options->command->talks && options_value(options, "from-capture") == NULL;
    limit_syscalls(starts ? SYSCALLS_START : talks ? SYSCALLS_TALK : SYSCALLS_PARSE);
}

// Each file that the command line names, but for those that the command makes.
static bool inputs_hold(const struct options *options, struct error *error)
{
    for (size_t i = 0; i < options->operands.count && !options->command->makes_operand; i++)
        GUARD(evidence_input_holds(options->operands.items[i], error));
    for (const struct option_spec *spec = options->command->options; spec->name != NULL; spec++) {
        const struct option_values *values = options_values(options, spec->name);
        for (size_t i = 0; i < values->items.count && !cli_makes(spec->name); i++)
            GUARD(evidence_input_holds(values->items.items[i], error));
    }
    return true;
}

bool cli_options(struct arena *arena, const struct command *command, int argc, char **argv, struct options *options,
                 bool *done, struct error *error)
{
    GUARD(options_parse(arena, command, argc, argv, options, done, error));
    if (*done)
        return true;
    GUARD(defaults_apply(arena, options, error));
    confine(arena, options);
    return inputs_hold(options, error);
}

void cli_confine_to(struct arena *arena, const struct options *options, const struct temporary *temporary)
{
    place_list places = {0};
    const char *output = options_value(options, "output");
    if (may_start(options))
        return;
    add_place(arena, &places, temporary->path, LANDLOCK_WRITE);
    add_place(arena, &places, folder_above(arena, temporary->path), LANDLOCK_FOLDERS);
    if (output != NULL && strcmp(output, "-") != 0)
        add_target(arena, output, &places);
    add_common(arena, options, &places);
    limit_places(arena, &places);
}
