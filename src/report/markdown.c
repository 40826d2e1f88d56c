// GitHub's Markdown (https://github.github.com/gfm/) of a run: a job's summary, an issue, a wiki.
#include "report/report.h"

enum { MOST_FINDINGS = 200, MOST_CONTROLS = 100, MOST_GAPS = 50 };

// What findings must share to stand in one table: severity, verdict, why, and what to do.
static const char *cause_of(struct arena *arena, const struct verdict *verdict)
{
    const char *because = reasons_joined(arena, &verdict->because, REASON_UNTOLD, "; ");
    const char *doubts = report_doubts(arena, verdict);
    return arena_printf(arena, "%d %s\n%s\n%s\n%s", (int)verdict->severity, report_word(verdict),
                        because == NULL ? "" : because, doubts == NULL ? "" : doubts, report_advice(verdict));
}

struct cause {
    VECTOR(const struct verdict *) findings;
};

static void put_line(struct arena *arena, const char *mark, const char *text, struct text *out)
{
    if (text == NULL || text[0] == '\0')
        return;
    text_puts(out, mark);
    report_cell(arena, text, out);
    text_puts(out, "\n");
}

static void write_cause(struct arena *arena, const struct cause *cause, struct text *out)
{
    const struct verdict *first = cause->findings.items[0];
    text_printf(out, "\n### %s: %s\n\n", severity_names[first->severity], report_word(first));
    put_line(arena, "", reasons_joined(arena, &first->because, REASON_UNTOLD, "; "), out);
    put_line(arena, "\n", report_doubts(arena, first), out);
    put_line(arena, "\n→ ", report_advice(first), out);
    text_puts(out, "\n| Endpoint | Port | Declared | Observed | Intent |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < cause->findings.count; i++) {
        const struct verdict *one = cause->findings.items[i];
        char address[ADDRESS_TEXT];
        address_format(one->address, address);
        text_puts(out, "| ");
        report_cell(arena, arena_printf(arena, "%s %s", verdict_label(arena, one), address), out);
        text_puts(out, " | ");
        report_cell(arena, report_port(arena, one), out);
        text_printf(out, " | %s | %s", declared_names[one->declared], observed_names[one->observed]);
        report_cell(arena, arena_printf(arena, " (%s)%s", one->reason, one->unstable ? ", unstable" : ""), out);
        text_printf(out, " | %s", intent_names[one->intent]);
        report_cell(arena, one->intent_rule == NULL ? "" : arena_printf(arena, " by %s", one->intent_rule), out);
        text_puts(out, " |\n");
    }
}

static size_t write_findings(struct arena *arena, const struct verdict_set *set, struct text *out)
{
    size_t count, told = 0;
    const struct verdict **shown = report_worth_showing(arena, set, &count);
    VECTOR(struct cause *) causes = {0};
    struct map known = {0};
    for (size_t i = 0; i < count; i++) {
        if ((!report_is_finding(shown[i]) && !shown[i]->unstable) || told++ >= MOST_FINDINGS)
            continue;
        const char *key = cause_of(arena, shown[i]);
        struct cause *cause = map_get(&known, key);
        if (cause == NULL) {
            cause = arena_new_of(arena, struct cause);
            map_put(arena, &known, key, cause);
            *vector_add(arena, &causes) = cause;
        }
        *vector_add(arena, &cause->findings) = shown[i];
    }
    for (size_t i = 0; i < causes.count; i++)
        write_cause(arena, causes.items[i], out);
    if (told > MOST_FINDINGS)
        text_printf(out, "\nAnd %zu findings more: see verdicts.json.\n", told - MOST_FINDINGS);
    return told;
}

static void write_controls(struct arena *arena, const struct control_report *controls, struct text *out)
{
    size_t results[CONTROL_RESULTS] = {0}, told = 0, count;
    const struct control **all = report_urgent_first(arena, controls->packs.items, controls->packs.count, &count);
    for (size_t i = 0; i < count; i++)
        results[all[i]->result]++;
    text_puts(out, "\n");
    report_control_counts(results, out);
    for (size_t i = 0; i < count; i++) {
        const struct control *control = all[i];
        bool fails = control->result == CONTROL_FAIL;
        if ((!fails && control->result != CONTROL_NOT_EVALUATED) || told++ >= MOST_CONTROLS)
            continue;
        text_puts(out, told == 1 ? "\n| Result | Control | What decided it |\n|---|---|---|\n| " : "| ");
        text_puts(out, fails ? "**fail** | " : "not evaluated | ");
        report_cell(arena, arena_printf(arena, "%s %s", control->id, control->title), out);
        text_puts(out, " | ");
        report_cell(arena,
                    control->decided != NULL     ? control->decided
                    : control->missing.count > 0 ? arena_printf(arena, "missing: %s", control->missing.items[0])
                                                 : "",
                    out);
        text_puts(out, " |\n");
    }
    if (told > MOST_CONTROLS)
        text_printf(out, "\nAnd %zu controls more: see controls.json.\n", told - MOST_CONTROLS);
}

static void write_inside(struct arena *arena, const report_inside_rows *rows, struct text *out)
{
    if (rows != NULL && rows->count > 0)
        text_puts(out, "\n### Asked from inside\n\n| From | Interface | To | Ports |\n|---|---|---|---|\n");
    for (size_t i = 0; rows != NULL && i < 2 * rows->count; i++) {
        const struct report_inside_row *row = report_inside_urgent(rows, i);
        if (row == NULL)
            continue;
        const char *cells[] = {row->from, row->eni_id, row->to, report_inside_told(arena, row)};
        for (size_t c = 0; c < 4; c++) {
            text_puts(out, c == 0 ? "| " : " | ");
            report_cell(arena, cells[c], out);
        }
        text_puts(out, " |\n");
    }
}

static void write_incomplete(struct arena *arena, const struct verdict_set *set, struct text *out)
{
    if (set->complete)
        return;
    text_puts(out,
              "\n**Incomplete:** not everything could be read, asked or written; what is missing is not clean.\n\n");
    for (size_t i = 0; i < set->missing.count && i < MOST_GAPS; i++)
        put_line(arena, "- ", set->missing.items[i], out);
    if (set->missing.count > MOST_GAPS)
        text_printf(out, "- and %zu more\n", (size_t)set->missing.count - MOST_GAPS);
}

void report_markdown(const struct report_run *run, const struct report_options *options, struct text *out)
{
    (void)options;
    struct arena *arena = arena_new();
    const struct verdict_set *set = run->set;
    struct text findings = {0};
    size_t ports[VERDICT_KINDS], count = write_findings(arena, set, &findings);
    const struct report_inside_row inside = report_inside_sum(run->inside);
    count += report_inside_severe(&inside);
    text_printf(out, "## %s ", set->complete && count == 0 && set->splits.count == 0 ? "✅" : "❌");
    report_cell(arena, run->title, out);
    text_puts(out, "\n\nSeen from ");
    report_cell(arena,
                set->vantage == NULL          ? "the internet at large"
                : set->vantage_learnt != NULL ? set->vantage_learnt
                                              : set->vantage,
                out);
    text_printf(out, ": %zu endpoints, %zu ports asked.\n", set->endpoints, set->asked);
    write_incomplete(arena, set, out);
    for (size_t i = 0; i < set->splits.count; i++) {
        text_printf(out, "\n### %s: ", severity_names[VANTAGE_SPLIT_SEVERITY]);
        report_cell(arena, report_split_places(arena, &set->splits.items[i]), out);
        put_line(arena, "\n\n", report_split(arena, set, &set->splits.items[i]), out);
    }
    if (report_not_compared(arena, set) != NULL)
        put_line(arena, "\n", report_not_compared(arena, set), out);
    text_add(out, findings.bytes == NULL ? "" : findings.bytes, findings.length);
    text_free(&findings);
    write_inside(arena, run->inside, out);
    if (run->controls != NULL) {
        write_controls(arena, run->controls, out);
        report_accesses_markdown(run->controls, out);
    }
    report_count(set, ports);
    text_puts(out, "\n| Verdict | Ports |\n|---|---|\n");
    for (int i = 0; i < VERDICT_KINDS; i++)
        text_printf(out, "| %s | %zu |\n", verdict_names[i], ports[i]);
    for (size_t i = 0; i < set->gaps.count; i++)
        put_line(arena, i == 0 ? "\nNot asked:\n\n- " : "- ",
                 arena_printf(arena, "%zu × %s", set->gaps.items[i].count, set->gaps.items[i].what), out);
    for (size_t i = 0; i < set->not_covered.count; i++)
        put_line(arena, i == 0 ? "\nNot covered:\n\n- " : "- ", set->not_covered.items[i], out);
    arena_free(arena);
}
