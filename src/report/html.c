// One self-contained file: no request to anywhere, every value escaped. Filtering is radio buttons; one small script
// (report.js) adds search, order, copying and links, and everything is there without it.
#include "report/html_parts.h"

// From MANY findings on, what is not seen is not painted.
enum { OPEN_AT_ONCE = 3, MANY = 400 };

static void put_button(struct text *out, const char *group, const char *id, const char *text, bool chosen)
{
    text_printf(out, "<input class=\"pick\" type=\"radio\" name=\"%s\" id=\"%s\" aria-label=\"Show %s\"%s>\n", group,
                id, text, chosen ? " checked" : "");
}

// The buttons of all filters, before main.
static void put_buttons(struct arena *arena, const struct verdict **shown, size_t count, struct text *out)
{
    size_t listed[4][5] = {{0}}, by_severity[SEVERITIES] = {0};
    for (size_t i = 0; i < count; i++) {
        listed[shown[i]->declared][shown[i]->observed]++;
        by_severity[shown[i]->severity]++;
    }
    put_button(out, "cell", "every-cell", "every cell", true);
    for (int d = 0; declared_names[d] != NULL; d++)
        for (int o = 0; observed_names[o] != NULL; o++)
            if (listed[d][o] > 0)
                put_button(out, "cell", arena_printf(arena, "c-%d-%d", d, o),
                           arena_printf(arena, "declared %s, observed %s", declared_names[d], observed_names[o]),
                           false);
    put_button(out, "severity", "every-severity", "every severity", true);
    for (int s = 0; severity_names[s] != NULL; s++)
        if (by_severity[s] > 0)
            put_button(out, "severity", arena_printf(arena, "s-%s", severity_names[s]), severity_names[s], false);
}

static void put_label(struct text *out, const char *id, const char *text)
{
    text_printf(out, "<label class=\"pick\" for=\"%s\">", id);
    report_escape(out, text);
    text_puts(out, "</label>");
}

// Counts of ports; those that the list below shows are buttons that filter it.
static void put_matrix(struct arena *arena, const struct verdict_set *set, const struct verdict **shown, size_t count,
                       struct text *out)
{
    size_t ports[4][5] = {{0}}, listed[4][5] = {{0}};
    for (size_t i = 0; i < set->items.count; i++)
        ports[set->items.items[i].declared][set->items.items[i].observed] +=
            (size_t)(set->items.items[i].high - set->items.items[i].low) + 1;
    for (size_t i = 0; i < count; i++)
        listed[shown[i]->declared][shown[i]->observed]++;
    text_puts(out, "<details id=\"matrix\"><summary class=\"plain\"><h2>Declared × observed, in ports</h2></summary>"
                   "<div class=\"inside\"><p class=\"soft screen\">Choose a number to see its findings only.</p>\n"
                   "<div class=\"wide\"><table class=\"matrix\"><thead><tr><th scope=\"col\">Declared</th>");
    for (int o = 0; observed_names[o] != NULL; o++)
        text_printf(out, "<th scope=\"col\" class=\"n\">%s</th>", observed_names[o]);
    text_puts(out, "</tr></thead><tbody>\n");
    for (int d = 0; declared_names[d] != NULL; d++) {
        text_printf(out, "<tr><th scope=\"row\">%s</th>", declared_names[d]);
        for (int o = 0; observed_names[o] != NULL; o++) {
            const char *number = arena_printf(arena, "%zu", ports[d][o]);
            text_puts(out, "<td class=\"n\">");
            if (listed[d][o] > 0)
                put_label(out, arena_printf(arena, "c-%d-%d", d, o), number);
            else
                text_puts(out, number);
            text_puts(out, "</td>");
        }
        text_puts(out, "</tr>\n");
    }
    text_puts(out, "</tbody></table></div>\n<div class=\"filters\" role=\"group\" aria-label=\"Cells\">");
    put_label(out, "every-cell", "every cell");
    text_puts(out, "</div></div></details>\n");
}

static void put_findings(struct arena *arena, const struct report_run *run, const struct verdict **shown, size_t count,
                         const size_t ports[VERDICT_KINDS], struct text *out)
{
    size_t by_severity[SEVERITIES] = {0};
    for (size_t i = 0; i < count; i++)
        by_severity[shown[i]->severity]++;
    text_puts(out, "<h2 id=\"findings\">Findings and exposure</h2>\n<div class=\"filters\" role=\"group\" "
                   "aria-label=\"Severities\">");
    put_label(out, "every-severity", "every severity");
    for (int s = 0; severity_names[s] != NULL; s++)
        if (by_severity[s] > 0)
            put_label(out, arena_printf(arena, "s-%s", severity_names[s]),
                      arena_printf(arena, "%s: %zu", severity_names[s], by_severity[s]));
    text_puts(out, "</div>\n");
    for (size_t i = 0; i < run->set->splits.count; i++) {
        text_printf(out, "<p><strong>%s</strong> ", severity_names[VANTAGE_SPLIT_SEVERITY]);
        report_escape(out, report_split(arena, run->set, &run->set->splits.items[i]));
        text_puts(out, ": ");
        report_escape(out, report_split_places(arena, &run->set->splits.items[i]));
        text_puts(out, ".</p>\n");
    }
    if (report_not_compared(arena, run->set) != NULL)
        text_printf(out, "<p>%s.</p>\n", report_not_compared(arena, run->set));
    struct arena *scratch = arena_new();
    struct text one = {0};
    size_t at = 0, left = HTML_FINDINGS;
    for (; at < count; at++) {
        html_finding(scratch, run, shown[at], at < OPEN_AT_ONCE && shown[at]->severity <= SEVERITY_HIGH, &one);
        arena_reset(scratch);
        if (!html_add(&one, &left, out))
            break;
    }
    text_free(&one);
    arena_free(scratch);
    if (at < count)
        html_rest(arena, shown + at, count - at, out);
    text_printf(out, "<p class=\"soft\">%zu ports are enforced: declared unreachable, and nothing answered.</p>\n",
                ports[VERDICT_ENFORCED]);
}

static void put_intent_notes(const struct verdict_set *set, struct text *out)
{
    if (set->intent_notes.count == 0)
        return;
    text_puts(out, "<h3>The intent file itself</h3>\n<div class=\"wide\"><table class=\"notes\"><thead><tr><th "
                   "scope=\"col\">Rule</th><th scope=\"col\">Is</th><th "
                   "scope=\"col\">Because</th><th scope=\"col\">Owner</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < set->intent_notes.count; i++) {
        const struct intent_note *note = &set->intent_notes.items[i];
        text_puts(out, "<tr>");
        html_put(out, "td", "code", note->rule);
        html_put(out, "td", "word", note->state);
        html_put(out, "td", NULL, note->detail);
        html_put(out, "td", NULL, note->owner);
        text_puts(out, "</tr>\n");
    }
    text_puts(out, "</tbody></table></div>\n");
}

static void put_coverage(const struct verdict_set *set, struct text *out)
{
    text_printf(out, "<h2 id=\"coverage\">Coverage</h2>\n<p>%zu ports of %zu endpoints were asked.%s</p>\n", set->asked,
                set->endpoints, set->gaps.count > 0 ? " Not asked, and so not known to be closed:" : "");
    if (set->gaps.count > 0)
        text_puts(out, "<ul>");
    for (size_t i = 0; i < set->gaps.count; i++) {
        text_printf(out, "<li>%zu × ", set->gaps.items[i].count);
        report_escape(out, set->gaps.items[i].what);
        text_puts(out, "</li>");
    }
    if (set->gaps.count > 0)
        text_puts(out, "</ul>\n");
    for (size_t i = 0; i < set->not_covered.count; i++)
        html_put(out, "p", NULL, set->not_covered.items[i]);
}

static void put_verify(const struct report_run *run, struct text *out)
{
    text_puts(
        out, "<h2 id=\"verify\">How to verify</h2>\n<p>This report is one file of an evidence folder. Whether the "
             "folder is whole, who signed it, and "
             "whether exposure, plan, verdicts and controls follow from what was read and observed, anybody can check, "
             "without access to "
             "AWS:</p>\n<pre>sgproof verify EVIDENCE-FOLDER --key PUBLIC.pem\n"
             "openssl pkeyutl -verify -pubin -inkey PUBLIC.pem -rawin -in manifest.json -sigfile manifest.sig</pre>\n");
    if (run->manifest == NULL)
        return;
    text_puts(out, "<p class=\"soft\">Made by sgproof ");
    report_escape(out, run->manifest->claims.tool_version);
    text_puts(out, ": <code>");
    for (size_t i = 0; i < run->manifest->claims.command.count; i++) {
        text_puts(out, i > 0 ? " " : "sgproof ");
        report_escape(out, run->manifest->claims.command.items[i]);
    }
    text_puts(out, "</code></p>\n");
}

void report_html(const struct report_run *run, const struct report_options *options, struct text *out)
{
    struct arena *arena = arena_new();
    size_t count, ports[VERDICT_KINDS];
    const struct verdict **shown = report_worth_showing(arena, run->set, &count);
    (void)options;
    report_count(run->set, ports);
    html_head(arena, run, out);
    html_summary(arena, run, ports, out);
    put_buttons(arena, shown, count, out);
    text_puts(out, count > MANY ? "<main class=\"many\">\n" : "<main>\n");
    put_matrix(arena, run->set, shown, count, out);
    put_findings(arena, run, shown, count, ports, out);
    put_intent_notes(run->set, out);
    if (run->inside != NULL)
        html_inside(run->inside, out);
    html_map(arena, run->set, out);
    text_puts(out, "<h2 id=\"endpoints\">Endpoints</h2>\n");
    html_strips(run->set, out);
    text_puts(out, "<h2 id=\"changes\">Changes</h2>\n");
    html_changes(arena, run, out);
    text_puts(out, "<h2 id=\"controls\">Controls</h2>\n");
    if (run->controls != NULL)
        html_controls(arena, run->controls, out);
    else
        text_puts(out, "<p class=\"soft\">No controls were judged.</p>\n");
    text_puts(out, "<h2 id=\"trend\">Trend</h2>\n");
    html_trend(arena, run, out);
    put_coverage(run->set, out);
    put_verify(run, out);
    text_puts(out, "</main>\n");
    html_script(out);
    text_puts(out, "</body></html>\n");
    arena_free(arena);
}
