#include <stdlib.h>

#include "report/report.h"
#include "rules/controls/pack.h"

#define LEAD "                "

enum { WIDTH = 80, MOST_SHOWN = 10 };

const struct control **report_urgent_first(struct arena *arena, const struct control_pack *packs, size_t count,
                                           size_t *controls)
{
    static const enum control_result order[CONTROL_RESULTS] = {CONTROL_FAIL, CONTROL_NOT_EVALUATED, CONTROL_EXCEPTED,
                                                               CONTROL_PASS, CONTROL_NOT_APPLICABLE};
    VECTOR(const struct control *) all = {0};
    for (size_t o = 0; o < CONTROL_RESULTS; o++)
        for (enum severity severity = SEVERITY_CRITICAL; severity <= SEVERITY_INFO; severity++)
            for (size_t p = 0; p < count; p++)
                for (size_t i = 0; i < packs[p].controls.count; i++)
                    if (packs[p].controls.items[i].result == order[o] &&
                        packs[p].controls.items[i].severity == severity)
                        *vector_add(arena, &all) = &packs[p].controls.items[i];
    *controls = all.count;
    return all.items;
}

static const char *mark(const struct report_options *options, enum control_result result)
{
    static const char *const plain[] = {"pass", "FAIL", "n/a ", "????", "exc "};
    static const char *const coloured[] = {"\033[32mpass\033[0m", "\033[1;31mFAIL\033[0m", "n/a ",
                                           "\033[33m????\033[0m", "\033[33mexc \033[0m"};
    return (options->colour ? coloured : plain)[result];
}

static void write_control(struct arena *arena, const struct control *control, const struct report_options *options,
                          struct text *out)
{
    size_t shown = 0, failed = 0;
    const char *fix = NULL;
    const char *id = strchr(control->id, '/') == NULL ? control->id : strchr(control->id, '/') + 1;
    struct text title = {0}; // the mark may have colours, which take no columns
    report_wrap(&title, LEAD,
                arena_printf(arena, "%s: %s", report_clean(arena, id), report_clean(arena, control->title)), WIDTH);
    text_printf(out, "%s  %-8s  %s", mark(options, control->result), severity_names[control->severity],
                title.bytes + strlen(LEAD));
    text_free(&title);
    if (control->result != CONTROL_FAIL && control->result != CONTROL_NOT_EVALUATED && control->decided != NULL)
        report_wrap(out, LEAD, report_clean(arena, control->decided), WIDTH);
    for (size_t i = 0; i < control->missing.count; i++)
        report_wrap(out, LEAD "missing: ", report_clean(arena, control->missing.items[i]), WIDTH);
    for (size_t i = 0; i < control->evidence.count; i++) {
        const struct control_evidence *evidence = &control->evidence.items[i];
        bool fails = evidence->result == CONTROL_FAIL && control->result != CONTROL_EXCEPTED;
        failed += fails;
        if (!fails || shown >= MOST_SHOWN)
            continue;
        shown++;
        fix = fix == NULL && evidence->exception == NULL ? evidence->fix : fix;
        report_wrap(out, LEAD,
                    arena_printf(arena, "%s: %s%s%s", report_clean(arena, evidence->subject),
                                 report_clean(arena, evidence->detail),
                                 evidence->exception == NULL ? "" : "; excepted: ",
                                 evidence->exception == NULL ? "" : report_clean(arena, evidence->exception)),
                    WIDTH);
    }
    if (failed > shown)
        text_printf(out, LEAD "and %zu more\n", failed - shown);
    if (fix != NULL)
        report_command(out, LEAD "$ ", report_clean(arena, fix), WIDTH);
}

void report_control_counts(const size_t *results, struct text *out)
{
    text_printf(out, "Controls: %zu passed, %zu failed, %zu not applicable, %zu not evaluated", results[CONTROL_PASS],
                results[CONTROL_FAIL], results[CONTROL_NOT_APPLICABLE], results[CONTROL_NOT_EVALUATED]);
    if (results[CONTROL_EXCEPTED] > 0)
        text_printf(out, ", %zu excepted", results[CONTROL_EXCEPTED]);
    text_puts(out, "\n");
}

static void write_exceptions(struct arena *arena, const struct control_report *report, struct text *out)
{
    for (size_t i = 0; i < report->exceptions.count; i++) {
        const struct control_exception *one = &report->exceptions.items[i];
        report_wrap(
            out, "Exception: ",
            arena_printf(arena, "%s, of %s, %s %s: %s", report_clean(arena, one->id), report_clean(arena, one->owner),
                         one->expired ? "expired on" : "until", one->expires,
                         one->excepts > 0 ? arena_printf(arena, "excepts %zu", one->excepts) : "excepts nothing"),
            WIDTH);
    }
}

const char *report_pack_title(struct arena *arena, const struct control_pack *pack)
{
    const char *title = report_clean(arena, pack->title);
    bool says = pack->version == NULL || strstr(title, pack->version) != NULL;
    const char *own = built_in_pack_named(pack->id) == NULL ? " (a pack of the maker's own)" : "";
    return says ? arena_printf(arena, "%s%s", title, own)
                : arena_printf(arena, "%s, %s%s", title, report_clean(arena, pack->version), own);
}

void report_controls_text(const struct control_report *report, const struct report_options *options, struct text *out)
{
    struct arena *arena = arena_new();
    size_t results[CONTROL_RESULTS] = {0};
    for (size_t p = 0; p < report->packs.count; p++) {
        const struct control_pack *pack = &report->packs.items[p];
        text_puts(out, p > 0 ? "\n" : "");
        report_wrap(out, "", report_pack_title(arena, pack), WIDTH);
        size_t count;
        const struct control **controls = report_urgent_first(arena, pack, 1, &count);
        for (size_t i = 0; i < count; i++) {
            write_control(arena, controls[i], options, out);
            results[controls[i]->result]++;
        }
    }
    text_puts(out, "\n");
    write_exceptions(arena, report, out);
    report_control_counts(results, out);
    arena_free(arena);
}
