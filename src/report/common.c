#include <stdlib.h>

#include "model/protocol.h"
#include "report/report.h"

static int by_weight(const void *left, const void *right)
{
    const struct verdict *a = *(const struct verdict *const *)left, *b = *(const struct verdict *const *)right;
    if (a->severity != b->severity)
        return (int)a->severity - (int)b->severity;
    return a < b ? -1 : a > b ? 1 : 0; // both point into one array, sorted by place
}

const struct verdict **report_worth_showing(struct arena *arena, const struct verdict_set *set, size_t *count)
{
    const struct verdict **shown = arena_array(arena, const struct verdict *, set->items.count + 1);
    *count = 0;
    for (size_t i = 0; i < set->items.count; i++) {
        const struct verdict *verdict = &set->items.items[i];
        if (verdict->kind != VERDICT_ENFORCED || verdict->severity != SEVERITY_INFO || verdict->unstable)
            shown[(*count)++] = verdict;
    }
    qsort(shown, *count, sizeof(*shown), by_weight);
    return shown;
}

const char *report_port(struct arena *arena, const struct verdict *verdict)
{
    const char *protocol = protocol_name(arena, verdict->protocol);
    if (!protocol_has_ports(verdict->protocol))
        return arena_printf(arena, "echo/%s", protocol);
    return arena_printf(arena, "%s/%s", portset_format(arena, portset_of(arena, verdict->low, verdict->high)),
                        protocol);
}

const char *report_clean(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text == NULL ? "" : text);
    text_make_printable(copy);
    for (char *p = copy; *p != '\0'; p++)
        *p = *p == '\n' ? '?' : *p;
    return copy;
}

// Columns of a UTF-8 text: continuation bytes take none.
static size_t columns(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

void report_wrap(struct text *out, const char *lead, const char *words, size_t width)
{
    size_t indent = columns(lead, strlen(lead)), column = indent;
    text_puts(out, lead);
    for (const char *at = words; *at != '\0';) {
        size_t length = strcspn(at, " "), wide = columns(at, length);
        if (column > indent && column + 1 + wide > width) {
            text_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            text_puts(out, " ");
            column++;
        }
        text_add(out, at, length);
        column += wide;
        at += length;
        at += strspn(at, " ");
    }
    text_puts(out, "\n");
}

void report_count(const struct verdict_set *set, size_t ports[VERDICT_KINDS])
{
    for (int i = 0; i < VERDICT_KINDS; i++)
        ports[i] = 0;
    for (size_t i = 0; i < set->items.count; i++)
        ports[set->items.items[i].kind] += (size_t)(set->items.items[i].high - set->items.items[i].low) + 1;
}
