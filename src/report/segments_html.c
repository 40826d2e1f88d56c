// Segments as one page: a drawn map, the matrix as a table, what leaves. No script and no style from elsewhere: what is
// drawn has its looks as attributes.
#include "report/report.h"
#include "report/segments.h"

enum { BOX_WIDTH = 220, BOX_HEIGHT = 44, GAP = 26, MARGIN = 24, LANES = 420, MOST_DRAWN = 40 };

struct map_page {
    struct arena *arena;
    const struct segments_report *report;
    const struct segment_cell *cells;
    size_t count;
    int *tops; // of each segment's box; 0: it is not drawn
    int height;
    struct text *out;
};

static const char *vpc_of(const struct segment *segment)
{
    return segment->parts.count == 0 ? "" : segment->parts.items[0].vpc_id;
}

// Boxes stand one below the other, those of one VPC in one frame.
static void place_boxes(struct map_page *page)
{
    const struct segment_set *set = page->report->set;
    struct map done = {0};
    int at = MARGIN;
    for (uint32_t i = 0; i < set->segments.count; i++) {
        const char *vpc = vpc_of(&set->segments.items[i]);
        if (map_get(&done, vpc) != NULL)
            continue;
        map_put(page->arena, &done, vpc, page->tops);
        int top = at;
        at += GAP;
        for (uint32_t k = i; k < set->segments.count; k++)
            if (strcmp(vpc_of(&set->segments.items[k]), vpc) == 0) {
                page->tops[k] = at;
                at += BOX_HEIGHT + GAP;
            }
        text_printf(page->out,
                    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#f4f6f8\" stroke=\"#8a96a3\"/>"
                    "<text x=\"%d\" y=\"%d\" font-size=\"12\" fill=\"#57606a\">",
                    MARGIN / 2, top, BOX_WIDTH + MARGIN, at - top, MARGIN, top + 16);
        report_escape(page->out, vpc);
        text_puts(page->out, "</text>\n");
        at += GAP;
    }
    page->height = at;
}

static void put_boxes(struct map_page *page)
{
    const struct segment_set *set = page->report->set;
    for (uint32_t i = 0; i < set->segments.count; i++) {
        text_printf(page->out,
                    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" fill=\"#fff\" stroke=\"#24292f\"/>"
                    "<text x=\"%d\" y=\"%d\" font-size=\"13\">",
                    MARGIN, page->tops[i], BOX_WIDTH - MARGIN / 2, BOX_HEIGHT, MARGIN + 8, page->tops[i] + 18);
        report_escape(page->out, report_shortened(page->arena, segment_label(page->arena, set, i), 30));
        text_printf(page->out,
                    "</text><text x=\"%d\" y=\"%d\" font-size=\"11\" fill=\"#57606a\">%u interface%s</text>\n",
                    MARGIN + 8, page->tops[i] + 35, set->segments.items[i].interfaces,
                    set->segments.items[i].interfaces == 1 ? "" : "s");
    }
    text_printf(page->out,
                "<ellipse cx=\"%d\" cy=\"%d\" rx=\"56\" ry=\"26\" fill=\"#ddf4ff\" stroke=\"#0969da\"/>"
                "<text x=\"%d\" y=\"%d\" font-size=\"13\" text-anchor=\"middle\">internet</text>\n",
                BOX_WIDTH + LANES + 120, page->height / 2, BOX_WIDTH + LANES + 120, page->height / 2 + 5);
}

// An arrow leaves a box at its right and comes to the other one's right; each has a lane of its own.
static void put_arrows(struct map_page *page)
{
    int right = BOX_WIDTH + MARGIN / 2, lane = 0;
    for (size_t i = 0; i < page->count; i++) {
        const struct segment_cell *cell = &page->cells[i];
        bool outside = cell->to == SEGMENT_INTERNET;
        int from = page->tops[cell->from] + 12 + lane % 3 * 8;
        int to = outside ? page->height / 2 : page->tops[cell->to] + 20 + lane % 3 * 8;
        int reach = right + 40 + lane * 37 % (LANES - 140);
        const char *look = cell->exact == NULL ? " stroke-dasharray=\"5 4\"" : "";
        const char *colour = outside ? "#0969da" : "#57606a";
        lane++;
        if (outside)
            text_printf(page->out, "<path d=\"M%d %d C%d %d %d %d %d %d\"", right, from, right + LANES / 2, from,
                        right + LANES / 2, to, BOX_WIDTH + LANES + 62, to);
        else
            text_printf(page->out, "<path d=\"M%d %d C%d %d %d %d %d %d\"", right, from, reach, from, reach, to, right,
                        to);
        text_printf(page->out, " fill=\"none\" stroke=\"%s\" marker-end=\"url(#tip)\"%s><title>", colour, look);
        report_escape(page->out, segment_label(page->arena, page->report->set, cell->from));
        text_puts(page->out, " to ");
        report_escape(page->out, outside ? "the internet" : segment_label(page->arena, page->report->set, cell->to));
        text_puts(page->out, ": ");
        report_escape(page->out, segment_cell_text(page->arena, cell));
        text_printf(page->out, "</title></path><text x=\"%d\" y=\"%d\" font-size=\"10\" fill=\"%s\">",
                    outside ? right + LANES / 2 : right + (reach - right) * 3 / 4 + 4, (from + to) / 2 + 3, colour);
        report_escape(page->out, report_shortened(page->arena, segment_cell_text(page->arena, cell), 28));
        text_puts(page->out, "</text>\n");
    }
}

static void put_map(struct map_page *page)
{
    struct text drawn = {0}, *out = page->out;
    page->tops = arena_array(page->arena, int, page->report->set->segments.count + 1);
    page->out = &drawn;
    place_boxes(page);
    put_arrows(page);
    put_boxes(page);
    page->out = out;
    text_printf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"map of segments\" width=\"%d\" "
        "height=\"%d\" font-family=\"sans-serif\">\n"
        "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
        "orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" fill=\"#57606a\"/></marker></defs>\n",
        BOX_WIDTH + LANES + 200, page->height);
    text_add(out, drawn.bytes, drawn.length);
    text_puts(out, "</svg>\n");
    text_free(&drawn);
}

static void put_cell(struct text *out, const char *tag, const char *text)
{
    text_printf(out, "<%s>", tag);
    report_escape(out, text);
    text_printf(out, "</%s>", tag);
}

static void put_table(const struct map_page *page)
{
    const struct segment_set *set = page->report->set;
    text_puts(page->out, "<table border=\"1\" cellpadding=\"4\">\n<tr><th>from</th><th>to</th><th>what</th><th>how it "
                         "leaves</th></tr>\n");
    for (size_t i = 0; i < page->count; i++) {
        const struct segment_cell *cell = &page->cells[i];
        bool outside = cell->to == SEGMENT_INTERNET;
        text_puts(page->out, "<tr>");
        put_cell(page->out, "th", segment_label(page->arena, set, cell->from));
        put_cell(page->out, "th", outside ? "the internet" : segment_label(page->arena, set, cell->to));
        put_cell(page->out, "td", segment_cell_text(page->arena, cell));
        put_cell(page->out, "td", outside ? segment_exits(page->arena, set, cell->from) : "");
        text_puts(page->out, "</tr>\n");
    }
    text_puts(page->out, "</table>\n");
}

static void put_list(struct text *out, const char *title, const char *const *items, size_t count)
{
    if (count == 0)
        return;
    put_cell(out, "h2", title);
    text_puts(out, "<ul>\n");
    for (size_t i = 0; i < count; i++) {
        put_cell(out, "li", items[i]);
        text_puts(out, "\n");
    }
    text_puts(out, "</ul>\n");
}

void segments_html(const struct segments_report *report, struct text *out)
{
    struct arena *arena = arena_new();
    struct map_page page = {.arena = arena, .report = report, .out = out};
    text_list findings = {0}, missing = {0};
    page.cells = segment_cells(arena, report->set, &page.count);
    for (size_t i = 0; i < report->finding_count; i++)
        *vector_add(arena, &findings) = segment_finding_text(arena, &report->findings[i]);
    for (size_t i = 0; i < report->set->missing.items.count; i++)
        *vector_add(arena, &missing) = report->set->missing.items.items[i].text;
    text_puts(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">"
                   "<title>sgproof: who reaches whom</title></head><body>\n<h1>Who reaches whom</h1>\n");
    put_list(out, "Forbidden by the intent", findings.items, findings.count);
    if (report->set->segments.count <= MOST_DRAWN)
        put_map(&page);
    put_table(&page);
    put_list(out, "Not known", missing.items, missing.count);
    text_puts(out, "</body></html>\n");
    arena_free(arena);
}
