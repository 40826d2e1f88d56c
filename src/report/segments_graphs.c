// Segments as graphs: Mermaid's flowchart and Graphviz's dot. https://mermaid.js.org/syntax/flowchart.html,
// https://graphviz.org/doc/info/lang.html
#include "report/report.h"
#include "report/segments.h"

// In quotes of either language nothing but a quote ends the text; Mermaid reads it as HTML beside.
static void put_quoted(struct arena *arena, struct text *out, const char *text, bool mermaid)
{
    text_puts(out, "\"");
    for (const char *p = report_clean(arena, text); *p != '\0'; p++)
        if (mermaid && strchr("\"<>&#;`", *p) != NULL)
            text_printf(out, "#%d;", *p);
        else if (!mermaid && (*p == '"' || *p == '\\'))
            text_printf(out, "\\%c", *p);
        else
            text_add(out, p, 1);
    text_puts(out, "\"");
}

static void put_graph(const struct segments_report *report, bool mermaid, struct text *out)
{
    struct arena *arena = arena_new();
    const struct segment_set *set = report->set;
    size_t count;
    const struct segment_cell *cells = segment_cells(arena, report, &count);
    bool *drawn = arena_array(arena, bool, set->segments.count + 1);
    bool leaves = false;
    for (size_t i = 0; i < count; i++) {
        drawn[cells[i].from] = true;
        leaves = leaves || cells[i].to == SEGMENT_INTERNET;
        if (cells[i].to != SEGMENT_INTERNET)
            drawn[cells[i].to] = true;
    }
    text_puts(out, mermaid ? "flowchart LR\n" : "digraph segments {\n  rankdir=LR;\n  node [shape=box];\n");
    for (uint32_t i = 0; i < set->segments.count; i++) {
        if (!drawn[i] && set->segments.items[i].interfaces == 0)
            continue;
        text_printf(out, "  s%u[", i);
        text_puts(out, mermaid ? "" : "label=");
        put_quoted(arena, out, segment_label(arena, set, i), mermaid);
        text_puts(out, mermaid ? "]\n" : "];\n");
    }
    if (leaves)
        text_puts(out, mermaid ? "  internet((\"internet\"))\n" : "  internet [label=\"internet\", shape=ellipse];\n");
    for (size_t i = 0; i < count; i++) {
        const struct segment_cell *cell = &cells[i];
        bool dashed = cell->exact == NULL;
        const char *to = cell->to == SEGMENT_INTERNET ? "internet" : arena_printf(arena, "s%u", cell->to);
        text_printf(out, mermaid ? "  s%u %s|" : "  s%u -> %s [label=", cell->from,
                    mermaid ? (dashed ? "-.->" : "-->") : to);
        put_quoted(arena, out, segment_cell_text(arena, cell), mermaid);
        bool forbidden = cell->forbidden_by != NULL;
        if (mermaid)
            text_printf(out, "| %s\n", to);
        else
            text_printf(out, "%s%s];\n", dashed ? ", style=dashed" : "",
                        forbidden ? ", color=\"#cf222e\", fontcolor=\"#cf222e\"" : "");
    }
    for (size_t i = 0; mermaid && i < count; i++)
        if (cells[i].forbidden_by != NULL)
            text_printf(out, "  linkStyle %zu stroke:#cf222e,color:#cf222e\n", i);
    text_puts(out, mermaid ? "" : "}\n");
    arena_free(arena);
}

void segments_mermaid(const struct segments_report *report, struct text *out)
{
    put_graph(report, true, out);
}

void segments_dot(const struct segments_report *report, struct text *out)
{
    put_graph(report, false, out);
}
