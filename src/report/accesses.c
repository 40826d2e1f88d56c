// What each security group allows and denies, for people: what came through where it is denied first, then what is
// reachable.
#include <stdlib.h>

#include "report/report.h"

enum { MOST_TEXT = 30, MOST_ROWS = 200 };

const char *report_observed(struct arena *arena, const struct group_access *access)
{
    const char *text = "";
    for (size_t i = 0; observed_names[i] != NULL; i++)
        if (access->observed[i] > 0)
            text = arena_printf(arena, "%s%s%zu %s", text, text[0] == '\0' ? "" : ", ", access->observed[i],
                                observed_names[i]);
    return text[0] == '\0' ? "not asked" : text;
}

// 0: denied, and something came through or is declared reachable; 1: allowed and reachable; 2: allowed; 3: denied.
static int weight(const struct group_access *access)
{
    bool heard = access->observed[OBSERVED_OPEN] + access->observed[OBSERVED_CLOSED] + access->reachable > 0;
    return access->allowed ? 2 - (access->reachable > 0 && !access->outbound) : heard && !access->outbound ? 0 : 3;
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

// Of what a group lets out nothing is asked from outside.
static const char *result_of(struct arena *arena, const struct group_access *access)
{
    return access->outbound ? ""
                            : arena_printf(arena, "%zu of %zu addresses reachable, observed %s", access->reachable,
                                           access->addresses, report_observed(arena, access));
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
