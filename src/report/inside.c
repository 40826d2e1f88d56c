// What was asked from inside, for people: from which segment of which, and what came of it.
#include "report/html_parts.h"

static const char *counted(struct arena *arena, const struct report_inside_row *row)
{
    const char *text = "";
    for (int kind = 0; kind < VERDICT_KINDS; kind++)
        if (row->ports[kind] > 0)
            text = arena_printf(arena, "%s%s%s %zu", text, text[0] == '\0' ? "" : ", ", verdict_names[kind],
                                row->ports[kind]);
    return text;
}

// "1 critical, 2 high"; "" where none is.
static const char *severe(struct arena *arena, const struct report_inside_row *row)
{
    const char *text = "";
    for (enum severity severity = SEVERITY_CRITICAL; severity <= SEVERITY_HIGH; severity++)
        if (row->severe[severity] > 0)
            text = arena_printf(arena, "%s%s%zu %s", text, text[0] == '\0' ? "" : ", ", row->severe[severity],
                                severity_names[severity]);
    return text;
}

size_t report_inside_severe(const struct report_inside_row *row)
{
    return row->severe[SEVERITY_CRITICAL] + row->severe[SEVERITY_HIGH];
}

enum severity report_inside_worst(const struct report_inside_row *row)
{
    return row->severe[SEVERITY_CRITICAL] > 0 ? SEVERITY_CRITICAL : SEVERITY_HIGH;
}

const char *report_inside_pair(struct arena *arena, const struct report_inside_row *row)
{
    return arena_printf(arena, "%s (%s) to %s", row->from, row->eni_id, row->to);
}

const struct report_inside_row *report_inside_urgent(const report_inside_rows *rows, size_t i)
{
    const struct report_inside_row *row = &rows->items[i % rows->count];
    return (report_inside_severe(row) > 0) == (i < rows->count) ? row : NULL;
}

struct report_inside_row report_inside_sum(const report_inside_rows *rows)
{
    struct report_inside_row sum = {0};
    for (size_t i = 0; rows != NULL && i < rows->count; i++) {
        for (int kind = 0; kind < VERDICT_KINDS; kind++)
            sum.ports[kind] += rows->items[i].ports[kind];
        for (int severity = 0; severity <= SEVERITY_HIGH; severity++)
            sum.severe[severity] += rows->items[i].severe[severity];
    }
    return sum;
}

const char *report_inside_told(struct arena *arena, const struct report_inside_row *row)
{
    const char *most = severe(arena, row);
    return arena_printf(arena, "%s%s%s", counted(arena, row), most[0] == '\0' ? "" : "; ", most);
}

void report_inside_text(const report_inside_rows *rows, struct text *out)
{
    struct arena *arena = arena_new();
    if (rows->count > 0)
        text_puts(out, "\nAsked from inside: ports by verdict\n");
    for (size_t i = 0; i < 2 * rows->count; i++) {
        const struct report_inside_row *row = report_inside_urgent(rows, i);
        if (row == NULL)
            continue;
        text_printf(out, "  %s: %s\n", report_inside_pair(arena, row), report_inside_told(arena, row));
    }
    arena_free(arena);
}

void html_inside(const report_inside_rows *rows, struct text *out)
{
    text_puts(out, "<h2 id=\"inside\">Asked from inside</h2>\n<p>Ports by what is declared and what answered, from one "
                   "segment to another; each is in inside/ENI/verdicts.json.</p>\n<div class=\"wide\"><table "
                   "class=\"flows\">\n<thead><tr><th scope=\"col\">From</th><th scope=\"col\">Interface</th>"
                   "<th scope=\"col\">To</th>");
    for (int kind = 0; kind < VERDICT_KINDS; kind++)
        text_printf(out, "<th scope=\"col\" class=\"n\">%s</th>", verdict_names[kind]);
    text_puts(out, "<th scope=\"col\">Severity</th></tr></thead>\n<tbody>\n");
    struct arena *arena = arena_new();
    for (size_t i = 0; i < 2 * rows->count; i++) {
        const struct report_inside_row *row = report_inside_urgent(rows, i);
        if (row == NULL)
            continue;
        text_puts(out, "<tr>");
        html_put(out, "td", NULL, row->from);
        html_put(out, "td", "code", row->eni_id);
        html_put(out, "td", NULL, row->to);
        for (int kind = 0; kind < VERDICT_KINDS; kind++)
            text_printf(out, "<td class=\"n%s\">%zu</td>", row->ports[kind] == 0 ? " none" : "", row->ports[kind]);
        html_put(out, "td", report_inside_worst(row) == SEVERITY_CRITICAL ? "word critical" : "word high",
                 severe(arena, row));
        text_puts(out, "</tr>\n");
    }
    arena_free(arena);
    text_puts(out, "</tbody>\n</table></div>\n");
}
