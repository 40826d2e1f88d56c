// JUnit XML: suites of exposure and of each control pack.
#include "report/report.h"

static void begin_case(struct text *out, const char *suite, const char *name)
{
    text_puts(out, "  <testcase classname=\"");
    report_escape(out, suite);
    text_puts(out, "\" name=\"");
    report_escape(out, name);
    text_puts(out, "\" time=\"0\">");
}

static void put_problem(struct text *out, const char *element, const char *type, const char *message, const char *body)
{
    text_printf(out, "\n   <%s type=\"%s\" message=\"", element, type);
    report_escape(out, message);
    text_puts(out, "\">");
    report_escape_lines(out, body);
    text_printf(out, "</%s>\n  ", element);
}

// Nothing where there is no `message`.
static void put_skipped(struct text *out, const char *message)
{
    if (message == NULL)
        return;
    text_puts(out, "\n   <skipped message=\"");
    report_escape(out, message);
    text_puts(out, "\"/>\n  ");
}

static void begin_suite(struct text *out, const char *name, size_t tests, size_t failures, size_t skipped,
                        const struct report_run *run)
{
    text_puts(out, " <testsuite name=\"");
    report_escape(out, name);
    text_printf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" time=\"0\"", tests, failures,
                skipped);
    if (run->manifest != NULL) // without fraction and zone, as the schemas have it
        text_printf(out, " timestamp=\"%.19s\"", run->manifest->claims.begin);
    text_puts(out, ">\n");
}

// What a finding's element holds, a line each.
static const char *body_of(struct arena *arena, const struct verdict *verdict)
{
    const char *body = report_advice(verdict), *doubts = report_doubts(arena, verdict);
    for (size_t i = 0; i < verdict->because.count; i++)
        body = arena_printf(arena, "%s\n%s", body, report_clean(arena, reason_brief(arena, verdict->because.items[i])));
    if (doubts != NULL)
        body = arena_printf(arena, "%s\n%s", body, report_clean(arena, doubts));
    for (size_t s = 0; s < verdict->suggested.count; s++)
        body = arena_printf(arena, "%s\n%s%s", body, s == 0 ? "Suggestion: " REPORT_SUGGESTION "\n" : "",
                            report_clean(arena, verdict->suggested.items[s]));
    return body;
}

// Of several vantages, what answers one and not another, in one case. It passes where all of it was compared.
static void put_splits(struct arena *arena, const struct verdict_set *set, struct text *out)
{
    const char *body = "";
    begin_case(out, "exposure", "all vantages hear the same");
    for (size_t i = 0; i < set->splits.count; i++)
        body = arena_printf(arena, "%s%s: %s\n", body, report_split(arena, set, &set->splits.items[i]),
                            report_split_places(arena, &set->splits.items[i]));
    if (set->splits.count > 0)
        put_problem(out, "failure", severity_names[VANTAGE_SPLIT_SEVERITY], "vantages disagree", body);
    else
        put_skipped(out, report_not_compared(arena, set));
    text_puts(out, "</testcase>\n");
}

static void put_exposure(struct arena *arena, const struct report_run *run, struct text *out)
{
    size_t count, failures = 0, skipped = 0;
    const struct verdict **shown = report_worth_showing(arena, run->set, &count);
    for (size_t i = 0; i < count; i++)
        if (report_is_finding(shown[i]))
            failures++;
        else
            skipped += report_unsure(shown[i]) != NULL;
    bool several = run->set->vantages.count > 1, split = run->set->splits.count > 0;
    begin_suite(out, "exposure", count + 1 + several, failures + !run->set->complete + split,
                skipped + (!split && report_not_compared(arena, run->set) != NULL), run);
    begin_case(out, "exposure", "the run is complete");
    if (!run->set->complete)
        put_problem(out, "failure", "incomplete", report_incomplete(arena, run->set), "");
    text_puts(out, "</testcase>\n");
    if (several)
        put_splits(arena, run->set, out);
    for (size_t i = 0; i < count; i++) {
        char address[ADDRESS_TEXT];
        address_format(shown[i]->address, address);
        begin_case(out, "exposure", arena_printf(arena, "%s %s", address, report_port(arena, shown[i])));
        if (report_is_finding(shown[i]))
            put_problem(out, "failure", severity_names[shown[i]->severity], report_sentence(arena, shown[i]),
                        body_of(arena, shown[i]));
        else
            put_skipped(out, report_unsure(shown[i]));
        text_puts(out, "</testcase>\n");
    }
    text_puts(out, " </testsuite>\n");
}

// What one interface inside asked of one segment is a case: it fails where something of it is critical or high.
static void put_inside(struct arena *arena, const struct report_run *run, struct text *out)
{
    const report_inside_rows *rows = run->inside;
    size_t failures = 0, skipped = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1)
            begin_suite(out, "inside", rows->count, failures, skipped, run);
        for (size_t i = 0; i < rows->count; i++) {
            const struct report_inside_row *row = &rows->items[i];
            bool fails = report_inside_severe(row) > 0;
            bool unsure = !fails && row->ports[VERDICT_UNVERIFIED] + row->ports[VERDICT_UNCONFIRMED] > 0;
            const char *told = report_inside_told(arena, row);
            failures += fails;
            skipped += unsure;
            if (pass == 0)
                continue;
            begin_case(out, "inside", report_inside_pair(arena, row));
            if (fails)
                put_problem(out, "failure", severity_names[report_inside_worst(row)], told,
                            arena_printf(arena, "Each port is in inside/%s/verdicts.json.", row->eni_id));
            else
                put_skipped(out, unsure ? told : NULL);
            text_puts(out, "</testcase>\n");
        }
    }
    text_puts(out, " </testsuite>\n");
}

static const char *excepted(struct arena *arena, const struct control *control)
{
    return control->decided == NULL ? "excepted" : report_clean(arena, control->decided);
}

static void put_pack(struct arena *arena, const struct control_pack *pack, const struct report_run *run,
                     struct text *out)
{
    size_t failures = 0, skipped = 0;
    for (size_t i = 0; i < pack->controls.count; i++) {
        failures += pack->controls.items[i].result == CONTROL_FAIL;
        skipped += pack->controls.items[i].result > CONTROL_FAIL;
    }
    begin_suite(out, pack->id, pack->controls.count, failures, skipped, run);
    for (size_t i = 0; i < pack->controls.count; i++) {
        const struct control *control = &pack->controls.items[i];
        const char *body = "";
        for (size_t e = 0; e < control->evidence.count; e++)
            if (control->evidence.items[e].result == CONTROL_FAIL && control->evidence.items[e].exception == NULL)
                body = arena_printf(arena, "%s%s: %s\n%s%s%s", body,
                                    report_clean(arena, control->evidence.items[e].subject),
                                    report_clean(arena, control->evidence.items[e].detail),
                                    control->evidence.items[e].fix == NULL ? "" : "  $ ",
                                    report_clean(arena, control->evidence.items[e].fix),
                                    control->evidence.items[e].fix == NULL ? "" : "\n");
        begin_case(out, pack->id, arena_printf(arena, "%s %s", control->id, control->title));
        if (control->result == CONTROL_FAIL)
            put_problem(out, "failure", severity_names[control->severity], control->title, body);
        else if (control->result != CONTROL_PASS)
            put_skipped(out, control->result == CONTROL_NOT_APPLICABLE ? "not applicable"
                             : control->result == CONTROL_EXCEPTED     ? excepted(arena, control)
                             : control->missing.count > 0              ? control->missing.items[0]
                                                                       : "not evaluated");
        text_puts(out, "</testcase>\n");
    }
    text_puts(out, " </testsuite>\n");
}

void report_junit(const struct report_run *run, const struct report_options *options, struct text *out)
{
    struct arena *arena = arena_new();
    (void)options;
    text_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    put_exposure(arena, run, out);
    if (run->inside != NULL)
        put_inside(arena, run, out);
    for (size_t p = 0; run->controls != NULL && p < run->controls->packs.count; p++)
        put_pack(arena, &run->controls->packs.items[p], run, out);
    text_puts(out, "</testsuites>\n");
    arena_free(arena);
}
