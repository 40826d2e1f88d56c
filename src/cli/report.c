#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/common.h"
#include "evidence/tar.h"
#include "report/report.h"

static const struct option_spec options_of_report[] = {
    OPTION_FORMAT("text, json, html or tar (default text)"),
    {"title", 0, "TEXT", "heading of the report (default: the run's name)", false},
    OPTIONS_END,
};

// The bundle as one file; its folder in it is named by the run.
static bool write_tar(struct arena *arena, const char *folder, struct text *out, struct error *error)
{
    struct manifest manifest = {0};
    size_t length;
    char *bytes = file_read(arena_printf(arena, "%s/manifest.json", folder), &length, error);
    bool good = bytes != NULL && manifest_read(arena, "manifest.json", bytes, length, &manifest, error) &&
                tar_write(arena, folder, arena_printf(arena, "sgproof-%s", manifest.run_id), &manifest, out, error);
    free(bytes);
    return good;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct verdict_set set = {0};
    struct stat about;
    const char *format;
    bool done;
    if (!options_parse(arena, &command_report, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (options.operands.count != 1)
        return cli_usage(&command_report, "expected one evidence folder or verdicts.json");
    const char *path = options.operands.items[0], *file = path, *title = options_value(&options, "title");
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        file = arena_printf(arena, "%s/verdicts.json", path);
    if (!cli_format(&options, "text json html tar", &format, &error) || !verdicts_read(arena, file, &set, &error))
        return cli_fail(&error);
    struct report_options how = {.colour = cli_colour(&options), .title = title != NULL ? title : path};
    struct text out = {0};
    if (strcmp(format, "tar") == 0 && !write_tar(arena, path, &out, &error)) {
        text_free(&out);
        return cli_fail(&error);
    }
    if (strcmp(format, "tar") == 0)
        ;
    else if (strcmp(format, "json") == 0)
        verdicts_write_json(&set, &out);
    else if (strcmp(format, "html") == 0)
        report_html(&set, &how, &out);
    else
        report_text(&set, &how, &out);
    bool written = cli_output(&options, &out, &error);
    text_free(&out);
    return !written ? cli_fail(&error) : set.complete ? 0 : ERROR_INCOMPLETE;
}

const struct command command_report = {
    .name = "report",
    .summary = "Writes a run's verdicts for people or programs.",
    .usage = "EVIDENCE-FOLDER|VERDICTS.json [--format FORMAT]",
    .notes = "Examples:\n"
             "  sgproof report evidence/\n"
             "  sgproof report evidence/ --format html -o report.html\n",
    .options = options_of_report,
    .run = run,
};
