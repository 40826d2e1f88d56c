// What does not fit into the report: it is grouped there, and told in the bundle's other files.
#include <stdlib.h>

#include "report/html_parts.h"

enum { MOST_GROUPS = 300 };

bool html_add(struct text *part, size_t *left, struct text *out)
{
    bool fits = part->length <= *left && *left > 0;
    if (fits)
        text_add(out, part->bytes, part->length);
    *left = fits ? *left - part->length : 0;
    part->length = 0;
    return fits;
}

// Findings of one kind at the same ports of many endpoints.
struct group {
    const struct verdict *first;
    size_t count;
};

static int by_kind(const void *left, const void *right)
{
    const struct verdict *a = *(const struct verdict *const *)left, *b = *(const struct verdict *const *)right;
    const int orders[] = {(int)a->severity - (int)b->severity, (int)a->kind - (int)b->kind,
                          a->protocol - b->protocol,           (int)a->low - (int)b->low,
                          (int)a->high - (int)b->high,         (int)a->declared - (int)b->declared,
                          (int)a->observed - (int)b->observed, (int)a->outage - (int)b->outage};
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (orders[i] != 0)
            return orders[i];
    return 0;
}

// The most severe first; of these the largest.
static int by_weight(const void *left, const void *right)
{
    const struct group *a = left, *b = right;
    if (a->first->severity != b->first->severity)
        return (int)a->first->severity - (int)b->first->severity;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return by_kind(&a->first, &b->first);
}

static void put_group(struct arena *arena, const struct group *group, struct text *out)
{
    const struct verdict *verdict = group->first;
    text_puts(out, "<tr>");
    html_put(out, "td", severity_names[verdict->severity], severity_names[verdict->severity]);
    html_put(out, "td", "word", report_word(verdict));
    html_put(out, "td", "code", report_port(arena, verdict));
    html_put(out, "td", NULL,
             arena_printf(arena, "declared %s, observed %s", declared_names[verdict->declared],
                          observed_names[verdict->observed]));
    text_printf(out, "<td class=\"n\">%zu</td></tr>\n", group->count);
}

void html_rest(struct arena *arena, const struct verdict *const *rest, size_t count, struct text *out)
{
    const struct verdict **sorted = arena_buffer(arena, const struct verdict *, count);
    VECTOR(struct group) groups = {0};
    memcpy(sorted, rest, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), by_kind);
    for (size_t i = 0; i < count; i++) {
        struct group *last = groups.count > 0 ? &groups.items[groups.count - 1] : NULL;
        if (last != NULL && by_kind(&last->first, &sorted[i]) == 0)
            last->count++;
        else
            *vector_add(arena, &groups) = (struct group){sorted[i], 1};
    }
    if (groups.count > 1)
        qsort(groups.items, groups.count, sizeof(*groups.items), by_weight);
    text_printf(out,
                "<p><strong>%zu more are not shown one by one</strong>, none of them more severe than the last above: "
                "verdicts.json holds each. Filters do not count them.</p>\n<div class=\"wide\"><table "
                "class=\"rest\"><thead><tr>"
                "<th scope=\"col\">Severity</th><th scope=\"col\">Verdict</th><th scope=\"col\">Port</th><th "
                "scope=\"col\">State</th><th scope=\"col\" class=\"n\">Endpoints</th></tr></thead><tbody>\n",
                count);
    size_t others = 0;
    for (size_t i = 0; i < groups.count; i++)
        if (i < MOST_GROUPS)
            put_group(arena, &groups.items[i], out);
        else
            others += groups.items[i].count;
    text_puts(out, "</tbody></table></div>\n");
    if (others > 0)
        text_printf(out, "<p>And %zu at other ports.</p>\n", others);
}
