#include "cli/common.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aws/snapshot.h"
#include "base/file.h"
#include "base/log.h"
#include "base/rights.h"
#include "pipeline/evidence_files.h"
#include "cli/habits.h"
#include "model/protocol.h"
#include "verdicts/drift.h"
#include "verdicts/plan.h"
#include "service_ports.h"
#include "rules/controls/controls.h"
#include "rules/reach/reach.h"

int cli_fail(const struct error *error)
{
    log_line(LOG_ERROR, "%s", error->message);
    if (strstr(error->message, strerror(EACCES)) != NULL && rights_are_roots_own())
        log_line(LOG_INFO, "sgproof gives up root's right to files of others before it reads anything: use places that "
                           "root owns, or run it as their owner (with CAP_NET_RAW, where it is to send SYN packets)");
    return error->code == ERROR_NONE ? ERROR_USAGE : (int)error->code;
}

int cli_usage(const struct command *command, const char *message)
{
    log_line(LOG_ERROR, "%s; usage: sgproof %s %s", message, command->name, command->usage);
    return ERROR_USAGE;
}

bool cli_output(const struct options *options, const struct text *text, struct error *error)
{
    const char *path = options_value(options, "output");
    if (path != NULL && strcmp(path, "-") != 0)
        return file_write(path, text->bytes, text->length, error);
    if (fwrite(text->bytes, 1, text->length, stdout) != text->length || fflush(stdout) != 0)
        return error_set(error, ERROR_INCOMPLETE, "the output could not be written");
    return true;
}

bool cli_output_begin(const struct options *options, struct output *output, struct text *text, struct error *error)
{
    const char *path = options_value(options, "output");
    output->is_file = path != NULL && strcmp(path, "-") != 0;
    if (output->is_file && !file_begin(&output->draft, path, error))
        return false;
    *text = (struct text){.sink = output->is_file ? output->draft.stream : stdout};
    return true;
}

bool cli_output_end(struct output *output, struct text *text, struct error *error)
{
    text_flush(text);
    text_free(text);
    if (output->is_file)
        return file_commit(&output->draft, error);
    if (fflush(stdout) != 0 || ferror(stdout))
        return error_set(error, ERROR_INCOMPLETE, "the output could not be written");
    return true;
}

void cli_output_abandon(struct output *output, struct text *text)
{
    text_free(text);
    if (output->is_file)
        file_abandon(&output->draft);
}

bool cli_format(const struct options *options, const char *formats, const char **format, struct error *error)
{
    const char *wanted = options_value(options, "format");
    *format = "text";
    if (wanted == NULL)
        return true;
    size_t length = strlen(wanted);
    for (const char *at = formats; (at = strstr(at, wanted)) != NULL; at++)
        if (length > 0 && (at == formats || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) {
            *format = wanted;
            return true;
        }
    return error_set(error, ERROR_USAGE, "--format %s: expected one of: %s", wanted, formats);
}

bool cli_colour(const struct options *options)
{
    const char *no_colour = getenv("NO_COLOR");
    return options_value(options, "output") == NULL && isatty(STDOUT_FILENO) &&
           (no_colour == NULL || no_colour[0] == '\0');
}

bool cli_say_missing(const struct exposure_set *set)
{
    enum { SHOWN = 20 };
    struct arena *arena = arena_new();
    text_list gaps = exposure_set_gaps(arena, set);
    for (size_t i = 0; i < gaps.count && i < SHOWN; i++)
        log_line(LOG_WARNING, "incomplete: %s", gaps.items[i]);
    if (gaps.count > SHOWN)
        log_line(LOG_WARNING, "incomplete: %u more: sgproof compute --format json lists all", gaps.count - SHOWN);
    for (size_t i = 0; i < set->notes.count; i++)
        log_line(LOG_DEBUG, "%s", set->notes.items[i]);
    for (size_t i = 0; i < set->assumptions.count; i++)
        log_line(LOG_DEBUG, "assumed: %s", set->assumptions.items[i]);
    arena_free(arena);
    return exposure_set_complete(set);
}

const char *cli_numbers(struct arena *arena, const struct exposure *exposure)
{
    if (protocol_has_ports(exposure->protocol_low))
        return portset_format(arena, portset_of(arena, exposure->low, exposure->high));
    if (!protocol_is_icmp(exposure->protocol_low) || (exposure->low == 0 && exposure->high == PORT_LAST))
        return "all";
    const char *from = arena_printf(arena, "%d", exposure->low >> 8),
               *to = arena_printf(arena, "%d", exposure->high >> 8);
    const char *types = strcmp(from, to) == 0 ? from : arena_printf(arena, "%s-%s", from, to);
    if ((exposure->low & 255) == 0 && (exposure->high & 255) == 255)
        return arena_printf(arena, "type %s", types);
    return arena_printf(arena, "type %s code %d-%d", types, exposure->low & 255, exposure->high & 255);
}

bool cli_intent(struct arena *arena, const struct options *options, struct intent **intent, struct error *error)
{
    const char *file = options_value(options, "intent");
    *intent = file == NULL ? NULL : intent_read(arena, file, error);
    return file == NULL || *intent != NULL;
}

bool cli_packs(struct arena *arena, const struct options *options, struct pack_list *packs, struct error *error)
{
    const struct option_values *given = options_values(options, "pack");
    return pack_list_read(arena, given->items.items, given->items.count, packs, error);
}

bool cli_control_exists(struct arena *arena, const struct pack_list *packs, bool of_account, const char *glob,
                        struct error *error)
{
    text_list ids = {0};
    for (size_t p = 0; p < packs->items.count; p++)
        for (size_t i = 0; i < packs->items.items[p].pack->controls.count; i++) {
            const struct pack_control *control = &packs->items.items[p].pack->controls.items[i];
            if (of_account && !control_is_of_account(control))
                continue;
            if (fnmatch(glob, control->id, 0) == 0)
                return true;
            *vector_add(arena, &ids) = control->id;
            if (strchr(glob, '/') == NULL && fnmatch(glob, text_behind_slash(control->id), 0) == 0) // without its pack
                return error_set(error, ERROR_USAGE,
                                 "--fail-on %s: no control judged here has this id: did you mean %s?", glob,
                                 control->id);
        }
    *vector_add(arena, &ids) = NULL;
    return error_set(error, ERROR_USAGE, "--fail-on %s: no control judged here has an id like it%s", glob,
                     habit_of_value(arena, glob, ids.items));
}

bool cli_date(struct arena *arena, const struct options *options, const char **date, struct error *error)
{
    const char *given = options_value(options, "date");
    struct tm parts = {0};
    if (given == NULL) {
        time_t now = time(NULL);
        gmtime_r(&now, &parts);
        char text[16];
        strftime(text, sizeof(text), "%Y-%m-%d", &parts);
        *date = arena_strdup(arena, text);
        return true;
    }
    const char *end = strptime(given, "%Y-%m-%d", &parts);
    *date = given;
    return (end != NULL && *end == '\0' && strlen(given) == 10) ||
           error_set(error, ERROR_USAGE, "--date %s: expected YYYY-MM-DD", given);
}

static bool fail_on_word(struct arena *arena, const char *word, struct fail_on *fail_on, struct error *error)
{
    static const char *const others[] = {"critical", "high", "medium", "low", "info", "none"};
    enum severity severity;
    if (strcmp(word, "none") == 0)
        return true;
    if (severity_parse(word, &severity)) {
        fail_on->least = fail_on->severity && fail_on->least > severity ? fail_on->least : severity;
        fail_on->severity = true;
        return true;
    }
    if (strncmp(word, "control:", 8) == 0 && word[8] != '\0') {
        *vector_add(arena, &fail_on->controls) = word + 8;
        return true;
    }
    for (int i = 0; i < VERDICT_KINDS; i++)
        if (strcmp(word, verdict_names[i]) == 0)
            return fail_on->verdicts[i] = true;
    text_list words = {0};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        *vector_add(arena, &words) = others[i];
    for (int i = 0; i < VERDICT_KINDS; i++)
        *vector_add(arena, &words) = verdict_names[i];
    *vector_add(arena, &words) = NULL;
    return error_set(error, ERROR_USAGE,
                     "--fail-on %s: expected critical, high, medium, low, info, a verdict such as undeclared, "
                     "control:ID, or none%s",
                     word, habit_of_value(arena, word, words.items));
}

bool cli_fail_on(struct arena *arena, const struct options *options, struct fail_on *fail_on, struct error *error)
{
    const struct option_values *given = options_values(options, "fail-on");
    *fail_on = (struct fail_on){.severity = given->items.count == 0, .least = SEVERITY_HIGH};
    for (size_t i = 0; i < given->items.count; i++) {
        char *copy = arena_strdup(arena, given->items.items[i]), *rest = NULL;
        char *word = strtok_r(copy, ",", &rest);
        if (word == NULL)
            return fail_on_word(arena, "", fail_on, error);
        for (; word != NULL; word = strtok_r(NULL, ",", &rest))
            GUARD(fail_on_word(arena, word, fail_on, error));
    }
    return true;
}

bool cli_is_silent(const struct options *options, const char *format, int status)
{
    return status == 0 && strcmp(format, "text") == 0 && options_value(options, "quiet") != NULL &&
           options_value(options, "output") == NULL;
}

bool cli_baseline_read(struct arena *arena, const struct options *options, const struct verdict_set **baseline,
                       struct error *error)
{
    const char *path = options_value(options, "baseline");
    struct stat about;
    *baseline = NULL;
    if (path == NULL)
        return true;
    struct verdict_set *set = arena_new_of(arena, struct verdict_set);
    *baseline = set;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode) ? evidence_verdicts(arena, path, set, error)
                                                             : verdicts_read(arena, path, set, error);
}

struct verdict_set cli_baseline_fresh(struct arena *arena, const struct verdict_set *set,
                                      const struct verdict_set *baseline, struct drift_known *known)
{
    struct verdict_set fresh = *set;
    *known = (struct drift_known){0};
    if (baseline == NULL)
        return fresh;
    drift_since(arena, set, baseline, &fresh, known);
    log_line(LOG_INFO, "%zu ports are as in the baseline and not reported", known->ports);
    return fresh;
}

const char *cli_still_wrong(struct arena *arena, const struct drift_known *known)
{
    size_t critical = known->by_severity[SEVERITY_CRITICAL], high = known->by_severity[SEVERITY_HIGH];
    if (critical + high == 0)
        return "";
    return arena_printf(arena, "Still there, as in the baseline: %zu ports critical, %zu high\n", critical, high);
}
