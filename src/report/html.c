#include "report/report.h"

// One self-contained file: no script, no request to anywhere, every value escaped.
static void put_cell(struct text *out, const char *class, const char *text)
{
    text_printf(out, "<td%s%s%s>", class[0] != '\0' ? " class=\"" : "", class, class[0] != '\0' ? "\"" : "");
    report_escape(out, text);
    text_puts(out, "</td>");
}

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>\n"
    ":root{color-scheme:light "
    "dark;--line:#8886;--critical:#b00020;--high:#b3400f;--medium:#7a5a00;--low:#1a5fa8;--info:#4b5563}\n"
    "@media(prefers-color-scheme:dark){:root{--critical:#ff8a95;--high:#ffa27a;--medium:#f0c75e;--low:#8cc0ff;--info:#"
    "b4bcc8}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}\n"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.35rem "
    ".6rem;border-bottom:1px solid var(--line)}\n"
    "th{font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}code,td.a{font-family:ui-"
    "monospace,"
    "monospace;font-size:.9em}\n"
    ".critical,.high,.medium,.low,.info{font-weight:600}.critical{color:var(--critical)}.high{color:var(--high)}."
    "medium{color:var(--medium)}.low{color:var(--low)}.info{color:var(--info)}\n"
    ".incomplete{border:2px solid var(--critical);padding:.6rem 1rem;margin:1rem "
    "0}.quiet{color:var(--info)}small{display:block}\n"
    "@media print{body{max-width:none;margin:0}tr{break-inside:avoid}}\n</style>\n";

void report_html(const struct report_run *run, const struct report_options *options, struct text *out)
{
    const struct verdict_set *set = run->set;
    (void)options;
    struct arena *arena = arena_new();
    size_t count, ports[VERDICT_KINDS], matrix[4][5] = {{0}};
    const struct verdict **shown = report_worth_showing(arena, set, &count);
    report_count(set, ports);
    for (size_t i = 0; i < set->items.count; i++)
        matrix[set->items.items[i].declared][set->items.items[i].observed] +=
            (size_t)(set->items.items[i].high - set->items.items[i].low) + 1;
    text_puts(out, head);
    text_puts(out, "<title>sgproof: ");
    report_escape(out, run->title);
    text_puts(out, "</title></head><body>\n<main>\n<h1>Network exposure: ");
    report_escape(out, run->title);
    text_puts(out, "</h1>\n<p class=\"quiet\">Seen from ");
    report_escape(out, set->vantage == NULL ? "the internet at large" : set->vantage);
    text_printf(out, ". %zu endpoints, %zu ports asked.</p>\n", set->endpoints, set->asked);
    if (!set->complete) {
        text_puts(out, "<div class=\"incomplete\" role=\"alert\"><strong>Incomplete.</strong> Not everything could be "
                       "read or asked; what is missing is not clean.<ul>");
        for (size_t i = 0; i < set->missing.count; i++) {
            text_puts(out, "<li>");
            report_escape(out, set->missing.items[i]);
            text_puts(out, "</li>");
        }
        text_puts(out, "</ul></div>\n");
    }
    text_puts(out, "<h2>Declared × observed, in ports</h2>\n<table><thead><tr><th scope=\"col\">Declared</th>");
    for (int o = 0; observed_names[o] != NULL; o++)
        text_printf(out, "<th scope=\"col\" class=\"n\">%s</th>", observed_names[o]);
    text_puts(out, "</tr></thead><tbody>\n");
    for (int d = 0; declared_names[d] != NULL; d++) {
        text_printf(out, "<tr><th scope=\"row\">%s</th>", declared_names[d]);
        for (int o = 0; observed_names[o] != NULL; o++)
            text_printf(out, "<td class=\"n\">%zu</td>", matrix[d][o]);
        text_puts(out, "</tr>\n");
    }
    text_puts(out, "</tbody></table>\n<h2>Findings and confirmed exposure</h2>\n<table><thead><tr>"
                   "<th scope=\"col\">Severity</th><th scope=\"col\">Verdict</th><th scope=\"col\">Endpoint</th>"
                   "<th scope=\"col\">Port</th><th scope=\"col\">Declared</th><th scope=\"col\">Observed</th>"
                   "<th scope=\"col\">Intent</th><th scope=\"col\">Because</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < count; i++) {
        const struct verdict *verdict = shown[i];
        char address[ADDRESS_TEXT];
        address_format(verdict->address, address);
        text_puts(out, "<tr>");
        put_cell(out, severity_names[verdict->severity], severity_names[verdict->severity]);
        put_cell(out, "",
                 arena_printf(arena, "%s%s", verdict_names[verdict->kind], verdict->unstable ? " (unstable)" : ""));
        text_printf(out, "<td><code>%s</code><small>", address);
        report_escape(out, verdict->name == NULL ? verdict->eni_id : verdict->name);
        text_puts(out, "</small></td>");
        put_cell(out, "a", report_port(arena, verdict));
        put_cell(out, "", declared_names[verdict->declared]);
        put_cell(out, "",
                 arena_printf(arena, "%s (%s%s%s)", observed_names[verdict->observed], verdict->reason,
                              verdict->from != NULL ? " from " : "", verdict->from != NULL ? verdict->from : ""));
        put_cell(out, "",
                 verdict->intent == INTENT_UNSPECIFIED
                     ? "unspecified"
                     : arena_printf(arena, "%s: %s", intent_names[verdict->intent],
                                    verdict->intent_rule == NULL ? "default" : verdict->intent_rule));
        text_puts(out, "<td>");
        for (size_t b = 0; b < verdict->because.count; b++) {
            text_puts(out, b > 0 ? "<br>" : "");
            report_escape(out, verdict->because.items[b]);
        }
        text_puts(out, "</td></tr>\n");
    }
    text_printf(out,
                "</tbody></table>\n<p class=\"quiet\">%zu ports are enforced: declared unreachable, and nothing "
                "answered.</p>\n",
                ports[VERDICT_ENFORCED]);
    if (set->gaps.count > 0)
        text_puts(out, "<h2>Not asked</h2>\n<ul>\n");
    for (size_t i = 0; i < set->gaps.count; i++) {
        text_printf(out, "<li>%zu × ", set->gaps.items[i].count);
        report_escape(out, set->gaps.items[i].what);
        text_puts(out, "</li>\n");
    }
    text_puts(out, set->gaps.count > 0 ? "</ul>\n" : "");
    text_puts(out, "</main></body></html>\n");
    arena_free(arena);
}
