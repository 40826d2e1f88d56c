#include <math.h>

#include "model/protocol.h"
#include "report/html_parts.h"

// Marks of at least this part of the width are drawn as wide as they are.
static const double narrowest = 1.2;

// Low ports matter more: a logarithmic axis from 0 to 65535, in percent of its width, so that marks keep their shape.
static double place(uint32_t port)
{
    return 100 * log2((double)port + 1) / 16;
}

// Shape is verdict, colour is severity: the same marks as everywhere.
static void put_mark(const struct verdict *verdict, struct text *out)
{
    const char *severity = severity_names[verdict->severity];
    double x = place(verdict->low), width = place((uint32_t)verdict->high + 1) - x;
    if (width >= narrowest)
        text_printf(out, "<rect class=\"%s%s\" x=\"%.1f%%\" y=\"9\" width=\"%.1f%%\" height=\"8\"/>", severity,
                    verdict->kind == VERDICT_LATENT ? " hollow" : "", x, width);
    text_printf(out, "<text class=\"%s\" x=\"%.1f%%\" y=\"18\">%s</text>", severity,
                x + (width >= narrowest ? width / 2 : 0), html_shape(verdict->kind));
}

static void put_axis(struct text *out)
{
    static const uint16_t ports[] = {22, 80, 443, 1024, 3306, 8080, 65535};
    text_puts(out, "<div class=\"endpoint\"><span class=\"soft\">Port</span><svg class=\"axis\" role=\"img\" "
                   "aria-label=\"Ports from 0 at the left to 65535 at the right, low ones wider\">");
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
        text_printf(out,
                    "<line x1=\"%.1f%%\" x2=\"%.1f%%\" y1=\"15\" y2=\"20\"/><text x=\"%.1f%%\" y=\"12\"%s>%u</text>",
                    place(ports[i]), place(ports[i]), place(ports[i]), ports[i] == PORT_LAST ? " class=\"last\"" : "",
                    ports[i]);
    text_puts(out, "</svg></div>\n");
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
    text_printf(out, " %s</span><svg class=\"strip\" role=\"img\" aria-label=\"", address);
    report_escape(out, told[0] == '\0' ? "nothing reachable of what was asked" : told);
    text_printf(out, "\">");
    for (size_t i = 0; i < count; i++)
        if (verdicts[i].kind != VERDICT_ENFORCED && protocol_has_ports(verdicts[i].protocol))
            put_mark(&verdicts[i], out);
    text_puts(out, "</svg>");
    html_put(out, "small", NULL, told[0] == '\0' ? "nothing reachable of what was asked" : told);
    text_puts(out, "</div>\n");
    text_free(&told_text);
}

void html_strips(const struct verdict_set *set, struct text *out)
{
    html_legend(out);
    put_axis(out);
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
