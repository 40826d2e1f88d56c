// What changed since the run before, and how exposure moved.
#include "report/html_parts.h"

#include <math.h>
#include <stdlib.h>

enum { CHART_WIDTH = 960, CHART_HEIGHT = 150, CHART_LEFT = 56, CHART_FOOT = 22, MOST_CHANGES = 1000 };

// From this ratio of the highest bar to the lowest on, the axis is logarithmic: the small ones would not be seen.
enum { WIDE_RATIO = 20 };

static const char *state_of(struct arena *arena, const struct verdict *verdict)
{
    return verdict == NULL ? "not asked"
                           : arena_printf(arena, "%s: declared %s, observed %s", verdict_names[verdict->kind],
                                          declared_names[verdict->declared], observed_names[verdict->observed]);
}

// What of the configuration did it, as far as both sides tell; in the arena. Earlier runs tell what was declared, not
// why: what decides is told of now.
static const char *cause_of(struct arena *arena, const struct drift *drift)
{
    const struct verdict *before = drift->before, *after = drift->after;
    if (before == NULL || after == NULL || drift->kind < DRIFT_OPENED)
        return "";
    if (before->declared == after->declared)
        return drift->kind == DRIFT_NOT_ASKED ? "" : "declared as before: what answers moved";
    const char *by = NULL;
    for (int stops = 1; stops >= 0 && by == NULL; stops--)
        for (size_t i = 0; i < after->because.count && by == NULL; i++)
            if (after->because.items[i]->stops == (stops == 1))
                by = reason_brief(arena, after->because.items[i]);
    return arena_printf(arena, "declared %s before, %s now%s%s", declared_names[before->declared],
                        declared_names[after->declared], by == NULL ? "" : ", by ", by == NULL ? "" : by);
}

// A change with its cause.
struct caused {
    const struct drift *drift;
    const char *cause;
};

static int by_cause(const void *left, const void *right)
{
    const struct caused *a = left, *b = right;
    if (a->drift->kind != b->drift->kind)
        return (int)a->drift->kind - (int)b->drift->kind;
    int order = strcmp(a->cause, b->cause);
    return order != 0 ? order : (a->drift > b->drift) - (a->drift < b->drift);
}

static bool same_cause(const struct caused *a, const struct caused *b)
{
    return a->drift->kind == b->drift->kind && strcmp(a->cause, b->cause) == 0;
}

static size_t ports_in(const struct caused *list, size_t count)
{
    size_t ports = 0;
    for (size_t i = 0; i < count; i++)
        ports += (size_t)(list[i].drift->high - list[i].drift->low) + 1;
    return ports;
}

static void put_cause(const struct caused *list, size_t count, struct text *out)
{
    bool of_port = list->drift->kind >= DRIFT_OPENED;
    text_printf(out, "<tr class=\"cause\"><th colspan=\"4\" scope=\"rowgroup\">%s, %zu %s%s",
                drift_names[list->drift->kind], of_port ? ports_in(list, count) : count, of_port ? "port" : "endpoint",
                (of_port ? ports_in(list, count) : count) == 1 ? "" : "s");
    if (list->cause[0] != '\0') {
        text_puts(out, ": ");
        report_escape(out, list->cause);
    }
    text_puts(out, "</th></tr>\n");
}

static void put_change(struct arena *arena, const struct drift *drift, struct text *out)
{
    const struct verdict *any = drift->after != NULL ? drift->after : drift->before;
    bool of_port = drift->kind >= DRIFT_OPENED;
    char address[ADDRESS_TEXT];
    address_format(drift->address, address);
    text_puts(out, "<tr><td>");
    report_escape(out, owner_label(arena, any->name, any->owner));
    html_put(out, "small", "code", address);
    text_puts(out, "</td>");
    html_put(out, "td", "code", of_port ? drift_place(arena, drift) : "");
    html_put(out, "td", NULL, of_port ? state_of(arena, drift->before) : "");
    html_put(out, "td", NULL, of_port ? state_of(arena, drift->after) : "");
    text_puts(out, "</tr>\n");
}

void html_changes(struct arena *arena, const struct report_run *run, struct text *out)
{
    if (run->runs == NULL || run->runs->count == 0) {
        text_puts(out, "<p class=\"soft\">There is no earlier run to compare with.</p>\n");
        return;
    }
    const struct run_record *last = &run->runs->items[run->runs->count - 1];
    text_puts(out, "<p class=\"soft\">Since run ");
    html_put(out, "code", NULL, last->run_id);
    text_puts(out, " of ");
    report_escape(out, report_shortened(arena, last->begin, MINUTE));
    text_puts(out, " UTC.</p>\n");
    if (run->drift == NULL || run->drift->count == 0) {
        text_puts(out, "<p>Nothing moved.</p>\n");
        return;
    }
    size_t count = run->drift->count < MOST_CHANGES ? run->drift->count : MOST_CHANGES;
    struct caused *list = arena_buffer(arena, struct caused, count);
    for (size_t i = 0; i < count; i++)
        list[i] = (struct caused){&run->drift->items[i], cause_of(arena, &run->drift->items[i])};
    qsort(list, count, sizeof(*list), by_cause);
    text_puts(out, "<div class=\"wide\"><table class=\"changes\"><thead><tr><th scope=\"col\">Endpoint</th><th "
                   "scope=\"col\">Port</th><th scope=\"col\">Before</th><th scope=\"col\">Now</th></tr></thead>"
                   "<tbody>\n");
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && same_cause(&list[from], &list[to]);)
            to++;
        put_cause(&list[from], to - from, out);
        for (size_t i = from; i < to; i++)
            put_change(arena, list[i].drift, out);
    }
    text_puts(out, "</tbody></table></div>\n");
    if (run->drift->count > MOST_CHANGES)
        text_printf(out, "<p>And %zu more: see sgproof diff.</p>\n", (size_t)run->drift->count - MOST_CHANGES);
}

static const enum verdict_kind drawn[] = {VERDICT_CONFIRMED, VERDICT_LATENT, VERDICT_UNDECLARED};
enum { DRAWN = sizeof(drawn) / sizeof(drawn[0]) };

struct scale {
    size_t highest; // 1 at least
    bool logarithmic;
};

static double height_of(const struct scale *scale, size_t count)
{
    double part = scale->logarithmic ? log10((double)count + 1) / log10((double)scale->highest + 1)
                                     : (double)count / (double)scale->highest;
    return part * (CHART_HEIGHT - CHART_FOOT - 10);
}

static struct scale scale_of(const run_records *runs)
{
    struct scale scale = {.highest = 1};
    size_t lowest = SIZE_MAX;
    for (size_t i = 0; i < runs->count; i++)
        for (size_t d = 0; d < DRAWN; d++) {
            size_t one = runs->items[i].by_verdict[drawn[d]];
            scale.highest = one > scale.highest ? one : scale.highest;
            lowest = one > 0 && one < lowest ? one : lowest;
        }
    scale.logarithmic = lowest != SIZE_MAX && scale.highest / lowest >= WIDE_RATIO;
    return scale;
}

static void put_tick(const struct scale *scale, size_t count, struct text *out)
{
    double y = CHART_HEIGHT - CHART_FOOT - height_of(scale, count);
    text_printf(out,
                "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text class=\"y\" x=\"%d\" "
                "y=\"%.1f\">%zu</text>",
                CHART_LEFT, CHART_WIDTH, y, y, CHART_LEFT - 6, y + 4, count);
}

// Of few runs the bars are as wide as of twelve.
static void put_bars(struct arena *arena, const run_records *runs, struct text *out)
{
    const struct scale scale = scale_of(runs);
    size_t count = runs->count;
    double step = (double)(CHART_WIDTH - CHART_LEFT) / (double)(count < 12 ? 12 : count), width = step * 0.8 / DRAWN;
    text_printf(
        out,
        "<svg class=\"trend\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Ports by verdict over %zu runs%s; "
        "the table below tells the same\">",
        CHART_WIDTH, CHART_HEIGHT, count, scale.logarithmic ? ", on a logarithmic axis" : "");
    put_tick(&scale, 0, out);
    if (scale.logarithmic)
        for (size_t tick = 1; tick < scale.highest; tick *= 10)
            put_tick(&scale, tick, out);
    else if (scale.highest > 1)
        put_tick(&scale, scale.highest / 2, out);
    if (!scale.logarithmic || height_of(&scale, scale.highest) > 0)
        put_tick(&scale, scale.highest, out);
    for (size_t i = 0; i < count; i++)
        for (size_t d = 0; d < DRAWN; d++) {
            double height = height_of(&scale, runs->items[i].by_verdict[drawn[d]]);
            if (height > 0)
                text_printf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                            verdict_names[drawn[d]], CHART_LEFT + (double)i * step + (double)d * width,
                            CHART_HEIGHT - CHART_FOOT - height, width * 0.9, height);
        }
    for (size_t i = 0; i<count; i += count> 1 ? count - 1 : 1) {
        text_printf(out, "<text%s x=\"%.1f\" y=\"%d\">", i > 0 && count > 8 ? " class=\"y\"" : "",
                    CHART_LEFT + (double)i * step + (i > 0 && count > 8 ? step : 0), CHART_HEIGHT - 6);
        report_escape(out, report_shortened(arena, runs->items[i].begin, 10));
        text_puts(out, "</text>");
    }
    text_printf(out,
                "</svg>\n<p class=\"legend\"><span>Ports%s:</span><span class=\"bar confirmed\">confirmed</span><span "
                "class=\"bar latent\">latent</span><span class=\"bar undeclared\">undeclared</span></p>\n",
                scale.logarithmic ? ", logarithmic" : "");
}

void html_trend(struct arena *arena, const struct report_run *run, struct text *out)
{
    run_records runs = {0};
    for (size_t i = 0; run->runs != NULL && i < run->runs->count; i++)
        *vector_add(arena, &runs) = run->runs->items[i];
    struct run_record *this = vector_add(arena, &runs);
    *this = (struct run_record){.run_id = "this run",
                                .begin = run->manifest == NULL ? "" : run->manifest->claims.begin,
                                .complete = run->set->complete};
    run_record_count(run->set, this);
    put_bars(arena, &runs, out);
    text_puts(out, "<div class=\"wide\"><table class=\"runs\"><thead><tr><th scope=\"col\">Run</th>");
    for (size_t d = 0; d < DRAWN; d++)
        text_printf(out, "<th scope=\"col\" class=\"n\">%s</th>", verdict_names[drawn[d]]);
    text_puts(out, "<th scope=\"col\" class=\"n\">blocked</th><th scope=\"col\" class=\"n\">critical</th><th "
                   "scope=\"col\">Complete</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < runs.count; i++) {
        const struct run_record *one = &runs.items[i];
        text_puts(out, "<tr><td>");
        report_escape(out, report_shortened(arena, one->begin, MINUTE));
        html_put(out, "small", "code", one->run_id);
        text_puts(out, "</td>");
        for (size_t d = 0; d < DRAWN; d++)
            text_printf(out, "<td class=\"n\">%zu</td>", one->by_verdict[drawn[d]]);
        text_printf(out, "<td class=\"n\">%zu</td><td class=\"n\">%zu</td><td>%s</td></tr>\n",
                    one->by_verdict[VERDICT_BLOCKED], one->by_severity[SEVERITY_CRITICAL],
                    one->complete ? "yes" : "no");
    }
    text_puts(out, "</tbody></table></div>\n");
}
