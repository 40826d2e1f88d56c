#include <math.h>

#include "model/protocol.h"
#include "report/html_parts.h"

enum { WIDTH = 1000, HEIGHT = 26, NARROWEST = 5 };

// Low ports matter more: a logarithmic axis from 0 to 65535.
static double place(uint32_t port)
{
    return WIDTH * log2((double)port + 1) / 16;
}

// Verdicts differ in height and fill as well as in colour.
static void put_mark(const struct verdict *verdict, struct text *out)
{
    static const int tops[VERDICT_KINDS] = {
        [VERDICT_CONFIRMED] = 2, [VERDICT_LATENT] = 10,      [VERDICT_BLOCKED] = 14,    [VERDICT_UNDECLARED] = 0,
        [VERDICT_ENFORCED] = 18, [VERDICT_UNCONFIRMED] = 14, [VERDICT_UNVERIFIED] = 16,
    };
    double x = place(verdict->low), width = place((uint32_t)verdict->high + 1) - x;
    width = width < NARROWEST ? NARROWEST : width;
    x = x + width > WIDTH ? WIDTH - width : x;
    text_printf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>",
                verdict_names[verdict->kind], x, tops[verdict->kind], width, 22 - tops[verdict->kind]);
}

static void put_strip(struct arena *arena, const struct verdict *verdicts, size_t count, struct text *out)
{
    char address[ADDRESS_TEXT];
    struct text told_text = {0};
    address_format(verdicts[0].address, address);
    for (size_t i = 0; i < count; i++)
        if (verdicts[i].kind != VERDICT_ENFORCED)
            text_printf(&told_text, "%s%s %s", told_text.length == 0 ? "" : ", ", report_port(arena, &verdicts[i]),
                        verdict_names[verdicts[i].kind]);
    text_puts(&told_text, "");
    const char *told = told_text.bytes;
    text_puts(out, "<div class=\"endpoint\"><span>");
    report_escape(out, verdict_label(arena, &verdicts[0]));
    text_printf(out,
                " %s</span><svg class=\"strip\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
                "aria-label=\"",
                address, WIDTH, HEIGHT);
    report_escape(out, told[0] == '\0' ? "nothing reachable" : told);
    text_printf(out, "\">");
    for (size_t i = 0; i < count; i++)
        if (verdicts[i].kind != VERDICT_ENFORCED && protocol_has_ports(verdicts[i].protocol))
            put_mark(&verdicts[i], out);
    text_puts(out, "</svg>");
    html_put(out, "small", NULL, told[0] == '\0' ? "nothing reachable" : told);
    text_puts(out, "</div>\n");
    text_free(&told_text);
}

void html_strips(const struct verdict_set *set, struct text *out)
{
    text_puts(out, "<p class=\"soft\">Ports from 0 at the left to 65535 at the right, low ones wider. Tall and filled: "
                   "confirmed. Tallest: "
                   "undeclared. Hollow: latent. Low: blocked. What is enforced is not drawn.</p>\n");
    struct arena *scratch = arena_new();
    struct text one = {0};
    size_t left = HTML_STRIPS, left_out = 0;
    for (size_t i = 0, next; i < set->items.count; i = next) {
        for (next = i + 1;
             next < set->items.count && address_equal(set->items.items[next].address, set->items.items[i].address);)
            next++;
        if (left > 0)
            put_strip(scratch, &set->items.items[i], next - i, &one);
        left_out += !html_add(&one, &left, out);
        arena_reset(scratch);
    }
    if (left_out > 0)
        text_printf(out, "<p>%zu endpoints more: see verdicts.json.</p>\n", left_out);
    text_free(&one);
    arena_free(scratch);
}
