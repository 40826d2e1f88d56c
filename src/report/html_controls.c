#include "report/html_parts.h"

enum { MOST_EVIDENCE = 200 };

static const char *result_class(enum control_result result)
{
    static const char *const classes[] = {"word good", "word critical", "word info", "word medium"};
    return classes[result];
}

static const char *observed_text(struct arena *arena, const struct group_access *access)
{
    const char *text = "";
    for (size_t i = 0; observed_names[i] != NULL; i++)
        if (access->observed[i] > 0)
            text = arena_printf(arena, "%s%s%zu %s", text, text[0] == '\0' ? "" : ", ", access->observed[i],
                                observed_names[i]);
    return text[0] == '\0' ? "not asked" : text;
}

static void put_access(struct arena *arena, const struct group_access *access, struct text *out)
{
    text_puts(out, "<tr>");
    html_put(out, "td", "code id", access->vpc_id);
    text_puts(out, "<td>");
    report_escape(out, access->group_name);
    html_put(out, "small", "code", access->group_id);
    text_puts(out, "</td>");
    html_put(out, "td", NULL, access->outbound ? "outbound" : "inbound");
    html_put(out, "td", access->allowed ? "word" : "word soft", access->allowed ? "allowed" : "denied");
    html_put(out, "td", NULL, access->protocol);
    html_put(out, "td", NULL, access->ports);
    html_put(out, "td", "code", access->peer);
    html_put(out, "td", NULL,
             access->outbound
                 ? ""
                 : arena_printf(arena, "%zu of %zu addresses reachable", access->reachable, access->addresses));
    html_put(out, "td", NULL, access->outbound ? "" : observed_text(arena, access));
    text_puts(out, "</tr>\n");
}

// Auditors copy from this one: groups and ports first.
static void put_platform(struct arena *arena, const struct control_report *controls, struct text *out)
{
    text_puts(out, "<h3 id=\"platform\">The platform's accesses: what each security group allows and denies</h3>\n<div "
                   "class=\"wide\"><table><thead><tr>"
                   "<th scope=\"col\">VPC</th><th scope=\"col\">Security group</th><th scope=\"col\">Direction</th>"
                   "<th scope=\"col\">Access</th><th scope=\"col\">Protocol</th><th scope=\"col\">Ports</th>"
                   "<th scope=\"col\">From or to</th><th scope=\"col\">Declared</th><th "
                   "scope=\"col\">Observed</th></tr></thead><tbody>\n");
    size_t at = 0, left = HTML_ACCESSES;
    for (struct text row = {0};; at++) {
        if (at < controls->accesses.count)
            put_access(arena, &controls->accesses.items[at], &row);
        if (at == controls->accesses.count || !html_add(&row, &left, out)) {
            text_free(&row);
            break;
        }
    }
    text_puts(out, "</tbody></table></div>\n");
    if (at < controls->accesses.count)
        text_printf(out, "<p>%zu more are in controls.json.</p>\n", (size_t)controls->accesses.count - at);
}
static void put_fact(const struct control_evidence *evidence, struct text *out)
{
    html_put(out, "dt", result_class(evidence->result), control_result_names[evidence->result]);
    text_puts(out, "<dd><code>");
    report_escape(out, evidence->subject);
    text_puts(out, "</code>: ");
    report_escape(out, evidence->detail);
    if (evidence->reference != NULL)
        html_put(out, "small", "code", evidence->reference);
    text_puts(out, "</dd>");
}

// What is missing, then what was found; as much as there is room for.
static void put_evidence(const struct control *control, size_t *left, struct text *out)
{
    size_t count = control->missing.count + control->evidence.count, at = 0;
    size_t most = control->missing.count + MOST_EVIDENCE;
    struct text one = {0};
    if (count == 0)
        return;
    text_puts(out, "<details><summary class=\"plain\">Evidence</summary><div class=\"inside\"><dl>");
    for (; at < count && at < most; at++) {
        if (at < control->missing.count) {
            html_put(&one, "dt", NULL, "missing");
            html_put(&one, "dd", NULL, control->missing.items[at]);
        } else {
            put_fact(&control->evidence.items[at - control->missing.count], &one);
        }
        if (!html_add(&one, left, out))
            break;
    }
    text_puts(out, "</dl>");
    if (at < count)
        text_printf(out, "<p>%zu more are in controls.json.</p>", count - at);
    text_puts(out, "</div></details>");
    text_free(&one);
}

static void put_pack(const struct control_pack *pack, size_t *left, struct text *out)
{
    text_puts(out, "<h3>");
    report_escape(out, pack->title);
    text_puts(
        out, "</h3>\n<div class=\"wide\"><table><thead><tr><th scope=\"col\">Result</th><th scope=\"col\">Severity</th>"
             "<th scope=\"col\">Control</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < pack->controls.count; i++) {
        const struct control *control = &pack->controls.items[i];
        text_puts(out, "<tr>");
        html_put(out, "td", result_class(control->result), control_result_names[control->result]);
        html_put(out, "td", NULL, severity_names[control->severity]);
        text_puts(out, "<td><strong>");
        report_escape(out, control->title);
        text_puts(out, "</strong> <span class=\"code soft\">");
        report_escape(out, control->id);
        text_puts(out, "</span><small>");
        report_escape(out, control->text);
        text_puts(out, "</small>");
        put_evidence(control, left, out);
        text_puts(out, "</td></tr>\n");
    }
    text_puts(out, "</tbody></table></div>\n");
}

void html_controls(struct arena *arena, const struct control_report *controls, struct text *out)
{
    if (controls->accesses.count > 0)
        put_platform(arena, controls, out);
    size_t left = HTML_EVIDENCE;
    for (size_t p = 0; p < controls->packs.count; p++)
        put_pack(&controls->packs.items[p], &left, out);
}
