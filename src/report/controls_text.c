#include <stdlib.h>

#include "report/report.h"

enum { WIDTH = 80, MOST_SHOWN = 10 };

static const char *mark(const struct report_options *options, enum control_result result)
{
    static const char *const plain[] = {"pass", "FAIL", "n/a ", "????"};
    static const char *const coloured[] = {"\033[32mpass\033[0m", "\033[1;31mFAIL\033[0m", "n/a ",
                                           "\033[33m????\033[0m"};
    return (options->colour ? coloured : plain)[result];
}

static void write_control(struct arena *arena, const struct control *control, const struct report_options *options,
                          struct text *out)
{
    size_t shown = 0, failed = 0;
    text_printf(out, "%s  %-8s  %s\n", mark(options, control->result), severity_names[control->severity],
                report_clean(arena, control->title));
    for (size_t i = 0; i < control->missing.count; i++)
        report_wrap(out, "                missing: ", report_clean(arena, control->missing.items[i]), WIDTH);
    for (size_t i = 0; i < control->evidence.count; i++) {
        const struct control_evidence *evidence = &control->evidence.items[i];
        failed += evidence->result == CONTROL_FAIL;
        if (evidence->result != CONTROL_FAIL || shown >= MOST_SHOWN)
            continue;
        shown++;
        report_wrap(out, "                ",
                    arena_printf(arena, "%s: %s", report_clean(arena, evidence->subject),
                                 report_clean(arena, evidence->detail)),
                    WIDTH);
    }
    if (failed > shown)
        text_printf(out, "                and %zu more\n", failed - shown);
}

void report_controls_text(const struct control_report *report, const struct report_options *options, struct text *out)
{
    struct arena *arena = arena_new();
    size_t results[CONTROL_RESULTS] = {0};
    for (size_t p = 0; p < report->packs.count; p++) {
        const struct control_pack *pack = &report->packs.items[p];
        text_printf(out, "%s%s\n", p > 0 ? "\n" : "", report_clean(arena, pack->title));
        for (size_t i = 0; i < pack->controls.count; i++) {
            write_control(arena, &pack->controls.items[i], options, out);
            results[pack->controls.items[i].result]++;
        }
    }
    text_printf(out, "\nControls: %zu passed, %zu failed, %zu not applicable, %zu not evaluated\n", results[0],
                results[1], results[2], results[3]);
    arena_free(arena);
}
