// Segments as tables: CSV (RFC 4180) and Markdown.
#include "report/report.h"
#include "report/segments.h"

// A cell that begins like a formula is one to a spreadsheet: an apostrophe makes it text.
static void put_csv(struct arena *arena, struct text *out, const char *text, bool last)
{
    text = report_clean(arena, text);
    text_puts(out, text[0] != '\0' && strchr("=+-@", text[0]) != NULL ? "\"'" : "\"");
    for (const char *p = text; *p != '\0'; p++)
        text_add(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    text_puts(out, last ? "\"\r\n" : "\",");
}

static const char *addresses(struct arena *arena, enum family family, struct prefixset set)
{
    size_t count;
    const struct prefix *prefixes = prefixset_prefixes(arena, family, set, &count);
    struct text text = {0};
    for (size_t i = 0; i < count; i++) {
        char one[ADDRESS_TEXT];
        prefix_format(prefixes[i], one);
        text_printf(&text, "%s%s", i == 0 ? "" : " ", one);
    }
    const char *made = arena_strdup(arena, text.bytes == NULL ? "" : text.bytes);
    text_free(&text);
    return made;
}

static void put_flow(struct arena *arena, const struct segment_set *set, const struct flow *flow, struct text *out)
{
    bool outside = flow->to == SEGMENT_INTERNET;
    const char *cells[] = {set->segments.items[flow->from].id,
                           segment_label(arena, set, flow->from),
                           outside ? "internet" : set->segments.items[flow->to].id,
                           outside ? "" : segment_label(arena, set, flow->to),
                           flow->from_vpc,
                           outside ? "" : flow->to_vpc,
                           family_name(flow->family),
                           flow_protocol(arena, flow->protocol),
                           flow_ports(arena, flow),
                           addresses(arena, flow->family, flow->sources),
                           outside && prefixset_reads_as_internet(flow->family, flow->destinations)
                               ? "internet"
                               : addresses(arena, flow->family, flow->destinations),
                           certainty_names[flow->certainty],
                           flow_way_names[flow->way],
                           flow->by,
                           reasons_joined(arena, &flow->via, REASON_UNTOLD, "; "),
                           reasons_joined(arena, &flow->because, REASON_UNTOLD, "; ")};
    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
        put_csv(arena, out, cells[i] == NULL ? "" : cells[i], i + 1 == sizeof(cells) / sizeof(cells[0]));
}

void segments_csv(const struct segments_report *report, struct text *out)
{
    struct arena *arena = arena_new();
    const flow_list *lists[] = {&report->set->inside, &report->set->outbound};
    text_puts(out,
              "from,from_name,to,to_name,from_vpc,to_vpc,family,protocol,ports,sources,destinations,certainty,way,by,"
              "via,because\r\n");
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < lists[l]->count; i++) {
            put_flow(arena, report->set, &lists[l]->items[i], out);
            arena_reset(arena);
        }
    arena_free(arena);
}

static void put_cell(struct arena *arena, struct text *out, const char *text)
{
    text_puts(out, " ");
    report_cell(arena, text, out);
    text_puts(out, " |");
}

static void put_matrix(struct arena *arena, const struct segment_set *set, const struct segment_cell *cells,
                       size_t count, struct text *out)
{
    text_puts(out, "| from | to | what |\n|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        text_puts(out, "|");
        put_cell(arena, out, segment_label(arena, set, cells[i].from));
        put_cell(arena, out, cells[i].to == SEGMENT_INTERNET ? "the internet" : segment_label(arena, set, cells[i].to));
        const char *what = segment_cell_text(arena, &cells[i]);
        if (cells[i].to == SEGMENT_INTERNET)
            what = arena_printf(arena, "%s, %s", what, segment_exits(arena, set, cells[i].from));
        put_cell(arena, out, what);
        text_puts(out, "\n");
    }
}

void segments_markdown(const struct segments_report *report, struct text *out)
{
    struct arena *arena = arena_new();
    const struct segment_set *set = report->set;
    size_t count;
    const struct segment_cell *cells = segment_cells(arena, report, &count);
    text_puts(out, "## Who reaches whom\n\n");
    put_matrix(arena, set, cells, count, out);
    if (report->finding_count > 0)
        text_puts(out, "\n### Forbidden by the intent\n\n");
    for (size_t i = 0; i < report->finding_count; i++) {
        text_puts(out, "- ");
        report_cell(arena, segment_finding_text(arena, &report->findings[i]), out);
        text_puts(out, "\n");
    }
    if (set->missing.items.count > 0)
        text_puts(out, "\n### Not known\n\n");
    for (size_t i = 0; i < set->missing.items.count; i++) {
        text_puts(out, "- ");
        report_cell(arena, set->missing.items.items[i].text, out);
        text_puts(out, "\n");
    }
    arena_free(arena);
}
