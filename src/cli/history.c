#include "cli/confine.h"
#include "base/printable.h"
#include "pipeline/past.h"
#include "report/report.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/past_file.h"

static const struct option_spec options_of_history[] = {
    OPTION_FORMAT("text|json", "of what is printed (default text)"),
    OPTIONS_HISTORY,
    {"series", 0, "NAME", "only runs of this series", false},
    {"last", 0, "N", "only the last N runs, 1 to 100000 (default all)", false},
    OPTIONS_END,
};

static const struct json_field run_fields[] = {
    RUN_RECORD_WHICH(struct run_record),
    JSON_FIELD("bundle", TEXT, struct run_record, bundle, .optional = true),
    JSON_FIELD("manifest_sha256", TEXT, struct run_record, manifest_sha256, .optional = true),
    JSON_FIELD("tool_version", TEXT, struct run_record, tool_version, .optional = true),
    RUN_RECORD_FOUND(struct run_record),
    JSON_FIELDS_END};
static const struct json_record run_fields_record = {
    .fields = run_fields, .size = sizeof(struct run_record), .line = true};
static const struct json_field list_fields[] = {JSON_ITEMS("runs", &run_fields_record), JSON_FIELDS_END};
static const struct json_record list_record = {.fields = list_fields, .size = sizeof(run_records)};

static void runs_json(const run_records *runs, struct text *out)
{
    json_write_document("sgproof/history/v1", &list_record, runs, out);
}

static void list_text(struct arena *arena, const run_records *runs, struct text *out)
{
    const char *series = NULL;
    for (size_t i = 0; i < runs->count; i++) {
        const struct run_record *run = &runs->items[i];
        if (series == NULL || strcmp(series, run->series) != 0)
            text_printf(out, "%s%s\n", i > 0 ? "\n" : "", report_clean(arena, run->series));
        series = run->series;
        text_printf(out, "  %s  %.16s  %5zu endpoints  %4zu critical  %4zu high%s\n", report_clean(arena, run->run_id),
                    run->begin, run->endpoints, run->by_severity[SEVERITY_CRITICAL], run->by_severity[SEVERITY_HIGH],
                    run->complete ? "" : "  INCOMPLETE");
    }
    if (runs->count == 0)
        text_puts(out, "no runs\n");
}

// How exposure moved: a line a run, with the difference to the run before it in the series.
static void trend_text(const run_records *runs, struct text *out)
{
    static const enum verdict_kind shown[] = {VERDICT_CONFIRMED, VERDICT_LATENT, VERDICT_BLOCKED, VERDICT_UNDECLARED};
    text_puts(out, "begin             confirmed      latent     blocked  undeclared    critical\n");
    for (size_t i = 0; i < runs->count; i++) {
        const struct run_record *run = &runs->items[i], *before = NULL;
        for (size_t b = 0; b < i; b++)
            before = strcmp(runs->items[b].series, run->series) == 0 ? &runs->items[b] : before;
        text_printf(out, "%.16s", run->begin);
        for (size_t s = 0; s <= sizeof(shown) / sizeof(shown[0]); s++) {
            bool severity = s == sizeof(shown) / sizeof(shown[0]);
            size_t now = severity ? run->by_severity[SEVERITY_CRITICAL] : run->by_verdict[shown[s]];
            size_t then = before == NULL ? now
                          : severity     ? before->by_severity[SEVERITY_CRITICAL]
                                         : before->by_verdict[shown[s]];
            char change[24] = "";
            if (now != then)
                snprintf(change, sizeof(change), "%+lld", (long long)now - (long long)then);
            text_printf(out, "  %5zu%5s", now, change);
        }
        text_printf(out, "%s\n", run->complete ? "" : "  INCOMPLETE");
    }
}

// What came behind an interval that is over: another verdict of all its ports, or that they were not asked, or came to
// nothing, which says nothing of them (semantics.md, Between two runs).
static const char *end_of(const history_intervals *intervals, const struct history_interval *one)
{
    if (one->gone == NULL)
        return NULL;
    struct arena *scratch = arena_new();
    struct portset rest = portset_of(scratch, one->verdict.low, one->verdict.high);
    for (size_t i = 0; i < intervals->count && !portset_is_empty(rest); i++) {
        const struct history_interval *next = &intervals->items[i];
        if (strcmp(next->series, one->series) == 0 && next->verdict.protocol == one->verdict.protocol &&
            strcmp(next->first_seen, one->gone) == 0 && next->verdict.observed != OBSERVED_UNKNOWN)
            rest = portset_subtract(scratch, rest, portset_of(scratch, next->verdict.low, next->verdict.high));
    }
    bool known = portset_is_empty(rest);
    arena_free(scratch);
    return known ? "changed" : "not asked";
}

static void interval_line(struct arena *arena, const struct history_interval *one, const char *end, struct text *out)
{
    const struct verdict *verdict = &one->verdict;
    const struct drift as_text = {.kind = DRIFT_CHANGED,
                                  .address = verdict->address,
                                  .protocol = verdict->protocol,
                                  .low = verdict->low,
                                  .high = verdict->high};
    text_printf(out, "  %-12s %-11s %-8s  %.16s to %.16s%s%s\n", drift_place(arena, &as_text), report_word(verdict),
                severity_names[verdict->severity], one->first_seen, one->last_seen, end != NULL ? ", then " : "",
                end != NULL ? end : "");
}

static bool show_address(struct arena *arena, struct history *history, const char *address, bool as_json,
                         struct text *out, struct error *error)
{
    history_intervals intervals = {0};
    GUARD(history_of_address(history, address, &intervals, error));
    struct json_writer writer = json_writer_to(out);
    if (as_json) {
        json_open(&writer, NULL, '{');
        json_put_string(&writer, "schema", "sgproof/history/v1");
        json_put_string(&writer, "address", address);
        json_open(&writer, "intervals", '[');
    } else {
        text_printf(out, "%s\n", address);
    }
    for (size_t i = 0; i < intervals.count; i++) {
        const struct history_interval *one = &intervals.items[i];
        if (!as_json) {
            if (one->verdict.kind != VERDICT_ENFORCED)
                interval_line(arena, one, end_of(&intervals, one), out);
            continue;
        }
        json_open_line(&writer, NULL, '{');
        json_put_string(&writer, "series", one->series);
        json_put_string(&writer, "place",
                        drift_place(arena, &(struct drift){.protocol = one->verdict.protocol,
                                                           .low = one->verdict.low,
                                                           .high = one->verdict.high}));
        json_put_string(&writer, "verdict", verdict_names[one->verdict.kind]);
        json_put_string(&writer, "declared", declared_names[one->verdict.declared]);
        json_put_string(&writer, "observed", observed_names[one->verdict.observed]);
        json_put_string(&writer, "severity", severity_names[one->verdict.severity]);
        json_put_string(&writer, "first_seen", one->first_seen);
        json_put_string(&writer, "last_seen", one->last_seen);
        json_put_string(&writer, "gone", one->gone);
        json_put_string(&writer, "ended", end_of(&intervals, one));
        json_close(&writer, '}');
    }
    if (as_json) {
        json_close(&writer, ']');
        json_close(&writer, '}');
        json_end_document(&writer);
    }
    return true;
}

static bool show_run(struct arena *arena, struct history *history, const char *id, bool as_json, struct text *out,
                     struct error *error)
{
    struct run_record run;
    struct verdict_set set = {0};
    GUARD(history_find(history, id, &run, error) && history_verdicts(history, &run, &set, error));
    if (as_json) {
        verdicts_write_json(&set, out);
        return true;
    }
    text_printf(out, "run %s of %s\n  %s to %s%s\n  evidence: %s\n", report_clean(arena, run.run_id),
                report_clean(arena, run.series), run.begin, run.end, run.complete ? "" : ", INCOMPLETE",
                run.bundle == NULL ? "-" : report_clean(arena, run.bundle));
    for (size_t i = 0; i < set.items.count; i++) {
        const struct verdict *verdict = &set.items.items[i];
        char address[ADDRESS_TEXT];
        address_format(verdict->address, address);
        if (verdict->kind != VERDICT_ENFORCED)
            text_printf(
                out, "  %-8s  %-11s  %-15s %-12s %s\n", severity_names[verdict->severity], verdict_names[verdict->kind],
                address,
                drift_place(arena,
                            &(struct drift){.protocol = verdict->protocol, .low = verdict->low, .high = verdict->high}),
                report_clean(arena, verdict->name));
    }
    return true;
}

static bool answer_question(struct arena *arena, const struct options *options, struct history *history, bool as_json,
                            struct text *out, struct error *error)
{
    static const char *const words[] = {"list", "show", "trend", NULL};
    const char *word = options->operands.count == 0 ? "list" : options->operands.items[0];
    run_records runs = {0};
    struct address address;
    long last;
    bool show = strcmp(word, "show") == 0;
    if (!text_among(word, words) || options->operands.count > (show ? 2 : 1) || (show && options->operands.count != 2))
        return error_set(error, ERROR_USAGE, "history: expected list, trend, show RUN or show ADDRESS");
    GUARD(options_integer(options, "last", 1, 100000, 0, &last, error));
    if (show && address_parse(options->operands.items[1], &address)) {
        char text[ADDRESS_TEXT];
        address_format(address, text);
        return show_address(arena, history, text, as_json, out, error);
    }
    if (show)
        return show_run(arena, history, options->operands.items[1], as_json, out, error);
    GUARD(history_list(history, options_value(options, "series"), (size_t)last, &runs, error));
    if (as_json)
        runs_json(&runs, out);
    else if (strcmp(word, "trend") == 0)
        trend_text(&runs, out);
    else
        list_text(arena, &runs, out);
    return true;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    const char *format;
    bool done;
    if (!cli_options(arena, &command_history, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    format = cli_format(&options);
    const char *file = past_file(arena, &options);
    if (file == NULL)
        return cli_usage(&command_history, "no home directory: expected --history FILE");
    struct history *history = history_open(arena, file, false, &error);
    if (history == NULL || !history_is_sound(history, &error)) {
        history_close(history);
        return cli_fail(&error);
    }
    struct text out = {0};
    bool as_json = strcmp(format, "json") == 0;
    bool good = answer_question(arena, &options, history, as_json, &out, &error);
    if (good && !as_json)
        printable_lines(&out);
    int status = good && cli_output(&options, &out, &error) ? 0 : cli_fail(&error);
    text_free(&out);
    history_close(history);
    return status;
}

const struct command command_history = {
    .name = "history",
    .summary = "Shows the runs that were kept, what each saw, and how exposure moved over time.",
    .usage = "[list|trend|show RUN|show ADDRESS] [--history FILE]",
    .notes = "A run is named by its id or how that begins. Intervals tell when a verdict was first and last seen.\n"
             "\nExamples:\n"
             "  sgproof history\n"
             "  sgproof history trend --last 30\n"
             "  sgproof history show 198.51.100.7 --format json\n",
    .options = options_of_history,
    .run = run,
};
