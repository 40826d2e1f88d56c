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

void report_count(const struct verdict_set *set, size_t ports[VERDICT_KINDS])
{
    for (int i = 0; i < VERDICT_KINDS; i++)
        ports[i] = 0;
    for (size_t i = 0; i < set->items.count; i++)
        ports[set->items.items[i].kind] += (size_t)(set->items.items[i].high - set->items.items[i].low) + 1;
}
