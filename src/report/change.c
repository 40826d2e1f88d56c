// A change for people: a terminal, and the comment of a pull request.
#include "report/report.h"

enum { WIDTH = 80, MOST_FINE = 8, MOST_PIECES = 200, MOST_MISSING = 10, MOST_CAUSES = 4 };

// "not-in-force" first; "" where all is as planned.
static const char *counted(struct arena *arena, const struct change_report *report)
{
    const char *text = "";
    for (int outcome = 0; outcome < OUTCOMES; outcome++)
        if (report->count[outcome] > 0)
            text = arena_printf(arena, "%s%s%zu %s", text, text[0] == '\0' ? "" : ", ", report->count[outcome],
                                outcome_names[outcome]);
    const char *flows = report->flows == NULL ? "" : report_flow_counts(arena, report->flows);
    if (flows[0] != '\0')
        text = arena_printf(arena, "%s%s%s", text, text[0] == '\0' ? "" : "; ", flows);
    if (text[0] == '\0')
        text = "nothing moved";
    return report->flows == NULL || report->flows->missing.count == 0
               ? text
               : arena_printf(arena, "%s; " REPORT_FLOWS_UNSURE, text);
}

static bool all_is_well(const struct change_report *report)
{
    return report->complete && report->count[OUTCOME_AS_PLANNED] == report->pieces.count &&
           flow_changes_wrong(report->flows) == 0;
}

const char *report_change_title(struct arena *arena, const struct change_report *report)
{
    bool wrong = flow_changes_wrong(report->flows) > 0;
    for (int outcome = 0; outcome < OUTCOME_UNVERIFIED; outcome++)
        wrong = wrong || report->count[outcome] > 0;
    const char *word = all_is_well(report) ? "As planned, and nothing else" : wrong ? "Not as planned" : "Not verified";
    return arena_printf(arena, "%s: %s", word, counted(arena, report));
}

// What moved, where: "198.51.100.10 443/tcp web-1 from 0.0.0.0/0".
const char *report_change_place(struct arena *arena, const struct change_piece *piece)
{
    const char *sources = change_sources(arena, piece);
    return arena_printf(arena, "%s %s %s%s%s", change_address(arena, piece), change_ports(arena, piece),
                        report_clean(arena, change_label(piece)), sources[0] == '\0' ? "" : " from ", sources);
}

// "still answers (open before, open now)"
const char *report_change_why(struct arena *arena, const struct change_piece *piece)
{
    if (piece->before == NULL && piece->after == NULL)
        return piece->why;
    return arena_printf(arena, "%s (%s%s%s%s)", piece->why, piece->before == NULL ? "" : piece->before,
                        piece->before == NULL ? "" : " before, ", piece->after == NULL ? "not asked" : piece->after,
                        piece->before == NULL ? "" : " now");
}

static void write_causes(struct arena *arena, const struct change_piece *piece, struct text *out)
{
    if (piece->outcome == OUTCOME_ELSEWHERE || piece->change.causes.count == 0) {
        text_printf(out, "%s, with no cause in the configuration:\n", change_kind_names[piece->change.kind]);
        return;
    }
    for (size_t i = 0; i < piece->change.causes.count && i < MOST_CAUSES; i++)
        report_wrap(out, i == 0 ? arena_printf(arena, "%-8s ", change_kind_names[piece->change.kind]) : "         ",
                    report_clean(arena, reason_brief(arena, piece->change.causes.items[i])), WIDTH);
    if (piece->change.causes.count > MOST_CAUSES)
        text_printf(out, "         and %zu more: see change.json\n", (size_t)piece->change.causes.count - MOST_CAUSES);
}

static void write_resources(struct arena *arena, const struct change_report *report, size_t piece, struct text *out)
{
    change_resource_list resources = change_group_resources(arena, report, piece);
    for (size_t i = 0; i < resources.count && i < MOST_CAUSES; i++)
        report_wrap(out, "         ", arena_printf(arena, "by %s", report_clean(arena, resources.items[i].address)),
                    WIDTH);
    if (resources.count > MOST_CAUSES)
        text_printf(out, "         and %zu more: see change.json\n", (size_t)resources.count - MOST_CAUSES);
}

static const char *colour_of(const struct report_options *options, enum change_outcome outcome)
{
    return !options->colour                ? ""
           : outcome < OUTCOME_UNVERIFIED  ? "\033[1;31m"
           : outcome == OUTCOME_UNVERIFIED ? "\033[33m"
                                           : "\033[32m";
}

void report_change_text(const struct change_report *report, const struct report_options *options, struct text *out)
{
    struct arena *arena = arena_new();
    size_t fine = 0, shown = 0;
    report_wrap(out, "", report_change_title(arena, report), WIDTH);
    report_wrap(out, "",
                arena_printf(arena, "Seen from %s",
                             report->vantage == NULL ? "the internet at large" : report_clean(arena, report->vantage)),
                WIDTH);
    if (report->aside.count > 0)
        text_printf(out, "%zu movements that no internet source can use are by the configuration alone\n",
                    (size_t)report->aside.count);
    for (size_t i = 0; i < report->missing.count && i < MOST_MISSING; i++)
        report_wrap(out, "INCOMPLETE: ", report_clean(arena, report->missing.items[i]), WIDTH);
    if (report->missing.count > MOST_MISSING)
        text_printf(out, "INCOMPLETE: and %zu more: see change.json\n", (size_t)report->missing.count - MOST_MISSING);
    for (size_t i = 0; i < report->pieces.count && shown < MOST_PIECES; i++) {
        const struct change_piece *piece = &report->pieces.items[i];
        bool begins = change_begins_group(report, i);
        if (begins) {
            fine = 0;
            text_puts(out, "\n");
            write_causes(arena, piece, out);
            write_resources(arena, report, i, out);
        }
        if (piece->outcome == OUTCOME_AS_PLANNED && ++fine > MOST_FINE) {
            if (i + 1 == report->pieces.count || change_begins_group(report, i + 1))
                text_printf(out, "  and %zu more as planned\n", fine - MOST_FINE);
            continue;
        }
        shown++;
        const char *colour = colour_of(options, piece->outcome);
        text_printf(out, "  %s%-12s%s ", colour, outcome_names[piece->outcome], colour[0] == '\0' ? "" : "\033[0m");
        report_wrap(out, "", report_change_place(arena, piece), WIDTH - 15);
        report_wrap(out, "               ", report_change_why(arena, piece), WIDTH);
    }
    if (shown == MOST_PIECES)
        text_puts(out, "  and more: see change.json\n");
    if (report->flows == NULL)
        text_puts(out, "\nInside and outwards was not compared: a side holds no network\n");
    else if (report->flows->items.count > 0)
        text_printf(out, "\nInside and outwards, by %s, by the configuration alone:\n", report->flows->by);
    if (report->flows != NULL)
        report_flows_text(report->flows, true, out);
    arena_free(arena);
}

// ---- Markdown (GitHub's, https://github.github.com/gfm/)

void report_cell(struct arena *arena, const char *text, struct text *out)
{
    for (const char *at = report_clean(arena, text); *at != '\0'; at++) {
        if (strchr("\\`*_{}[]()#+!|<>~@&", *at) != NULL)
            text_printf(out, "&#%d;", (unsigned char)*at);
        else
            text_add(out, at, 1);
    }
}

void report_change_cells(struct arena *arena, const struct change_piece *piece, struct text *out)
{
    report_cell(arena, arena_printf(arena, "%s %s", change_label(piece), change_address(arena, piece)), out);
    text_puts(out, " | ");
    report_cell(arena, change_ports(arena, piece), out);
    text_puts(out, " | ");
    report_cell(arena, change_sources(arena, piece), out);
    text_puts(out, " | ");
}

void report_change_markdown(const struct change_report *report, struct text *out)
{
    struct arena *arena = arena_new();
    text_printf(out, "## %s %s\n\n", all_is_well(report) ? "✅" : "❌", report_change_title(arena, report));
    text_puts(out, "Seen from ");
    report_cell(arena, report->vantage == NULL ? "the internet at large" : report->vantage, out);
    text_puts(out, ".\n");
    for (size_t i = 0; i < report->missing.count && i < MOST_MISSING; i++) {
        text_puts(out, i == 0 ? "\n**Incomplete:**\n\n- " : "- ");
        report_cell(arena, report->missing.items[i], out);
        text_puts(out, "\n");
    }
    for (size_t i = 0; i < report->pieces.count && i < MOST_PIECES; i++) {
        const struct change_piece *piece = &report->pieces.items[i];
        if (change_begins_group(report, i)) {
            change_resource_list resources = change_group_resources(arena, report, i);
            text_printf(out, "\n**%s**", change_kind_names[piece->change.kind]);
            for (size_t r = 0; r < resources.count && r < MOST_CAUSES; r++) {
                text_puts(out, r == 0 ? " by " : ", ");
                report_cell(arena, resources.items[r].address, out);
            }
            for (size_t c = 0; c < piece->change.causes.count && c < MOST_CAUSES; c++) {
                text_puts(out, c > 0 ? "; " : resources.count > 0 ? ": " : " by ");
                report_cell(arena, reason_brief(arena, piece->change.causes.items[c]), out);
            }
            text_puts(out, piece->change.causes.count == 0 ? ", with no cause in the configuration" : "");
            text_puts(out, "\n\n| Outcome | Endpoint | Port | Sources | Why |\n|---|---|---|---|---|\n");
        }
        text_printf(out, "| %s%s%s | ", piece->outcome < OUTCOME_UNVERIFIED ? "**" : "", outcome_names[piece->outcome],
                    piece->outcome < OUTCOME_UNVERIFIED ? "**" : "");
        report_change_cells(arena, piece, out);
        report_cell(arena, report_change_why(arena, piece), out);
        text_puts(out, " |\n");
    }
    if (report->pieces.count > MOST_PIECES)
        text_printf(out, "\nAnd %zu more: see change.json.\n", (size_t)report->pieces.count - MOST_PIECES);
    if (report->flows != NULL)
        report_flows_markdown(report->flows, true, MOST_PIECES, out);
    else
        text_puts(out, "\nWhat gets out, and who reaches whom inside, was not compared.\n");
    arena_free(arena);
}
