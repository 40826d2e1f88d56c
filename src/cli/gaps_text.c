#include "cli/gaps_text.h"

#include "base/log.h"
#include "report/report.h"

enum { SHOWN = 20 };

struct lines {
    struct text *out;
    struct arena *arena;
    const char *word; // "MISSING"
    bool all;
    size_t count;
};

static void put_line(struct lines *lines, const char *text)
{
    if (lines->count++ < SHOWN || lines->all) {
        text_printf(lines->out, "%-12s%s\n", lines->word, report_clean(lines->arena, text));
    }
}

static size_t end_lines(struct lines *lines)
{
    if (lines->count > SHOWN && !lines->all)
        text_printf(lines->out, "%-12sand %zu more: --verbose or --format json lists all\n", lines->word,
                    lines->count - SHOWN);
    return lines->count;
}

static size_t put_texts(struct text *out, struct arena *arena, bool all, const char *word, const text_list *texts)
{
    struct lines lines = {.out = out, .arena = arena, .word = word, .all = all};
    for (size_t i = 0; i < texts->count; i++)
        put_line(&lines, texts->items[i]);
    return end_lines(&lines);
}

static size_t put_unread(const struct estate *estate, struct arena *arena, bool of_account, bool all, struct text *out)
{
    struct lines lines = {.out = out, .arena = arena, .word = "UNREAD", .all = all};
    for (size_t i = 0; i < estate->unread.count; i++)
        if (!of_account || unread_is_of_account(&estate->unread.items[i]))
            put_line(&lines, unread_text(arena, &estate->unread.items[i]));
    return end_lines(&lines);
}

static size_t put_ignored(const struct estate *estate, struct arena *arena, bool all, struct text *out)
{
    struct lines lines = {.out = out, .arena = arena, .word = "IGNORED", .all = all};
    for (size_t i = 0; i < estate->ignored.count; i++)
        put_line(&lines, arena_printf(arena, "%s %s", estate->ignored.items[i].file, estate->ignored.items[i].why));
    return end_lines(&lines);
}

size_t gaps_text(const struct exposure_set *set, bool all, struct text *out)
{
    struct arena *arena = arena_new();
    struct lines missing = {.out = out, .arena = arena, .word = "INCOMPLETE", .all = all};
    for (size_t i = 0; i < set->missing.items.count; i++)
        put_line(&missing, set->missing.items.items[i].text);
    size_t lines = end_lines(&missing);
    if (set->estate != NULL)
        lines += put_unread(set->estate, arena, false, all, out);
    lines += put_texts(out, arena, all, "ASSUMED", &set->assumptions);
    lines += put_texts(out, arena, all, "NOT COVERED", &set->not_covered);
    lines += put_texts(out, arena, all, "NOT REACHED", &set->notes);
    if (set->estate != NULL)
        lines += put_ignored(set->estate, arena, all, out);
    arena_free(arena);
    return lines;
}

size_t gaps_text_of_account(const struct estate *estate, bool all, struct text *out)
{
    struct arena *arena = arena_new();
    size_t unread = put_unread(estate, arena, true, all, out), lines = unread + put_ignored(estate, arena, all, out);
    text_puts(out, lines > 0 ? "\n" : "");
    arena_free(arena);
    return unread;
}

void gaps_text_of_side(const struct exposure_set *set, const char *side, bool all, struct text *out)
{
    struct arena *arena = arena_new();
    text_list gaps = exposure_set_gaps(arena, set);
    struct lines lines = {.out = out, .arena = arena, .word = "INCOMPLETE", .all = all};
    for (size_t i = 0; i < gaps.count; i++)
        put_line(&lines, arena_printf(arena, "%s: %s", side, gaps.items[i]));
    end_lines(&lines);
    arena_free(arena);
}

bool cli_say_missing(const struct exposure_set *set)
{
    struct arena *arena = arena_new();
    text_list gaps = exposure_set_gaps(arena, set);
    for (size_t i = 0; i < gaps.count && i < SHOWN; i++)
        log_line(LOG_WARNING, "incomplete: %s", gaps.items[i]);
    if (gaps.count > SHOWN)
        log_line(LOG_WARNING, "incomplete: %u more: sgproof compute --format json lists all", gaps.count - SHOWN);
    for (size_t i = 0; i < set->notes.count; i++)
        log_line(LOG_DEBUG, "%s", set->notes.items[i]);
    for (size_t i = 0; i < set->assumptions.count; i++)
        log_line(LOG_DEBUG, "assumed: %s", set->assumptions.items[i]);
    arena_free(arena);
    return exposure_set_complete(set);
}
