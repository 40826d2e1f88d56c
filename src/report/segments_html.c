// Segments as one page: a drawn map, the matrix as a table, what leaves. No script and no style from elsewhere: what is
// drawn has its looks as attributes.
#include "report/report.h"
#include "report/segments.h"

// Two columns of boxes: who asks, and who is asked. What one asks another has a row of its own beside the box of who
// asks, with its label above it, so that no label lies on another one.
enum { BOX_WIDTH = 220, BOX_HEIGHT = 44, GAP = 26, MARGIN = 24, ROW = 20, LABELS = 260, CURVES = 260, MOST_DRAWN = 40 };
enum { ASKED_LEFT = MARGIN + BOX_WIDTH + LABELS + CURVES, MAP_WIDTH = ASKED_LEFT + BOX_WIDTH + MARGIN };

struct map_page {
    struct arena *arena;
    const struct segments_report *report;
    const struct segment_cell *cells;
    size_t count;
    int *tops; // of the box of each segment that asks, and how high it is
    int *heights;
    int *asked; // tops of those that are asked
    int internet;
    int height;
    struct text *out;
};

static const char *vpc_of(const struct segment *segment)
{
    return segment->parts.count == 0 ? "" : segment->parts.items[0].vpc_id;
}

static void put_frame(struct map_page *page, const char *vpc, int left, int top, int bottom)
{
    text_printf(page->out,
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#f4f6f8\" stroke=\"#8a96a3\"/>"
                "<text x=\"%d\" y=\"%d\" font-size=\"12\" fill=\"#57606a\">",
                left - MARGIN / 2, top, BOX_WIDTH + MARGIN, bottom - top, left, top + 16);
    report_escape(page->out, vpc);
    text_puts(page->out, "</text>\n");
}

// Boxes stand one below the other, those of one VPC in one frame. `heights` NULL: all are alike. Gives where they end.
static int place_boxes(struct map_page *page, int left, const int *heights, int *tops)
{
    const struct segment_set *set = page->report->set;
    struct map done = {0};
    int at = MARGIN;
    for (uint32_t i = 0; i < set->segments.count; i++) {
        const char *vpc = vpc_of(&set->segments.items[i]);
        if (map_get(&done, vpc) != NULL)
            continue;
        map_put(page->arena, &done, vpc, tops);
        int top = at;
        at += GAP;
        for (uint32_t k = i; k < set->segments.count; k++)
            if (strcmp(vpc_of(&set->segments.items[k]), vpc) == 0) {
                tops[k] = at;
                at += (heights == NULL ? BOX_HEIGHT : heights[k]) + GAP;
            }
        put_frame(page, vpc, left, top, at);
        at += GAP;
    }
    return at;
}

static void put_boxes(struct map_page *page, int left, const int *heights, const int *tops)
{
    const struct segment_set *set = page->report->set;
    for (uint32_t i = 0; i < set->segments.count; i++) {
        text_printf(page->out,
                    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" fill=\"#fff\" stroke=\"#24292f\"/>"
                    "<text x=\"%d\" y=\"%d\" font-size=\"13\">",
                    left, tops[i], BOX_WIDTH, heights == NULL ? BOX_HEIGHT : heights[i], left + 8, tops[i] + 18);
        report_escape(page->out, report_shortened(page->arena, segment_label(page->arena, set, i), 30));
        text_printf(page->out,
                    "</text><text x=\"%d\" y=\"%d\" font-size=\"11\" fill=\"#57606a\">%u interface%s</text>\n",
                    left + 8, tops[i] + 35, set->segments.items[i].interfaces,
                    set->segments.items[i].interfaces == 1 ? "" : "s");
    }
}

static void put_internet(struct map_page *page)
{
    int middle = ASKED_LEFT + BOX_WIDTH / 2;
    text_printf(page->out,
                "<ellipse cx=\"%d\" cy=\"%d\" rx=\"%d\" ry=\"26\" fill=\"#ddf4ff\" stroke=\"#0969da\"/>"
                "<text x=\"%d\" y=\"%d\" font-size=\"13\" text-anchor=\"middle\">internet</text>\n",
                middle, page->internet, BOX_WIDTH / 2, middle, page->internet + 5);
}

static void put_arrow(struct map_page *page, const struct segment_cell *cell, int from, int to)
{
    bool outside = cell->to == SEGMENT_INTERNET;
    int left = MARGIN + BOX_WIDTH, bend = left + LABELS;
    const char *rule = cell->forbidden_by;
    const char *colour = rule != NULL ? "#cf222e" : outside ? "#0969da" : "#57606a";
    text_printf(page->out,
                "<path d=\"M%d %d H%d C%d %d %d %d %d %d\" fill=\"none\" stroke=\"%s\" marker-end=\"url(#%s)\"%s%s>"
                "<title>",
                left, from, bend, bend + CURVES / 2, from, bend + CURVES / 2, to, ASKED_LEFT, to, colour,
                rule != NULL ? "stop" : "tip", rule != NULL ? " stroke-width=\"2.5\"" : "",
                cell->exact == NULL ? " stroke-dasharray=\"5 4\"" : "");
    report_escape(page->out, segment_label(page->arena, page->report->set, cell->from));
    text_puts(page->out, " to ");
    report_escape(page->out, outside ? "the internet" : segment_label(page->arena, page->report->set, cell->to));
    text_puts(page->out, ": ");
    report_escape(page->out, segment_cell_text(page->arena, cell));
    text_printf(page->out, "</title></path><text x=\"%d\" y=\"%d\" font-size=\"10\" fill=\"%s\">", left + 6, from - 4,
                colour);
    const char *label = segment_cell_text(page->arena, cell);
    if (rule != NULL)
        label = arena_printf(page->arena, "forbidden by %s: %s", report_clean(page->arena, rule), label);
    report_escape(page->out, report_shortened(page->arena, label, 44));
    text_puts(page->out, "</text>\n");
}

// Cells stand by who asks, so that its rows follow each other.
static void put_arrows(struct map_page *page)
{
    int *rows = arena_array(page->arena, int, page->report->set->segments.count + 1);
    int *heads = arena_array(page->arena, int, page->report->set->segments.count + 1), leaving = 0;
    for (size_t i = 0; i < page->count; i++) {
        const struct segment_cell *cell = &page->cells[i];
        bool outside = cell->to == SEGMENT_INTERNET;
        int from = page->tops[cell->from] + ROW * ++rows[cell->from];
        int to = outside ? page->internet - 18 + leaving++ * 6 % 36
                         : page->asked[cell->to] + 6 + heads[cell->to]++ * 7 % (BOX_HEIGHT - 10);
        put_arrow(page, cell, from, to);
    }
}

static void put_map(struct map_page *page)
{
    const struct segment_set *set = page->report->set;
    struct text drawn = {0}, *out = page->out;
    page->tops = arena_array(page->arena, int, set->segments.count + 1);
    page->heights = arena_array(page->arena, int, set->segments.count + 1);
    page->asked = arena_array(page->arena, int, set->segments.count + 1);
    page->out = &drawn;
    for (size_t i = 0; i < page->count; i++)
        page->heights[page->cells[i].from] += ROW;
    for (uint32_t i = 0; i < set->segments.count; i++)
        page->heights[i] = page->heights[i] + ROW / 2 > BOX_HEIGHT ? page->heights[i] + ROW / 2 : BOX_HEIGHT;
    page->height = place_boxes(page, MARGIN, page->heights, page->tops);
    page->internet = place_boxes(page, ASKED_LEFT, NULL, page->asked) + 26;
    if (page->height < page->internet + 26 + GAP)
        page->height = page->internet + 26 + GAP;
    put_arrows(page);
    put_boxes(page, MARGIN, page->heights, page->tops);
    put_boxes(page, ASKED_LEFT, NULL, page->asked);
    put_internet(page);
    page->out = out;
    text_printf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"map of segments\" width=\"%d\" "
        "height=\"%d\" font-family=\"sans-serif\">\n"
        "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
        "orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" fill=\"#57606a\"/></marker>"
        "<marker id=\"stop\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
        "markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" fill=\"#cf222e\"/></marker>"
        "</defs>\n"
        "<text x=\"%d\" y=\"14\" font-size=\"12\">who asks</text><text x=\"%d\" y=\"14\" font-size=\"12\">who is asked"
        "</text>\n",
        MAP_WIDTH, page->height, MARGIN, ASKED_LEFT);
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
    page.cells = segment_cells(arena, report, &page.count);
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
    else
        text_printf(out, "<p>No map is drawn of more than %d segments; these are %zu.</p>\n", MOST_DRAWN,
                    (size_t)report->set->segments.count);
    put_table(&page);
    put_list(out, "Not known", missing.items, missing.count);
    text_puts(out, "</body></html>\n");
    arena_free(arena);
}
