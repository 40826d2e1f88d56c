// What a plan will open and close, for people: the comment of a pull request.
#include "report/report.h"

enum { MOST_PIECES = 100, MOST_LINES = 20, MOST_CAUSES = 4 };

static const char *const words[] = {[CHANGE_OPENED] = "Opens", [CHANGE_CLOSED] = "Closes", [CHANGE_ALTERED] = "Alters"};

const char *report_resource(struct arena *arena, const struct change_resource *resource)
{
    return resource->file == NULL
               ? resource->address
               : arena_printf(arena, "%s (%s:%zu)", resource->address, resource->file, resource->line);
}

const char *report_forecast_title(struct arena *arena, const struct forecast *forecast)
{
    static const char *const verbs[3][2] = {{"opens", "open"}, {"closes", "close"}, {"is altered", "are altered"}};
    size_t counts[3] = {0};
    const char *text = "";
    for (size_t i = 0; i < forecast->pieces.count; i++)
        counts[forecast->pieces.items[i].change.kind] += forecast->pieces.items[i].change.internet;
    for (int kind = 0; kind < 3; kind++)
        if (counts[kind] > 0)
            text = arena_printf(arena, "%s%s%zu %s", text, text[0] == '\0' ? "" : ", ", counts[kind],
                                verbs[kind][counts[kind] != 1]);
    const char *flows = forecast->flows == NULL ? "" : report_flow_counts(arena, forecast->flows);
    if (flows[0] != '\0')
        text = arena_printf(arena, "%s%s%s", text, text[0] == '\0' ? "" : ", ", flows);
    if (text[0] == '\0')
        text = !forecast->complete ? "nothing is known to open or close"
               : forecast->flows != NULL && forecast->flows->missing.count > 0
                   ? "nothing opens or closes for the internet; " REPORT_FLOWS_UNSURE
                   : "nothing opens or closes";
    if (forecast->gates)
        text = arena_printf(arena, "%s: %zu at or above %s", text, forecast->findings, severity_names[forecast->least]);
    return forecast->complete ? text : arena_printf(arena, "%s; incomplete", text);
}

static void put_list(struct arena *arena, const char *title, const text_list *list, struct text *out)
{
    for (size_t i = 0; i < list->count && i < MOST_LINES; i++) {
        text_printf(out, "%s- ", i == 0 ? title : "");
        report_cell(arena, list->items[i], out);
        text_puts(out, "\n");
    }
    if (list->count > MOST_LINES)
        text_printf(out, "- and %zu more\n", (size_t)list->count - MOST_LINES);
}

static void put_group(struct arena *arena, const struct forecast *forecast, const struct change_piece *piece,
                      struct text *out)
{
    text_printf(out, "\n**%s**", words[piece->change.kind]);
    for (size_t i = 0; i < piece->resources.count && i < MOST_CAUSES; i++) {
        text_puts(out, i == 0 ? " by " : ", ");
        report_cell(arena, report_resource(arena, &piece->resources.items[i]), out);
    }
    for (size_t c = 0; c < piece->change.causes.count && c < MOST_CAUSES; c++) {
        text_puts(out, c == 0 ? ": " : "; ");
        report_cell(arena, reason_brief(arena, piece->change.causes.items[c]), out);
    }
    text_printf(out, "\n\n| %sEndpoint | Port | Sources | |\n|%s---|---|---|---|\n",
                forecast->gates ? "Severity | " : "", forecast->gates ? "---|" : "");
}

static void put_row(struct arena *arena, const struct forecast *forecast, const struct change_piece *piece,
                    struct text *out)
{
    const char *mark = forecast_is_finding(forecast, piece) ? "**" : "";
    const struct change *change = &piece->change;
    if (forecast->gates)
        text_printf(out, "| %s%s%s ", mark, severity_names[piece->severity], mark);
    text_puts(out, "| ");
    report_change_cells(arena, piece, out);
    report_cell(arena,
                arena_printf(arena, "%s%s%s%s", piece->why == NULL ? "" : piece->why,
                             change->certainty == CERTAINTY_POSSIBLE ? " (possible)" : "",
                             change->path == PATH_INBOUND_ONLY ? " (inbound-only)" : "",
                             change->indirect != NULL ? " (behind a load balancer or a service)" : ""),
                out);
    text_puts(out, " |\n");
}

void report_forecast_markdown(const struct forecast *forecast, struct text *out)
{
    struct arena *arena = arena_new();
    struct change_report report = forecast_groups(arena, forecast);
    const char *sign = forecast->findings > 0 ? "❌" : forecast->complete ? "✅" : "⚠️";
    text_printf(out, "<!-- sgproof diff -->\n## %s %s\n", sign, report_forecast_title(arena, forecast));
    put_list(arena, "\n**Not known, so possible:**\n\n", &forecast->unknown, out);
    put_list(arena, "\n**Missing:**\n\n", &forecast->missing, out);
    for (size_t i = 0; i < report.pieces.count && i < MOST_PIECES; i++) {
        if (change_begins_group(&report, i))
            put_group(arena, forecast, &report.pieces.items[i], out);
        put_row(arena, forecast, &report.pieces.items[i], out);
    }
    if (report.pieces.count > MOST_PIECES)
        text_printf(out, "\nAnd %zu more: sgproof diff --format text tells all.\n",
                    (size_t)report.pieces.count - MOST_PIECES);
    if (forecast->flows != NULL)
        report_flows_markdown(forecast->flows, forecast->gates, MOST_PIECES, out);
    else
        text_puts(out, "\nWhat gets out, and who reaches whom inside, was not compared.\n");
    if (forecast->aside > 0)
        text_printf(out, "\n%zu movements that no internet source can use are left out.\n", forecast->aside);
    put_list(arena, "\nPublic without an interface:\n\n", &forecast->public_places, out);
    put_list(arena, "\nNot considered:\n\n", &forecast->not_considered, out);
    arena_free(arena);
}
