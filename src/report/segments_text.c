// Segments as text: a matrix, then what leaves.
#include "report/report.h"
#include "report/segments.h"

enum { WIDEST = 160, CELL = 22, NAME = 24, LEAST = 9 };

struct table {
    struct arena *arena;
    const struct segment_set *set;
    const struct segment_cell *cells;
    size_t cell_count;
    VECTOR(uint32_t) rows;    // segments that ask
    VECTOR(uint32_t) columns; // that are asked
    struct text *out;
};

static const struct segment_cell *cell_of(const struct table *table, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < table->cell_count; i++)
        if (table->cells[i].from == from && table->cells[i].to == to)
            return &table->cells[i];
    return NULL;
}

static const char *text_of(const struct table *table, uint32_t from, uint32_t to)
{
    const struct segment_cell *cell = cell_of(table, from, to);
    return cell == NULL ? "-" : segment_cell_text(table->arena, cell);
}

// How much of a text goes on a line of `width` bytes: up to a space, a comma or a semicolon.
static size_t fits(const char *text, size_t width)
{
    size_t length = strlen(text), at = width;
    if (length <= width)
        return length;
    while (at > width / 2 && text[at] != ' ' && text[at - 1] != ',')
        at--;
    if (at <= width / 2)
        at = width;
    while (at > 1 && ((unsigned char)text[at] & 0xc0) == 0x80) // not within a character
        at--;
    return at;
}

// One row, in as many lines as its longest cell takes.
static void put_row(const struct table *table, const char **cells, const size_t *widths, size_t count)
{
    bool left = true;
    while (left) {
        struct text line = {0};
        left = false;
        for (size_t c = 0; c < count; c++) {
            size_t take = fits(cells[c], widths[c]);
            text_add(&line, cells[c], take);
            for (size_t pad = take; c + 1 < count && pad < widths[c] + 2; pad++)
                text_puts(&line, " ");
            cells[c] += take;
            while (*cells[c] == ' ')
                cells[c]++;
            left = left || *cells[c] != '\0';
        }
        while (line.length > 0 && line.bytes[line.length - 1] == ' ')
            line.length--;
        text_add(table->out, line.bytes, line.length);
        text_puts(table->out, "\n");
        text_free(&line);
    }
}

static size_t width_of(const struct table *table, uint32_t to)
{
    size_t width = strlen(segment_label(table->arena, table->set, to));
    for (size_t r = 0; r < table->rows.count; r++) {
        size_t cell = strlen(text_of(table, table->rows.items[r], to));
        width = cell > width ? cell : width;
    }
    return width < LEAST ? LEAST : width > CELL ? CELL : width;
}

// False where it is too wide to be read.
static bool put_matrix(const struct table *table)
{
    struct arena *arena = table->arena;
    size_t count = table->columns.count + 1, all = 0;
    size_t *widths = arena_array(arena, size_t, count);
    const char **cells = arena_array(arena, const char *, count);
    if (count * (LEAST + 2) > WIDEST)
        return false;
    for (size_t r = 0; r < table->rows.count; r++) {
        size_t width = strlen(segment_label(arena, table->set, table->rows.items[r]));
        widths[0] = width > widths[0] ? width : widths[0];
    }
    widths[0] = widths[0] > NAME ? NAME : widths[0] < LEAST ? LEAST : widths[0];
    for (size_t c = 1; c < count; c++)
        widths[c] = width_of(table, table->columns.items[c - 1]);
    for (size_t c = 0; c < count; c++)
        all += widths[c] + 2;
    if (all > WIDEST)
        return false;
    cells[0] = "from \\ to";
    for (size_t c = 1; c < count; c++)
        cells[c] = segment_label(arena, table->set, table->columns.items[c - 1]);
    put_row(table, cells, widths, count);
    for (size_t r = 0; r < table->rows.count; r++) {
        cells[0] = segment_label(arena, table->set, table->rows.items[r]);
        for (size_t c = 1; c < count; c++)
            cells[c] = text_of(table, table->rows.items[r], table->columns.items[c - 1]);
        put_row(table, cells, widths, count);
    }
    return true;
}

// The same as sentences, where there are many segments.
static void put_list(const struct table *table)
{
    for (size_t i = 0; i < table->cell_count; i++) {
        const struct segment_cell *cell = &table->cells[i];
        if (cell->to != SEGMENT_INTERNET)
            text_printf(table->out, "%s to %s: %s\n", segment_label(table->arena, table->set, cell->from),
                        segment_label(table->arena, table->set, cell->to), segment_cell_text(table->arena, cell));
    }
}

static void put_leaving(const struct table *table)
{
    struct arena *arena = table->arena;
    text_printf(table->out, "%sWhat leaves, to the internet:\n", table->set->only_internet ? "" : "\n");
    size_t at = 0; // what leaves stands behind all else, ascending as rows do
    while (at < table->cell_count && table->cells[at].to != SEGMENT_INTERNET)
        at++;
    for (size_t r = 0; r < table->rows.count; r++) {
        uint32_t from = table->rows.items[r];
        bool leaves = at < table->cell_count && table->cells[at].from == from;
        const struct segment_cell *cell = leaves ? &table->cells[at++] : NULL;
        const char *label = segment_label(arena, table->set, from);
        if (cell == NULL)
            text_printf(table->out, "  %s: nothing\n", label);
        else
            text_printf(table->out, "  %s: %s, %s\n", label, segment_cell_text(arena, cell),
                        segment_exits(arena, table->set, from));
    }
}

// Why something is only possible, each reason once.
static void put_doubts(const struct table *table)
{
    const flow_list *lists[] = {&table->set->inside, &table->set->outbound};
    struct map known = {0};
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < lists[l]->count; i++)
            for (size_t d = 0; d < lists[l]->items[i].via.count; d++) {
                const struct reason *doubt = lists[l]->items[i].via.items[d];
                const char *text = reason_text(table->arena, doubt);
                if (map_get(&known, text) != NULL)
                    continue;
                if (known.count == 0)
                    text_puts(table->out, "\nWhy something is only possible:\n");
                map_put(table->arena, &known, text, table->set->segments.items);
                text_printf(table->out, "  %s\n", report_clean(table->arena, text));
                if (doubt->settle != NULL)
                    text_printf(table->out, "    to settle it: %s\n", report_clean(table->arena, doubt->settle));
            }
}

static void put_rest(const struct table *table, const struct segments_report *report)
{
    bool partial = false;
    for (size_t i = 0; i < table->cell_count; i++)
        partial = partial || table->cells[i].partial;
    if (partial)
        text_puts(table->out, "\n* not from each of their addresses to each: --format json tells which\n");
    put_doubts(table);
    if (report->finding_count > 0)
        text_puts(table->out, "\nForbidden by the intent:\n");
    for (size_t i = 0; i < report->finding_count; i++)
        text_printf(table->out, "  %s\n", segment_finding_text(table->arena, &report->findings[i]));
    for (size_t i = 0; i < table->set->left_out.count; i++)
        text_printf(table->out, "%sNot in any segment: %zu interface%s of %s\n", i == 0 ? "\n" : "",
                    table->set->left_out.items[i].count, table->set->left_out.items[i].count == 1 ? "" : "s",
                    table->set->left_out.items[i].what);
}

void segments_text(const struct segments_report *report, struct text *out)
{
    struct arena *arena = arena_new();
    struct table table = {.arena = arena, .set = report->set, .out = out};
    table.cells = segment_cells(arena, report, &table.cell_count);
    for (uint32_t i = 0; i < report->set->segments.count; i++) {
        if (report->set->segments.items[i].asks)
            *vector_add(arena, &table.rows) = i;
        if (report->set->segments.items[i].is_asked)
            *vector_add(arena, &table.columns) = i;
    }
    if (!report->set->only_internet) {
        text_puts(out, "Who reaches whom: who asks in rows, who is asked in columns.\n\n");
        if (!put_matrix(&table))
            put_list(&table);
    }
    if (!report->set->only_inside)
        put_leaving(&table);
    put_rest(&table, report);
    arena_free(arena);
}
