#include "report/html_parts.h"

enum { MOST_EVIDENCE = 200 };

static const char *result_class(enum control_result result)
{
    static const char *const classes[] = {"word good", "word critical", "word info", "word medium", "word soft"};
    return classes[result];
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
    html_put(out, "td", NULL, report_declared(arena, access));
    html_put(out, "td", NULL, report_observed(arena, access));
    text_puts(out, "</tr>\n");
}

// Auditors copy from this one: groups and ports first.
static void put_platform(struct arena *arena, const struct control_report *controls, struct text *out)
{
    text_puts(out, "<h3 id=\"platform\">The platform's accesses: what each security group allows and denies</h3>\n<div "
                   "class=\"wide\"><table class=\"access\"><thead><tr>"
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

// A link to the file that tells of it, which lies beside the report in its evidence.
static void put_reference(const char *reference, struct text *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
    bool links = reference[0] != '/' && strstr(reference, "..") == NULL;
    text_puts(out, "<small class=\"code\">");
    if (links) {
        text_puts(out, "<a href=\"");
        for (const char *p = reference; *p != '\0' && *p != '#'; p++)
            if (strchr(plain, *p) != NULL)
                text_add(out, p, 1);
            else
                text_printf(out, "%%%02X", (unsigned char)*p);
        text_puts(out, "\">");
    }
    report_escape(out, reference);
    text_puts(out, links ? "</a></small>" : "</small>");
}

static void put_fact(const struct control_evidence *evidence, struct text *out)
{
    html_put(out, "dt", result_class(evidence->result), control_result_names[evidence->result]);
    text_puts(out, "<dd><code>");
    report_escape(out, evidence->subject);
    text_puts(out, "</code>: ");
    report_escape(out, evidence->detail);
    if (evidence->reference != NULL)
        put_reference(evidence->reference, out);
    if (evidence->exception != NULL) {
        text_puts(out, "<small>excepted: ");
        report_escape(out, evidence->exception);
        text_puts(out, "</small>");
    }
    if (evidence->fix != NULL)
        html_put(out, "pre", NULL, evidence->fix);
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

// The rows of other frameworks that ask the same.
static void put_crosswalk(const struct control *control, struct text *out)
{
    for (size_t i = 0; i < control->crosswalk.count; i++) {
        const struct crosswalk *one = &control->crosswalk.items[i];
        text_puts(out, i == 0 ? "<small class=\"soft\">Asks the same: " : "; ");
        report_escape(out, one->framework);
        for (size_t r = 0; r < one->rows.count; r++) {
            text_puts(out, r == 0 ? " " : ", ");
            report_escape(out, one->rows.items[r]);
        }
    }
    text_puts(out, control->crosswalk.count == 0 ? "" : "</small>");
}

static void put_exceptions(struct arena *arena, const struct control_report *controls, struct text *out)
{
    text_puts(out, "<h3>Exceptions</h3>\n<div class=\"wide\"><table class=\"exceptions\"><thead><tr><th "
                   "scope=\"col\">Exception</th>"
                   "<th scope=\"col\">Control</th><th scope=\"col\">Of</th><th scope=\"col\">Owner</th><th "
                   "scope=\"col\">Reason</th><th scope=\"col\">Until</th><th scope=\"col\">Excepts</th></tr></thead>"
                   "<tbody>\n");
    for (size_t i = 0; i < controls->exceptions.count; i++) {
        const struct control_exception *one = &controls->exceptions.items[i];
        text_puts(out, "<tr>");
        html_put(out, "td", "code", one->id);
        html_put(out, "td", "code", one->control);
        html_put(out, "td", "code", one->subject == NULL ? "whatever fails" : one->subject);
        html_put(out, "td", NULL, one->owner);
        html_put(out, "td", NULL, one->reason);
        html_put(out, "td", one->expired ? "word critical" : NULL,
                 one->expired ? arena_printf(arena, "expired on %s", one->expires) : one->expires);
        html_put(out, "td", NULL, arena_printf(arena, "%zu", one->excepts));
        text_puts(out, "</tr>\n");
    }
    text_puts(out, "</tbody></table></div>\n");
}

static void put_control(const struct control *control, size_t *left, struct text *out)
{
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
    if (control->decided != NULL)
        html_put(out, "small", NULL, control->decided);
    put_crosswalk(control, out);
    put_evidence(control, left, out);
    text_puts(out, "</td></tr>\n");
}

static void put_pack(const struct control_pack *pack, size_t *left, struct text *out)
{
    struct arena *arena = arena_new();
    size_t results[CONTROL_RESULTS] = {0}, count;
    const struct control **controls = report_urgent_first(arena, pack, 1, &count);
    for (size_t i = 0; i < count; i++)
        results[controls[i]->result]++;
    text_puts(out, "<h3>");
    report_escape(out, report_pack_title(arena, pack));
    text_puts(out, "</h3>\n<p>");
    report_control_counts(results, out);
    text_puts(out, "</p>\n");
    if (pack->scope != NULL)
        html_put(out, "p", "soft", pack->scope);
    text_puts(out, "<div class=\"wide\"><table class=\"controls\"><thead><tr><th scope=\"col\">Result</th><th "
                   "scope=\"col\">Severity</th><th scope=\"col\">Control</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < count; i++)
        put_control(controls[i], left, out);
    arena_free(arena);
    text_puts(out, "</tbody></table></div>\n");
}

void html_controls(struct arena *arena, const struct control_report *controls, struct text *out)
{
    size_t left = HTML_EVIDENCE;
    for (size_t p = 0; p < controls->packs.count; p++)
        put_pack(&controls->packs.items[p], &left, out);
    if (controls->exceptions.count > 0)
        put_exceptions(arena, controls, out);
    if (controls->accesses.count > 0)
        put_platform(arena, controls, out);
}
