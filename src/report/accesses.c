// What each security group allows and denies, for people: what came through where it is denied first, then what is
// reachable.
#include <stdlib.h>

#include "report/report.h"

enum { MOST_TEXT = 30, MOST_ROWS = 200 };

static const char *states_text(struct arena *arena, const char *before, const size_t *observed)
{
    const char *text = "";
    for (size_t i = 0; observed_names[i] != NULL; i++)
        if (observed[i] > 0)
            text = arena_printf(arena, "%s%s%zu %s", text, text[0] == '\0' ? before : ", ", observed[i],
                                observed_names[i]);
    return text;
}

const char *report_observed(struct arena *arena, const struct group_access *access)
{
    const char *outside = access->outbound ? "" : states_text(arena, "", access->observed);
    const char *inside = states_text(arena, "inside: ", access->inside.observed);
    const char *text =
        arena_printf(arena, "%s%s%s", outside, outside[0] == '\0' || inside[0] == '\0' ? "" : "; ", inside);
    return text[0] == '\0' ? "not asked" : text;
}

const char *report_declared(struct arena *arena, const struct group_access *access)
{
    const char *outside =
        access->outbound ? ""
                         : arena_printf(arena, "%zu of %zu addresses reachable", access->reachable, access->addresses);
    return access->inside.asked == 0
               ? outside
               : arena_printf(arena, "%s%sinside: %zu of %zu ports reachable", outside, outside[0] == '\0' ? "" : "; ",
                              access->inside.reachable, access->inside.asked);
}

// 0: denied, and something came through or is declared reachable; 1: allowed and reachable; 2: allowed; 3: denied.
static int weight(const struct group_access *access)
{
    const size_t *outside = access->observed, *inside = access->inside.observed;
    bool reachable = (access->reachable > 0 && !access->outbound) || access->inside.reachable > 0;
    bool heard = (outside[OBSERVED_OPEN] + outside[OBSERVED_CLOSED] > 0 && !access->outbound) ||
                 inside[OBSERVED_OPEN] + inside[OBSERVED_CLOSED] > 0;
    return access->allowed ? 2 - reachable : heard || reachable ? 0 : 3;
}

static int by_weight(const void *left, const void *right)
{
    const struct group_access *a = *(const struct group_access *const *)left;
    const struct group_access *b = *(const struct group_access *const *)right;
    int order = weight(a) - weight(b);
    return order != 0 ? order : (a > b) - (a < b); // as they stand in controls.json
}

// Those that are told, the weightiest first; what groups deny as they should is not. *count of them.
static const struct group_access **told(struct arena *arena, const struct control_report *controls, size_t *count)
{
    const struct group_access **list = arena_array(arena, const struct group_access *, controls->accesses.count + 1);
    *count = 0;
    for (size_t i = 0; i < controls->accesses.count; i++)
        if (weight(&controls->accesses.items[i]) < 3)
            list[(*count)++] = &controls->accesses.items[i];
    qsort(list, *count, sizeof(*list), by_weight);
    return list;
}

static const char *place_of(struct arena *arena, const struct group_access *access)
{
    const char *ports = strcmp(access->protocol, access->ports) == 0
                            ? access->ports
                            : arena_printf(arena, "%s %s", access->protocol, access->ports);
    return arena_printf(arena, "%s %s %s", ports, access->outbound ? "to" : "from", access->peer);
}

// Of what a group lets out nothing is asked from outside: empty, where nothing was asked from inside either.
static const char *result_of(struct arena *arena, const struct group_access *access)
{
    const char *declared = report_declared(arena, access);
    return declared[0] == '\0' ? "" : arena_printf(arena, "%s, observed %s", declared, report_observed(arena, access));
}

void report_accesses_text(const struct control_report *controls, struct text *out)
{
    struct arena *arena = arena_new();
    size_t count;
    const struct group_access **list = told(arena, controls, &count);
    if (controls->accesses.count > 0)
        text_puts(out, "Accesses by security group; all that they do not name is denied:\n");
    for (size_t i = 0; i < count && i < MOST_TEXT; i++) {
        const struct group_access *one = list[i];
        const char *result = result_of(arena, one);
        report_wrap(out, one->allowed ? "  allows  " : "  DENIES  ",
                    report_clean(arena, arena_printf(arena, "%s %s: %s%s%s",
                                                     one->group_name == NULL ? "" : one->group_name, one->group_id,
                                                     place_of(arena, one), result[0] == '\0' ? "" : ": ", result)),
                    80);
    }
    if (count > MOST_TEXT)
        text_printf(out, "  and %zu more: see controls.json\n", count - MOST_TEXT);
    arena_free(arena);
}

void report_accesses_markdown(const struct control_report *controls, struct text *out)
{
    struct arena *arena = arena_new();
    size_t count;
    const struct group_access **list = told(arena, controls, &count);
    if (count > 0)
        text_puts(out,
                  "\n<details><summary>Accesses by security group; all that they do not name is denied</summary>\n\n"
                  "| Group | | Access | Declared, observed |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count && i < MOST_ROWS; i++) {
        const struct group_access *one = list[i];
        text_puts(out, "| ");
        report_cell(arena, arena_printf(arena, "%s %s", one->group_name == NULL ? "" : one->group_name, one->group_id),
                    out);
        text_puts(out, one->allowed ? " | allows | " : " | **denies** | ");
        report_cell(arena, place_of(arena, one), out);
        text_puts(out, " | ");
        report_cell(arena, result_of(arena, one), out);
        text_puts(out, " |\n");
    }
    if (count > MOST_ROWS)
        text_printf(out, "\nAnd %zu more: see controls.json.\n", count - MOST_ROWS);
    text_puts(out, count > 0 ? "\n</details>\n" : "");
    arena_free(arena);
}
