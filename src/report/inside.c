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

void report_inside_text(const report_inside_rows *rows, struct text *out)
{
    struct arena *arena = arena_new();
    if (rows->count > 0)
        text_puts(out, "\nAsked from inside: ports by verdict\n");
    for (size_t i = 0; i < rows->count; i++) {
        const struct report_inside_row *row = &rows->items[i];
        text_printf(out, "  %s (%s) to %s: %s\n", row->from, row->eni_id, row->to, counted(arena, row));
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
    text_puts(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < rows->count; i++) {
        const struct report_inside_row *row = &rows->items[i];
        text_puts(out, "<tr>");
        html_put(out, "td", NULL, row->from);
        html_put(out, "td", "code", row->eni_id);
        html_put(out, "td", NULL, row->to);
        for (int kind = 0; kind < VERDICT_KINDS; kind++)
            text_printf(out, "<td class=\"n%s\">%zu</td>", row->ports[kind] == 0 ? " none" : "", row->ports[kind]);
        text_puts(out, "</tr>\n");
    }
    text_puts(out, "</tbody>\n</table></div>\n");
}
