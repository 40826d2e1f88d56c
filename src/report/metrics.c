// OpenMetrics text: https://prometheus.io/docs/specs/om/open_metrics_spec/. The same run gives the same bytes, so ages
// are left to the query: time() - sgproof_run_end_timestamp_seconds.
#include "report/report.h"

static void head(struct text *out, const char *name, const char *help)
{
    text_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

typedef size_t counts[VERDICT_KINDS][SEVERITIES];

static void count(void *context, const struct verdict *verdict)
{
    counts *ports = context;
    (*ports)[verdict->kind][verdict->severity] += (size_t)(verdict->high - verdict->low) + 1;
}

static void put_ports(const struct report_run *run, struct text *out)
{
    counts ports = {{0}};
    report_each(run, count, &ports);
    head(out, "sgproof_exposures", "Ports by verdict and severity.");
    for (int kind = 0; kind < VERDICT_KINDS; kind++)
        for (int severity = 0; severity < SEVERITIES; severity++)
            text_printf(out, "sgproof_exposures{verdict=\"%s\",severity=\"%s\"} %zu\n", verdict_names[kind],
                        severity_names[severity], ports[kind][severity]);
}

static void put_inside(const report_inside_rows *rows, struct text *out)
{
    struct report_inside_row sum = report_inside_sum(rows);
    head(out, "sgproof_inside_ports", "Ports that interfaces inside asked, by verdict.");
    for (int kind = 0; kind < VERDICT_KINDS; kind++)
        text_printf(out, "sgproof_inside_ports{verdict=\"%s\"} %zu\n", verdict_names[kind], sum.ports[kind]);
    head(out, "sgproof_inside_severe", "How many of them are critical, and how many high.");
    for (int severity = SEVERITY_CRITICAL; severity <= SEVERITY_HIGH; severity++)
        text_printf(out, "sgproof_inside_severe{severity=\"%s\"} %zu\n", severity_names[severity],
                    sum.severe[severity]);
}

static void put_controls(const struct control_report *controls, struct text *out)
{
    head(out, "sgproof_controls", "Controls by result.");
    for (int result = 0; result < CONTROL_RESULTS; result++) {
        size_t count = 0;
        for (size_t p = 0; p < controls->packs.count; p++)
            for (size_t i = 0; i < controls->packs.items[p].controls.count; i++)
                count += (int)controls->packs.items[p].controls.items[i].result == result;
        text_printf(out, "sgproof_controls{result=\"%s\"} %zu\n", control_result_names[result], count);
    }
}

// The end of the last complete run: this one, or of those before it.
static const char *last_complete(const struct report_run *run)
{
    if (run->set->complete)
        return run->manifest == NULL ? NULL : run->manifest->claims.end;
    for (size_t i = run->runs == NULL ? 0 : run->runs->count; i > 0; i--)
        if (run->runs->items[i - 1].complete)
            return run->runs->items[i - 1].end;
    return NULL;
}

void report_metrics(const struct report_run *run, const struct report_options *options, struct text *out)
{
    (void)options;
    put_ports(run, out); // what stands beside the verdicts may be read only now
    const char *complete = last_complete(run);
    head(out, "sgproof_endpoints", "Public addresses in the configuration.");
    text_printf(out, "sgproof_endpoints %zu\n", run->set->endpoints);
    head(out, "sgproof_ports_asked", "Ports that were probed.");
    text_printf(out, "sgproof_ports_asked %zu\n", run->set->asked);
    head(out, "sgproof_incomplete", "1 where something could not be read or asked.");
    text_printf(out, "sgproof_incomplete %d\n", !run->set->complete);
    if (run->inside != NULL)
        put_inside(run->inside, out);
    if (run->controls != NULL)
        put_controls(run->controls, out);
    if (run->manifest != NULL) {
        head(out, "sgproof_run_end_timestamp_seconds", "When this run ended.");
        text_printf(out, "sgproof_run_end_timestamp_seconds %lld\n",
                    (long long)report_seconds(run->manifest->claims.end));
    }
    if (complete != NULL) {
        head(out, "sgproof_last_complete_run_timestamp_seconds",
             "When the last complete run ended: time() less this is its age.");
        text_printf(out, "sgproof_last_complete_run_timestamp_seconds %lld\n", (long long)report_seconds(complete));
    }
    text_puts(out, "# EOF\n");
}
