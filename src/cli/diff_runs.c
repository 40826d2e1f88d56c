#include "cli/diff_runs.h"

#include "pipeline/fail_on.h"
#include "cli/output.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/printable.h"
#include "pipeline/evidence_files.h"
#include "pipeline/past.h"
#include "model/flow_change.h"
#include "report/report.h"
#include "cli/past_file.h"

static bool is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static bool is_evidence(struct arena *arena, const char *path)
{
    return access(arena_printf(arena, "%s/manifest.json", path), F_OK) == 0;
}

bool diff_is_of_runs(struct arena *arena, const struct options *options)
{
    for (size_t i = 0; i < options->operands.count; i++) {
        const char *operand = options->operands.items[i];
        bool id = strlen(operand) <= 16 && strspn(operand, "0123456789abcdef") == strlen(operand);
        if (!is_evidence(arena, operand) && (is_folder(operand) || !id))
            return false;
    }
    return options->operands.count == 2;
}

static bool read_side(struct arena *arena, const struct options *options, const char *operand, struct verdict_set *set,
                      struct error *error)
{
    struct run_record run;
    if (is_evidence(arena, operand))
        return evidence_verdicts(arena, operand, set, error);
    const char *file = past_file(arena, options);
    if (file == NULL)
        return error_set(error, ERROR_USAGE, "%s: no evidence folder, and there is no history to look in", operand);
    struct history *history = history_open(arena, file, false, error);
    bool good = history != NULL && history_is_sound(history, error) && history_find(history, operand, &run, error) &&
                history_verdicts(history, &run, set, error);
    history_close(history);
    return good;
}

int diff_runs(struct arena *arena, const struct options *options)
{
    struct error error = {0};
    struct verdict_set sets[2] = {0};
    drift_list list = {0};
    const char *format = cli_format(options);
    size_t counts[DRIFT_KINDS] = {0};
    if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0) {
        error_set(&error, ERROR_USAGE, "--format %s: of two runs, expected text or json", format);
        return cli_fail(&error);
    }
    for (int i = 0; i < 2; i++)
        if (!read_side(arena, options, options->operands.items[i], &sets[i], &error))
            return cli_fail(&error);
    drift_compute(arena, &sets[0], &sets[1], &list);
    struct text out = {0};
    if (strcmp(format, "json") == 0) {
        struct json_writer writer = json_writer_to(&out);
        json_open(&writer, NULL, '{');
        json_put_string(&writer, "schema", "sgproof/diff/v1");
        json_put_string(&writer, "of", "runs");
        json_put_string(&writer, "before", options->operands.items[0]);
        json_put_string(&writer, "after", options->operands.items[1]);
        json_put_strings(&writer, "missing_before", sets[0].missing.items, sets[0].missing.count);
        json_put_strings(&writer, "missing_after", sets[1].missing.items, sets[1].missing.count);
        json_put_strings(&writer, "not_considered", NULL, 0);
        json_put_strings(&writer, "unknown", NULL, 0);
        json_put_strings(&writer, "public_places", NULL, 0);
        drift_write_json(&list, &writer);
        flow_changes_put(&writer, &(struct flow_changes){0}, false, false); // what states alone are compared by
        json_close(&writer, '}');
        json_end_document(&writer);
    } else {
        for (size_t i = 0; i < list.count; i++) {
            text_printf(&out, "%s\n", report_clean(arena, drift_text(arena, &list.items[i])));
            counts[list.items[i].kind]++;
        }
        text_printf(&out,
                    "%zu opened, %zu closed, %zu outages, %zu changed; %zu first seen, %zu not asked; "
                    "%zu endpoints new, %zu gone\n",
                    counts[DRIFT_OPENED], counts[DRIFT_CLOSED], counts[DRIFT_OUTAGE], counts[DRIFT_CHANGED],
                    counts[DRIFT_FIRST_SEEN], counts[DRIFT_NOT_ASKED], counts[DRIFT_ENDPOINT_NEW],
                    counts[DRIFT_ENDPOINT_GONE]);
        printable_lines(&out);
    }
    bool differs = list.count > 0 && options_value(options, "exit-code") != NULL;
    bool complete = sets[0].complete && sets[1].complete;
    for (size_t i = 0; i < list.count && complete; i++)
        complete = !drift_is_open_question(&list, &list.items[i]);
    int status = cli_output(options, &out, &error) ? exit_status_of(complete, differs) : cli_fail(&error);
    text_free(&out);
    return status;
}
