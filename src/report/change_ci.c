// A change for CI servers: JUnit XML, and SARIF of what is not as planned.
#include "report/report.h"
#include "report/sarif.h"

static bool fails(const void *context, const struct flow_change *change)
{
    (void)context;
    return change->meaning != MOVEMENT_MEANT;
}

void report_change_junit(const struct change_report *report, struct text *out)
{
    struct arena *arena = arena_new();
    size_t failures = report->pieces.count - report->count[OUTCOME_AS_PLANNED] + !report->complete +
                      flow_changes_wrong(report->flows);
    text_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    text_printf(out,
                " <testsuite name=\"change\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\" time=\"0\">\n",
                (size_t)report->pieces.count + (report->flows == NULL ? 0 : report->flows->items.count) + 1, failures);
    text_puts(out, "  <testcase classname=\"change\" name=\"the change is complete\" time=\"0\">");
    if (!report->complete) {
        text_puts(out, "\n   <failure type=\"incomplete\" message=\"");
        report_escape(out, report->missing.count == 0 ? "not everything could be read or asked"
                                                      : report_clean(arena, report->missing.items[0]));
        text_puts(out, "\"></failure>\n  ");
    }
    text_puts(out, "</testcase>\n");
    for (size_t i = 0; i < report->pieces.count; i++, arena_reset(arena)) {
        const struct change_piece *piece = &report->pieces.items[i];
        text_puts(out, "  <testcase classname=\"change\" name=\"");
        report_escape(out, arena_printf(arena, "%s %s", change_kind_names[piece->change.kind],
                                        report_change_place(arena, piece)));
        text_puts(out, "\" time=\"0\">");
        if (piece->outcome != OUTCOME_AS_PLANNED) {
            text_printf(out, "\n   <failure type=\"%s\" message=\"", outcome_names[piece->outcome]);
            report_escape(out, report_change_why(arena, piece));
            text_puts(out, "\">");
            for (size_t r = 0; r < piece->resources.count; r++)
                report_escape_lines(
                    out, arena_printf(arena, "by %s\n", report_clean(arena, piece->resources.items[r].address)));
            for (size_t c = 0; c < piece->change.causes.count; c++)
                report_escape_lines(
                    out, arena_printf(arena, "%s\n",
                                      report_clean(arena, reason_brief(arena, piece->change.causes.items[c]))));
            text_puts(out, "</failure>\n  ");
        }
        text_puts(out, "</testcase>\n");
    }
    if (report->flows != NULL)
        report_flows_junit(report->flows, "change", fails, NULL, out);
    text_puts(out, " </testsuite>\n</testsuites>\n");
    arena_free(arena);
}

static void put_rules(struct json_writer *writer)
{
    static const struct {
        const char *name;
        const char *text;
        const char *level;
    } rules[OUTCOMES] = {
        [OUTCOME_NOT_IN_FORCE] = {"ChangeNotInForce",
                                  "What was declared closed still answers, or what was declared open does not.",
                                  "error"},
        [OUTCOME_UNPLANNED] = {"ChangeUnplanned", "The configuration moved, and neither plan nor intent say so.",
                               "error"},
        [OUTCOME_NOT_DONE] = {"ChangeNotDone", "It was planned, and the configuration did not move.", "error"},
        [OUTCOME_ELSEWHERE] = {"ChangeElsewhere", "An answer changed where nothing declared did.", "error"},
        [OUTCOME_UNVERIFIED] = {"ChangeUnverified", "Whether it is as planned is not known.", "warning"},
        [OUTCOME_AS_PLANNED] = {"ChangeAsPlanned", "It moved as meant, and was observed so.", "none"},
    };
    json_open(writer, "rules", '[');
    for (int outcome = 0; outcome < OUTCOMES; outcome++) {
        sarif_begin_rule(writer, outcome_names[outcome], rules[outcome].name, rules[outcome].text,
                         "sgproof change --help; sgproof explain names the rule, route or gateway that decides.",
                         rules[outcome].level);
        json_close(writer, '}');
    }
    report_flow_sarif_rules(writer);
    json_close(writer, ']');
}

static void put_result(struct arena *arena, struct json_writer *writer, const struct change_piece *piece)
{
    const char *place = report_change_place(arena, piece);
    const char *key =
        arena_printf(arena, "%s|%s|%s", outcome_names[piece->outcome], change_kind_names[piece->change.kind], place);
    json_open(writer, NULL, '{');
    json_put_string(writer, "ruleId", outcome_names[piece->outcome]);
    json_put_string(writer, "level", piece->outcome == OUTCOME_UNVERIFIED ? "warning" : "error");
    sarif_put_message(writer, "message",
                      arena_printf(arena, "%s %s: %s.", change_kind_names[piece->change.kind], place,
                                   report_change_why(arena, piece)));
    json_open(writer, "locations", '[');
    json_open(writer, NULL, '{');
    sarif_put_file(writer, "change.json");
    json_close(writer, '}');
    json_close(writer, ']');
    sarif_put_key(writer, arena, key);
    json_open(writer, "properties", '{');
    reasons_put(writer, arena, "causes", &piece->change.causes);
    change_put_resources(writer, &piece->resources, false);
    json_close(writer, '}');
    json_close(writer, '}');
}

void report_change_sarif(const struct change_report *report, const char *run_id, struct text *out)
{
    struct arena *arena = arena_new();
    struct json_writer writer = json_writer_to(out);
    sarif_begin(&writer);
    put_rules(&writer);
    sarif_end_tool(&writer, arena_printf(arena, "sgproof-change/%s", run_id == NULL ? "" : run_id));
    json_open(&writer, "invocations", '[');
    json_open(&writer, NULL, '{');
    json_put_boolean(&writer, "executionSuccessful", report->complete);
    json_close(&writer, '}');
    json_close(&writer, ']');
    sarif_begin_results(&writer);
    for (size_t i = 0; i < report->pieces.count; i++)
        if (report->pieces.items[i].outcome != OUTCOME_AS_PLANNED)
            put_result(arena, &writer, &report->pieces.items[i]);
    for (size_t i = 0; report->flows != NULL && i < report->flows->items.count; i++)
        if (report->flows->items.items[i].meaning != MOVEMENT_MEANT)
            report_flow_sarif(&writer, arena, &report->flows->items.items[i], "change.json");
    sarif_end(&writer);
    arena_free(arena);
}
