// What changed since the run before, and how exposure moved.
#include "report/html_parts.h"

enum { CHART_WIDTH = 960, CHART_HEIGHT = 120, MOST_CHANGES = 1000 };

static const char *state_of(struct arena *arena, const struct verdict *verdict)
{
    return verdict == NULL ? "not asked"
                           : arena_printf(arena, "%s: declared %s, observed %s", verdict_names[verdict->kind],
                                          declared_names[verdict->declared], observed_names[verdict->observed]);
}

void html_changes(struct arena *arena, const struct report_run *run, struct text *out)
{
    if (run->runs == NULL || run->runs->count == 0) {
        text_puts(out, "<p class=\"soft\">There is no earlier run to compare with.</p>\n");
        return;
    }
    const struct run_record *last = &run->runs->items[run->runs->count - 1];
    text_puts(out, "<p class=\"soft\">Since run ");
    html_put(out, "code", NULL, last->run_id);
    text_puts(out, " of ");
    report_escape(out, report_shortened(arena, last->begin, MINUTE));
    text_puts(out, " UTC.</p>\n");
    if (run->drift == NULL || run->drift->count == 0) {
        text_puts(out, "<p>Nothing moved.</p>\n");
        return;
    }
    text_puts(out, "<div class=\"wide\"><table><thead><tr><th scope=\"col\">Change</th><th "
                   "scope=\"col\">Endpoint</th><th scope=\"col\">Port</th>"
                   "<th scope=\"col\">Before</th><th scope=\"col\">Now</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < run->drift->count && i < MOST_CHANGES; i++) {
        const struct drift *drift = &run->drift->items[i];
        const struct verdict *any = drift->after != NULL ? drift->after : drift->before;
        bool of_port = drift->kind >= DRIFT_OPENED;
        char address[ADDRESS_TEXT];
        address_format(drift->address, address);
        text_puts(out, "<tr>");
        html_put(out, "td", "word", drift_names[drift->kind]);
        text_puts(out, "<td>");
        report_escape(out, owner_label(arena, any->name, any->owner));
        html_put(out, "small", "code", address);
        text_puts(out, "</td>");
        html_put(out, "td", "code", of_port ? drift_place(arena, drift) : "");
        html_put(out, "td", NULL, of_port ? state_of(arena, drift->before) : "");
        html_put(out, "td", NULL, of_port ? state_of(arena, drift->after) : "");
        text_puts(out, "</tr>\n");
    }
    text_puts(out, "</tbody></table></div>\n");
    if (run->drift->count > MOST_CHANGES)
        text_printf(out, "<p>And %zu more: see sgproof diff.</p>\n", (size_t)run->drift->count - MOST_CHANGES);
}

static const enum verdict_kind drawn[] = {VERDICT_CONFIRMED, VERDICT_LATENT, VERDICT_UNDECLARED};
enum { DRAWN = sizeof(drawn) / sizeof(drawn[0]) };

static void put_bars(const run_records *runs, size_t highest, struct text *out)
{
    double step = (double)CHART_WIDTH / (double)runs->count, width = step * 0.7;
    text_printf(out,
                "<svg class=\"trend\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Ports by verdict over %zu runs; "
                "the table "
                "below tells the same\">",
                CHART_WIDTH, CHART_HEIGHT, (size_t)runs->count);
    for (size_t i = 0; i < runs->count; i++) {
        double base = CHART_HEIGHT;
        for (size_t d = 0; d < DRAWN; d++) {
            double height = (double)runs->items[i].by_verdict[drawn[d]] / (double)highest * (CHART_HEIGHT - 4);
            base -= height;
            if (height > 0)
                text_printf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                            verdict_names[drawn[d]], (double)i * step, base, width, height);
        }
    }
    text_puts(out, "</svg>\n");
}

void html_trend(struct arena *arena, const struct report_run *run, struct text *out)
{
    run_records runs = {0};
    size_t highest = 1;
    for (size_t i = 0; run->runs != NULL && i < run->runs->count; i++)
        *vector_add(arena, &runs) = run->runs->items[i];
    struct run_record *this = vector_add(arena, &runs);
    *this = (struct run_record){.run_id = "this run",
                                .begin = run->manifest == NULL ? "" : run->manifest->claims.begin,
                                .complete = run->set->complete};
    run_record_count(run->set, this);
    for (size_t i = 0; i < runs.count; i++) {
        size_t sum = 0;
        for (size_t d = 0; d < DRAWN; d++)
            sum += runs.items[i].by_verdict[drawn[d]];
        highest = sum > highest ? sum : highest;
    }
    put_bars(&runs, highest, out);
    text_puts(out, "<div class=\"wide\"><table><thead><tr><th scope=\"col\">Run</th>");
    for (size_t d = 0; d < DRAWN; d++)
        text_printf(out, "<th scope=\"col\" class=\"n\">%s</th>", verdict_names[drawn[d]]);
    text_puts(out, "<th scope=\"col\" class=\"n\">blocked</th><th scope=\"col\" class=\"n\">critical</th><th "
                   "scope=\"col\">Complete</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < runs.count; i++) {
        const struct run_record *one = &runs.items[i];
        text_puts(out, "<tr><td>");
        report_escape(out, report_shortened(arena, one->begin, MINUTE));
        html_put(out, "small", "code", one->run_id);
        text_puts(out, "</td>");
        for (size_t d = 0; d < DRAWN; d++)
            text_printf(out, "<td class=\"n\">%zu</td>", one->by_verdict[drawn[d]]);
        text_printf(out, "<td class=\"n\">%zu</td><td class=\"n\">%zu</td><td>%s</td></tr>\n",
                    one->by_verdict[VERDICT_BLOCKED], one->by_severity[SEVERITY_CRITICAL],
                    one->complete ? "yes" : "no");
    }
    text_puts(out, "</tbody></table></div>\n");
}
