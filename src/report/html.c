// One self-contained file: no script, no request to anywhere, every value escaped. Filtering is radio buttons and
// :has().
#include "base/digest.h"
#include "report/html_parts.h"
#include "report_css.h"

enum { MOST_MISSING = 1000 };

// What a radio button, when it is chosen, hides, and how its label shows that. The buttons stand before everything that
// they act on: :has() would cost a second of ten thousand findings.
static void put_filter_rules(struct text *css, const char *class, bool hides)
{
    if (hides)
        text_printf(css, "#%s:checked~main .f:not(.%s){display:none}\n", class, class);
    text_printf(css,
                "#%s:checked~main label[for=%s]{background:var(--link);color:var(--paper)}\n"
                "#%s:focus-visible~main label[for=%s]{outline:3px solid var(--link);outline-offset:2px}\n",
                class, class, class, class);
}

static void make_style(struct text *css)
{
    text_add(css, report_css, sizeof(report_css) - 1);
    for (int d = 0; declared_names[d] != NULL; d++)
        for (int o = 0; observed_names[o] != NULL; o++) {
            char class[32];
            snprintf(class, sizeof(class), "c-%d-%d", d, o);
            put_filter_rules(css, class, true);
        }
    for (int s = 0; severity_names[s] != NULL; s++) {
        char class[24];
        snprintf(class, sizeof(class), "s-%s", severity_names[s]);
        put_filter_rules(css, class, true);
    }
    put_filter_rules(css, "every-cell", false);
    put_filter_rules(css, "every-severity", false);
}

static void put_head(const char *title, struct text *out)
{
    struct text css = {0};
    char hash[DIGEST_BASE64];
    make_style(&css);
    digest_sha256_base64(css.bytes, css.length, hash);
    text_printf(out,
                "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-%s'; "
                "base-uri 'none'; "
                "form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"generator\" content=\"sgproof\"><style>",
                hash);
    text_add(out, css.bytes, css.length);
    text_puts(out, "</style>\n<title>sgproof: ");
    report_escape(out, title);
    text_puts(out, "</title></head><body>\n");
    text_free(&css);
}

static void put_tile(struct text *out, const char *href, const char *class, const char *number, const char *what)
{
    text_printf(out, "<a class=\"tile\" href=\"#%s\"><b class=\"%s\">", href, class);
    report_escape(out, number);
    text_puts(out, "</b>");
    html_put(out, "span", NULL, what);
    text_puts(out, "</a>\n");
}

static size_t ports_of(const struct verdict_set *set, enum severity most)
{
    size_t count = 0;
    for (size_t i = 0; i < set->items.count; i++)
        if (set->items.items[i].severity <= most)
            count += (size_t)(set->items.items[i].high - set->items.items[i].low) + 1;
    return count;
}

static size_t outages(const struct verdict_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->items.count; i++)
        if (set->items.items[i].outage)
            count += (size_t)(set->items.items[i].high - set->items.items[i].low) + 1;
    return count;
}

// The first screen: is it complete, what is exposed, what disagrees, what changed.
static void put_summary(struct arena *arena, const struct report_run *run, const size_t ports[VERDICT_KINDS],
                        struct text *out)
{
    const struct verdict_set *set = run->set;
    size_t urgent = ports_of(set, SEVERITY_HIGH), disagree = ports[VERDICT_UNDECLARED] + ports[VERDICT_BLOCKED];
    size_t moved = run->drift == NULL ? 0 : run->drift->count, down = outages(set);
    bool compared = run->runs != NULL && run->runs->count > 0;
    text_puts(out, "<header><h1>");
    report_escape(out, run->title);
    text_puts(out, "</h1>\n<p class=\"soft\">Network exposure, seen from ");
    report_escape(out, set->vantage == NULL          ? "the internet at large"
                       : set->vantage_learnt != NULL ? set->vantage_learnt
                                                     : set->vantage);
    text_printf(out, ". %zu public endpoints, %zu ports asked", set->endpoints, set->asked);
    if (run->manifest != NULL) {
        text_puts(out, ", ");
        report_escape(out, report_shortened(arena, run->manifest->claims.begin, MINUTE));
        text_puts(out, " to ");
        report_escape(out, report_shortened(arena, run->manifest->claims.end, MINUTE));
        text_puts(out, " UTC");
    }
    const char *silence = report_silence(arena, run);
    text_printf(out, ".%s%s</p>\n<div class=\"tiles\">\n", silence != NULL ? " " : "", silence != NULL ? silence : "");
    put_tile(out, "coverage", set->complete ? "good" : "critical", set->complete ? "Complete" : "Incomplete",
             set->complete ? "everything was read and asked as planned" : "what is missing is not clean");
    put_tile(out, "findings", urgent > 0 ? "critical" : "good", arena_printf(arena, "%zu", urgent),
             "ports are critical or high");
    put_tile(out, "matrix",
             ports[VERDICT_UNDECLARED] > 0 ? "critical"
             : disagree > 0                ? "medium"
                                           : "good",
             arena_printf(arena, "%zu", disagree),
             arena_printf(arena, "ports disagree: %zu undeclared, %zu blocked", ports[VERDICT_UNDECLARED],
                          ports[VERDICT_BLOCKED]));
    put_tile(out, "endpoints", "info", arena_printf(arena, "%zu", ports[VERDICT_CONFIRMED] + ports[VERDICT_LATENT]),
             arena_printf(arena, "ports are exposed: %zu confirmed, %zu latent", ports[VERDICT_CONFIRMED],
                          ports[VERDICT_LATENT]));
    put_tile(out, "changes",
             down > 0    ? "critical"
             : moved > 0 ? "medium"
                         : "info",
             compared ? arena_printf(arena, "%zu", moved) : "–",
             compared ? "changes since the last run" : "no earlier run to compare with");
    text_puts(out, "</div>\n");
    if (down > 0)
        text_printf(
            out,
            "<div class=\"alert\" role=\"alert\"><strong>Outage.</strong> %zu port%s that the intent expects to "
            "answer did before, and %s not now.</div>\n",
            down, down == 1 ? "" : "s", down == 1 ? "does" : "do");
    if (!set->complete) {
        text_puts(out, "<div class=\"alert\" role=\"alert\"><strong>Incomplete.</strong> Not everything could be read, "
                       "asked or written; what is "
                       "missing is not clean.<ul>");
        for (size_t i = 0; i < set->missing.count && i < MOST_MISSING; i++)
            html_put(out, "li", NULL, set->missing.items[i]);
        if (set->missing.count > MOST_MISSING)
            text_printf(out, "<li>and %zu more: see verdicts.json</li>", (size_t)set->missing.count - MOST_MISSING);
        text_puts(out, "</ul></div>\n");
    }
    text_puts(out, "</header>\n<nav aria-label=\"Sections\"><p><a href=\"#matrix\">Matrix</a> · <a "
                   "href=\"#findings\">Findings</a> · <a "
                   "href=\"#endpoints\">Endpoints</a> · <a href=\"#changes\">Changes</a> · <a "
                   "href=\"#controls\">Controls</a> · <a "
                   "href=\"#trend\">Trend</a> · <a href=\"#coverage\">Coverage</a> · <a href=\"#verify\">How to "
                   "verify</a></p></nav>\n");
}

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
    text_puts(out, "<h2 id=\"matrix\">Declared × observed, in ports</h2>\n<p class=\"soft\">Choose a number to see its "
                   "findings only.</p>\n"
                   "<div class=\"wide\"><table><thead><tr><th scope=\"col\">Declared</th>");
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
    text_puts(out, "</div>\n");
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
        html_finding(scratch, run, shown[at], &one);
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
    text_puts(out, "<h3>The intent file itself</h3>\n<div class=\"wide\"><table><thead><tr><th "
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
    put_head(run->title, out);
    put_summary(arena, run, ports, out);
    put_buttons(arena, shown, count, out);
    text_puts(out, "<main>\n");
    put_matrix(arena, run->set, shown, count, out);
    put_findings(arena, run, shown, count, ports, out);
    put_intent_notes(run->set, out);
    if (run->inside != NULL)
        html_inside(run->inside, out);
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
    text_puts(out, "</main></body></html>\n");
    arena_free(arena);
}
