#include <sys/stat.h>

#include "cli/common.h"
#include "report/report.h"

static const struct option_spec options_of_report[] = {
    OPTION_FORMAT("text, json or html (default text)"),
    {"title", 0, "TEXT", "heading of the report (default: the run's name)", false},
    OPTIONS_END,
};

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
    if (!cli_format(&options, "text json html", &format, &error) || !verdicts_read(arena, file, &set, &error))
        return cli_fail(&error);
    struct report_options how = {.colour = cli_colour(&options), .title = title != NULL ? title : path};
    struct text out = {0};
    if (strcmp(format, "json") == 0)
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
