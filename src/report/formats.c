#include "report/report.h"

const struct report_format report_formats[] = {
    {"text", report_text, false},   {"markdown", report_markdown, false}, {"html", report_html, false},
    {"json", report_json, false},   {"csv", report_csv, false},           {"sarif", report_sarif, false},
    {"junit", report_junit, false}, {"metrics", report_metrics, false},   {"ocsf", report_ocsf, true},
    {"asff", report_asff, true},    {"nmap", report_nmap, true},          {NULL, NULL, false},
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
