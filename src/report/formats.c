#include "report/report.h"

const struct report_format report_formats[] = {
    {.name = "text", .write = report_text, .verdicts = REPORT_SHOWN, .observations = REPORT_HEARD, .inside = true},
    {.name = "markdown", .write = report_markdown, .verdicts = REPORT_SHOWN, .inside = true},
    {.name = "html", .write = report_html, .observations = REPORT_EVERY, .inside = true},
    {.name = "json", .write = report_json},
    {.name = "csv", .write = report_csv, .verdicts = REPORT_EACH},
    {.name = "sarif", .write = report_sarif, .verdicts = REPORT_SHOWN, .inside = true},
    {.name = "junit", .write = report_junit, .verdicts = REPORT_SHOWN, .inside = true},
    {.name = "metrics", .write = report_metrics, .verdicts = REPORT_EACH, .inside = true},
    {.name = "ocsf", .write = report_ocsf, .verdicts = REPORT_SHOWN, .needs_evidence = true},
    {.name = "asff", .write = report_asff, .verdicts = REPORT_SHOWN, .needs_evidence = true},
    {.name = "nmap", .write = report_nmap, .observations = REPORT_EVERY, .needs_evidence = true},
    {.name = NULL},
};

const struct report_format *report_format_named(const char *name)
{
    for (const struct report_format *format = report_formats; format->name != NULL; format++)
        if (strcmp(format->name, name) == 0)
            return format;
    return NULL;
}

void report_json(const struct report_run *run, const struct report_options *options, struct text *out)
{
    (void)options;
    verdicts_write_json(run->set, out);
}
