// Where what is exposed lies: outside, VPC, subnet, interface.
#include <stdlib.h>

#include "report/html_parts.h"

enum { FEW = 60, MOST_PORTS = 12 };

const char *html_shape(enum verdict_kind kind)
{
    static const char *const shapes[VERDICT_KINDS] = {
        [VERDICT_CONFIRMED] = "●", [VERDICT_LATENT] = "○",      [VERDICT_BLOCKED] = "■",    [VERDICT_UNDECLARED] = "◆",
        [VERDICT_ENFORCED] = "–",  [VERDICT_UNCONFIRMED] = "◌", [VERDICT_UNVERIFIED] = "?",
    };
    return shapes[kind];
}

void html_legend(struct text *out)
{
    static const enum verdict_kind kinds[] = {VERDICT_CONFIRMED,  VERDICT_LATENT,      VERDICT_BLOCKED,
                                              VERDICT_UNDECLARED, VERDICT_UNCONFIRMED, VERDICT_UNVERIFIED};
    text_puts(out, "<p class=\"legend\" role=\"note\" aria-label=\"Legend\">");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        text_printf(out, "<span><b>%s</b> %s</span>", html_shape(kinds[i]), verdict_names[kinds[i]]);
    for (int s = 0; severity_names[s] != NULL; s++)
        text_printf(out, "<span class=\"%s\"><b>▬</b> %s</span>", severity_names[s], severity_names[s]);
    text_puts(out, "</p>\n");
}

// The verdicts of one endpoint.
struct told {
    const struct verdict *first;
    size_t count;
};

static int by_place(const void *left, const void *right)
{
    const struct endpoint_place *a = *(const struct endpoint_place *const *)left;
    const struct endpoint_place *b = *(const struct endpoint_place *const *)right;
    const char *const of_a[] = {a->account_id, a->region, a->vpc_id, a->subnet_id, a->eni_id};
    const char *const of_b[] = {b->account_id, b->region, b->vpc_id, b->subnet_id, b->eni_id};
    for (size_t i = 0; i < sizeof(of_a) / sizeof(of_a[0]); i++) {
        int order = strcmp(of_a[i] == NULL ? "" : of_a[i], of_b[i] == NULL ? "" : of_b[i]);
        if (order != 0)
            return order;
    }
    return (a > b) - (a < b); // as they stand in the document
}

static const char *or_not_told(const char *text)
{
    return text == NULL ? "not told" : text;
}

static void put_ports(struct arena *arena, const struct told *told, struct text *out)
{
    size_t shown = 0;
    for (size_t i = 0; told != NULL && i < told->count; i++) {
        const struct verdict *one = &told->first[i];
        if (!report_is_shown(one))
            continue;
        if (shown++ < MOST_PORTS)
            text_printf(out, "<span class=\"%s\" title=\"%s, %s\">%s %s</span>", severity_names[one->severity],
                        report_word(one), severity_names[one->severity], html_shape(one->kind),
                        report_port(arena, one));
    }
    if (shown > MOST_PORTS)
        text_printf(out, "<span>and %zu more</span>", shown - MOST_PORTS);
    if (shown == 0)
        html_put(out, "span", "soft", told == NULL ? "not asked" : "nothing reachable of what was asked");
}

static bool has_something(const struct told *told)
{
    for (size_t i = 0; told != NULL && i < told->count; i++)
        if (report_is_shown(&told->first[i]))
            return true;
    return false;
}

static void put_interface(struct arena *arena, const struct endpoint_place *place, const struct told *told,
                          struct text *out)
{
    const char *name = told == NULL ? NULL : verdict_label(arena, told->first);
    text_printf(out, "<li class=\"nic%s\"><b>", has_something(told) ? "" : " quiet");
    report_escape(out, name == NULL ? place->eni_id : name);
    text_puts(out, "</b><small class=\"code\">");
    report_escape(out, place->address);
    text_printf(out, "%s</small>", place->dormant ? " (stopped)" : "");
    put_ports(arena, told, out);
    text_puts(out, "</li>\n");
}

static struct map told_by_address(struct arena *arena, const struct verdict_set *set)
{
    struct map by_address = {0};
    for (size_t i = 0, next; i < set->items.count; i = next) {
        char address[ADDRESS_TEXT];
        for (next = i + 1;
             next < set->items.count && address_equal(set->items.items[next].address, set->items.items[i].address);)
            next++;
        struct told *told = arena_new_of(arena, struct told);
        *told = (struct told){&set->items.items[i], next - i};
        address_format(set->items.items[i].address, address);
        map_put(arena, &by_address, arena_strdup(arena, address), told);
    }
    return by_address;
}

// Closes what is open of the place before, and opens what is new of this one.
static void put_frames(const struct endpoint_place *last, const struct endpoint_place *place, struct text *out)
{
    bool same_vpc = last != NULL && place != NULL && text_same(last->account_id, place->account_id) &&
                    text_same(last->region, place->region) && text_same(last->vpc_id, place->vpc_id);
    bool same_subnet = same_vpc && text_same(last->subnet_id, place->subnet_id);
    if (last != NULL && !same_subnet)
        text_puts(out, "</ul></div>\n");
    if (last != NULL && !same_vpc)
        text_puts(out, "</div>\n");
    if (place == NULL)
        return;
    if (!same_vpc) {
        text_puts(out, "<div class=\"vpc\"><h3><code>");
        report_escape(out, or_not_told(place->vpc_id));
        text_puts(out, "</code> <small>account ");
        report_escape(out, or_not_told(place->account_id));
        text_puts(out, ", ");
        report_escape(out, or_not_told(place->region));
        text_puts(out, "</small></h3>\n");
    }
    if (!same_subnet) {
        text_puts(out, "<div class=\"subnet\"><code>");
        report_escape(out, or_not_told(place->subnet_id));
        text_puts(out, "</code><ul>\n");
    }
}

void html_map(struct arena *arena, const struct verdict_set *set, struct text *out)
{
    size_t count = set->places.count, left = HTML_MAP, left_out = 0;
    text_puts(out, "<h2 id=\"map\">Map</h2>\n");
    if (count == 0) {
        html_put(out, "p", "soft",
                 set->endpoints == 0 ? "No public endpoints."
                                     : "Where the endpoints are is not told in this document.");
        return;
    }
    html_legend(out);
    const struct endpoint_place **sorted = arena_buffer(arena, const struct endpoint_place *, count);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &set->places.items[i];
    qsort(sorted, count, sizeof(*sorted), by_place);
    const struct map by_address = told_by_address(arena, set);
    text_puts(out, "<div class=\"map\"><div class=\"outside\"><b>Outside</b><small>");
    report_escape(out, set->vantage == NULL ? "the internet at large" : set->vantage);
    text_puts(out, "</small></div><div class=\"vpcs\">\n");
    const struct endpoint_place *last = NULL;
    struct arena *scratch = arena_new();
    struct text one = {0};
    for (size_t i = 0; i < count; i++) {
        const struct told *told = map_get(&by_address, sorted[i]->address);
        if (left == 0 || (count > FEW && !has_something(told))) {
            left_out++;
            continue;
        }
        put_frames(last, sorted[i], &one);
        put_interface(scratch, sorted[i], told, &one);
        arena_reset(scratch);
        if (html_add(&one, &left, out))
            last = sorted[i];
        else
            left_out++;
    }
    put_frames(last, NULL, out);
    text_free(&one);
    arena_free(scratch);
    text_puts(out, "</div></div>\n");
    if (left_out > 0)
        text_printf(out, "<p class=\"soft\">%zu endpoints are not drawn%s; verdicts.json has them.</p>\n", left_out,
                    left > 0 ? ": nothing is reachable there, or nothing was asked" : "");
}
