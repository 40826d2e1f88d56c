// What a plan will open and close, for CI servers: JUnit XML, and SARIF at the lines of the configuration.
#include "report/report.h"
#include "report/sarif.h"

static const char *message(struct arena *arena, const struct change_piece *piece)
{
    static const char *const verbs[] = {"opens", "closes", "is altered"};
    const char *text = arena_printf(arena, "%s %s", report_change_place(arena, piece), verbs[piece->change.kind]);
    if (piece->change.certainty == CERTAINTY_POSSIBLE)
        text = arena_printf(arena, "%s (possible)", text);
    return piece->why == NULL ? text : arena_printf(arena, "%s: %s", text, piece->why);
}

static void put_case(struct arena *arena, const struct forecast *forecast, const struct change_piece *piece,
                     struct text *out)
{
    text_puts(out, "  <testcase classname=\"diff\" name=\"");
    report_escape(
        out, arena_printf(arena, "%s %s", change_kind_names[piece->change.kind], report_change_place(arena, piece)));
    text_puts(out, "\" time=\"0\">");
    if (forecast_is_finding(forecast, piece)) {
        text_printf(out, "\n   <failure type=\"%s\" message=\"", severity_names[piece->severity]);
        report_escape(out, message(arena, piece));
        text_puts(out, "\">");
        for (size_t i = 0; i < piece->resources.count; i++)
            report_escape_lines(
                out,
                arena_printf(arena, "%s\n", report_clean(arena, report_resource(arena, &piece->resources.items[i]))));
        for (size_t c = 0; c < piece->change.causes.count; c++)
            report_escape_lines(
                out,
                arena_printf(arena, "%s\n", report_clean(arena, reason_brief(arena, piece->change.causes.items[c]))));
        text_puts(out, "</failure>\n  ");
    }
    text_puts(out, "</testcase>\n");
}

static bool fails(const void *forecast, const struct flow_change *change)
{
    return flow_change_is_finding(forecast, change);
}

void report_forecast_junit(const struct forecast *forecast, struct text *out)
{
    struct arena *arena = arena_new();
    struct change_report report = forecast_groups(arena, forecast);
    text_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    text_printf(out,
                " <testsuite name=\"diff\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\" time=\"0\">\n",
                (size_t)report.pieces.count + (forecast->flows == NULL ? 0 : forecast->flows->items.count) + 1,
                forecast->findings + !forecast->complete);
    text_puts(out, "  <testcase classname=\"diff\" name=\"all that changes is known\" time=\"0\">");
    if (!forecast->complete) {
        text_puts(out, "\n   <failure type=\"incomplete\" message=\"not all of it is known before\">");
        for (size_t i = 0; i < forecast->unknown.count; i++)
            report_escape_lines(out, arena_printf(arena, "%s\n", report_clean(arena, forecast->unknown.items[i])));
        for (size_t i = 0; i < forecast->missing.count; i++)
            report_escape_lines(out, arena_printf(arena, "%s\n", report_clean(arena, forecast->missing.items[i])));
        text_puts(out, "</failure>\n  ");
    }
    text_puts(out, "</testcase>\n");
    for (size_t i = 0; i < report.pieces.count; i++)
        put_case(arena, forecast, &report.pieces.items[i], out);
    if (forecast->flows != NULL)
        report_flows_junit(forecast->flows, "diff", fails, forecast, out);
    text_puts(out, " </testsuite>\n</testsuites>\n");
    arena_free(arena);
}

// ---- SARIF

static void put_rules(struct json_writer *writer)
{
    static const struct {
        const char *id;
        const char *name;
        const char *text;
    } rules[] = {{"opened", "PlanOpens", "What is planned lets a packet of the internet through that is stopped now."},
                 {"closed", "PlanCloses", "What is planned ends a service that the intent expects."},
                 {"altered", "PlanAlters", "What is planned makes an exposure more or less certain."}};
    json_open(writer, "rules", '[');
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        sarif_begin_rule(writer, rules[i].id, rules[i].name, rules[i].text,
                         "sgproof diff --help; the intent says what is meant to be public.", "error");
        sarif_put_score(writer, SEVERITY_HIGH);
        json_close(writer, '}');
    }
    report_flow_sarif_rules(writer);
    json_close(writer, ']');
}

static void put_locations(struct arena *arena, struct json_writer *writer, const struct forecast *forecast,
                          const struct change_piece *piece)
{
    size_t placed = 0;
    json_open(writer, "locations", '[');
    for (size_t i = 0; i < piece->resources.count; i++) {
        const struct change_resource *one = &piece->resources.items[i];
        if (one->file == NULL || placed++ > 0) // one place a result: what others add stands in the properties
            continue;
        json_open(writer, NULL, '{');
        sarif_put_place(writer, arena, one->file, one->line);
        json_close(writer, '}');
    }
    if (placed == 0) {
        json_open(writer, NULL, '{');
        sarif_put_place(writer, arena, forecast->subject, 1);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

static void put_result(struct arena *arena, struct json_writer *writer, const struct forecast *forecast,
                       const struct change_piece *piece)
{
    const char *rule = change_kind_names[piece->change.kind], *place = report_change_place(arena, piece);
    const char *first = piece->resources.count > 0 ? piece->resources.items[0].address : "";
    json_open(writer, NULL, '{');
    json_put_string(writer, "ruleId", rule);
    json_put_string(writer, "level", sarif_level(piece->severity));
    const char *by = first[0] == '\0' ? "" : arena_printf(arena, ", by %s", report_clean(arena, first));
    sarif_put_message(writer, "message", arena_printf(arena, "%s%s.", message(arena, piece), by));
    put_locations(arena, writer, forecast, piece);
    sarif_put_key(writer, arena, arena_printf(arena, "%s|%s|%s", rule, place, first));
    json_open(writer, "properties", '{');
    json_put_string(writer, "severity", severity_names[piece->severity]);
    json_open(writer, "resources", '[');
    for (size_t i = 0; i < piece->resources.count; i++)
        json_put_string(writer, NULL, report_clean(arena, report_resource(arena, &piece->resources.items[i])));
    json_close(writer, ']');
    reasons_put(writer, arena, "causes", &piece->change.causes);
    json_close(writer, '}');
    json_close(writer, '}');
}

static void put_notifications(struct arena *arena, struct json_writer *writer, const text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        json_open(writer, NULL, '{');
        json_put_string(writer, "level", "warning");
        sarif_put_message(writer, "message", report_clean(arena, list->items[i]));
        json_close(writer, '}');
    }
}

void report_forecast_sarif(const struct forecast *forecast, struct text *out)
{
    struct arena *arena = arena_new();
    struct change_report report = forecast_groups(arena, forecast);
    struct json_writer writer = json_writer_to(out);
    sarif_begin(&writer);
    put_rules(&writer);
    sarif_end_tool(&writer, "sgproof-diff/");
    json_open(&writer, "invocations", '[');
    json_open(&writer, NULL, '{');
    json_put_boolean(&writer, "executionSuccessful", forecast->complete);
    json_open(&writer, "toolExecutionNotifications", '[');
    put_notifications(arena, &writer, &forecast->unknown);
    put_notifications(arena, &writer, &forecast->missing);
    json_close(&writer, ']');
    json_close(&writer, '}');
    json_close(&writer, ']');
    sarif_begin_results(&writer);
    for (size_t i = 0; i < report.pieces.count; i++)
        if (report.pieces.items[i].severity < SEVERITY_INFO)
            put_result(arena, &writer, forecast, &report.pieces.items[i]);
    for (size_t i = 0; forecast->flows != NULL && i < forecast->flows->items.count; i++)
        if (forecast->flows->items.items[i].severity < SEVERITY_INFO)
            report_flow_sarif(&writer, arena, &forecast->flows->items.items[i], forecast->subject);
    sarif_end(&writer);
    arena_free(arena);
}
